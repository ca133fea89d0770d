"""The lean model of sparse children: each is expected to have its share of what its parent is expected to have.

A child with two complaints a week never learns a profile of its own; its parent's is known. What it learns is one number, the
share, as a gamma (a, b), once a day and on the day just past, from counts winsorised at the .997 quantile of the prediction:
learned step by step, a spike would enter its own expectation. It forgets by volume, a / (1 + .06² a) a day. Two clipped days
in three are the child's new share. Var = phi E + (.01 + 1/a) E². Which phi is each child's is weighed by the negative-binomial
likelihood of its steps over a grid, with the family's own mixture as the prior (empirical Bayes): a step with two events tells
a bursty child long before a moment does. A step counts given that something came: how often that is says more of the share.
All children of a parent are one array each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv
from scipy.stats import nbinom

from detectors.dispersion import PHI, Vector, log_likelihood, log_some

PRIOR = 0.5
"""Counts that a new child is believed to have had, of an equal share."""
CLIP_AT = 0.997
WANDER = 0.06
OWN_SHAPE = 0.01
"""Relative variance of what differs between a child's day and its parent's."""
MIXED = np.full(len(PHI), 1 / len(PHI))
"""How families are, before anything of this one is known; believed as much as three children."""
BELIEVED = 3.0
KEEP = 0.995
EM = 5
"""Turns a day at the family's mixture."""
DISCRETE = 200.0
"""Up to this mean the quantile is the discrete law's; a gamma's above."""

FIELDS = ("a", "b", "day")
TABLES = ("likely", "came")


class Lean:
    """Shares and dispersions of ``n`` children. ``day``: what came since midnight."""

    __slots__ = (*FIELDS, *TABLES, "clipped", "family", "mixture")

    a: Vector
    b: Vector
    day: Vector

    def __init__(self, n: int = 0) -> None:
        self.a, self.b = np.full(n, PRIOR), np.full(n, PRIOR * max(n, 1))
        self.day = np.zeros(n)
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

    def learn_step(self, places: NDArray[np.intp], came: Vector, mean: Vector) -> None:
        """Which dispersion is likely, from a step in which ``places`` had ``came``: given that something came, for then how
        well the mean is known matters little. A wild count is capped: an outbreak is no habit."""
        sd = np.sqrt(self.phi[places] * mean + OWN_SHAPE * mean**2)
        count = np.minimum(came, np.maximum(3, mean + 6 * sd + 1))
        self.came[places] += log_likelihood(count, mean) - log_some(mean)

    def close_day(self, total: float, whole: bool, tilt: Vector | float = 1.0) -> None:
        """Learn the day just past, of which the parent had ``total``; ``tilt``: how much of their usual share children have on
        such a day. One that was not whole, or was empty, teaches nothing."""
        if whole and total > 0 and len(self):
            clipped = self._learn_shares(total * np.asarray(tilt))
            self._learn_noise(~clipped)
        for array in (self.day, self.came):
            array[:] = 0

    def _learn_shares(self, total: Vector) -> NDArray[np.bool_]:
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
        self.likely = np.round(KEEP * self.likely + np.where(usual[:, None], self.came, 0.0), 4)
        self.likely -= self.likely.max(axis=1, keepdims=True)
        for _ in range(EM):
            self._weigh()
            self.family = ((self.mixture.sum(axis=0) + BELIEVED * MIXED) / (len(self) + BELIEVED)).tolist()
        self._weigh()

    def take_over(self, new: int, old: int) -> None:
        """``new`` is another name of ``old``, which begins anew."""
        for name in ("a", "b", "likely"):
            array = getattr(self, name)
            array[new] = array[old]
        self.a[old], self.b[old], self.likely[old] = PRIOR, self.b[old], 0.0
        self.day[old] = 0
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
