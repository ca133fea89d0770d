"""One figure by the parts of a dimension: which organisation, queue or category makes it what it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from fengsui.metrics import cells, read
from fengsui.metrics.metric import Metric
from fengsui.metrics.read import Kpi
from fengsui.store.tables import slice_

MOST_PARTS = 1000


def drill(conn: Connection, metric: Metric, cuboid: str, start: datetime, end: datetime, now: datetime) -> dict[str, Kpi]:
    """slice key -> figure over ``[start, end)`` of every part of ``cuboid`` that has any, by the order of the key. Gauges,
    stocks and work-off times have no parts here: ``ValueError``."""
    if metric.gauge is not None or metric.total:
        raise ValueError(f"{metric.id}: a gauge or a stock is not taken apart by sums")
    keys, end = parts(conn, cuboid), min(end, now)
    found = cells.summed(conn, metric.measures(), list(keys), start, end)
    shown = {keys[id_]: read.figure_of(metric, sums) for id_, sums in found.items()}
    return {key: _kpi(metric, shown[key], end, now) for key in sorted(shown) if shown[key].value is not None}


def parts(conn: Connection, cuboid: str) -> dict[int, str]:
    """slice id -> key, of the first ``MOST_PARTS`` by name."""
    mine = select(slice_.c.slice_id, slice_.c.slice_key).where(slice_.c.cuboid == cuboid).order_by(slice_.c.slice_key)
    return {row.slice_id: row.slice_key for row in conn.execute(mine.limit(MOST_PARTS))}


def kept(metric: Metric, cuboid: str, counted: Sequence[str]) -> bool:
    """Whether the roll-ups of ``cuboid`` hold all that ``metric`` reads; ``counted``: the cuboids kept for counts only."""
    return metric.gauge is None and not metric.total and all(cells.is_kept(name, cuboid, counted) for name in metric.measures())


def _kpi(metric: Metric, figure: read.Figure, end: datetime, now: datetime) -> Kpi:
    state = read.state_of(metric, figure, "ok", end, now)
    return Kpi(figure.value, figure.n, figure.lower, figure.upper, state, metric.version, metric.target, figure.more)
