"""Was this step usual, or part of an outbreak? Two laws of its count, weighed against each other.

A step is usual (negative binomial around its expectation), or one in ``PRIOR`` stands ``SIZES`` standard deviations higher.
Where a step is one of six hundred and not one of sixty thousand, dropping the steps that alarm from what is learned takes the
hundredth highest away and biases a small count down by a twentieth; keeping them lets outbreaks in. Weighing each by its
probability does neither: the weighted equations have the right root where the mixture holds (Dempster, Laird & Rubin 1977).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln

Vector = NDArray[np.float64]

PRIOR = 0.05
SIZES = (2.0, 4.0, 8.0)
"""Standard deviations by which an outbreak's step is higher, one as likely as the other."""

LEAST = 1e-6
"""Nothing is quite impossible."""


def usual(observed: float, expected: float, variance: float) -> float:
    """Probability that a step is no part of an outbreak, at least ``LEAST``."""
    plain, raised = _laws(observed, np.array([expected]), np.array([variance]))
    return max(float(expit(plain[0] - raised[0])), LEAST)


def likely(observed: float, expected: float, variance: Vector) -> Vector:
    """Log likelihood of the step, usual or not, under each ``variance``."""
    return np.asarray(np.logaddexp(*_laws(observed, np.full(len(variance), expected), variance)))


def _laws(observed: float, expected: Vector, variance: Vector) -> tuple[Vector, Vector]:
    """Log of prior times likelihood: of a usual step, of one that is part of an outbreak."""
    raised = expected + np.outer(SIZES, np.sqrt(variance))
    parts = _log_mass(observed, raised, raised * variance / expected)
    plain = _log_mass(observed, expected, variance)
    return plain + np.log(1 - PRIOR), np.logaddexp.reduce(parts, axis=0) + np.log(PRIOR / len(SIZES))


def _log_mass(observed: float, mean: Vector, variance: Vector) -> Vector:
    """ln P(X = observed) of negative binomials by mean and variance."""
    over = np.maximum(variance - mean, 1e-6 * mean)
    r = mean * mean / over
    mass = gammaln(observed + r) - gammaln(r) - gammaln(observed + 1)
    return np.asarray(mass - r * np.log1p(over / mean) + observed * np.log(over / variance))
