"""The lean model of sparse children: each is expected to have its share of what its parent is expected to have.

A child with two complaints a week never learns a profile of its own; its parent's is known. What it learns is one number, the
share, as a gamma (a, b), once a day and on the day just past, from counts winsorised at the .997 quantile of the prediction:
learned step by step, a spike would enter its own expectation. It forgets by volume, a / (1 + .06² a) a day. Two clipped days
in three are the child's new share. Var = phi E + (.01 + 1/a) E². Which phi is each child's is weighed by the negative-binomial
likelihood of its hours over a grid, with the family's own mixture as the prior (empirical Bayes): an hour with two events tells
a bursty child long before a moment does. All children of a parent are one array each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, gammaln
from scipy.stats import nbinom

Vector: TypeAlias = NDArray[np.float64]

PRIOR = 0.5
"""Counts that a new child is believed to have had, of an equal share."""
CLIP_AT = 0.997
WANDER = 0.06
OWN_SHAPE = 0.01
"""Relative variance of what differs between a child's day and its parent's."""
PHI = np.array([1.001, 1.2, 1.5, 2.0, 3.0, 5.0])
MIXED = np.array([0.4, 0.25, 0.2, 0.1, 0.04, 0.01])
"""How families are, before anything of this one is known; believed as much as three children."""
BELIEVED = 3.0
KEEP = 0.995
SLOWLY = 0.1
DISCRETE = 200.0
"""Up to this mean the quantile is the discrete law's; a gamma's above."""
EMPTY, GROWTH = np.log(PHI) / (PHI - 1), np.log((PHI - 1) / PHI)
"""What an expected event that did not come, and one that came, are worth to each phi."""

FIELDS = ("a", "b", "day", "hour", "due")
TABLES = ("likely", "came")


class Lean:
    """Shares and dispersions of ``n`` children. ``day``, ``hour``: what came since midnight, since the hour began; ``due``:
    what was expected of the day's whole hours."""

    __slots__ = (*FIELDS, *TABLES, "clipped", "family", "mixture")

    a: Vector
    b: Vector
    day: Vector
    hour: Vector
    due: Vector

    def __init__(self, n: int = 0) -> None:
        self.a, self.b = np.full(n, PRIOR), np.full(n, PRIOR * max(n, 1))
        self.day, self.hour, self.due = np.zeros(n), np.zeros(n), np.zeros(n)
        self.clipped = np.zeros((n, 3), dtype=bool)
        """Which of the last three days were winsorised, newest last."""
        self.likely, self.came = np.zeros((n, len(PHI))), np.zeros((n, len(PHI)))
        """Log likelihood of each phi: of the days learned; of what came today."""
        self.family = MIXED.tolist()
        self._weigh()

    def _weigh(self) -> None:
        """How likely each phi is, a row a child."""
        weight = np.exp(self.likely - self.likely.max(axis=1, keepdims=True, initial=-np.inf)) * np.array(self.family)
        self.mixture = weight / weight.sum(axis=1, keepdims=True)

    def __len__(self) -> int:
        return len(self.a)

    @property
    def share(self) -> Vector:
        return np.asarray(self.a / self.b)

    @property
    def phi(self) -> Vector:
        return np.asarray(self.mixture @ PHI)

    @property
    def relative(self) -> Vector:
        """Of the variance, in squares of the expectation."""
        return np.asarray(OWN_SHAPE + 1 / self.a)

    def close_hour(self, expected: float) -> None:
        """``expected``: of the parent in that hour. A wild count is capped: an outbreak is no habit."""
        mean = np.maximum(self.share * expected, 1e-9)
        self.due += mean
        came = np.flatnonzero(self.hour)
        if len(came):
            usual = mean[came]
            sd = np.sqrt(self.phi[came] * usual + self.relative[came] * usual**2)
            count = np.minimum(self.hour[came], np.maximum(3, usual + 6 * sd + 1))[:, None]
            size = usual[:, None] / (PHI - 1)
            self.came[came] += gammaln(count + size) - gammaln(size) + count * GROWTH
            self.hour[:] = 0

    def close_day(self, total: float, whole: bool) -> None:
        """Learn the day just past, of which the parent had ``total``. One that was not whole, or was empty, teaches nothing."""
        if whole and total > 0 and len(self):
            clipped = self._learn_shares(total)
            self._learn_noise(~clipped)
        for array in (self.day, self.due, self.came, self.hour):
            array[:] = 0

    def _learn_shares(self, total: float) -> NDArray[np.bool_]:
        limits = _limits(self.share * total, self.phi, self.relative)
        over = self.day > limits
        accepted = self.clipped.sum(axis=1) + over >= 3 - 1
        keep = np.where(accepted, 0.25, 1 / (1 + WANDER**2 * self.a))
        self.a = self.a * keep + np.where(accepted, self.day, np.minimum(self.day, limits))
        self.b = self.b * keep + total
        self.clipped = np.column_stack([self.clipped[:, 1:], over & ~accepted])
        self.clipped[accepted] = False
        return over

    def _learn_noise(self, usual: NDArray[np.bool_]) -> None:
        today = self.came - self.due[:, None] * EMPTY
        self.likely = np.round(KEEP * self.likely + np.where(usual[:, None], today, 0.0), 4)
        self._weigh()
        fresh = (self.mixture.sum(axis=0) + BELIEVED * MIXED) / (len(self) + BELIEVED)
        self.family = ((1 - SLOWLY) * np.array(self.family) + SLOWLY * fresh).tolist()
        self._weigh()

    def take_over(self, new: int, old: int) -> None:
        """``new`` is another name of ``old``, which begins anew."""
        for name in ("a", "b", "likely"):
            array = getattr(self, name)
            array[new] = array[old]
        self.a[old], self.b[old], self.likely[old] = PRIOR, self.b[old], 0.0
        self.day[old] = self.hour[old] = 0
        self.clipped[[new, old]] = False
        self._weigh()

    def arranged(self, places: Sequence[int | None]) -> Lean:
        """Children in another order; ``None``: one that is new, with an equal share."""
        fresh = Lean(len(places))
        old = np.array([-1 if place is None else place for place in places], dtype=int)
        known = old >= 0
        for name in (*FIELDS, *TABLES, "clipped"):
            getattr(fresh, name)[known] = getattr(self, name)[old[known]]
        fresh.family = list(self.family)
        fresh._weigh()
        return fresh

    def body(self) -> dict[str, Any]:
        bits = (self.clipped * (4, 2, 1)).sum(axis=1).tolist() if len(self) else []
        arrays = {name: getattr(self, name).tolist() for name in (*FIELDS, *TABLES)}
        return arrays | {"clipped": bits, "family": list(self.family)}

    def load(self, body: dict[str, Any]) -> None:
        n = len(body["a"])
        for name in FIELDS:
            setattr(self, name, np.array(body[name], dtype=float))
        for name in TABLES:
            setattr(self, name, np.array(body[name], dtype=float).reshape(n, len(PHI)))
        bits = np.array(body["clipped"], dtype=int).reshape(-1, 1)
        self.clipped = (bits & np.array([4, 2, 1])) > 0
        self.family = list(body["family"])
        self._weigh()


def _limits(mean: Vector, phi: Vector, relative: Vector) -> Vector:
    variance = phi * mean + relative * mean**2
    over = np.maximum(variance - mean, 1e-9 * mean)
    r, p = mean**2 / over, mean / (mean + over)
    few = mean <= DISCRETE
    limits = np.empty(len(mean))
    limits[few] = nbinom.ppf(CLIP_AT, r[few], p[few])
    scale = variance[~few] / mean[~few]
    limits[~few] = gammaincinv(mean[~few] / scale, CLIP_AT) * scale
    return np.maximum(limits, 1.0)
