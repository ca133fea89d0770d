"""How many records a CPU second takes in, beside a bare executemany of the same rows in the same run.

``python benchmarks/ingest_speed.py [records] [batch] [--profile]``: 2,000 records a day into a new SQLite store.
"""

from __future__ import annotations

import cProfile
import pstats
import random
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.base import Batch, Event, Feedback, Rating
from fengsui.ingest.take import Ingest
from fengsui.settings.keys import Keys
from fengsui.settings.model import Settings
from fengsui.store.database import open_store
from fengsui.store.tables import METADATA

NOW = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
CUBOIDS = (
    *("all", "channel", "category.1", "category.2", "org.1", "org.2", "product", "customer_tier"),
    *("category.1|channel", "channel|org.1"),
)
WORDS = (
    "支付",
    "失败",
    "没到账",
    "客服",
    "等了",
    "很久",
    "还没",
    "处理",
    "订单",
    "退款",
    "网点",
    "排队",
    "谢谢",
    "App",
    "登录",
)


def record(rng: random.Random, number: int, opened: datetime) -> Feedback:
    """A ticket of middling size: four dims, 40 characters, three events, every fourth one rated."""
    solved = opened + timedelta(seconds=rng.expovariate(1 / 40_000))
    name = str(number)
    ratings = (Rating("csat", rng.randint(1, 5), 1, 5),) if number % 4 == 0 else ()
    return Feedback(
        source_id=name,
        kind=rng.choice(("complaint", "inquiry", "request")),
        opened_at=opened,
        updated_at=solved,
        dims={
            "channel": rng.choice(("电话", "App", "微信", "邮件")),
            "category": f"{rng.choice(['支付', '物流', '账户', '售后'])}/{rng.randint(1, 6)}",
            "org": f"{rng.choice(['华南', '华东', '华北', '西南'])}/{rng.randint(1, 5)}",
            "product": f"P{rng.randint(1, 8)}",
        },
        text="".join(rng.choices(WORDS, k=16)) + (f" 电话 138{rng.randint(10**7, 10**8 - 1)}" if number % 5 == 0 else ""),
        ratings=ratings,
        customer=f"c{rng.randint(1, 60_000)}",
        events=(
            Event(name, "auto_reply", opened + timedelta(seconds=5), "c:auto_reply"),
            Event(name, "human_reply", opened + timedelta(seconds=rng.expovariate(1 / 900)), "c:human_reply"),
            Event(name, "solved", solved, "c:solved"),
        ),
    )


def batches(n: int, size: int) -> list[Batch]:
    rng = random.Random(7)
    start = NOW - timedelta(days=8 + n / 2000 * 6 / 7)  # a seventh in the days that have minute cells, as in eight weeks
    opened = sorted(start + timedelta(seconds=rng.uniform(0, n * 43.2)) for _ in range(n))
    items = [record(rng, number, at) for number, at in enumerate(opened)]
    return [Batch(tuple(items[i : i + size]), (), {"i": i}, True, NOW, False, size) for i in range(0, n, size)]


def settings(home: Path) -> Settings:
    source = {"kind": "sql", "purpose": "benchmark"}
    return Settings.model_validate({"home": home, "cuboids": CUBOIDS, "source": {"tickets": source}})


def floor(work: list[Batch], path: Path) -> float:
    """CPU seconds to put the same records into one bare table with 20 columns."""
    base = sqlite3.connect(path)
    base.execute("pragma journal_mode=wal")
    base.execute(f"create table t (k text primary key, {', '.join(f'c{i}' for i in range(19))})")
    start = time.process_time()
    for batch in work:
        rows = [(f.source_id, f.kind, str(f.opened_at), str(f.updated_at), f.text, *([1] * 15)) for f in batch.records]
        with base:
            base.executemany(f"insert or replace into t values ({','.join('?' * 20)})", rows)
    return time.process_time() - start


def main(n: int = 20_000, size: int = 2_000, profile: bool = False) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        store = open_store(f"sqlite:///{home / 'store.db'}")
        METADATA.create_all(store)
        ingest = Ingest(store, settings(home), Keys(b"c" * 32, b"d" * 32, "k1"))
        ingest.prepare(NOW, lambda conn: None)
        work = batches(n, size)
        bare = floor(work, home / "bare.db")
        watch = cProfile.Profile()
        if profile:
            watch.enable()
        start, slowest = time.process_time(), 0.0
        for tick, batch in enumerate(work, 1):
            began = time.process_time()
            ingest.take("tickets", batch, tick, NOW, lambda conn: None)
            slowest = max(slowest, time.process_time() - began)
        spent = time.process_time() - start
        watch.disable()
        with store.connect() as conn:
            cells = conn.exec_driver_sql("select count(*) from rollup").scalar()
    print(f"{n} records in batches of {size}, {len(CUBOIDS)} cuboids, {cells} roll-up cells")
    print(f"ingest: {spent:.2f} CPU s = {n / spent:,.0f} records per CPU second; slowest batch {slowest * 1000:.0f} ms CPU")
    print(f"floor (bare executemany, 20 columns, no roll-ups): {bare:.2f} CPU s = {n / bare:,.0f} records per CPU second")
    if profile:
        pstats.Stats(watch).sort_stats("tottime").print_stats(30)


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:] if each.isdigit()]
    main(*numbers, profile="--profile" in sys.argv)
