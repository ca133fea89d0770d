"""Threshold rules: a figure beyond a limit for some time. Judged once a minute, from gauges or from roll-ups."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import bindparam, exists, select

from fengsui.alerts.bodies import ThresholdRule
from fengsui.alerts.desk import Desk
from fengsui.alerts.machine import apply
from fengsui.alerts.sight import Sight
from fengsui.metrics import gauges, read
from fengsui.metrics.catalogue import Metric
from fengsui.store.slices import ALL, bucket, bucket_start, slice_id, slice_levels
from fengsui.store.tables import gauge, slice_

BEYOND: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
)
LOOKS = 4
"""A KPI is looked at so many times over ``for_s``."""
MAX_SLICES = 200


def judge(desk: Desk, *, sampled: bool) -> None:
    """``sampled`` False: no gauge has spoken of the time that is looked at, so only alerts that live are judged by one."""
    for rule_id, rule in _rules(desk):
        if desk.metrics[rule.metric].gauge and not sampled and not any(one["rule_id"] == rule_id for one in desk.live.values()):
            continue
        for slice_key in _slices(desk, rule):
            sight = sight_of(desk, rule_id, rule, slice_key)
            if sight is not None:
                apply(desk, sight)


def _rules(desk: Desk) -> list[tuple[str, ThresholdRule]]:
    found = [(rule_id, held.body) for rule_id, held in sorted(desk.book.rules.items()) if isinstance(held.body, ThresholdRule)]
    return [(rule_id, rule) for rule_id, rule in found if rule.mode != "off" and rule.metric in desk.metrics]


SAMPLED = exists(
    select(gauge.c.name).where(
        gauge.c.name.in_(bindparam("gauges", expanding=True)),
        gauge.c.at >= bindparam("gauges_since"),
        gauge.c.at <= bindparam("now"),
    )
)
"""Whether any gauge that a rule follows has a sample that could still be carried into its time."""


def followed(desk: Desk) -> Mapping[str, Any]:
    """The parameters of ``SAMPLED``, but for ``now``."""
    rules = [rule for _, rule in _rules(desk) if desk.metrics[rule.metric].gauge]
    names = sorted({str(desk.metrics[rule.metric].gauge) for rule in rules})
    longest = max((rule.for_s for rule in rules), default=0)
    return {"gauges": names, "gauges_since": desk.now - timedelta(seconds=longest + gauges.CARRY_S + 60)}


def _slices(desk: Desk, rule: ThresholdRule) -> list[str]:
    if rule.cuboid == ALL:
        return [ALL]
    query = select(slice_.c.slice_key).where(slice_.c.cuboid == rule.cuboid).order_by(slice_.c.slice_key).limit(MAX_SLICES)
    return [key for key in desk.conn.scalars(query) if rule.where.items() <= slice_levels(key).items()]


def sight_of(desk: Desk, rule_id: str, rule: ThresholdRule, slice_key: str) -> Sight | None:
    """None: the minute was judged already."""
    end = bucket_start(bucket(desk.now, 1))
    row = desk.find(rule_id, slice_key)
    if row is not None and row["last_at"] >= end:
        return None
    metric = desk.metrics[rule.metric]
    values = _gauge(desk, metric, rule, slice_key, end) if metric.gauge else _kpi(desk, metric, rule, slice_key, end)
    return _sight(rule_id, rule, metric, slice_key, end, values)


def _gauge(desk: Desk, metric: Metric, rule: ThresholdRule, slice_key: str, end: datetime) -> Sequence[float | None]:
    start = end - timedelta(seconds=rule.for_s)
    id_ = slice_id(slice_key)
    line = gauges.stepped(desk.conn, str(metric.gauge), {id_: slice_key}, start, end, 60, metric.combine).get(id_, {})
    return [line.get(minute) for minute in range(bucket(start, 1), bucket(end, 1))]


def _kpi(desk: Desk, metric: Metric, rule: ThresholdRule, slice_key: str, end: datetime) -> Sequence[float | None]:
    values = []
    for look in range(LOOKS):
        at = end - timedelta(seconds=rule.for_s) * (1 - look / (LOOKS - 1))
        figure = read.kpi(desk.conn, metric, slice_key, at - timedelta(seconds=rule.window_s), at, desk.now)
        values.append(figure.value if figure.n >= rule.min_n and figure.state != "no_data" else None)
    return values


def _sight(
    rule_id: str, rule: ThresholdRule, metric: Metric, slice_key: str, end: datetime, values: Sequence[float | None]
) -> Sight:
    beyond = BEYOND[rule.op]
    newest = values[-1] if values else None
    held = bool(values) and all(value is not None and beyond(value, rule.value) for value in values)
    shape = "gauge" if metric.gauge else f"limit_{metric.shape}"
    return Sight(
        rule_id=rule_id,
        slice_key=slice_key,
        metric=rule.metric,
        shape=shape,
        start=end - timedelta(minutes=1),
        end=end,
        window_start=end - timedelta(seconds=rule.for_s),
        grade=rule.grade if held else 0,
        calm=newest is not None and not beyond(newest, rule.clear_value),
        direction="up" if rule.op in (">", ">=") else "down",
        complete=newest is not None,
        known=newest is not None,
        observed=newest,
        expected=rule.value,
        reason="alerts.reason.threshold",
        reason_params={"limit": rule.value, "for": rule.for_s},
    )
