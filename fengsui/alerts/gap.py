"""How bad a drifting share or duration is for customers: its distance to the target, or to its usual where none is set.

A drift detector's grade says how surely a figure has moved. It does not say that anybody is worse off: answers after 91
seconds instead of 30 are a sure drift and still far inside a promise of half an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fengsui.alerts.bodies import Weights
from fengsui.alerts.said import said
from fengsui.alerts.sight import Sight

WHOLE = 3
"""No limit on a factor."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The most that impact and loss may be, and why. ``inside``: the promise to customers is kept."""

    impact: int
    loss: int
    inside: bool
    reason: dict[str, Any]


def gap_of(sight: Sight, weights: Weights) -> Gap | None:
    """None where the distance is not asked for: counts, gauges, thresholds, words, records, and figures nobody knows."""
    if sight.shape not in ("share", "duration") or sight.observed is None:
        return None
    if sight.good == sight.direction:
        return Gap(1, 1, True, said("improving"))
    if sight.target is not None:
        return _to_target(sight, sight.target, weights)
    return _to_usual(sight, weights)


def _to_target(sight: Sight, target: float, weights: Weights) -> Gap:
    times = _times(sight, target)
    code = f"inside_{sight.shape}" if times <= 1 else f"past_{sight.shape}"
    reason = said(code, observed=sight.observed, target=target)
    if times <= 1:
        return Gap(1, 1, True, reason)
    return Gap(2 if times < weights.target_margin else WHOLE, WHOLE, False, reason)


def _to_usual(sight: Sight, weights: Weights) -> Gap | None:
    if sight.expected is None:
        return None
    times = _times(sight, sight.expected)
    some, much = weights.change
    return Gap(1 + (times >= some) + (times >= much), WHOLE, False, said("no_target", ratio=round(times, 2)))


def _times(sight: Sight, reference: float) -> float:
    """How many times what ``reference`` allows: of seconds, or of the cases that went wrong."""
    observed = sight.observed or 0.0
    if sight.shape == "share" and sight.good == "up":
        observed, reference = 1 - observed, 1 - reference
    if reference <= 0:
        return 1.0 if observed <= 0 else float(WHOLE)
    if sight.shape == "duration" and sight.good == "up":
        return reference / observed if observed > 0 else float(WHOLE)
    return observed / reference
