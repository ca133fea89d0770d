"""Server seconds of every step of 探查 on a million (or ten million) records, in a store of its own that SQL fills.

``python -m benchmarks.explore_scale sqlite:////tmp/scale.db 1000000`` or ``… postgresql+psycopg://USER@HOST/NAME 10000000``: eight weeks of records over 6 channels, 48 places in 6 regions and 24 matters of 6 kinds, a burst in the last hour. CPU seconds
of this process and of the database's own process together, cold each time; with a third argument ``keep`` the store is filled
only where it is empty.
"""

# ruff: noqa: E501  a statement of SQL reads best as it is

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select, text

from fengsui.board import explore
from fengsui.board.explore import Question
from fengsui.metrics import blocks
from fengsui.settings import Settings
from fengsui.settings.loader import parse
from fengsui.store import migrate
from fengsui.store.database import open_store
from fengsui.store.slices import NO_BIN, slice_id
from fengsui.store.tables import feedback

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
BACK = timedelta(weeks=8)
LENGTHS = {"15 min": timedelta(minutes=15), "1 h": timedelta(hours=1), "1 d": timedelta(days=1), "7 d": timedelta(days=7)}
FIGURES = tuple(os.environ.get("FIGURES", "complaints contacts sla_attainment").split())
GOAL_S = 1.0
HOUSE = """
cuboids = ["all", "channel", "org.1"]
[[dimension]]
name = "channel"
title = { zh_CN = "渠道", en = "Channel" }
[[dimension]]
name = "org"
title = { zh_CN = "机构", en = "Organisation" }
levels = [{ zh_CN = "大区", en = "Region" }, { zh_CN = "网点", en = "Outlet" }]
[[dimension]]
name = "category"
title = { zh_CN = "类别", en = "Category" }
levels = [{ zh_CN = "大类", en = "Kind" }, { zh_CN = "小类", en = "Matter" }]
"""
COLUMNS = (
    "record_key, source, kind, opened_at, updated_at, stored_at, seq, first_stored_at, content_hash, dims, state, customer, "
    "solved_at, due_at, ratings, tags, extra, reopened_n, transfers_n, pace"
)
SQLITE = """
insert into feedback ({columns})
with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < :n),
r as materialized (select i, abs(random()) % 6 c, abs(random()) % 48 o, abs(random()) % 24 m, abs(random()) % 100 k,
  strftime('%Y-%m-%d %H:%M:%f000', :first + (:last - :first) * i / :n, 'unixepoch') at,
  strftime('%Y-%m-%d %H:%M:%f000', :first + (:last - :first) * i / :n + 86400, 'unixepoch') due,
  strftime('%Y-%m-%d %H:%M:%f000', :first + (:last - :first) * i / :n + abs(random()) % 96000, 'unixepoch') done from n)
select 'x:' || i, 'x', case when k < 40 then 'complaint' else 'inquiry' end, at, at, at, 1, at, 'h',
  '{{"channel":"渠道' || c || '","org":"大区' || (o / 8) || '/网点' || o || '","category":"大类' || (m / 4) || '/小类' || m || '"}}',
  'solved', 'c' || (i % 100000), done, due, '[]', '{{}}', '{{}}', 0, 0, 'live' from r"""
POSTGRES = """
insert into feedback ({columns})
select 'x:' || i, 'x', case when k < 40 then 'complaint' else 'inquiry' end, at, at, at, 1, at, 'h',
  jsonb_build_object('channel', '渠道' || c, 'org', '大区' || (o / 8) || '/网点' || o, 'category', '大类' || (m / 4) || '/小类' || m),
  'solved', 'c' || (i % 100000), at + random() * interval '96000 s', at + interval '1 day', '[]', '{{}}', '{{}}', 0, 0, 'live'
from (select i, (random() * 1e9)::int % 6 c, (random() * 1e9)::int % 48 o, (random() * 1e9)::int % 24 m, (random() * 1e9)::int % 100 k,
  to_timestamp(:first + (:last - :first) * i::float8 / :n) at from generate_series(0, :n - 1) i) r"""
WORDS = """
insert into feedback_text (record_key, text, mask_version, text_hash)
select record_key, '请帮我看一下，' || substr(record_key, 3) || ' 号订单还没有处理好，什么时候可以解决', 1, record_key from feedback"""
ROLLED = "select b, count(*) from (select {bucket} b from feedback where {where}) x group by b"


def main(url: str, n: int, keep: bool) -> int:
    store = open_store(url)
    migrate.upgrade(store)
    with store.connect() as conn:
        filled = conn.execute(select(func.count()).select_from(feedback)).scalar_one()
    if not (keep and filled):
        fill(store, n)
    house = parse(HOUSE, Path("/nonexistent"), {})
    looking = open_store(url, read_only=True)
    print(f"{n:,} records, {store.dialect.name}; CPU seconds a step, database included (goal {GOAL_S:g})", flush=True)
    slowest = max(_figure(looking, house, metric, name, length) for metric in FIGURES for name, length in LENGTHS.items())
    print(f"slowest step: {slowest:.2f} s")
    return 0


def fill(store: Engine, n: int, back: timedelta = BACK) -> None:
    lite = store.dialect.name == "sqlite"
    first, last = (int(at.timestamp()) for at in (NOW - back, NOW))
    began = time.monotonic()
    with store.begin() as conn:
        rows = (SQLITE if lite else POSTGRES).format(columns=COLUMNS)
        conn.execute(text(rows), {"n": n, "first": first, "last": last})
        conn.execute(text(WORDS))
        bucket = "cast(strftime('%s', {0}) as integer) / 900 * 15" if lite else "(extract(epoch from {0})::bigint / 900) * 15"
        for measure, where, at in (
            ("feedback.n", "1 = 1", "opened_at"),
            ("complaint.n", "kind = 'complaint'", "opened_at"),
            ("due.n", "1 = 1", "due_at"),
            ("due.met", "solved_at <= due_at", "due_at"),
        ):
            counts = conn.execute(text(ROLLED.format(bucket=bucket.format(at), where=where))).all()
            blocks.add_cells(conn, [(15, slice_id("all"), measure, NO_BIN, int(at_), n) for at_, n in counts])
    with store.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("analyze"))
    print(f"filled in {time.monotonic() - began:.0f} s", flush=True)


def _figure(store: Engine, house: Settings, metric: str, name: str, length: timedelta) -> float:
    question = Question(metric, "all", NOW - length, NOW)
    steps: dict[str, Callable[[], object]] = {
        "slices": lambda: explore.find(store, house, question, (), NOW),
        "series": lambda: explore.line(store, house, question, explore.zoom_of(question), NOW, ()),
        "words": lambda: explore.voices(store, house, question, ()),
        "beside": lambda: explore.beside(store, question, NOW),
        "why": lambda: explore.why(store, house, question, (), NOW),
    }
    took = {step: _timed(store, ask) for step, ask in steps.items()}
    print(f"{metric:16} {name:7}" + "".join(f" {step} {seconds:6.2f}" for step, seconds in took.items()), flush=True)
    return max(took.values())


def _timed(store: Engine, ask: Callable[[], object]) -> float:
    with store.connect() as conn:
        backend = _backend(conn)
    before = time.process_time(), _spent(backend)
    ask()
    return time.process_time() - before[0] + _spent(backend) - before[1]


def _backend(conn: Connection) -> int | None:
    """The process that serves the one connection of the pool; it works alone, so that all it spends is seen."""
    if conn.dialect.name == "sqlite":
        return None
    conn.execute(text("set max_parallel_workers_per_gather = 0"))
    conn.commit()
    return int(conn.execute(text("select pg_backend_pid()")).scalar_one())


def _spent(process: int | None) -> float:
    if process is None:
        return 0.0
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    raise SystemExit(main(sys.argv[1], int(sys.argv[2]), "keep" in sys.argv[3:]))
