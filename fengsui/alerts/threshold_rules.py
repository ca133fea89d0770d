"""Threshold rules: a figure beyond a limit for some time. Gauges are judged once a minute, roll-ups each ``every_s``."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import bindparam, exists, select

from fengsui.alerts import usual
from fengsui.alerts.bodies import ThresholdRule
from fengsui.alerts.desk import Desk
from fengsui.alerts.machine import apply
from fengsui.alerts.sight import Sight
from fengsui.metrics import gauges
from fengsui.metrics.catalogue import Metric
from fengsui.store.slices import ALL, bucket, bucket_start, slice_id, slice_levels
from fengsui.store.tables import gauge, slice_

BEYOND: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
)
MINUTE_S = 60
LOOKS = 4
"""A KPI is looked at so many times over ``for_s``."""
MAX_SLICES = 200


def judge(desk: Desk, before: datetime | None, *, sampled: bool) -> None:
    """``before``: the last judgement; a KPI is looked at each ``every_s``. ``sampled`` False: no gauge has spoken of the time
    that is looked at, so only alerts that live are judged by one."""
    for rule_id, rule in _rules(desk):
        step = rule.every_s // 60
        if before is not None and not desk.metrics[rule.metric].gauge and bucket(desk.now, step) <= bucket(before, step):
            continue
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
    """None: the step was judged already."""
    metric = desk.metrics[rule.metric]
    end = bucket_start(bucket(desk.now, 1 if metric.gauge else rule.every_s // 60))
    row = desk.find(rule_id, slice_key)
    if row is not None and row["last_at"] >= end:
        return None
    if metric.gauge:
        values = _gauge(desk, metric, rule, slice_key, end)
        return _sight(rule_id, rule, metric, slice_key, end, values, _limit(desk, metric, rule, slice_key, end, values[-1:]))
    *older, last = _looks(rule, end)
    values = [usual.seen(desk, metric, rule, slice_key, last)]
    limit = _limit(desk, metric, rule, slice_key, end, values)
    if limit is not None and _all_beyond(rule, values, limit):  # else nobody needs to see the others
        values = [*(usual.seen(desk, metric, rule, slice_key, at) for at in older), *values]
    return _sight(rule_id, rule, metric, slice_key, end, values, limit)


def _limit(
    desk: Desk, metric: Metric, rule: ThresholdRule, slice_key: str, end: datetime, newest: Sequence[float | None]
) -> float | None:
    """What is usual is asked only where the plain limit is passed."""
    if rule.times is None or not newest or not _all_beyond(rule, newest, rule.value):
        return rule.value
    return usual.limit(desk, metric, rule, slice_key, end)


def _all_beyond(rule: ThresholdRule, values: Sequence[float | None], limit: float) -> bool:
    return all(value is not None and BEYOND[rule.op](value, limit) for value in values)


def _gauge(desk: Desk, metric: Metric, rule: ThresholdRule, slice_key: str, end: datetime) -> Sequence[float | None]:
    start = end - timedelta(seconds=rule.for_s)
    id_ = slice_id(slice_key)
    line = gauges.stepped(desk.conn, str(metric.gauge), {id_: slice_key}, start, end, 60, metric.combine).get(id_, {})
    return [line.get(minute) for minute in range(bucket(start, 1), bucket(end, 1))]


def _looks(rule: ThresholdRule, end: datetime) -> list[datetime]:
    """Oldest first: four a minute's rule, else one each ``every_s``."""
    if rule.every_s > MINUTE_S:
        return [end - timedelta(seconds=rule.every_s) * back for back in range(rule.for_s // rule.every_s, -1, -1)]
    return [end - timedelta(seconds=rule.for_s) * (1 - look / (LOOKS - 1)) for look in range(LOOKS)]


def _sight(
    rule_id: str,
    rule: ThresholdRule,
    metric: Metric,
    slice_key: str,
    end: datetime,
    values: Sequence[float | None],
    limit: float | None,
) -> Sight:
    """``limit`` None: nothing can be said of what is usual."""
    beyond = BEYOND[rule.op]
    newest = values[-1] if values else None
    held = bool(values) and limit is not None and _all_beyond(rule, values, limit)
    clear = rule.clear_value if limit is None else usual.moved(rule, limit)
    shape = "gauge" if metric.gauge else f"limit_{metric.shape}"
    step_s = MINUTE_S if metric.gauge else rule.every_s
    return Sight(
        rule_id=rule_id,
        slice_key=slice_key,
        metric=rule.metric,
        shape=shape,
        start=end - timedelta(seconds=step_s),
        end=end,
        window_start=end - timedelta(seconds=rule.for_s),
        grade=rule.grade if held else 0,
        calm=newest is not None and not beyond(newest, clear),
        direction="up" if rule.op in (">", ">=") else "down",
        complete=newest is not None,
        known=newest is not None,
        step_s=step_s,
        observed=newest,
        expected=rule.value if limit is None else limit,
        reason="alerts.reason.threshold",
        reason_params={"limit": rule.value if limit is None else limit, "for": rule.for_s},
    )
