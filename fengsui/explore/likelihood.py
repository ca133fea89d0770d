"""How surprising a count is against what history leads one to expect."""

from __future__ import annotations

import numpy as np

from fengsui.explore.cube import Numbers

ALPHA = 0.05
NEEDED = float(np.log(1 / ALPHA))
"""What a score must exceed after paying for its description: 3.0."""


def surprise(v: Numbers, m: Numbers, r: Numbers | float, *, falls: bool = False) -> Numbers:
    """Log likelihood ratio of a negative binomial of mean ``m`` and size ``r`` for ``v`` above ``m`` (below, where falls are
    looked for), else 0. A large ``r`` is Poisson's."""
    v, m = np.maximum(v, 0.0), np.maximum(m, 1e-9)
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(v > 0, v * np.log(np.where(v > 0, v, 1.0) / m), 0.0)
        found = first - (v + r) * np.log((v + r) / (m + r))
    return np.where(v < m if falls else v > m, np.maximum(found, 0.0), 0.0)


def sureness(past: Numbers, tau: Numbers | float) -> Numbers:
    """Size of the negative binomial when the forecast itself misses by ``tau`` (one for all, or one each) and rests on ``past``
    records."""
    return np.asarray(1.0 / (tau**2 + 1.0 / (past + 0.5)), dtype=np.float64)


def z_score(v: Numbers, m: Numbers, *, falls: bool = False) -> Numbers:
    """Orders leads: it ranks as well as anything, it only cannot stop."""
    gap = m - v if falls else v - m
    return np.asarray(gap / np.sqrt(m + 1.0), dtype=np.float64)
