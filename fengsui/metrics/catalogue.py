"""The catalogue of metrics, seeded as versioned definitions and read back as people left them.

A metric reads roll-ups: ``value`` measures over ``exposure`` measures. Shares are sums over sums, never averages of ratios.
The definition rows (kind ``metric``, kind ``target``) are what people edit and export; ``load`` gives the newest of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from fengsui.metrics.kpis import METRICS, WALL
from fengsui.metrics.metric import Metric, Shape
from fengsui.store.tables import definition
from fengsui.store.upsert import upsert

__all__ = ["METRICS", "WALL", "Metric", "Shape", "UnknownMetric", "load", "metric_of", "seed"]


def metric_of(metric: str | Metric) -> Metric:
    """A metric by its id; ``UnknownMetric`` names what is known."""
    if isinstance(metric, Metric):
        return metric
    if metric in METRICS:
        return METRICS[metric]
    raise UnknownMetric(metric)


class UnknownMetric(KeyError):
    """A rule or page names a metric that nobody defined."""

    def __init__(self, metric: str) -> None:
        super().__init__(f"{metric!r} is not a metric; known: {', '.join(sorted(METRICS))}")
        self.metric = metric


def seed(conn: Connection, now: datetime) -> None:
    """Write version 1 of every definition of kind ``metric`` and ``target`` that is not there yet."""
    rows = [_row("metric", metric, metric.version, asdict(replace(metric, target=None)), now) for metric in METRICS.values()]
    rows += [
        _row("target", metric, 1, {"target": metric.target}, now) for metric in METRICS.values() if metric.target is not None
    ]
    upsert(conn, definition, rows, update=())


def load(conn: Connection, now: datetime) -> dict[str, Metric]:
    """The metrics in force at ``now``, with their targets; the built-in ones where the table is empty."""
    bodies = _newest(conn, "metric", now)
    found = {id_: _metric(body) for id_, (body, _) in bodies.items()} or dict(METRICS)
    for id_, (body, _version) in _newest(conn, "target", now).items():
        if id_ in found:
            found[id_] = replace(found[id_], target=body["target"])
    return found


def _row(kind: str, metric: Metric, version: int, body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return {"kind": kind, "id": metric.id, "version": version, "valid_from": now, "by": "seed", "body": dict(body)}


def _metric(body: Mapping[str, Any]) -> Metric:
    lists = {name: tuple(body.get(name, ())) for name in ("value", "exposure", "needs")}
    return Metric(**{**body, **lists})


def _newest(conn: Connection, kind: str, now: datetime) -> dict[str, tuple[dict[str, Any], int]]:
    query = (
        select(definition.c.id, definition.c.body, definition.c.version)
        .where(definition.c.kind == kind, definition.c.valid_from <= now)
        .order_by(definition.c.version)
    )
    return {row.id: (row.body, row.version) for row in conn.execute(query)}
