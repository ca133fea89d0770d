"""Detector states in the store: canonical JSON text, never pickle, so that a restart continues bit for bit.

A state is large and a minute adds little to it, so the whole is written once an hour only, at a quarter that is the series'
own; between, what was judged is kept as readings (``engine.tail``) and learned again by whoever resumes. Long lists of
floats, which are most of a state, stand in the text as the base64 of their eight bytes each.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import isfinite
from struct import pack, unpack
from typing import Any
from zlib import crc32

from sqlalchemy import Connection, delete, insert, select, update

from detectors.base import Detector, FamilyDetector, Reading
from fengsui.engine import tail
from fengsui.store.slices import bucket
from fengsui.store.tables import audit, series
from fengsui.store.tables import detector_state as whole_state
from fengsui.store.upsert import upsert

QUARTER, HOUR = 15, 60  # minutes
LONG = 16
FEW = 100
FLOATS = "~f8"
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Whole:
    """A state as text, and the end of the last step that it knows."""

    text: str
    end: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """``tail``: the readings since the whole state, oldest first."""

    whole: Whole
    tail: Sequence[Reading] = ()

    @property
    def last_end(self) -> datetime:
        return self.tail[-1].end if self.tail else self.whole.end

    @property
    def torn(self) -> bool:
        """Whether a reading between the whole state and the last one is missing."""
        ends = [self.whole.end, *(reading.end for reading in self.tail)]
        return any(reading.start != end for reading, end in zip(self.tail, ends, strict=False))


def cuts(own: int, end: int, minutes: int) -> bool:
    """Whether a step that ends at ``end`` passes the quarter ``own`` at which a series is written whole, each hour the same
    one: a quarter of all series at a time, so that no tick is long."""
    return (end - own) % HOUR < minutes


@lru_cache(maxsize=20_000)
def own_quarter(series: str) -> int:
    return QUARTER * (crc32(series.encode()) % (HOUR // QUARTER))


def canonical(detector: Detector | FamilyDetector) -> str:
    """One text per state: sorted keys, no spaces, every bit of a float, no NaN (``ValueError``)."""
    return _CANONICAL(_short(detector.to_state()))


def restore(detector: Detector | FamilyDetector, text: str) -> None:
    """Raises ``StateMismatch`` when the text belongs to another detector, version or parameters."""
    detector.restore(json.loads(text, object_hook=_long))


def _short(found: Any) -> Any:
    if type(found) is dict:
        return {name: _short(one) for name, one in found.items()}
    if type(found) is not list or not found:
        return found
    if len(found) >= LONG and set(map(type, found)) == {float}:
        return {FLOATS: b64encode(pack(f"<{len(found)}d", *_finite(found))).decode()}
    return [_short(one) for one in found] if type(found[0]) in (dict, list) else found


def _finite(values: list[float]) -> list[float]:
    if not isfinite(sum(values)) and not all(map(isfinite, values)):
        raise ValueError("a state holds numbers only")
    return values


def _long(found: dict[str, Any]) -> Any:
    if FLOATS not in found:
        return found
    packed = b64decode(found[FLOATS])
    return list(unpack(f"<{len(packed) // 8}d", packed))


def save(conn: Connection, wholes: Mapping[str, Whole]) -> None:
    """By series."""
    upsert(conn, whole_state, [{"series": key, "state": one.text, "last_end": one.end} for key, one in wholes.items()])


def load(conn: Connection, keys: Iterable[str]) -> Iterator[tuple[str, Stored]]:
    """Those of ``keys`` that have a state, a few at a time: together they are large."""
    wanted = sorted(keys)
    if not wanted:
        return
    ends = {row.series: bucket(row.last_end, 1) for row in conn.execute(select(whole_state.c.series, whole_state.c.last_end))}
    tails = tail.load(conn, {key: ends[key] for key in wanted if key in ends})
    for at in range(0, len(wanted), FEW):
        for row in conn.execute(select(whole_state).where(whole_state.c.series.in_(wanted[at : at + FEW]))).all():
            yield row.series, Stored(Whole(row.state, row.last_end), tails.pop(row.series, ()))


def keys(conn: Connection) -> set[str]:
    return set(conn.execute(select(whole_state.c.series)).scalars())


def forget(conn: Connection, keys: Sequence[str]) -> None:
    """States of series that are no longer watched: should one come back, it is warmed from the roll-ups."""
    if keys:
        conn.execute(delete(whole_state).where(whole_state.c.series.in_(keys)))


def relearned(conn: Connection, key: str, now: datetime) -> None:
    """A state of another version or other parameters was not used: that is worth a line."""
    row = {"at": now, "by": "machine", "action": "engine.state.relearned", "params": {"series": key}}
    conn.execute(insert(audit).values(row))


def mark_ready(conn: Connection, keys: Sequence[str], at: datetime) -> None:
    """These series judge with their whole voice from ``at`` on; one that does so already keeps its time."""
    if keys:
        waiting = series.c.series.in_(keys) & series.c.ready.is_(False)
        conn.execute(update(series).where(waiting).values(ready=True, ready_at=at))
