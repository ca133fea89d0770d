"""From a finding to a verdict: what all detectors say in the same way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal, NamedTuple, TypeAlias

from detectors import maturity
from detectors.base import Reading, Reason, Tier, Verdict
from detectors.scan import Evidence

CALM_SCORE = -1.0
"""Scores below are not told apart: ten and more false episodes a week."""

LOOKS_CALM = Reason("detectors.reason.calm")
HAS_NO_DATA = Reason("detectors.reason.no_data")
IS_INCOMPLETE = Reason("detectors.reason.incomplete")
LEARNING = (Reason("detectors.reason.learning", {"days": 1}),)

Band: TypeAlias = tuple[float, float]


class Finding(NamedTuple):
    """The strongest evidence of a reading.

    ``score`` as in ``Verdict``; ``surprise`` -ln p in nats, 0 = nothing found; ``rank`` 0 general, 1 important, 2 severe;
    ``code`` and ``params`` the reason if it becomes an alarm.
    """

    score: float = CALM_SCORE
    surprise: float = 0.0
    rank: int = 0
    direction: Literal["up", "down", "none"] = "none"
    window_s: int = 0
    observed: float = 0.0
    expected: float = 0.0
    code: str = ""
    params: Mapping[str, Any] | None = None


def told(score: float, found: Evidence, step_s: int, falls: bool = False) -> Finding:
    """Of the strongest window of a scan, in steps of ``step_s`` seconds; ``falls``: of a lack."""
    window_s = found.width * step_s
    observed, expected = found.observed, found.expected
    params = {"observed": observed, "expected": expected, "ratio": observed / expected, "window_s": window_s}
    return Finding(
        max(score, CALM_SCORE),
        found.surprise,
        found.rank,
        "down" if falls else "up",
        window_s,
        observed,
        expected,
        "detectors.reason.count_low" if falls else "detectors.reason.count_high",
        params,
    )


NOTHING = Finding()


def quiet(x: Reading, expected: float | None, band: Band | None, days: float) -> Verdict:
    """Nothing stands out, or nothing may be said yet."""
    lower, upper = band or (None, None)
    ready = days >= maturity.SILENT_DAYS
    if not ready:
        reason = LEARNING[0]
    elif expected is None or x.value is None:
        reason = HAS_NO_DATA
    else:
        reason = LOOKS_CALM if x.complete else IS_INCOMPLETE
    start, value, none = x.start, x.value, Tier.NONE
    return Verdict(
        x.series,
        start,
        x.end,
        value,
        expected,
        lower,
        upper,
        CALM_SCORE,
        1.0,
        ready,
        none,
        "none",
        reason,
        start,
        value,
        expected,
    )


def loud(x: Reading, expected: float, band: Band, days: float, finding: Finding, budget: float) -> Verdict:
    """Something stands out; whether enough for a grade depends on budget and age."""
    grade = graded(finding, budget, days)
    young = {"young": True} if days < maturity.YOUNG_DAYS else {}
    reason = (
        Reason(finding.code, {**(finding.params or {}), **young}) if grade else (LOOKS_CALM if x.complete else IS_INCOMPLETE)
    )
    return Verdict(
        x.series,
        x.start,
        x.end,
        x.value,
        expected,
        band[0],
        band[1],
        finding.score,
        max(math.exp(-finding.surprise), 1e-300),
        maturity.ready(days),
        grade,
        finding.direction,
        reason,
        x.end - timedelta(seconds=finding.window_s),
        finding.observed,
        finding.expected,
    )


def alarms(finding: Finding, budget: float) -> bool:
    """Whether chance alone would bring this less often than the budget allows."""
    return finding.surprise > 0 and finding.score >= -math.log10(budget)


def graded(finding: Finding, budget: float, days: float) -> Tier:
    return maturity.capped(Tier(1 + finding.rank), days) if alarms(finding, budget) else Tier.NONE
