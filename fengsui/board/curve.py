"""A series as a chart wants it: what came in, what was expected, and the normal band, on one grid of steps."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Connection, select

from fengsui.metrics import read as figures
from fengsui.metrics.catalogue import Metric
from fengsui.store.slices import bucket
from fengsui.store.tables import verdict


@dataclass(frozen=True, slots=True)
class Point:
    """One step: start, value and band in the metric's shown unit (events, fraction, seconds); None where unknown."""

    at: datetime
    value: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    grade: int


def curve(
    conn: Connection, metric: Metric, slice_key: str, series: str | None, start: datetime, end: datetime, step_s: int
) -> list[Point]:
    """Steps of ``step_s`` in ``[start, end)``; values from roll-ups, band and grade from stored verdicts of ``series``.

    A verdict speaks of its own step. For counts a wider step expects the sum; its band grows with the square root of the
    number of steps, as for independent counts: a picture, not the detector's judgement. Other shapes keep their level.
    """
    values = figures.trend(conn, metric, slice_key, start, end, step_s)
    bands = _bands(_verdicts(conn, series, start, end), metric.shape, step_s) if series else {}
    return [_point(point.at, point.value, bands.get(bucket(point.at, step_s // 60))) for point in values]


def newest(conn: Connection, metric: Metric, slice_key: str, series: str | None, end: datetime, step_s: int) -> Point:
    """The last ``step_s`` seconds before ``end``, whatever the grid: what has just begun must be seen at once. ``step_s`` of
    a share or a duration is below a quarter of an hour: longer ones are not counted in minutes."""
    start = end - timedelta(seconds=step_s)
    rows = list(_verdicts(conn, series, start, end)) if series else []
    spoken = [row for row in rows if row.expected is not None]
    value = _last(conn, metric, slice_key, start, end, step_s)
    return _point(start, value, _band(spoken, metric.shape, step_s) if spoken else None)


def _last(conn: Connection, metric: Metric, slice_key: str, start: datetime, end: datetime, step_s: int) -> float | None:
    if metric.shape != "count":
        return figures.trend(conn, metric, slice_key, start, end, step_s)[0].value
    return sum(point.value or 0.0 for point in figures.trend(conn, metric, slice_key, start, end, 60))


def _verdicts(conn: Connection, series: str, start: datetime, end: datetime) -> Iterable[Any]:
    columns = (verdict.c.start_at, verdict.c.end_at, verdict.c.expected, verdict.c.lower, verdict.c.upper, verdict.c.grade)
    query = select(*columns).where(verdict.c.series == series, verdict.c.end_at > start, verdict.c.end_at <= end)
    return conn.execute(query.order_by(verdict.c.end_at))


_Band: TypeAlias = tuple[float, float, float, int]


def _bands(rows: Iterable[Any], shape: str, step_s: int) -> Mapping[int, _Band]:
    together: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        if row.expected is not None:
            together[bucket(row.start_at, step_s // 60)].append(row)
    return {at: _band(found, shape, step_s) for at, found in together.items()}


def _band(rows: list[Any], shape: str, step_s: int) -> _Band:
    expected = sum(row.expected for row in rows) / len(rows)
    lower = sum(expected if row.lower is None else row.lower for row in rows) / len(rows)
    upper = sum(expected if row.upper is None else row.upper for row in rows) / len(rows)
    grade = max(row.grade for row in rows)
    if shape == "count":
        k = step_s / (rows[0].end_at - rows[0].start_at).total_seconds()
        middle, spread = expected * k, math.sqrt(k)
        return middle, max(0.0, middle - (expected - lower) * spread), middle + (upper - expected) * spread, grade
    if shape == "duration":
        return math.exp(expected), math.exp(lower), math.exp(upper), grade
    return expected, lower, upper, grade


def _point(at: datetime, value: float | None, band: _Band | None) -> Point:
    expected, lower, upper, grade = band or (None, None, None, 0)
    return Point(at, value, expected, lower, upper, grade)
