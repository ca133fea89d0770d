"""Tails of many counts at once, each a mixture of negative binomials over a grid of dispersions."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc

from detectors import tail
from detectors.dispersion import PHI, Vector

WORTH = 1.5
"""Squared excess over the expectation below which nobody is surprised."""


def mixed(observed: Vector, expected: Vector, relative: Vector, mixture: Vector) -> Vector:
    """-ln P(X >= observed), windows x children, of each child's mixture of dispersions, where an excess is worth it, else 0."""
    nats = np.zeros(observed.shape)
    excess = observed - expected
    width, child = np.nonzero((excess > 0) & (excess**2 > WORTH * expected))
    k, e, square = observed[width, child], expected[width, child], (relative * expected**2)[width, child]
    p = np.zeros(len(k))
    for at, phi in enumerate(PHI):
        p += mixture[child, at] * _tails(k, e, phi * e + square)
    sure = p > tail.TINY
    nats[width[sure], child[sure]] = -np.log(p[sure])
    for i in np.flatnonzero(~sure).tolist():
        nats[width[i], child[i]] = tail.upper(float(k[i]), float(e[i]), float(mixture[child[i]] @ PHI * e[i] + square[i]))
    return nats


def _tails(k: Vector, mean: Vector, variance: Vector) -> Vector:
    """P(X >= k) of negative binomials."""
    over = variance - mean
    return np.asarray(betainc(k, mean * mean / over, over / variance))
