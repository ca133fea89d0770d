"""Many metrics of one slice at once: what a page of figures needs, in a handful of statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from fengsui.metrics import cells, read, watermarks
from fengsui.metrics.metric import Metric
from fengsui.metrics.read import Kpi
from fengsui.store.slices import slice_id
from fengsui.store.tables import slice_source

DAY_S = 86_400


def sheet(
    conn: Connection,
    metrics: Collection[Metric],
    slice_key: str,
    start: datetime,
    end: datetime,
    now: datetime,
    sources: Mapping[str, watermarks.SourcePace],
) -> dict[str, Kpi]:
    """metric -> its figure over ``[start, end)``, as ``read.kpi`` gives it one by one."""
    end, id_ = min(end, now), slice_id(slice_key)
    plain = [metric for metric in metrics if metric.gauge is None and not metric.total]
    fine, coarse = ([m for m in plain if cells.has_minutes(m.measures()) is wanted] for wanted in (True, False))
    sums = {metric.id: found for group in (fine, coarse) for metric, found in _summed(conn, group, id_, start, end)}
    fed, marks = _fed(conn, id_), watermarks.of_sources(conn, now, sources)
    kpis = {metric.id: _kpi(metric, read.figure_of(metric, sums[metric.id]), fed, marks, end, now) for metric in plain}
    rest = [metric for metric in metrics if metric.id not in kpis]
    return kpis | {metric.id: read.kpi(conn, metric, slice_key, start, end, now, sources) for metric in rest}


def daily(
    conn: Connection, metrics: Iterable[Metric], slice_key: str, start: datetime, days: int
) -> dict[str, list[float | None]]:
    """metric -> one value for each day of 24 hours from ``start`` on; gauges and stocks have none."""
    plain, id_ = [metric for metric in metrics if metric.gauge is None and not metric.total], slice_id(slice_key)
    end = start + timedelta(days=days)
    found = cells.by_step(conn, _measures(plain), [id_], start, end, DAY_S).get(id_, {})
    return {metric.id: [read.figure_of(metric, found.get(day, {})).value for day in range(days)] for metric in plain}


def _summed(
    conn: Connection, metrics: Sequence[Metric], id_: int, start: datetime, end: datetime
) -> Iterable[tuple[Metric, cells.Sums]]:
    found = cells.summed(conn, _measures(metrics), [id_], start, end).get(id_, {}) if metrics else {}
    return ((metric, found) for metric in metrics)


def _measures(metrics: Iterable[Metric]) -> list[str]:
    return list(dict.fromkeys(name for metric in metrics for name in metric.measures()))


def _fed(conn: Connection, id_: int) -> dict[str, set[str]]:
    """measure -> the sources that have delivered to it in this slice."""
    found: dict[str, set[str]] = {}
    mine = select(slice_source.c.measure, slice_source.c.source).where(slice_source.c.slice_id == id_)
    for measure, source in conn.execute(mine):
        found.setdefault(measure, set()).add(source)
    return found


def _kpi(
    metric: Metric,
    figure: read.Figure,
    fed: Mapping[str, set[str]],
    marks: Mapping[str, watermarks.SourceMark],
    end: datetime,
    now: datetime,
) -> Kpi:
    fed_by = set().union(*(fed.get(name, set()) for name in metric.measures()))
    there = bool(fed_by) and (not metric.needs or any(name in fed for name in metric.needs))
    health = read.health_of(fed_by, marks.items()) if there else "no_data"
    shown = figure if there else read.Figure(None, 0)
    state = read.state_of(metric, shown, health, end, now)
    return Kpi(shown.value, shown.n, shown.lower, shown.upper, state, metric.version, metric.target, shown.more)
