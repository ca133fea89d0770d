"""What the sources page costs to read: ``python -m benchmarks.sources_speed [RECORDS …]``, on SQLite.

A year of invented records in four sources, ninety days of polls (one source each five seconds, the others each minute) and a
quarantine of 500 rows. Medians in CPU milliseconds of this process after a first run; several numbers of RECORDS: the growth.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sqlalchemy import Engine

from benchmarks.kpi_speed import spent_ms, stored
from fengsui.board import read
from fengsui.board.read.completeness import completeness
from fengsui.settings import Settings
from fengsui.store.database import open_store
from fengsui.store.tables import METADATA, feedback, poll, quarantine

NOW = datetime(2026, 11, 18, 6, 2, tzinfo=UTC)
SOURCES = ("calls", "tickets", "chats", "surveys")
EVERY_S = {"calls": 5, "tickets": 60, "chats": 60, "surveys": 60}
DAYS, POLL_DAYS, HELD = 365, 90, 500
AT_MOST_MS = 50.0


def main(sizes: list[int]) -> int:
    taken = [measured(records) for records in sizes]
    if len(taken) > 1:
        print(f"growth from {sizes[0]:,} to {sizes[-1]:,} records: {taken[-1] / taken[0]:.2f} times")
    return 0 if max(taken) <= AT_MOST_MS else 1


def measured(records: int) -> float:
    """Milliseconds of the slowest source."""
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "store.db"
        began, store = time.process_time(), open_store(f"sqlite:///{path}")
        METADATA.create_all(store)
        polls = furnish(path, records)
        print(f"{records:,} records, {polls:,} polls (written in {time.process_time() - began:.0f} CPU s)")
        kind = {"kind": "sql", "purpose": "invented"}
        settings = Settings.model_validate({"home": scratch, "dimension": [], "source": dict.fromkeys(SOURCES, kind)})
        slowest = max(of_source(store, settings, source) for source in SOURCES)
        store.dispose()
    print(f"  slowest source {slowest:.1f} ms (at most {AT_MOST_MS:.0f})")
    return slowest


def of_source(store: Engine, settings: Settings, source: str) -> float:
    detail = spent_ms(lambda: read.source_detail(store, source, NOW))
    filled = spent_ms(lambda: completeness(store, settings, source, NOW))
    held = spent_ms(lambda: read.quarantined(store, (), source))
    print(f"  {source}: polls and hours {detail:.1f}, fields {filled:.1f}, quarantine {held:.1f} ms")
    return detail + filled + held


def furnish(path: Path, records: int) -> int:
    base = sqlite3.connect(path)
    base.execute("pragma synchronous=off")
    rng = np.random.default_rng(5)
    ages = np.sort(rng.integers(0, DAYS * 86_400, records))[::-1]
    of = rng.choice(len(SOURCES), records, p=[0.4, 0.35, 0.2, 0.05])
    polls = 0
    with base:
        put(base, feedback, (_record(n, SOURCES[of[n]], int(ages[n])) for n in range(records)))
        put(base, quarantine, (_held_row(n) for n in range(HELD)))
        for source, every in EVERY_S.items():
            number = POLL_DAYS * 86_400 // every
            put(base, poll, (_poll(source, n, every, number) for n in range(number)))
            polls += number
    base.execute("analyze")
    base.close()
    return polls


def put(base: sqlite3.Connection, table: Any, rows: Iterator[dict[str, Any]]) -> None:
    first = next(rows)
    names = list(first)
    statement = f"insert into {table.name} ({', '.join(names)}) values ({', '.join('?' * len(names))})"
    base.execute(statement, tuple(first.values()))
    base.executemany(statement, (tuple(row.values()) for row in rows))


def _record(n: int, source: str, age_s: int) -> dict[str, Any]:
    at = stored(NOW - timedelta(seconds=age_s))
    plain = dict.fromkeys(("opened_at", "updated_at", "stored_at", "first_stored_at"), at)
    texts = {"dims": '{"channel":"电话","org":"华南/广东/天河"}', "ratings": "[]", "tags": "{}", "extra": "{}"}
    return {"record_key": f"{source}:{n}", "source": source, "kind": "complaint", **plain, "seq": n // 20, "state": "open",
            "content_hash": "0" * 32, "customer": f"c{n % 50_000}", **texts}  # fmt: skip


def _poll(source: str, n: int, every: int, number: int) -> dict[str, Any]:
    at = NOW - timedelta(seconds=(number - n) * every)
    return {"source": source, "tick": n * every, "part": 0, "at": stored(at), "seconds": 0.01, "read_n": 1, "new_n": 1,
            "changed_n": 0, "bad_n": 0, "code": "ok", "sweep": n % (600 // every) == 0, "missed_n": 0}  # fmt: skip


def _held_row(n: int) -> dict[str, Any]:
    given = {"source": SOURCES[n % 4], "code": "connectors.bad.number", "params": "{}", "state": "held",
             "first_at": stored(NOW), "last_at": stored(NOW)}  # fmt: skip
    needed = {column.name for column in quarantine.c if not column.nullable and column.server_default is None}
    other: dict[str, Any] = {name: f"{name}{n}" for name in sorted(needed - given.keys())}
    return {**other, **given}


if __name__ == "__main__":
    raise SystemExit(main([int(text) for text in sys.argv[1:]] or [100_000, 1_000_000]))
