"""Readings since the last whole state of each series: what a restart learns again.

What one advance has closed at an instant is one row, however many series: a row for each reading would touch as many pages
of the store as there are series, every minute. A row that was written by an older version holds one reading of one series.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, delete, select

from detectors.base import Context, KnownEvent, Reading
from fengsui.store.slices import bucket, bucket_start
from fengsui.store.tables import detector_tail
from fengsui.store.upsert import upsert

ID = 8  # bytes
_PACKED = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_ROWS = select(detector_tail.c.series, detector_tail.c.end_at, detector_tail.c.reading)


@dataclass(frozen=True, slots=True)
class Batch:
    """``seq``: number of the instant, which names the row; ``end`` of its readings, in minutes."""

    seq: int
    end: int
    readings: Sequence[Reading]

    def row(self) -> dict[str, Any]:
        return {"series": f"#{self.seq}", "end_at": bucket_start(self.end), "reading": packed(self.readings)}


def save(conn: Connection, batches: Iterable[Batch]) -> None:
    upsert(conn, detector_tail, [batch.row() for batch in batches])


def drop(conn: Connection, until: int) -> None:
    """Every whole state knows what ended by then (minutes)."""
    conn.execute(delete(detector_tail).where(detector_tail.c.end_at <= bucket_start(until)))


def forget(conn: Connection, series: str) -> None:
    """It is about to learn all of its history: what is here of a time when it was watched before lies in that."""
    gone = _id(series)
    conn.execute(delete(detector_tail).where(detector_tail.c.series == series))
    rows = conn.execute(_ROWS.where(detector_tail.c.series.startswith("#"))).all()
    changed = [{**row._mapping, "reading": text} for row in rows if (text := _without(row.reading, gone)) is not None]
    upsert(conn, detector_tail, changed)


def load(conn: Connection, since: Mapping[str, int]) -> dict[str, list[Reading]]:
    """Of each series of ``since`` the readings that ended after it (minutes), oldest first."""
    found: dict[str, list[Reading]] = {}
    named = {_id(key): key for key in since}
    for row in conn.execute(_ROWS.order_by(detector_tail.c.end_at)):
        end = bucket(row.end_at, 1)
        for reading in unpacked(row.series, row.reading, named):
            if end > since.get(reading.series, end):
                found.setdefault(reading.series, []).append(reading)
    return found


def packed(readings: Sequence[Reading]) -> str:
    """All that detectors may read of them, which end at one instant, in columns; the figures keep every bit. Series stand
    there by the hash of their name, contexts once for all that share one."""
    contexts: dict[tuple[int, datetime], int] = {}
    rows: list[list[Any]] = []
    of = []
    for one in readings:
        key = (id(one.context), one.start)
        if key not in contexts:
            contexts[key] = len(rows)
            length = (one.end - one.start) // timedelta(minutes=1)
            rows.append([bucket(one.start, 1), length, *_about(one.context)])
        of.append(contexts[key])
    columns = {
        "series": b64encode(b"".join([_id(one.series) for one in readings])).decode(),
        "value": [one.value for one in readings],
        "exposure": _short([one.exposure for one in readings]),
        "complete": _short([one.complete for one in readings]),
        "context": _short(of),
        "contexts": rows,
    }
    return _PACKED(columns)


def unpacked(name: str, text: str, named: Mapping[bytes, str]) -> Iterator[Reading]:
    """Those of the series in ``named``. ``name``: of the row."""
    found = json.loads(text)
    if isinstance(found, list):
        yield _alone(name, found)
        return
    ids = _ids(found)
    contexts = [(bucket_start(row[0]), bucket_start(row[0] + row[1]), _context(row[2:])) for row in found["contexts"]]
    columns = (found["value"], *(_long(found[name], len(ids)) for name in ("exposure", "complete", "context")))
    for id_, value, exposure, complete, at in zip(ids, *columns, strict=True):
        series = named.get(id_)
        if series is not None:
            start, end, context = contexts[at]
            yield Reading(series, start, end, value, exposure, complete, context)


def _alone(series: str, row: Sequence[Any]) -> Reading:
    start, length, value, exposure, complete, *about = row
    return Reading(series, bucket_start(start), bucket_start(start + length), value, exposure, complete, _context(about))


def _without(text: str, gone: bytes) -> str | None:
    """``None`` where the row has none of it."""
    found = json.loads(text)
    ids = _ids(found)
    if gone not in ids:
        return None
    stay = [n for n, id_ in enumerate(ids) if id_ != gone]
    found["series"] = b64encode(b"".join([ids[n] for n in stay])).decode()
    for name in ("value", "exposure", "complete", "context"):
        column = _long(found[name], len(ids))
        found[name] = [column[n] for n in stay]
    return _PACKED(found)


def _ids(found: Mapping[str, Any]) -> list[bytes]:
    all_ = b64decode(found["series"])
    return [all_[at : at + ID] for at in range(0, len(all_), ID)]


def _short(column: list[Any]) -> Any:
    """A column that says the same throughout (not of figures: 0.0 equals -0.0) is that one word."""
    first = column[0] if column else None
    return column if isinstance(first, float) or column.count(first) < len(column) else first


def _long(column: Any, n: int) -> list[Any]:
    return column if isinstance(column, list) else [column] * n


def _about(context: Context) -> list[Any]:
    events = [[event.name, event.lift, event.margin] for event in context.events]
    return [context.local.isoformat(), context.day_type, events, context.budget]


def _context(about: Sequence[Any]) -> Context:
    local, day_type, events, budget = about
    return Context(datetime.fromisoformat(local), day_type, tuple(KnownEvent(*event) for event in events), budget)


@lru_cache(maxsize=20_000)
def _id(series: str) -> bytes:
    return blake2b(series.encode(), digest_size=ID).digest()
