"""Negative binomials side by side: what a count is worth under each dispersion of a grid."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Vector: TypeAlias = NDArray[np.float64]

PHI = np.array([1.001, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 3.0, 5.0])
"""Variance over mean."""
SPREAD = 0.02
"""Relative variance of a step: what is not known of its hour."""


def log_likelihood(came: Vector, mean: Vector) -> Vector:
    """Logarithms of P(came), up to what all dispersions have in common; a last axis of dispersions is added."""
    over = PHI - 1 + SPREAD * mean[..., None]
    size = mean[..., None] / over
    x = came[..., None]
    found = gammaln(x + size) - gammaln(size) + x * np.log(over / (1 + over)) - size * np.log1p(over)
    return np.asarray(found)


def log_some(mean: Vector) -> Vector:
    """Logarithms of the probability that anything comes."""
    over = PHI - 1 + SPREAD * mean[..., None]
    return np.asarray(np.log(-np.expm1(-mean[..., None] / over * np.log1p(over))))


def log_mixed(logs: Vector, weight: Vector) -> Vector:
    """Of the mixture over dispersions, which are the last axis."""
    top = logs.max(axis=-1)
    return np.asarray(top + np.log((np.exp(logs - top[..., None]) * weight).sum(axis=-1)))
