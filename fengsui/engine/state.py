"""Detector states in the store: canonical JSON text, never pickle, so that a restart continues bit for bit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from detectors.base import Detector
from fengsui.store.slices import bucket_start
from fengsui.store.tables import detector_state
from fengsui.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class Stored:
    text: str
    last_end: datetime


def canonical(detector: Detector) -> str:
    """One text per state: sorted keys, no spaces, shortest round-trip floats, no NaN (``ValueError``)."""
    return json.dumps(detector.to_state(), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def restore(detector: Detector, text: str) -> None:
    """Raises ``StateMismatch`` when the text belongs to another detector, version or parameters."""
    detector.restore(json.loads(text))


def save(conn: Connection, rows: Sequence[tuple[str, Detector, int]]) -> None:
    """``(series, detector, end of its last step in minutes)``."""
    upsert(
        conn,
        detector_state,
        [{"series": key, "state": canonical(one), "last_end": bucket_start(end)} for key, one, end in rows],
    )


def load(conn: Connection) -> dict[str, Stored]:
    return {row.series: Stored(row.state, row.last_end) for row in conn.execute(select(detector_state))}


def keys(conn: Connection) -> set[str]:
    return set(conn.execute(select(detector_state.c.series)).scalars())


def forget(conn: Connection, keys: Sequence[str]) -> None:
    """States of series that are no longer watched: should one come back, it is warmed from the roll-ups."""
    if keys:
        conn.execute(delete(detector_state).where(detector_state.c.series.in_(keys)))
