"""Steps of many metrics read at once: a statement costs more than the cells that it brings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection

from fengsui.metrics import cells, read
from fengsui.metrics.catalogue import metric_of
from fengsui.metrics.metric import Metric
from fengsui.metrics.read import Value

FEW = 200
"""Cells more that are read for nothing (of measures that a slice was not asked for) rather than ask twice."""
Steps: TypeAlias = dict[int, dict[int, Value]]


def steps(
    conn: Connection, wanted: Mapping[str, Collection[int]], start: datetime, end: datetime, step_s: int
) -> dict[str, Steps]:
    """metric -> what ``read.steps`` gives for its slices."""
    plain = {name: metric for name in wanted if _is_plain(metric := metric_of(name), step_s)}
    if not _is_worth(plain, wanted):
        plain = {}
    found = {name: read.steps(conn, name, ids, start, end, step_s) for name, ids in wanted.items() if name not in plain}
    if plain:
        measures = sorted({measure for metric in plain.values() for measure in metric.measures()})
        by_slice = cells.stepped(conn, measures, sorted({id_ for name in plain for id_ in wanted[name]}), start, end, step_s)
        found |= {name: _of(metric, wanted[name], by_slice) for name, metric in plain.items()}
    return found


def _is_plain(metric: Metric, step_s: int) -> bool:
    """Whether each step stands in its own cells."""
    return metric.gauge is None and not metric.total and metric.shape != "work_off" and step_s < read.WIDE_S


def _is_worth(plain: Mapping[str, Metric], wanted: Mapping[str, Collection[int]]) -> bool:
    if len(plain) < 2:
        return False
    ids = {id_ for name in plain for id_ in wanted[name]}
    measures = {measure for metric in plain.values() for measure in metric.measures()}
    return len(ids) * len(measures) <= FEW + sum(len(wanted[name]) * len(one.measures()) for name, one in plain.items())


def _of(metric: Metric, ids: Collection[int], by_slice: Mapping[int, Mapping[int, cells.Sums]]) -> Steps:
    measures = frozenset(metric.measures())
    found: Steps = {}
    for id_ in ids:
        line = found[id_] = {}
        for at, sums in sorted(by_slice.get(id_, {}).items()):
            own = {measure: bins for measure, bins in sums.items() if measure in measures}
            value = read.value_of(metric, own) if own else None
            if value is not None:
                line[at] = value
    return found
