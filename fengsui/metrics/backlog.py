"""What is open now: how much, how old against its limit, and how long it would take to work it off.

The earliest sign of an outage: every attainment still says 100 % while the work-off time climbs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

STAGES = (0.5, 0.8, 1.0)
"""Shares of the limit: below half, to 80 %, to all of it, past it."""


@dataclass(frozen=True, slots=True)
class Open:
    """One open ticket with a deadline. Seconds of the clock of its queue; ``limit_s``: from opening to deadline."""

    age_s: float
    limit_s: float
    customer: str | None = None

    @property
    def used(self) -> float:
        """The share of its limit that has gone."""
        return math.inf if self.limit_s <= 0 else self.age_s / self.limit_s


@dataclass(frozen=True, slots=True)
class Backlog:
    """``stages``: tickets by share of their limit gone, in the order of ``STAGES`` and one more for those past it.
    ``customers``: distinct ones, for bursts of one; unknown ones count each. ``work_off_s``: open / closing rate."""

    n: int
    customers: int
    p50_s: float | None
    p90_s: float | None
    oldest_s: float | None
    stages: tuple[int, int, int, int]
    oldest_overdue_s: float | None
    work_off_s: float | None

    @property
    def overdue(self) -> int:
        return self.stages[-1]

    @property
    def at_risk(self) -> int:
        """Past half of their limit, and not over it."""
        return self.stages[1] + self.stages[2]


def backlog(tickets: Sequence[Open], closed: int, window_s: float) -> Backlog:
    """``closed``: tickets solved in the last ``window_s``."""
    ages = np.array([one.age_s for one in tickets], dtype=np.float64)
    used = [one.used for one in tickets]
    cuts = [sum(share <= stage if stage == 1.0 else share < stage for share in used) for stage in STAGES]
    stages = (cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1], len(used) - cuts[2])
    over = [one.age_s - one.limit_s for one in tickets if one.used > 1.0]
    p50, p90, oldest = (float(np.quantile(ages, q)) if len(ages) else None for q in (0.5, 0.9, 1.0))
    known = [one.customer for one in tickets if one.customer is not None]
    customers = len(set(known)) + len(tickets) - len(known)
    return Backlog(
        len(tickets), customers, p50, p90, oldest, stages, max(over, default=None), work_off_s(len(tickets), closed, window_s)
    )


def work_off_s(open_n: int, closed: int, window_s: float) -> float | None:
    """Seconds until nothing is open at the rate of the last ``window_s`` (Little: W = L / λ): 0 where nothing is open, None
    where nothing was closed."""
    if open_n == 0:
        return 0.0
    return None if closed == 0 else open_n * window_s / closed
