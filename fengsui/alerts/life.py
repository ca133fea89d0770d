"""The machine's axis: one pure function decides every step of an alert's condition.

Separate thresholds to open and to clear, a minimum hold, several complete calm steps in a row, and silence of the data that
never clears anything: each against one known way of crying wolf (docs/alerts.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from fengsui.alerts.bodies import TierPolicy
from fengsui.alerts.sight import Sight


@dataclass(frozen=True, slots=True)
class Life:
    """What a step depends on, all in the time of the data, so that catching up gives the steps of an undisturbed run.

    ``started_at``: since when it burns. ``ended``: people resolved or reviewed it, so a new outbreak is a new alert."""

    condition: str  # firing, cleared, no_data
    tier: int
    peak_grade: int
    calm_n: int
    started_at: datetime
    last_at: datetime
    cleared_at: datetime | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """``code`` None: nothing to tell, only ``calm_n`` moved. ``new``: the step opens an alert of its own."""

    condition: str
    calm_n: int
    code: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    new: bool = False


def decide(life: Life | None, sight: Sight, tier: int, policy: TierPolicy) -> Change | None:
    """The step that ``sight`` (assessed as ``tier``) makes. None: nothing at all happens.

    A sight that is not newer than the last one changes nothing, so delivering it twice is once.
    """
    if life is None or _over(life, sight, policy):
        return _open(sight)
    if sight.end <= life.last_at:
        return None
    if life.condition == "cleared":
        return _refire(life, sight)
    if sight.grade > 0 and sight.ready:
        return _burns(life, sight, tier)
    if not sight.known or not sight.complete:
        return _blind(life, sight, policy)
    return _cools(life, sight, policy) if sight.calm else _between(life)


def _open(sight: Sight) -> Change | None:
    """A slice that lacks a source may look too low; it cannot look too high by that."""
    trusted = sight.complete or sight.direction == "up"
    if sight.grade < 1 or not sight.ready or not trusted:
        return None
    return Change("firing", 0, "opened", new=True)


def _over(life: Life, sight: Sight, policy: TierPolicy) -> bool:
    if life.condition != "cleared" or life.cleared_at is None:
        return False
    return life.ended or sight.end > life.cleared_at + timedelta(seconds=policy.refire_s)


def _refire(life: Life, sight: Sight) -> Change | None:
    if _open(sight) is None:
        return None
    return Change("firing", 0, "refired", {"cleared_at": _iso(life.cleared_at)})


def _burns(life: Life, sight: Sight, tier: int) -> Change:
    if tier > life.tier:
        return Change("firing", 0, "raised", {"tier_before": life.tier})
    if life.condition == "no_data":
        return Change("firing", 0, "data_back")
    if sight.grade > life.peak_grade:
        return Change("firing", 0, "worsened", {"grade_before": life.peak_grade})
    return Change("firing", 0)


def _blind(life: Life, sight: Sight, policy: TierPolicy) -> Change | None:
    """Neither counts as calm nor breaks a calm row; after a while it is called what it is."""
    since = (sight.end - life.last_at).total_seconds()
    if life.condition == "firing" and since >= max(policy.blind_s, 3 * sight.step_s):
        return Change("no_data", life.calm_n, "no_data", {"since": _iso(life.last_at)})
    return None


def _cools(life: Life, sight: Sight, policy: TierPolicy) -> Change:
    calm_n = life.calm_n + 1
    held = (sight.end - life.started_at).total_seconds() >= policy.hold_s
    if held and calm_n >= needed(sight.step_s, policy):
        return Change("cleared", calm_n, "cleared", {"calm_s": calm_n * sight.step_s})
    return Change("firing", calm_n, "data_back" if life.condition == "no_data" else None)


def _between(life: Life) -> Change:
    """Below the opening threshold, above the clearing one: still the same fire."""
    return Change("firing", 0, "data_back" if life.condition == "no_data" else None)


def needed(step_s: int, policy: TierPolicy) -> int:
    """Complete calm steps in a row that clear."""
    return max(policy.calm_steps, ceil(policy.calm_s / step_s))


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
