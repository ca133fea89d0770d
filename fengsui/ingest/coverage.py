"""Does our store hold what the source says it has? Counted by day of the centre's zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import Connection, Engine, func, select

from fengsui.ingest.fence import Fence
from fengsui.metrics.calendar import day_bounds
from fengsui.store.database import reading
from fengsui.store.tables import coverage_day, feedback
from fengsui.store.upsert import upsert


def record_coverage(
    store: Engine, source: str, theirs: Mapping[date, int], zone: str, now: datetime, fence: Fence
) -> dict[date, int]:
    """Write the source's own count of each day beside ours; the shortfall by day (negative: we hold more)."""
    with reading(store).connect() as conn:  # counting needs no lock
        ours = {day: _ours(conn, source, day, zone) for day in theirs}
    counts = [{"day": day, "theirs": n, "ours": ours[day]} for day, n in sorted(theirs.items())]
    rows = [{"source": source, "checked_at": now, **each} for each in counts]
    with store.begin() as conn:
        fence(conn)
        upsert(conn, coverage_day, rows)
    return {day: theirs[day] - ours[day] for day in sorted(theirs) if theirs[day] != ours[day]}


def _ours(conn: Connection, source: str, day: date, zone: str) -> int:
    start, end = day_bounds(day, zone)
    query = select(func.count()).where(
        feedback.c.source == source, feedback.c.opened_at >= start, feedback.c.opened_at < end, feedback.c.deleted_at.is_(None)
    )
    return conn.execute(query).scalar_one()
