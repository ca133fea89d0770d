"""Evidence that a sparse child has begun to have more than it should, for many children at once.

Shiryaev (1963) and Roberts (1966): R = ((1 - 1/T) R + 1/T) P1(x)/P0(x) at each step, the average likelihood ratio over all
moments at which a rise may have begun; without one its mean stays one. Eight sizes of rise side by side, from one event in
eight hours to eight in a quarter of an hour, never below ``LEAST`` of what is usual; T is how long such a rise lasts. Under P0
a step is the child's mixture of negative binomials around what is expected of it, under P1 the same with the rise added: a
burst within one step counts for little where such bursts are known, events that go on coming count for each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.dispersion import PHI, Vector, log_likelihood, log_mixed

RISES = np.array([0.03, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0])
"""Events more in a quarter of an hour."""
LASTING_H = np.array([48.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0])
LEAST = 0.4
MOST = 1e200


class Onset:
    """``ratio``: children x sizes."""

    __slots__ = ("_empty", "_ends", "_rises", "_sizes", "ratio")

    def __init__(self, n: int, step_s: int) -> None:
        self.ratio = np.zeros((n, len(RISES)))
        self._sizes = RISES * step_s / 900
        self._ends = step_s / 3600 / LASTING_H
        self.settle(np.zeros(n), np.tile(np.eye(len(PHI))[0], (n, 1)))

    def settle(self, usual: Vector, mixture: Vector) -> None:
        """The sizes looked for, once a day. ``usual``: the mean of a step."""
        self._rises = np.maximum(self._sizes, LEAST * usual[:, None])
        self._empty = self._rises * (mixture @ (np.log(PHI) / (PHI - 1)))[:, None]

    def step(self, places: NDArray[np.intp], came: Vector, mean: Vector, mixture: Vector) -> None:
        """Take a step in; ``places``: of children that had ``came`` and were expected to have ``mean``."""
        by = -self._empty
        if len(places):
            risen = log_likelihood(came[:, None], mean[:, None] + self._rises[places])
            null = log_mixed(log_likelihood(came, mean), mixture)
            by[places] = log_mixed(risen, mixture[:, None, :]) - null[:, None]
        self.ratio = np.minimum((self.ratio * (1 - self._ends) + self._ends) * np.exp(np.clip(by, -50.0, 200.0)), MOST)

    def nats(self) -> Vector:
        return np.asarray(np.log(np.maximum(self.ratio.mean(axis=1), 1e-30)))

    def body(self) -> list[list[float]]:
        return [[float(f"{one:.6g}") for one in row] for row in self.ratio]

    def rounded(self) -> None:
        """As a state says it."""
        self.ratio = np.array(self.body()).reshape(self.ratio.shape)
