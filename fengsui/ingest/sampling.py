"""The weekly random sample that people check: what it says of the tags is unbiased, whatever else they chose to correct.

Drawn once, by a keyed order that nobody chose: the same week gives the same records, and a second draw changes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from sqlalchemy import Engine, select

from fengsui.ingest.fence import Fence
from fengsui.metrics.calendar import day_bounds, local_day
from fengsui.store.database import reading
from fengsui.store.tables import feedback, feedback_text, sample, source_state
from fengsui.store.upsert import upsert

SIZE: Final = 100


SETTLED: Final = timedelta(hours=4)
"""So long after a week its last records may still come: files of the day are fetched at night."""


HEARD: Final = timedelta(days=1)
"""A source that has answered nothing for so long is not being read."""


def due(store: Engine, now: datetime, zone: str) -> bool:
    """Whether the last whole week has no sample yet and can have one. While a source's history is read it cannot: what has
    come would be drawn from, and the rest never. A source that was given up or taken out holds nothing up."""
    start, end = last_week(now, zone)
    if now < end + SETTLED:
        return False
    with reading(store).connect() as conn:
        drawn = conn.execute(select(sample.c.record_key).where(sample.c.week == name_of(start, zone)).limit(1)).first()
        lately = source_state.c.last_success_at >= now - HEARD
        reads = select(source_state.c.source).where(lately, source_state.c.backfilled.is_(False)).limit(1)
        said = select(feedback.c.record_key).join(feedback_text, feedback_text.c.record_key == feedback.c.record_key)
        inside = (feedback.c.opened_at >= start, feedback.c.opened_at < end, feedback.c.deleted_at.is_(None))
        if drawn is not None or conn.execute(reads).first() is not None:
            return False
        return conn.execute(said.where(*inside).limit(1)).first() is not None


def draw(store: Engine, now: datetime, zone: str, fence: Fence, size: int = SIZE) -> int:
    """Draw the sample of the last whole week where there is none; how many records it has."""
    start, end = last_week(now, zone)
    week = name_of(start, zone)
    with reading(store).connect() as conn:
        if conn.execute(select(sample.c.record_key).where(sample.c.week == week).limit(1)).first():
            return 0
        joined = select(feedback.c.record_key).join(feedback_text, feedback_text.c.record_key == feedback.c.record_key)
        inside = (feedback.c.opened_at >= start, feedback.c.opened_at < end, feedback.c.deleted_at.is_(None))
        keys = list(conn.execute(joined.where(*inside)).scalars())
    chosen = sorted(keys, key=lambda key: blake2b(f"{week}\0{key}".encode("utf-8", "surrogatepass")).digest())[:size]
    drawn = {"week": week, "drawn_at": now, "of_n": len(keys)}
    rows = [{**drawn, "record_key": key, "place": place} for place, key in enumerate(chosen)]
    with store.begin() as conn:
        fence(conn)
        upsert(conn, sample, rows, update=())
    return len(rows)


def last_week(now: datetime, zone: str) -> tuple[datetime, datetime]:
    """Monday to Monday in ``zone``, the last one that is over."""
    today = local_day(now, zone)
    monday = today - timedelta(days=today.weekday())
    return day_bounds(monday - timedelta(days=7), zone)[0], day_bounds(monday, zone)[0]


def name_of(start: datetime, zone: str) -> str:
    """``2026-W46``."""
    year, week, _ = local_day(start, zone).isocalendar()
    return f"{year}-W{week:02d}"
