"""What a threshold rule calls usual: the same window yesterday and a week ago, whichever was worse.

Limits in plain numbers fit one centre: a backlog that takes two hours to work off is a calm day here and a disaster there. Two
partners that every page shows are a yardstick that people can check.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from fengsui.alerts.bodies import ThresholdRule
from fengsui.alerts.desk import Desk
from fengsui.metrics import cells, read
from fengsui.metrics.metric import Metric
from fengsui.store.slices import slice_id

PARTNERS = (timedelta(days=1), timedelta(days=7))
GROWN = 1.5
"""A work-off time alone is long at every hour in which few happen to close: the stock itself must have grown so much, too."""


def seen(desk: Desk, metric: Metric, rule: ThresholdRule, slice_key: str, at: datetime) -> float | None:
    """The figure of the window that ends at ``at``; None where it rests on too little."""
    figure = read.kpi(desk.conn, metric, slice_key, at - timedelta(seconds=rule.window_s), at, desk.now)
    return figure.value if figure.n >= rule.min_n and figure.state != "no_data" else None


def limit(desk: Desk, metric: Metric, rule: ThresholdRule, slice_key: str, end: datetime) -> float | None:
    """``value``, or so many times the usual where that lies farther out. None where nothing can be said: before there is a
    week of history, or of a stock that has not grown."""
    window = timedelta(seconds=rule.window_s)
    if not _reaches(desk, metric, slice_key, end - max(PARTNERS) - window):
        return None
    ends = [end - back for back in PARTNERS]
    past = [read.kpi(desk.conn, metric, slice_key, then - window, then, desk.now) for then in ends]
    if metric.shape == "work_off":
        stock = read.kpi(desk.conn, metric, slice_key, end - window, end, desk.now).n
        if stock <= GROWN * max(figure.n for figure in past):
            return None
    known = [figure.value for figure in past if figure.value is not None]
    if not known or rule.times is None:
        return rule.value
    if rule.op in (">", ">="):
        return max(rule.value, rule.times * max(known))
    if metric.shape == "share":
        return min(rule.value, max(0.0, 1 - rule.times * (1 - min(known))))
    return min(rule.value, min(known) / rule.times)


def moved(rule: ThresholdRule, shifted: float) -> float:
    """Where such a rule is calm again: as far inside its limit as the plain one."""
    if rule.value == 0 or shifted == rule.value:
        return rule.clear_value
    return shifted * rule.clear_value / rule.value if rule.op in (">", ">=") else shifted + (rule.clear_value - rule.value)


def _reaches(desk: Desk, metric: Metric, slice_key: str, since: datetime) -> bool:
    """Whether the roll-ups begin before ``since``: where nothing was counted yet a stock of nought says nothing. Records
    tell it too, for a figure that is usually nought has no cells."""
    return cells.reaches(desk.conn, ["feedback.n", *metric.measures()], [slice_id(slice_key)], since)
