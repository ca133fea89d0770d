"""How long things last when some have not ended yet: the product-limit estimate.

E. L. Kaplan, P. Meier: "Nonparametric estimation from incomplete observations", JASA 53 (282), 1958, pp. 457-481. Averages over
closed tickets fall when a centre stops solving the hard ones; this does not, for open ones count as what they are: at least
as old as they are now.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Survival:
    """S(t), the share that lasts longer than ``t``: a step function. ``ends``: how many have ended; ``n``: all.

    ``times`` rise; ``shares`` holds S at and after each. ``last``: the longest that was watched; beyond it nothing is known.
    """

    times: NDArray[np.float64]
    shares: NDArray[np.float64]
    variance: NDArray[np.float64]  # Greenwood's sum
    n: int
    ends: int
    last: float

    def at(self, t: float) -> float | None:
        """S(t); None beyond what was watched, unless all had ended by then."""
        if t > self.last and not self._over:
            return None
        place = int(np.searchsorted(self.times, t, side="right"))
        return 1.0 if place == 0 else float(self.shares[place - 1])

    def interval(self, t: float) -> tuple[float, float] | None:
        """95 % bounds of S(t), on the log-minus-log scale so that they stay in [0, 1]; None where it is unknown, 0 or 1."""
        share = self.at(t)
        place = int(np.searchsorted(self.times, t, side="right"))
        if share is None or place == 0 or not 0 < share < 1:
            return None
        spread = Z95 * float(np.sqrt(self.variance[place - 1])) / np.log(share)
        lower, upper = share ** np.exp(-spread), share ** np.exp(spread)
        return float(min(lower, upper)), float(max(lower, upper))

    def median(self) -> float | None:
        """The time by which half have ended; None while fewer have."""
        below = np.flatnonzero(self.shares <= 0.5 + 1e-12)
        return float(self.times[below[0]]) if len(below) else None

    def reach(self, now: float, then: float) -> float | None:
        """The chance that something that has lasted ``now`` still lasts at ``then``: S(then) / S(now)."""
        if then <= now:
            return 1.0
        lasting, later = self.at(now), self.at(then)
        if not lasting or later is None:
            return None
        return later / lasting

    @property
    def _over(self) -> bool:
        return len(self.shares) > 0 and self.shares[-1] == 0.0


def survival(lasted: ArrayLike, ended: ArrayLike) -> Survival:
    """``lasted``: how long each was watched, at least 0; ``ended``: whether it ended then, or only the watching did."""
    length, over = np.asarray(lasted, dtype=np.float64), np.asarray(ended, dtype=bool)
    times = np.unique(length[over])
    at_risk = len(length) - np.searchsorted(np.sort(length), times, side="left")
    gone = np.searchsorted(np.sort(length[over]), times, side="right") - np.searchsorted(
        np.sort(length[over]), times, side="left"
    )
    shares: NDArray[np.float64] = np.cumprod(1 - gone / at_risk).astype(np.float64)
    left = at_risk - gone
    terms = np.divide(gone, at_risk * left, out=np.zeros(len(times)), where=left > 0)
    last = float(length.max()) if len(length) else 0.0
    return Survival(times, shares, np.cumsum(terms), len(length), int(over.sum()), last)
