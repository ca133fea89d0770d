"""A channel store in memory, and a whole road on it: real ingest, metrics, engine and alerts, polls in line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import takewhile
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy import Engine as Store

from connectors.base import Batch, Capabilities, Cursor, Feedback, Preview
from fengsui.alerts.seed import seed as seed_alerts
from fengsui.metrics import catalogue
from fengsui.settings import Keys, Settings
from fengsui.store import tables as t
from fengsui.worker.feed import InlineFeed
from fengsui.worker.poller import Poller
from fengsui.worker.road import Road
from fengsui.worker.rooms import House, furnish
from tests import rollups

START = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KEYS = Keys(customer=b"c" * 32, data=b"d" * 32, data_key_id="k1")


@dataclass
class Channel:
    """Complaints by opening time. ``broken``: what the next polls raise. ``asleep_at``: its clock stands still;
    ``ahead``: it is wrong by so much."""

    rows: list[Feedback] = field(default_factory=list)
    broken: Exception | None = None
    asleep_at: datetime | None = None
    ahead: timedelta = timedelta()
    polls: int = 0
    kind: str = "memory"
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(True, False, True, True, True))

    def poll(self, cursor: Cursor | None, limit: int, now: datetime) -> Batch:
        self.polls += 1
        if self.broken is not None:
            raise self.broken
        at = (self.asleep_at or now) + self.ahead
        after = int((cursor or {}).get("n", 0))
        there = list(takewhile(lambda row: row.updated_at <= at, self.rows[after:]))
        found, more = there[:limit], len(there) > limit
        return Batch(tuple(found), (), {"n": after + len(found)}, more, at, not more, len(found))

    def between(self, start: datetime, end: datetime, limit: int) -> Iterator[Batch]:
        found = tuple(row for row in self.rows if start <= row.opened_at < end)
        yield Batch(found, (), {}, False, end, False, len(found))

    def count_by_day(self, start: date, end: date, zone: str) -> Mapping[date, int]:
        days = [row.opened_at.date() for row in self.rows]
        return {day: days.count(day) for day in sorted(set(days)) if start <= day < end}

    def preview(self, limit: int, now: datetime) -> Preview:
        rows = tuple(self.rows[:limit])
        return Preview(
            tuple({"id": row.source_id, "text": row.text, "who": row.customer} for row in rows), rows, ("id", "text")
        )

    def close(self) -> None:
        self.closed = True

    def add(self, at: datetime, n: int = 1, channel: str = "电话") -> None:
        for _ in range(n):
            key = f"t{len(self.rows):05d}"
            self.rows.append(
                Feedback(
                    key, "complaint", at, at, {"channel": channel}, f"第 {key} 件，打 13812345678 没人接", customer=f"c{key}"
                )
            )


def make_settings(home: Path, sources: tuple[str, ...] = ("tickets",), **more: Any) -> Settings:
    source = {"kind": "sql", "purpose": "test", "cadence": timedelta(seconds=5)}
    return Settings.model_validate(
        {"home": home, "cuboids": ("all", "channel"), "source": dict.fromkeys(sources, source), **more}
    )


@dataclass
class Plant:
    """Everything that survives a kill (store, channels), and ``start()`` for what does not."""

    store: Store
    settings: Settings
    channels: dict[str, Channel]
    fence: Callable[[Connection], None] = lambda conn: None

    def start(self, keep_states: bool = True) -> Line:
        poller = Poller(self.store, self.settings, self.channels)
        feed = InlineFeed(poller)
        house = furnish(self.store, self.settings, KEYS, keep_states=keep_states)
        road = Road(self.store, self.settings, house, feed, lambda now: self.fence, judge_at_once=True)
        return Line(self, road, feed, poller, house)

    def seed(self, now: datetime) -> None:
        with self.store.begin() as conn:
            catalogue.seed(conn, now)
            seed_alerts(conn, self.settings, now)
        furnish(self.store, self.settings, KEYS).ingest.prepare(now, lambda conn: None)

    def rows(self, table: Any, *columns: str) -> list[tuple[Any, ...]]:
        wanted = [table.c[name] for name in columns] or list(table.c)
        with self.store.connect() as conn:
            return [tuple(row) for row in conn.execute(select(*wanted).order_by(*wanted[:2]))]


@dataclass
class Line:
    plant: Plant
    road: Road
    feed: InlineFeed
    poller: Poller
    house: House

    def minute(self, now: datetime) -> Any:
        self.feed.poll_all(now)
        return self.road.tick(now)


OUT_OF_DIGEST: Mapping[str, tuple[str, ...]] = {
    "verdict": ("tick",),
    "feedback": ("seq",),
    "source_state": ("tick",),
    "watermark": ("tick",),
    "transition": ("tick",),
    "episode": ("day", "day_n"),
    "poll": ("tick", "part", "seconds"),
}
DIGESTED = (
    t.feedback, t.feedback_text, t.event, t.slice_, t.slice_source, t.source_state, t.series, t.detector_state,
    t.detector_tail, t.verdict, t.watermark, t.episode, t.transition, t.handling, t.outbox, t.rule_record,
)  # fmt: skip


def digest(store: Store) -> dict[str, str]:
    """table -> hash of its rows by natural key, without numbers of ticks and times of stopwatches."""
    found = {}
    with store.connect() as conn:
        for table in DIGESTED:
            left_out = OUT_OF_DIGEST.get(table.name, ())
            columns = [column for column in table.c if column.name not in left_out]
            rows = sorted(_text(row) for row in conn.execute(select(*columns)))
            found[table.name] = sha256("\n".join(rows).encode()).hexdigest()
        found["rollup"] = sha256(repr(rollups.stored(conn)).encode()).hexdigest()
    return found


def _text(row: Any) -> str:
    """One row as text. Sealed columns are left out: encryption of the same words differs each time."""
    return json.dumps([str(value) for value in row if not isinstance(value, bytes)], ensure_ascii=False, sort_keys=True)
