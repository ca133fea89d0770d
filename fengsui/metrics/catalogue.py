"""The metrics of wall and rules: one visible table, seeded as versioned definitions.

A metric reads roll-ups: ``value`` measures over ``exposure`` measures. Shares are sums over sums, never averages of ratios.
The definition rows (kind ``metric``, kind ``target``) are what people edit and export; ``load`` gives the newest of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, select

from fengsui.metrics.measures import BY_ID
from fengsui.store.tables import definition
from fengsui.store.upsert import upsert

Shape: TypeAlias = Literal["count", "share", "duration", "gauge"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One KPI definition (docs/metrics.md has formula, time axis and trap of each).

    ``value`` and ``exposure``: measures to add up (``-`` before a name subtracts). Durations: ``value`` is one bin measure.
    ``total``: the sum runs over all time before the end, not over the window (a stock, not a flow). ``ripe_s``: younger
    records can still change the figure, so it is provisional. ``min_n``: below it the state is ``few``. ``quantile``: what
    a duration shows. ``gauge``: the name of the gauge; ``combine`` says how several queues make one figure.
    """

    id: str
    shape: Shape
    names: Mapping[str, str]
    unit: str  # 件, 条 … as a code of the catalogue: item, pct, second, score
    good: Literal["up", "down", "none"]
    value: tuple[str, ...] = ()
    exposure: tuple[str, ...] = ()
    target: float | None = None
    ripe_s: int = 0
    min_n: int = 0
    quantile: float = 0.5
    gauge: str | None = None
    combine: Literal["sum", "max"] = "sum"
    total: bool = False
    version: int = 1

    def measures(self) -> tuple[str, ...]:
        """All measures it reads, without sign."""
        if self.gauge is not None:
            return (f"g.{self.gauge}",)
        return tuple(dict.fromkeys(name.lstrip("-") for name in self.value + self.exposure))

    @property
    def finest_step_s(self) -> int:
        """The shortest step that can be read: 60, or 900 where a measure is kept by the quarter-hour only."""
        return 60 if all(name in BY_ID and BY_ID[name].minutes for name in self.measures()) or self.gauge else 900


def _names(zh: str, en: str) -> dict[str, str]:
    return {"zh_CN": zh, "en": en}


FEW_SHARE = 20
FEW_DURATION = 5
DAY_S = 86_400

METRICS: Mapping[str, Metric] = {
    metric.id: metric
    for metric in (
        Metric("complaints", "count", _names("投诉量", "Complaints"), "item", "down", ("complaint.n",)),
        Metric("contacts", "count", _names("反馈量", "Contacts"), "item", "none", ("feedback.n",)),
        Metric("negatives", "count", _names("负面反馈", "Negative feedback"), "item", "down", ("negative.n",)),
        Metric(
            "negative_share",
            "share",
            _names("负面占比", "Negative share"),
            "pct",
            "down",
            ("negative.n",),
            ("feedback.n",),
            min_n=FEW_SHARE,
        ),
        Metric(
            "response_time",
            "duration",
            _names("首次响应时长", "First response time"),
            "second",
            "down",
            ("response.d",),
            target=1800.0,
            min_n=FEW_DURATION,
        ),
        Metric(
            "resolution_time",
            "duration",
            _names("解决时长", "Resolution time"),
            "second",
            "down",
            ("resolution.d",),
            target=86_400.0,
            min_n=FEW_DURATION,
        ),
        Metric(
            "sla_attainment",
            "share",
            _names("SLA 达成率", "SLA attainment"),
            "pct",
            "up",
            ("due.met",),
            ("due.n",),
            target=0.95,
            min_n=FEW_SHARE,
        ),
        Metric(
            "response_sla",
            "share",
            _names("首次响应及时率", "First response on time"),
            "pct",
            "up",
            ("response.met",),
            ("response.n",),
            target=0.9,
            min_n=FEW_SHARE,
        ),
        Metric(
            "csat",
            "share",
            _names("满意度", "Customer satisfaction"),
            "pct",
            "up",
            ("csat.top",),
            ("csat.n",),
            target=0.9,
            min_n=FEW_SHARE,
        ),
        Metric(
            "service_level_20",
            "share",
            _names("20 秒接通率", "Answered within 20 s"),
            "pct",
            "up",
            ("answered20.n",),
            ("answered.n", "abandoned.n"),
            target=0.85,
            min_n=FEW_SHARE,
        ),
        Metric(
            "answer_rate",
            "share",
            _names("接通率", "Answer rate"),
            "pct",
            "up",
            ("answered.n",),
            ("answered.n", "abandoned.n"),
            target=0.95,
            min_n=FEW_SHARE,
        ),
        Metric(
            "waiting_time",
            "duration",
            _names("排队时长", "Waiting time"),
            "second",
            "down",
            ("wait.d",),
            target=20.0,
            min_n=FEW_DURATION,
        ),
        Metric("waiting_now", "gauge", _names("当前排队", "Waiting now"), "person", "down", gauge="waiting", target=10.0),
        Metric(
            "reopened",
            "share",
            _names("重开率", "Reopen rate"),
            "pct",
            "down",
            ("reopened.n",),
            ("solved.n", "reopened.n"),
            target=0.05,
            ripe_s=14 * DAY_S,
            min_n=FEW_SHARE,
        ),
        Metric("calls", "count", _names("来电量", "Calls"), "item", "none", ("m.calls.den",)),
        Metric("solved", "count", _names("办结量", "Solved"), "item", "none", ("solved.n",)),
        Metric("backlog", "count", _names("积压", "Backlog"), "item", "down", ("open.n", "-open.done"), total=True),
        Metric(
            "data_lag", "duration", _names("数据延迟", "Data delay"), "second", "down", ("lag.d",), target=60.0, quantile=0.95
        ),
    )
}
WALL = ("complaints", "response_time", "sla_attainment", "csat", "service_level_20", "waiting_now")
"""The figures of the wall, in order."""


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
    return Metric(**{**body, "value": tuple(body["value"]), "exposure": tuple(body["exposure"])})


def _newest(conn: Connection, kind: str, now: datetime) -> dict[str, tuple[dict[str, Any], int]]:
    query = (
        select(definition.c.id, definition.c.body, definition.c.version)
        .where(definition.c.kind == kind, definition.c.valid_from <= now)
        .order_by(definition.c.version)
    )
    return {row.id: (row.body, row.version) for row in conn.execute(query)}
