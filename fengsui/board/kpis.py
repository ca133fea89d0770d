"""The figures of the wall: each with its target, its partners in time, its interval, its n and its little line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Connection, select

from fengsui.metrics import cells
from fengsui.metrics import read as figures
from fengsui.metrics.catalogue import WALL, Metric
from fengsui.metrics.watermarks import SourcePace
from fengsui.store.slices import bucket, bucket_start, slice_id
from fengsui.store.tables import slice_source

Tile: TypeAlias = dict[str, Any]
HOUR_S = 3600
DAY = timedelta(days=1)
WINDOW_S: Mapping[str, int] = {"sla_attainment": 24 * HOUR_S, "csat": 24 * HOUR_S}
"""Others look at the last hour; these two need a day to have enough answers. The tile says which window it shows."""
SPARK_POINTS = 24
LETTERS: Mapping[str, str] = {"service_level_20": "C"}
"""Denominator of a service level (docs/metrics.md): named beside the headline; the others have it in their names."""


def window_s(metric: str) -> int:
    return WINDOW_S.get(metric, HOUR_S)


def tiles(
    conn: Connection, metrics: Mapping[str, Metric], paces: Mapping[str, SourcePace], slice_key: str, now: datetime
) -> list[Tile]:
    """The figures that move with every picture."""
    feeds = _sources(conn, metrics, slice_key)
    return [
        {**_tile(conn, metrics[id_], paces, slice_key, now), "sources": feeds.get(id_, [])} for id_ in WALL if id_ in metrics
    ]


def partners(conn: Connection, metrics: Mapping[str, Metric], slice_key: str, now: datetime) -> dict[str, dict[str, Any]]:
    """What changes slowly: the same window yesterday and a week ago, and the last 24 hours as a line."""
    return {id_: _partners(conn, metrics[id_], slice_key, now) for id_ in WALL if id_ in metrics}


def gap(value: float | None, target: float | None) -> float | None:
    """Signed: value less target."""
    return None if value is None or target is None else value - target


def verdict_on(good: str, target: float | None, value: float | None, lower: float | None, upper: float | None) -> str:
    """``met``, ``near`` (past the target, but the interval still reaches it), ``missed`` (all of the interval is past it),
    ``none`` (no target or no value). A small sample never says ``missed``."""
    if value is None or target is None or good == "none":
        return "none"
    sign = 1 if good == "up" else -1
    if sign * (value - target) >= 0:
        return "met"
    best = upper if good == "up" else lower
    return "near" if best is not None and sign * (best - target) >= 0 else "missed"


def _tile(conn: Connection, metric: Metric, paces: Mapping[str, SourcePace], slice_key: str, now: datetime) -> Tile:
    span = timedelta(seconds=window_s(metric.id))
    kpi = figures.kpi(conn, metric, slice_key, now - span, now, now, paces)
    value = None if kpi.state == "no_data" else kpi.value  # nobody ever delivered: not even zero is known
    return {
        "metric": metric.id,
        "shape": metric.shape,
        "unit": metric.unit,
        "good": metric.good,
        "window_s": window_s(metric.id),
        "value": value,
        "n": kpi.n,
        "lower": kpi.lower,
        "upper": kpi.upper,
        "state": kpi.state,
        "version": kpi.version,
        "target": metric.target,
        "gap": gap(value, metric.target),
        "standing": verdict_on(metric.good, metric.target, value, kpi.lower, kpi.upper),
    }


def _partners(conn: Connection, metric: Metric, slice_key: str, now: datetime) -> dict[str, Any]:
    span = timedelta(seconds=window_s(metric.id))
    then = {name: now - DAY * days for name, days in (("yesterday", 1), ("last_week", 7))}
    values = {name: _past(conn, metric, slice_key, at, span) for name, at in then.items()}
    return {**values, "spark": spark(conn, metric, slice_key, now)}


def _past(conn: Connection, metric: Metric, slice_key: str, at: datetime, span: timedelta) -> float | None:
    if not _known(conn, metric, slice_key, at - span):
        return None
    return figures.kpi(conn, metric, slice_key, at - span, at, at).value


def _known(conn: Connection, metric: Metric, slice_key: str, at: datetime) -> bool:
    """Whether a count reaches back to ``at``: before its history nothing counted would look like nothing happened."""
    if metric.shape != "count" or not metric.measures():
        return True
    return cells.reaches(conn, metric.measures(), [slice_id(slice_key)], at)


def spark(conn: Connection, metric: Metric, slice_key: str, now: datetime) -> list[float | None]:
    """The last 24 full hours, oldest first."""
    end = bucket_start(bucket(now, 60))
    points = figures.trend(conn, metric, slice_key, end - timedelta(hours=SPARK_POINTS), end, HOUR_S)
    return [None if point.value is None else round(point.value, 4) for point in points]


def _sources(conn: Connection, metrics: Mapping[str, Metric], slice_key: str) -> dict[str, list[str]]:
    """metric -> the sources that feed it in this slice: a tile is as old as the oldest of them."""
    query = select(slice_source.c.measure, slice_source.c.source).where(slice_source.c.slice_id == slice_id(slice_key))
    feeds: dict[str, set[str]] = {}
    for measure, source in conn.execute(query):
        feeds.setdefault(measure, set()).add(source)
    return {id_: sorted(set().union(*(feeds.get(m, set()) for m in metric.measures()))) for id_, metric in metrics.items()}
