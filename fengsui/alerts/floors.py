"""Floors: where the window shows enough of it, the tier is at least so high, whatever the matrix says. Data, not code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from fengsui.alerts.bodies import Floor
from fengsui.alerts.sight import Sight
from fengsui.alerts.voices import Crowd

YOUNG_TIER = 2
"""A series in its first week may say 重要 at most."""
SEVERE = 3

Usual = Callable[[tuple[str, ...], timedelta], float]
"""(cues, length of window) -> how many records with them are usual"""


@dataclass(frozen=True, slots=True)
class Raised:
    id: str
    tier: int
    customers: int


def highest(floors: Mapping[str, Floor], sight: Sight, crowd: Crowd, people: int, usual: Usual) -> Raised | None:
    """The floor with the highest tier that applies, by id where two are equal."""
    applying = [
        Raised(id_, min(floor.tier, _most(floor, sight)), n)
        for id_, floor in sorted(floors.items())
        if floor.enabled and (n := _customers(floor, sight, crowd, people, usual)) >= floor.customers
    ]
    return max(applying, key=lambda one: one.tier, default=None)


def _most(floor: Floor, sight: Sight) -> int:
    """Words of regulator, media, safety or outage hold from the first minute. How many are many is known after a week: a
    collection that has just begun is no mass of customers. Words and records have no series that could know."""
    if not floor.statistical:
        return SEVERE
    return 1 if not sight.ready or sight.shape in ("phrase", "record") else YOUNG_TIER if sight.young else SEVERE


def _customers(floor: Floor, sight: Sight, crowd: Crowd, people: int, usual: Usual) -> int:
    if not floor.cues:
        complaining = crowd.share(lambda one: one.kind == "complaint")
        return people if complaining >= 0.5 and sight.shape == "count" else 0
    since = sight.end - timedelta(seconds=floor.within_s)
    said = [one for one in crowd.public() if one.opened_at >= since and set(floor.cues) & set(one.cues)]
    voices = {one.voice for one in said}
    if len(voices) < floor.customers:
        return 0
    length = min(timedelta(seconds=floor.within_s), sight.end - sight.window_start)
    return len(voices) if len(said) >= floor.ratio * usual(floor.cues, length) else 0
