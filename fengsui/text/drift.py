"""Whether machines are corrected more often than they were: ADWIN over people's checks, in the order in which they were made.

A. Bifet, R. Gavalda: "Learning from time-changing data with adaptive windowing", SDM 2007; river's implementation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select

from fengsui.store.tables import label
from fengsui.text.tags import LEARNED, PERSON

BACK: Final = timedelta(days=90)
DELTA: Final = 0.01


@dataclass(frozen=True, slots=True)
class Drift:
    """``tag`` is corrected more often since ``at``: share of wrong ones before and now, of ``n`` checks in the window now."""

    tag: str
    at: datetime
    before: float
    now: float
    n: int


def drifts(conn: Connection, now: datetime) -> list[Drift]:
    """The tags whose correction rate rose in the last weeks, by their newest change."""
    return [found for tag in LEARNED if (found := _drift(conn, tag, now)) is not None]


def _drift(conn: Connection, tag: str, now: datetime) -> Drift | None:
    mine = (label.c.tag == tag, label.c.at >= now - BACK, label.c.at <= now, label.c.old_by != PERSON, label.c.why != "chosen")
    rows = conn.execute(select(label.c.at, label.c.old, label.c.new).where(*mine).order_by(label.c.at, label.c.label_id)).all()
    if not rows:
        return None
    from river.drift import ADWIN  # with it come 55 MB (SciPy's distributions) that no dashboard needs whose page is not opened

    window, found = ADWIN(delta=DELTA), None  # type: ignore[no-untyped-call]
    for row in rows:
        before = window.estimation
        window.update(float(row.old != row.new))  # type: ignore[no-untyped-call]
        if window.drift_detected:
            rose = window.estimation > before
            found = Drift(tag, row.at, before, window.estimation, int(window.width)) if rose else None
    return found
