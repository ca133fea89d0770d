"""Which of two series moves first, by how much, and whether that can be told at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from fengsui.explore.cube import Numbers

ALPHA = 0.01
LEAST, ENOUGH = 0.3, 16
"""A correlation below ``LEAST`` is not worth telling, however sure; fewer steps than ``ENOUGH`` tell nothing."""
MOST = 12
"""Steps to either side that are looked at, and never more than a quarter of what is shown."""


@dataclass(frozen=True, slots=True)
class Lead:
    """``steps`` > 0: the other one moved so many steps earlier. ``r``: Pearson's correlation at that shift; below 0 they move
    against each other."""

    steps: int
    r: float


def lead(one: Sequence[float | None], other: Sequence[float | None]) -> Lead | None:
    """The shift at which the two deviations (from what is usual, on the same grid) go together most; None where no shift does
    clearly more than chance would, all shifts that were tried counted.

    Series that follow themselves agree by chance more often: the error is that of Bartlett (1946)."""
    a, b = (np.array([np.nan if value is None else value for value in line], dtype=np.float64) for line in (one, other))
    most = min(MOST, len(a) // 4)
    shifts = [*range(-most, most + 1)]
    found = [(shift, *_agreement(a, b, shift)) for shift in shifts]
    error = _error(a, b)
    bound = NormalDist().inv_cdf(1 - ALPHA / (2 * len(shifts)))
    known = [(shift, r) for shift, r, n in found if n >= ENOUGH and abs(r) >= max(LEAST, bound * error / np.sqrt(n))]
    if not known:
        return None
    shift, r = max(known, key=lambda pair: (round(abs(pair[1]), 3), -abs(pair[0])))
    return Lead(shift, r)


def _agreement(a: Numbers, b: Numbers, shift: int) -> tuple[float, int]:
    """(r, steps known in both) of ``a`` and of ``b`` ``shift`` steps earlier."""
    left, right = (a[shift:], b[: len(b) - shift]) if shift >= 0 else (a[:shift], b[-shift:])
    both = ~np.isnan(left) & ~np.isnan(right)
    x, y = left[both], right[both]
    if len(x) < 2 or not x.std() or not y.std():
        return 0.0, len(x)
    return float(np.corrcoef(x, y)[0, 1]), len(x)


def _error(a: Numbers, b: Numbers) -> float:
    """How much wider correlations of these two scatter than those of series without memory: 1 and more."""
    most = min(MOST, len(a) // 4)
    together = sum(_agreement(a, a, k)[0] * _agreement(b, b, k)[0] for k in range(1, most + 1))
    return float(np.sqrt(max(1.0, 1.0 + 2.0 * together)))
