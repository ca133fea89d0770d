"""Late rows: a window that raised a grade and has moved by more than its band since is marked as corrected.

Once an hour the judged windows of the last week are read again from the roll-ups. The verdict stays as it was given: people
acted on it. What it would show now stands beside it.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from fengsui.metrics import read, windows
from fengsui.metrics.catalogue import METRICS
from fengsui.store.slices import bucket, bucket_start
from fengsui.store.tables import series, verdict

BACK = timedelta(days=7)
"""Minutes are kept for eight days."""
EVERY = 60  # minutes
_MARK = (
    update(verdict).where(verdict.c.series == bindparam("name"), verdict.c.end_at == bindparam("end")).values(corrected=True)
)


def due(now: datetime) -> bool:
    """In the first minute of an hour, so that a restart or a replay does it at the same time."""
    return bucket(now, 1) % EVERY == 0


def found(conn: Connection, now: datetime) -> list[tuple[str, datetime]]:
    """(series, end) of verdicts with a grade, not marked yet, whose window has moved by more than its band."""
    about = (series.c.metric, series.c.slice_id, series.c.step_s)
    query = select(verdict, *about).join(series, series.c.series == verdict.c.series)
    graded = (verdict.c.grade > 0) & verdict.c.corrected.is_(False)
    recent = (verdict.c.end_at > now - BACK) & (verdict.c.window_start >= now - BACK)
    rows = conn.execute(query.where(graded, recent).order_by(verdict.c.series, verdict.c.end_at)).all()
    return [key for _, group in groupby(rows, key=lambda row: row.series) for key in _moved(conn, list(group))]


def _moved(conn: Connection, rows: list[Any]) -> list[tuple[str, datetime]]:
    """``rows``: of one series."""
    one, metric = rows[0], METRICS.get(rows[0].metric)
    if metric is None or metric.total or metric.shape not in ("count", "duration"):
        return []
    width = one.step_s // 60
    first = bucket(min(row.window_start for row in rows), width if width < 15 else 15)
    start, end = bucket_start(first), max(row.end_at for row in rows)
    steps = read.steps(conn, metric, [one.slice_id], start, end, one.step_s)[one.slice_id]
    over = windows.Windows(metric, steps)
    seen = ((row, over.observed(row.window_start, row.end_at)) for row in rows)
    return [(row.series, row.end_at) for row, now in seen if _is_other(row, now, 1.0 if metric.shape == "count" else 0.0)]


def _is_other(row: Any, now: float | None, least: float) -> bool:
    """``least``: one record more is no other count, however narrow the band."""
    if now is None or row.window_observed is None or row.lower is None or row.upper is None:
        return False
    steps = (row.end_at - row.window_start) / (row.end_at - row.start_at)
    band = (row.upper - row.lower) * math.sqrt(max(steps, 1.0))
    return bool(abs(now - row.window_observed) > max(band, least))


def mark(conn: Connection, keys: list[tuple[str, datetime]]) -> None:
    if keys:
        conn.execute(_MARK, [{"name": name, "end": end} for name, end in keys])
