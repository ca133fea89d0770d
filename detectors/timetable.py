"""What comes at the same time of day on every workday (Saturday, Sunday, holiday) and no smooth course can show: doors that
open at seven and close at nine in the evening, a lunch break, a mailing that goes out at eight.

A centre that opens jumps from nothing to its full load within a minute. A profile of hourly knots is half-way up by then, so
the first quarter would alarm each morning, and because nothing is learned of an alarm it would never end; a closed Sunday
would be an outage each week. So each step of the day keeps how far its visits lay off the smooth course: what is the same
day after day is no event but the timetable.
"""

from __future__ import annotations

import math
from array import array
from datetime import datetime
from typing import Any, TypeAlias

from detectors import tail
from detectors.base import DayType

Place: TypeAlias = tuple[int, int]
"""Sort of day and step of the day."""

DAY = 86400
SORTS = 4
"""Workday (make-up days too), Saturday, Sunday, holiday."""

VISITS, ALIKE = 5, 3
"""Of so many last visits so many must lie far off on the same side. Two days without any data change nothing; two ordinary
visits in a row do: then it was an event."""

FAR, STAYS = math.log(1.5), math.log(1.2)
"""How far off a visit must lie to be told from weather, and where others have already: logarithms of a ratio."""

APART = 0.3
"""Visits agree whose logarithms differ from the middle one by no more than this part of it, or FAR."""

LEAST_NATS = 6.0
"""And how surprising that must be."""

NEW_DAYS = 3.5
"""A sort of day that was seen for less is new."""

CLOSED = 0.2
"""A place with less than this part of the smooth course is closed, or opens or closes within the step."""

IDLE = 20.0
"""As many would usually have come in the time since the last one: then the doors are shut, or the line is dead."""

SHUT_DAYS = (1.0, 3.0, 3.0, 12.0)
"""Shut for longer than this is no closing time of that sort of day, whose nights are shorter than a day and whose weekends
shorter than three: a dead line teaches nothing."""

RETIRED_DAYS = 8
"""Dead for longer than this is the new level: a product that is no longer sold."""

MEAN_DAYS = 14

KEEP, KEEP_TAU = 0.93, 0.999
"""A visit forgets this much of the mean of a place; a step this much of how large such means are."""

REMEMBERED = round(1 / (1 - KEEP))

WILD, FARTHEST = 2.5, 0.5
"""A visit counts as at most so many sd, and so much, off."""

WILD_SQUARE = 9.0
"""Most squared sd of a visit in the scatter of a place: one outbreak says nothing about it."""


class Timetable:
    """``lift(place)``: by what factor the step's expectation differs from the smooth course; ``scatter(place)``: how many times
    the usual variance its visits have.

    Two answers for the lift. A place that lies far off (a factor of 1.5) on three of five visits has their middle. Any other
    has the mean of its visits, shrunk by how much of such means is more than chance (Efron & Morris 1975): products of a
    visit with the mean before it estimate their variance, which is nothing where the smooth course is right.

    ``is_shut``: nothing has come for so long that the smooth course should not learn of it; zeros are infinitely
    far from any load, and each closed night would drag the level, and each closed Sunday the whole week.
    """

    __slots__ = (
        "empty",
        "idle",
        "mean",
        "means",
        "offs",
        "per_day",
        "products",
        "seen",
        "squares",
        "step_s",
        "visits",
        "weights",
    )

    def __init__(self, step_s: int) -> None:
        """``step_s``: at most a day; longer steps have no time of day, and nothing is kept for them."""
        self.step_s = step_s
        self.per_day = DAY // step_s
        self.offs: dict[Place, list[float]] = {}
        """Logarithms of observed / smooth of the last visits, 0 for what chance explains; only places with another."""
        self.means = [array("d", [0.0]) * self.per_day for _ in range(SORTS)]
        self.weights = [array("d", [0.0]) * self.per_day for _ in range(SORTS)]
        """Mean logarithm of the other visits, and the precision of it."""
        self.squares = [array("d", [1.0]) * self.per_day for _ in range(SORTS)]
        self.visits = [array("B", [0]) * self.per_day for _ in range(SORTS)]
        """Mean squared residual in units of the believed variance, and from how many visits (as many as are remembered)."""
        self.products = [0.0, 0.0]
        """Sums of weighted products, and of their weights."""
        self.seen = [0] * SORTS
        """Steps seen of each sort of day."""
        self.mean = self.idle = 0.0
        """Usual count of a step, whatever its time; what would so have come since the last one."""
        self.empty = 0
        """Steps since the last one that was not."""

    def place(self, local: datetime, day_type: DayType) -> Place:
        """Where the step that starts at ``local`` (wall clock) stands."""
        return _sort(local, day_type), (local.hour * 3600 + local.minute * 60 + local.second) // self.step_s

    def lift(self, place: Place) -> float:
        if not self.per_day:
            return 1.0
        offs = self.offs.get(place)
        far = 0.0 if offs is None else _standing(offs)
        return math.exp(far or self._shrunk(place))

    def scatter(self, place: Place) -> float:
        """At least 1; more only where that many visits do not scatter so by chance (two standard errors)."""
        if not self.per_day:
            return 1.0
        sort, step = place
        square, n = self.squares[sort][step], self.visits[sort][step]
        return square if n and square > 1 + 2 * math.sqrt(2 / n) else 1.0

    @property
    def is_shut(self) -> bool:
        return self.idle >= IDLE and self.empty <= RETIRED_DAYS * self.per_day

    def pass_step(self, observed: float) -> None:
        """One step of any length, seen whole."""
        self.idle, self.empty = (0.0, 0) if observed else (self.idle + self.mean, self.empty + 1)
        self.mean += (observed - self.mean) / max(1.0, min(float(sum(self.seen)), MEAN_DAYS * self.per_day))

    def is_new(self, place: Place) -> bool:
        """Whether this sort of day has hardly been seen: nobody knows when it opens."""
        return self.seen[place[0]] < NEW_DAYS * self.per_day

    def may_lack(self, place: Place, lift: float) -> bool:
        """Whether too few can be a finding: not on a new sort of day, and not while the doors are shut as always."""
        return lift > CLOSED and not self.is_new(place)

    def learn(self, place: Place, lift: float, observed: float, smooth: float, phi: float, a: float) -> None:
        """One visit: ``observed`` where the smooth course expected ``smooth`` and the place's ``lift`` was in force, with
        Var = phi E + a E^2."""
        if not self.per_day:
            return
        self.seen[place[0]] += 1
        if self.idle >= IDLE and self.empty > SHUT_DAYS[place[0]] * self.per_day:
            return
        off = math.log((observed + 0.5) / (smooth + 0.5))  # half an event: an empty step is no ratio of 0
        is_far = self._learn_far(place, off, observed, smooth, smooth * (phi + a * smooth))
        if not is_far:
            self._learn_mean(place, off, smooth * (phi + a * smooth) / (smooth + 0.5) ** 2)
        expected = smooth * lift
        if expected >= 1 and (lift != 1.0 or not is_far):
            rest = math.log((observed + 0.5) / (expected + 0.5))
            self._learn_scatter(place, rest * rest * expected / (phi + a * expected))

    def _learn_far(self, place: Place, off: float, observed: float, smooth: float, variance: float) -> bool:
        kept = self.offs.get(place)
        stands = 0.0 if kept is None else _standing(kept)
        is_far = off * stands > 0 and abs(off) >= STAYS
        if not is_far and abs(off) >= FAR:
            is_far = self.is_shut or (tail.upper if off > 0 else tail.lower)(observed, smooth, variance) >= LEAST_NATS
        if kept is None:
            if is_far:
                self.offs[place] = [0.0] * (VISITS - 1) + [round(off, 2)]
            return is_far
        kept.append(round(off, 2) if is_far else 0.0)  # rounded, since it is written with each state
        del kept[0]
        if not any(kept):
            del self.offs[place]
        return is_far

    def _learn_mean(self, place: Place, off: float, variance: float) -> None:
        sort, step = place
        mean, weight = self.means[sort][step], KEEP * self.weights[sort][step]
        most = WILD * math.sqrt(variance)
        off = min(mean + most, max(mean - most, off))
        off = min(FARTHEST, max(-FARTHEST, off))
        if weight:
            own = 1 / (variance + 1 / weight)
            self.products = [KEEP_TAU * self.products[0] + own * off * mean, KEEP_TAU * self.products[1] + own]
        if variance > 0:
            total = weight + 1 / variance
            self.means[sort][step] = round(mean + (off - mean) / variance / total, 4)
            self.weights[sort][step] = round(total, 2)

    def _learn_scatter(self, place: Place, square: float) -> None:
        sort, step = place
        n = self.visits[sort][step] = min(REMEMBERED, self.visits[sort][step] + 1)
        before = self.squares[sort][step]
        self.squares[sort][step] = round(before + (min(square, WILD_SQUARE) - before) / n, 3)

    def _shrunk(self, place: Place) -> float:
        product, weights = self.products
        if product <= 0 or not weights:
            return 0.0
        sort, step = place
        trust = self.weights[sort][step] * product / weights
        return self.means[sort][step] * trust / (1 + trust)

    def body(self) -> dict[str, Any]:
        return {
            "offs": [[*place, *offs] for place, offs in self.offs.items()],
            "means": [list(row) for row in self.means],
            "weights": [list(row) for row in self.weights],
            "squares": [list(row) for row in self.squares],
            "visits": [list(row) for row in self.visits],
            "products": list(self.products),
            "seen": list(self.seen),
            "idle": self.idle,
            "empty": self.empty,
            "mean": self.mean,
        }

    def load(self, body: dict[str, Any]) -> None:
        self.offs = {(sort, step): list(offs) for sort, step, *offs in body["offs"]}
        self.means, self.weights, self.squares = (_arrays("d", body[name]) for name in ("means", "weights", "squares"))
        self.visits = _arrays("B", body["visits"])
        self.products, self.seen = list(body["products"]), list(body["seen"])
        self.idle, self.empty, self.mean = body["idle"], body["empty"], body["mean"]


def _arrays(kind: str, rows: list[list[Any]]) -> list[Any]:
    """Numbers side by side: as lists they would be most of the memory of a worker with many series."""
    return [array(kind, row) for row in rows]


def _sort(local: datetime, day_type: DayType) -> int:
    if day_type == "holiday":
        return 3
    weekday = local.weekday()
    return 0 if day_type == "makeup" or weekday < 5 else weekday - 4


def _standing(offs: list[float]) -> float:
    """What most of the visits agree on, by and large, else 0; the one in the middle."""
    if offs[-1] == offs[-2] == 0.0:
        return 0.0
    for sign in (1.0, -1.0):
        same = sorted(off for off in offs if off * sign > 0)
        middle = same[(len(same) - 1) // 2] if same else 0.0
        if sum(abs(off - middle) <= max(FAR, APART * abs(middle)) for off in same) >= ALIKE:
            return middle
    return 0.0
