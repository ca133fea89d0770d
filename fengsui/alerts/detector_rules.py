"""Verdicts of the engine as sights."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import RowMapping, or_, select

from fengsui.alerts import family
from fengsui.alerts.bodies import DetectorRule
from fengsui.alerts.desk import Desk
from fengsui.alerts.machine import apply
from fengsui.alerts.sight import Sight
from fengsui.metrics.catalogue import Metric
from fengsui.store.slices import slice_levels
from fengsui.store.tables import series, verdict

SHAPES: Mapping[str, str] = MappingProxyType(
    {"gauge": "stock", "moved_profile": "fault", "doubled_counts": "fault", "batch_entry": "fault"}
)
"""Detectors that speak of something else than the metric's own shape: what stands now, or that the data are wrong."""

FAULTS: Mapping[str, str] = MappingProxyType({"detectors.reason.renamed": "fault"})
"""What a detector of counts may say that is none of the customers'."""

LONGEST_LOG = 25.0
"""Two thousand years in seconds: beyond it a mean of logarithms is broken, not long."""


def judge(desk: Desk, after: int) -> None:
    """Every new verdict that says something, or is of a series on which an episode lives. Oldest first; of one instant the
    widest slice first, so that a whole is there before its parts."""
    alive = [row["series"] for row in desk.live.values() if row["series"]]
    loud = or_(verdict.c.grade > 0, verdict.c.series.in_(alive))
    about = (series.c.slice_key, series.c.metric, series.c.rule_id, series.c.step_s, series.c.role)
    query = select(verdict, *about).join(series, series.c.series == verdict.c.series).where(verdict.c.seq > after, loud)
    for row in _in_order(desk.conn.execute(query).mappings().all()):
        desk.moved.verdicts += 1
        _judge(desk, row)


def _in_order(rows: Iterable[RowMapping]) -> list[RowMapping]:
    return sorted(rows, key=lambda row: (row["end_at"], len(slice_levels(row["slice_key"])), row["series"]))


def _judge(desk: Desk, row: RowMapping) -> None:
    rule = desk.book.rule(row["rule_id"])
    if not isinstance(rule, DetectorRule) or rule.mode == "off":
        return
    sight = sight_of(row, rule, desk.metrics.get(row["metric"]))
    new_part = rule.role == "tail" and row["role"] != "pool" and desk.find(row["rule_id"], row["slice_key"]) is None
    if not new_part or (rule.mode == "on" and family.has_whole(desk, sight.metric, sight.slice_key)):
        apply(desk, sight)  # the long tail only explains (DESIGN §5)


def sight_of(row: Any, rule: DetectorRule, metric: Metric | None) -> Sight:
    """``row``: a verdict joined with its series. A grade on the side that is good counts as nothing unusual."""
    shape = FAULTS.get(row["reason"]) or SHAPES.get(rule.detector) or (metric.shape if metric else "count")
    if shape == "stock" and metric is not None and metric.unit == "second":
        shape = "lasting"  # seconds are no people who stand there
    bad = rule.direction == "both" or row["direction"] == rule.direction
    grade = int(row["grade"]) if bad else 0
    observed, expected = figures(row, shape)
    return Sight(
        rule_id=row["rule_id"],
        slice_key=row["slice_key"],
        metric=row["metric"],
        shape=shape,
        start=row["start_at"],
        end=row["end_at"],
        window_start=row["window_start"],
        grade=grade,
        calm=grade == 0 and (row["score"] < rule.clear_score or not bad),
        direction=row["direction"],
        complete=row["complete"],
        known=row["value"] is not None,
        ready=row["ready"],
        step_s=row["step_s"],
        score=row["score"],
        observed=observed,
        expected=expected,
        lower=row["lower"],
        upper=row["upper"],
        series=row["series"],
        reason=row["reason"],
        reason_params=row["reason_params"],
        good=metric.good if metric else "none",
        target=target_of(metric),
    )


def target_of(metric: Metric | None) -> float | None:
    """A detector follows the middle of a duration; the target of another quantile says nothing of it."""
    if metric is None or (metric.shape == "duration" and metric.quantile != 0.5):
        return None
    return metric.target


def figures(row: Any, shape: str) -> tuple[float | None, float | None]:
    """Observed and expected of the window in people's units. Verdicts speak the reading's: successes for shares, the mean
    natural logarithm of seconds for durations. A share's cases are in the reason of a verdict with a grade."""
    pair = row["window_observed"], row["window_expected"]
    if shape == "duration":
        observed, expected = (None if value is None else math.exp(min(value, LONGEST_LOG)) for value in pair)
        return observed, expected
    if shape == "share":
        params = row["reason_params"]
        return params.get("observed"), params.get("expected")
    return pair
