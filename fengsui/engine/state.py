"""Detector states in the store: canonical JSON text, never pickle, so that a restart continues bit for bit.

A state is large and a minute adds little to it, so the whole is written once an hour only, at a quarter that is the series'
own; between, each reading that was judged is written as it was, and learned again by whoever resumes (``detector_tail``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from zlib import crc32

from sqlalchemy import Connection, delete, insert, select, update

from detectors.base import Context, Detector, FamilyDetector, KnownEvent, Reading
from fengsui.store.slices import bucket, bucket_start
from fengsui.store.tables import audit, detector_state, detector_tail, series
from fengsui.store.upsert import upsert

QUARTER, HOUR = 15, 60  # minutes
_PACKED = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Stored:
    """``tail``: the readings since the state, oldest first. ``last_end``: end of the last step, of the tail if there is one."""

    text: str
    last_end: datetime
    tail: tuple[Reading, ...] = ()


@dataclass(slots=True)
class Unsaved:
    """What of one series the store has not got yet. Where the cuts lie depends on series and readings alone, so catching up
    writes the rows that an undisturbed run writes."""

    whole: tuple[str, datetime] | None = None
    tail: list[Reading] = field(default_factory=list)

    def note(self, detector: Detector, reading: Reading, end: int, minutes: int) -> None:
        """``reading`` of so many minutes up to ``end`` (since 1970) was learned just now."""
        if cuts(reading.series, end, minutes):
            self.whole, self.tail = (canonical(detector), reading.end), []
        else:
            self.tail.append(reading)


def cuts(series: str, end: int, minutes: int) -> bool:
    """Whether a step that ends at ``end`` passes the quarter at which this series is written whole, each hour the same one: a
    quarter of all series at a time, so that no tick is long."""
    own = _own_quarter(series)
    return (end - own) // HOUR > (end - minutes - own) // HOUR


@lru_cache(maxsize=20_000)
def _own_quarter(series: str) -> int:
    return QUARTER * (crc32(series.encode()) % (HOUR // QUARTER))


def canonical(detector: Detector | FamilyDetector) -> str:
    """One text per state: sorted keys, no spaces, shortest round-trip floats, no NaN (``ValueError``)."""
    return _CANONICAL(detector.to_state())


def restore(detector: Detector | FamilyDetector, text: str) -> None:
    """Raises ``StateMismatch`` when the text belongs to another detector, version or parameters."""
    detector.restore(json.loads(text))


def save(conn: Connection, unsaved: Mapping[str, Unsaved]) -> None:
    """By series. A whole state takes the place of the readings before it."""
    wholes = [{"series": key, "state": one.whole[0], "last_end": one.whole[1]} for key, one in unsaved.items() if one.whole]
    if wholes:
        upsert(conn, detector_state, wholes)
        conn.execute(delete(detector_tail).where(detector_tail.c.series.in_([row["series"] for row in wholes])))
    upsert(
        conn,
        detector_tail,
        [{"series": key, "end_at": one.end, "reading": packed(one)} for key, new in unsaved.items() for one in new.tail],
    )


def load(conn: Connection) -> dict[str, Stored]:
    tails: dict[str, list[Reading]] = {}
    for row in conn.execute(select(detector_tail).order_by(detector_tail.c.series, detector_tail.c.end_at)):
        tails.setdefault(row.series, []).append(unpacked(row.series, row.reading))
    return {
        row.series: _stored(row.state, row.last_end, tails.get(row.series, ())) for row in conn.execute(select(detector_state))
    }


def _stored(text: str, last_end: datetime, tail: Iterable[Reading]) -> Stored:
    readings = tuple(tail)
    return Stored(text, readings[-1].end if readings else last_end, readings)


def keys(conn: Connection) -> set[str]:
    return set(conn.execute(select(detector_state.c.series)).scalars())


def forget(conn: Connection, keys: Sequence[str]) -> None:
    """States of series that are no longer watched: should one come back, it is warmed from the roll-ups."""
    if keys:
        for table in (detector_state, detector_tail):
            conn.execute(delete(table).where(table.c.series.in_(keys)))


def relearned(conn: Connection, key: str, now: datetime) -> None:
    """A state of another version or other parameters was not used: that is worth a line."""
    row = {"at": now, "by": "machine", "action": "engine.state.relearned", "params": {"series": key}}
    conn.execute(insert(audit).values(row))


def packed(reading: Reading) -> str:
    """All that a detector may read of it; the figures keep every bit."""
    context = reading.context
    events = [[event.name, event.lift, event.margin] for event in context.events]
    length = (reading.end - reading.start) // timedelta(minutes=1)
    about = (context.local.isoformat(), context.day_type, events, context.budget)
    row = (bucket(reading.start, 1), length, reading.value, reading.exposure, reading.complete, *about)
    return _PACKED(row)


def unpacked(series: str, text: str) -> Reading:
    start, length, value, exposure, complete, local, day_type, events, budget = json.loads(text)
    known = tuple(KnownEvent(*event) for event in events)
    context = Context(datetime.fromisoformat(local), day_type, known, budget)
    return Reading(series, bucket_start(start), bucket_start(start + length), value, exposure, complete, context)


def mark_ready(conn: Connection, keys: Sequence[str], at: datetime) -> None:
    """These series judge with their whole voice from ``at`` on; one that does so already keeps its time."""
    if keys:
        waiting = series.c.series.in_(keys) & series.c.ready.is_(False)
        conn.execute(update(series).where(waiting).values(ready=True, ready_at=at))
