"""Likelihood, impact and loss of one sight, each 1..3 with its reasons as (code, params): pure functions of data.

Impact and loss weigh the records in the window, never the label of the slice. Weights are the centre's own data; none of
them knows an event, a date or a source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from fengsui.alerts.bodies import Weights
from fengsui.alerts.gap import gap_of
from fengsui.alerts.said import said
from fengsui.alerts.sight import Sight
from fengsui.alerts.voices import Crowd, Heard, displeased, only_asks

Reasons: TypeAlias = list[dict[str, Any]]
MOOD_MIN = 5
CUE_SHARE = 0.1
CHEERFUL = 0.25
"""Share of angry ones, among those who showed their mood, below which a crowd counts as in good mood."""


@dataclass(frozen=True, slots=True)
class Factor:
    level: int
    reasons: Reasons


def likelihood(sight: Sight, age_s: float, weights: Weights) -> Factor:
    """From the grade, and from how long it has lasted: a severe grade must have lasted a quarter of an hour (its window
    counts), a lower one climbs by one after an hour."""
    reasons = [said("grade", grade=sight.grade)]
    level = sight.grade
    soon, long = weights.persistence_s
    if sight.shape in ("phrase", "record", "gauge"):
        return Factor(max(level, 1), reasons)
    if level == 3 and age_s < soon:
        level = 2
        reasons.append(said("short", span=age_s))
    elif age_s >= long:
        level = min(3, level + 1)
        reasons.append(said("lasting", span=age_s))
    return Factor(max(level, 1), reasons)


def affected(sight: Sight, crowd: Crowd, usual_staff: float) -> int:
    """Customers beyond the usual number of them: with the usual 30 in the window, 200 copies by one author are one more.

    Counts: distinct voices less the expected records of customers. Shares: the missing part of them. Durations: half of
    those who waited. Stocks: what stands there beyond the usual. Falls of a count affect nobody that we can see, and data
    that are wrong affect nobody at all. A report of staff: the customers that it says they have met.
    """
    voices = crowd.customers()
    if sight.shape == "fault":
        return 0
    if sight.shape == "stock":
        copies = max(0, crowd.n - crowd.staff_n - voices)  # 400 copies by one author stand there as well, and wait for nothing
        return max(0, min(voices, round(sight.excess) - copies))
    if sight.shape == "record":
        return voices + crowd.met()
    if sight.shape == "phrase" or sight.expected is None or sight.observed is None:
        return voices
    if sight.shape == "count":
        return max(0, round(voices - sight.expected * (1 - usual_staff))) if sight.direction == "up" else 0
    if sight.shape == "share":
        return round(voices * min(1.0, abs(sight.excess)))
    return voices if sight.shape == "gauge" else round(voices / 2)


def impact(sight: Sight, crowd: Crowd, people: int, weights: Weights) -> Factor:
    """From the customers affected, and from nothing else: at a small branch a dozen are most of what comes in, and still a
    dozen. Of a crowd that only asks each counts in part (``asking_share``): being asked for the way is no harm done."""
    few, many = weights.impact_customers
    asking = crowd.share(lambda one: only_asks(one, weights)) if sight.shape == "count" else 0.0
    harmed = people * (1 - asking * (1 - weights.asking_share))
    share = max(0.0, sight.excess / sight.observed) if sight.shape == "count" and sight.observed else 0.0
    level = 1 + (harmed >= few) + (harmed >= many)
    reasons = [said("customers", n=people)]
    if level < 1 + (people >= few) + (people >= many):
        reasons.append(said("askers", share=asking, part=weights.asking_share))
    if share >= weights.impact_share:
        reasons.append(said("volume", share=share))
    return _within_gap(_breadth(Factor(level, reasons), crowd, people, weights), sight, weights)


def _within_gap(factor: Factor, sight: Sight, weights: Weights) -> Factor:
    """A drifting figure is as bad as its distance to the target (``gap``)."""
    gap = gap_of(sight, weights)
    return Factor(min(factor.level, gap.impact), [gap.reason, *factor.reasons]) if gap else factor


def _breadth(factor: Factor, crowd: Crowd, people: int, weights: Weights) -> Factor:
    """Organisations and channels touched: said always, and a thin crowd spread over many places is more than a few people."""
    orgs = {top for one in crowd.heard if (top := one.dims.get("org", "").partition("/")[0])}
    channels = {channel for one in crowd.heard if (channel := one.dims.get("channel"))}
    reasons = list(factor.reasons)
    two, three = weights.impact_breadth
    if max(len(orgs), len(channels)) >= two:
        reasons.append(said("breadth", orgs=len(orgs), channels=len(channels)))
    spread = len(orgs) >= three and people >= three
    return Factor(2 if spread and factor.level == 1 else factor.level, reasons)


def loss(crowd: Crowd, weights: Weights, sight: Sight | None = None) -> Factor:
    """The gravest of: kind, mood, category, customer tier, cues. A crowd in good mood weighs 1 whatever its kind, and so does
    a figure that keeps its target."""
    gap = gap_of(sight, weights) if sight else None
    if gap is not None and gap.loss == 1:
        return Factor(1, [gap.reason])
    parts = [part for part in (_kind(crowd), _mood(crowd), _category(crowd), _tier(crowd), *_cues(crowd)) if part]
    if _cheerful(crowd):
        grave = [part for part in parts if part[1]["code"] == "alerts.factor.cue"]
        parts = [(1, said("cheerful")), *grave]
    level = max((weight for weight, _ in parts), default=1)
    reasons = [reason for weight, reason in parts if weight == level]
    return Factor(level, reasons or [said("mild")])


_Part: TypeAlias = "tuple[int, dict[str, Any]] | None"


def _heaviest(pairs: list[tuple[str, float]], table: Mapping[str, int], share: float, code: str) -> _Part:
    found = [(table[value], value, part) for value, part in pairs if value in table and part >= share]
    if not found:
        return None
    weight, value, part = max(found)
    return weight, said(code, value=value, share=part)


def _kind(crowd: Crowd) -> _Part:
    return _heaviest(crowd.top(lambda one: one.kind), crowd.weights.kinds, 0.5, "kind")


def _category(crowd: Crowd) -> _Part:
    """Who only asks about a grave matter has lost less than who complains of it."""

    def top(one: Heard) -> str:
        return one.dims.get("category", "").partition("/")[0]

    found = _heaviest(crowd.top(top), crowd.weights.categories, crowd.weights.category_share, "category")
    if found is None:
        return None
    about = [one for one in crowd.once() if top(one) == found[1]["params"]["value"]]
    harmed = [one for one in about if one.kind in crowd.weights.kinds or displeased(one, crowd.weights) or one.cues]
    return found if 2 * len(harmed) >= len(about) else (max(1, found[0] - 1), said("asked"))


def _tier(crowd: Crowd) -> _Part:
    return _heaviest(
        crowd.top(lambda one: one.customer_tier), crowd.weights.customer_tiers, crowd.weights.tier_share, "customer_tier"
    )


def _mood(crowd: Crowd) -> _Part:
    known = [one for one in crowd.once() if one.mood is not None]
    if len(known) < MOOD_MIN:
        return None
    harmed, heard = (
        sum(one.mood == "negative" and (not strict or displeased(one, crowd.weights)) for one in known) / len(known)
        for strict in (True, False)
    )
    if harmed >= crowd.weights.negative_share:
        return 2, said("negative", share=harmed)
    return (1, said("only_asking", share=heard)) if heard >= crowd.weights.negative_share else None


def _cheerful(crowd: Crowd) -> bool:
    """Most have shown by rating or words that they are not angry: a joke that spreads is no disaster."""
    people = crowd.once()
    shown = [one for one in people if one.mood == "positive" or one.mood == "negative" or one.rated]
    if len(shown) < max(MOOD_MIN, len(people) / 2):
        return False
    return sum(one.mood == "negative" for one in shown) / len(shown) < CHEERFUL


def _cues(crowd: Crowd) -> list[_Part]:
    """A cue weighs where several customers used it and it is more than the odd word in a large window."""
    return [_cue(crowd, cue, weight) for cue, weight in sorted(crowd.weights.cues.items())]


def _cue(crowd: Crowd, cue: str, weight: int) -> _Part:
    voices = {one.voice for one in crowd.public() if cue in one.cues}
    if len(voices) < crowd.weights.cue_customers or crowd.share(lambda one: cue in one.cues) < CUE_SHARE:
        return None
    return weight, said("cue", cue=cue, n=len(voices))
