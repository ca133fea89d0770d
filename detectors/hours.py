"""What usually comes in each hour: workdays and days off, 24 hours each, with gentle forgetting.

Coarser than the rich baseline of counts and meant for questions that take hours: is it silent, has the day been moved. A
workday's hour that has been seen ten times is known; a new sort of day borrows from the other sort.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from detectors.base import DayType

HOUR = 3600
KEEP = 0.97
"""A fortnight ago counts for two thirds: every visit of an hour forgets this much."""
BORROWED = 0.5
"""Visits that the other sort of day is worth."""


class Hours:
    """Sums of counts and of hours seen, per sort of day and hour; residual sums for the relative variance of an hour."""

    __slots__ = ("counts", "scatter", "seen")

    def __init__(self) -> None:
        self.counts = [[0.0] * 24, [0.0] * 24]
        self.seen = [[0.0] * 24, [0.0] * 24]
        self.scatter = [1.0, 10.0]
        """Squares beyond Poisson and squared expectations: their ratio is the relative variance of an hour."""

    def expected(self, local: datetime, day_type: DayType, seconds: float) -> float:
        """Count in ``seconds`` from ``local`` on, not beyond the hour."""
        kind, hour = _place(local, day_type)
        own, n = self.counts[kind][hour], self.seen[kind][hour]
        other, m = self.counts[1 - kind][hour], self.seen[1 - kind][hour]
        if m > 0:
            own, n = own + BORROWED * other / m, n + BORROWED
        return own / n * seconds / HOUR if n > 0 else 0.0

    def unsure(self, local: datetime, day_type: DayType) -> float:
        """Relative variance on top for an hour of this sort of day that has been seen few times: shops open at other hours at
        weekends."""
        kind, hour = _place(local, day_type)
        return 1 / (1 + 3 * self.seen[kind][hour])

    def forget(self) -> None:
        """What was usual is over."""
        self.counts, self.seen = [[0.0] * 24, [0.0] * 24], [[0.0] * 24, [0.0] * 24]

    @property
    def relative(self) -> float:
        """Variance of an hour's true level over its square: 2 to 100 % of the level as sd."""
        return min(1.0, max(0.02, self.scatter[0] / self.scatter[1]))

    @property
    def days(self) -> float:
        """How often the hours of the better known sort of day have been seen."""
        return max(sum(self.seen[0]), sum(self.seen[1])) / 24

    def learn(self, local: datetime, day_type: DayType, seconds: float, count: float) -> None:
        kind, hour = _place(local, day_type)
        part = seconds / HOUR
        keep = KEEP**part
        self.counts[kind][hour] = keep * self.counts[kind][hour] + count
        self.seen[kind][hour] = keep * self.seen[kind][hour] + part

    def learn_scatter(self, observed: float, expected: float) -> None:
        """One whole hour; a wild one counts as three times its expectation at most."""
        if expected > 1:
            square = (min(observed, 3 * expected) - expected) ** 2 - expected
            self.scatter = [0.998 * self.scatter[0] + square, 0.998 * self.scatter[1] + expected**2]

    def body(self) -> dict[str, Any]:
        return {
            "counts": [list(row) for row in self.counts],
            "seen": [list(row) for row in self.seen],
            "scatter": list(self.scatter),
        }

    def load(self, body: dict[str, Any]) -> None:
        self.counts = [list(row) for row in body["counts"]]
        self.seen = [list(row) for row in body["seen"]]
        self.scatter = list(body["scatter"])


def _place(local: datetime, day_type: DayType) -> tuple[int, int]:
    return int(day_type in ("weekend", "holiday")), local.hour
