"""How many records a CPU second takes in, beside a bare executemany (PostgreSQL: COPY) of the same rows in the same run.

``python -m benchmarks.ingest_speed [RECORDS] [BATCH] [URL] [--profile]``: 2,000 records a day into a new SQLite store, or into
a database made for it on the PostgreSQL server of ``URL``. CPU seconds are those of this process and of the database's own.
Every record has a text, so masks, tags and the search for repeats are in the figure; the second line is the same run without
the CPU seconds of tags and repeats. Then polls as a live source has them, of a few records of this hour, into the store as it
is by then; and bytes of the store for each record.
"""

from __future__ import annotations

import cProfile
import math
import pstats
import random
import secrets
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Engine, create_engine, make_url

from connectors.base import Batch, Event, Feedback, Rating
from fengsui.ingest import write
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
POLLS, LIVE = 60, (1, 10, 50)
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


def live(ingest: Ingest, store: Engine, first: int, tick: int, size: int) -> float:
    """CPU milliseconds of one poll of ``size`` records, of ``POLLS``, one every five seconds."""
    rng = random.Random(size)
    polls = [
        [record(rng, first + n * size + i, NOW + timedelta(seconds=5 * n + i / size)) for i in range(size)]
        for n in range(POLLS)
    ]
    start = cpu_s(store)
    for n, items in enumerate(polls):
        now = NOW + timedelta(seconds=5 * n + 5)
        ingest.take("tickets", Batch(tuple(items), (), {"n": n}, False, now, True, size), tick + n, now, lambda conn: None)
    return (cpu_s(store) - start) / POLLS * 1000


def size_of(store: Engine) -> int:
    """Bytes of the whole store."""
    lite = store.dialect.name == "sqlite"
    asked = ("pragma page_count", "pragma page_size") if lite else ("select pg_database_size(current_database())",)
    with store.connect() as conn:
        return math.prod(conn.exec_driver_sql(each).scalar_one() for each in asked)


def bare_rows(batch: Batch) -> list[tuple[Any, ...]]:
    """The same records with 20 columns."""
    said = [item for item in batch.records if isinstance(item, Feedback)]
    return [(f.source_id, f.kind, str(f.opened_at), str(f.updated_at), f.text, *([1] * 15)) for f in said]


def floor(work: list[Batch], path: Path) -> float:
    """CPU seconds to put the same records into one bare table of SQLite."""
    base = sqlite3.connect(path)
    base.execute("pragma journal_mode=wal")
    base.execute(f"create table t (k text primary key, {', '.join(f'c{i}' for i in range(19))})")
    start = time.process_time()
    for batch in work:
        with base:
            base.executemany(f"insert or replace into t values ({','.join('?' * 20)})", bare_rows(batch))
    return time.process_time() - start


def floor_of_copy(work: list[Batch], store: Engine) -> float:
    """The same by COPY into one bare table of PostgreSQL."""
    with store.begin() as conn:
        conn.exec_driver_sql(f"create table t (k text primary key, {', '.join(f'c{i} text' for i in range(19))})")
    start = cpu_s(store)
    for batch in work:
        with store.begin() as conn, conn.connection.cursor() as cursor, cursor.copy("copy t from stdin") as copy:
            for row in bare_rows(batch):
                copy.write_row(row)
    return cpu_s(store) - start


def cpu_s(store: Engine) -> float:
    """Of this process, and of the server's processes that serve this database."""
    own = time.process_time()
    if store.dialect.name == "sqlite":
        return own
    with store.connect() as conn:
        pids = conn.exec_driver_sql("select pid from pg_stat_activity where datname = current_database()").scalars().all()
    return own + sum(times.user + times.system for times in (psutil.Process(pid).cpu_times() for pid in pids))


@contextmanager
def timed(name: str, spent: dict[str, float]) -> Iterator[None]:
    """CPU seconds of one step of ``fengsui.ingest.write`` into ``spent``."""
    own: Callable[..., Any] = getattr(write, name)

    def watched(*args: Any) -> Any:
        start = time.process_time()
        try:
            return own(*args)
        finally:
            spent[name] = spent.get(name, 0.0) + time.process_time() - start

    setattr(write, name, watched)
    try:
        yield
    finally:
        setattr(write, name, own)


@contextmanager
def scratch(url: str | None, home: Path) -> Iterator[Engine]:
    """A new SQLite file, or a database of its own on the server."""
    if url is None:
        store = open_store(f"sqlite:///{home / 'store.db'}")
        METADATA.create_all(store)
        yield store
        store.dispose()
        return
    server, name = create_engine(url, isolation_level="AUTOCOMMIT"), f"fengsui_{secrets.token_hex(4)}"
    with server.connect() as conn:
        conn.exec_driver_sql(f"create database {name}")
    store = open_store(make_url(url).set(database=name).render_as_string(hide_password=False))
    try:
        METADATA.create_all(store)
        yield store
    finally:
        store.dispose()
        with server.connect() as conn:
            conn.exec_driver_sql(f"drop database {name}")


def main(n: int = 20_000, size: int = 2_000, *, url: str | None = None, profile: bool = False) -> None:
    with tempfile.TemporaryDirectory() as folder, scratch(url, Path(folder)) as store:
        home = Path(folder)
        ingest = Ingest(store, settings(home), Keys(b"c" * 32, b"d" * 32, "k1"))
        ingest.prepare(NOW, lambda conn: None)
        work, kind = batches(n, size), store.dialect.name
        bare = floor(work, home / "bare.db") if kind == "sqlite" else floor_of_copy(work, store)
        empty = size_of(store)
        watch, steps = cProfile.Profile(), dict[str, float]()
        if profile:
            watch.enable()
        start, slowest = cpu_s(store), 0.0
        with timed("_tag", steps), timed("_repeats", steps):
            for tick, batch in enumerate(work, 1):
                began = time.process_time()
                ingest.take("tickets", batch, tick, NOW, lambda conn: None)
                slowest = max(slowest, time.process_time() - began)
        watch.disable()
        spent = cpu_s(store) - start
        with store.connect() as conn:
            cells = conn.exec_driver_sql("select count(*) from rollup").scalar()
        stored = size_of(store) - empty
        polled = {few: live(ingest, store, n + 100_000 * few, len(work) + 1 + 1_000 * few, few) for few in LIVE}
    per_poll = ", ".join(f"{few}: {ms:.1f} ms" for few, ms in polled.items())
    plain = spent - sum(steps.values())
    print(f"{kind}: {n} records in batches of {size}, {len(CUBOIDS)} cuboids")
    print(f"{cells / n:.1f} roll-up rows and {stored / n:,.0f} bytes a record")
    print(f"ingest: {spent:.2f} CPU s = {n / spent:,.0f} records per CPU second; slowest batch {slowest * 1000:.0f} ms CPU")
    print(
        f"without tags ({steps['_tag']:.2f}) and repeats ({steps['_repeats']:.2f}), masks and roll-ups: "
        f"{plain:.2f} CPU s = {n / plain:,.0f} records per CPU second"
    )
    floor_is = "executemany" if kind == "sqlite" else "COPY"
    print(
        f"floor (bare {floor_is}, 20 columns, no roll-ups): {bare:.2f} CPU s = {n / bare:,.0f}; ingest/floor {spent / bare:.0f}"
    )
    print(f"live polls of so many records, CPU each: {per_poll}")
    if profile:
        pstats.Stats(watch).sort_stats("tottime").print_stats(30)


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:] if each.isdigit()]
    named = [each for each in sys.argv[1:] if "://" in each]
    main(*numbers, url=named[0] if named else None, profile="--profile" in sys.argv)
