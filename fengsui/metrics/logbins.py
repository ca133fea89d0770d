"""Durations as integer counts in logarithmic bins: they add, subtract and merge, and lose at most 2 %.

The mapping is DDSketch's (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with relative-error
guarantees", PVLDB 12(12), 2019): ``bin = ceil(ln(s) / ln(gamma))`` with ``gamma = (1 + a) / (1 - a)``, a = 0.02. Bin k holds
seconds in ``(gamma**(k-1), gamma**k]``; anything below one second falls in bin 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import accumulate

import numpy as np
from numpy.typing import ArrayLike, NDArray

ACCURACY = 0.02
GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
_LN_GAMMA = math.log(GAMMA)
_MIDDLE = math.log(2 / (1 + GAMMA))  # of a bin, relative to its upper edge: both edges are then 2 % away
MAX_BIN = 600
"""About 900 years; a longer duration is a broken clock and is counted here."""


def bin_of(seconds: float) -> int:
    """The bin of a duration in seconds; negative ones (a clock behind another) count as no wait at all."""
    if seconds <= 1:
        return 0
    return min(math.ceil(math.log(seconds) / _LN_GAMMA), MAX_BIN)


def bins_of(seconds: ArrayLike) -> NDArray[np.int16]:
    """``bin_of`` of many durations at once."""
    floored = np.maximum(np.asarray(seconds, dtype=np.float64), 1.0)
    return np.minimum(np.ceil(np.log(floored) / _LN_GAMMA), MAX_BIN).astype(np.int16)


def log_value(bin_: int) -> float:
    """Natural logarithm of the seconds that bin ``bin_`` stands for; 0.0 (one second) for bin 0."""
    return bin_ * _LN_GAMMA + _MIDDLE if bin_ > 0 else 0.0


def value(bin_: int) -> float:
    """The seconds that a bin stands for, within 2 % of every duration in it."""
    return math.exp(log_value(bin_))


def quantile(counts: Mapping[int, int], q: float) -> float | None:
    """The ``q`` quantile in seconds (rank ``q * (n - 1)``, as DDSketch takes it); None without durations.

    Bins that deltas brought down to zero are skipped.
    """
    total = sum(counts.values())
    if total <= 0:
        return None
    rank, bins = q * (total - 1), sorted(counts)
    seen = accumulate(counts[bin_] for bin_ in bins)
    return next(value(bin_) for bin_, so_far in zip(bins, seen, strict=True) if so_far > rank)


def mean_log(counts: Mapping[int, int]) -> tuple[float, int]:
    """Mean natural logarithm of the seconds, and how many there are; ``(0.0, 0)`` without any."""
    total = sum(counts.values())
    if total <= 0:
        return 0.0, 0
    return sum(log_value(bin_) * n for bin_, n in counts.items()) / total, total


def merge(many: Iterable[Mapping[int, int]]) -> dict[int, int]:
    """The sum of several bin counts."""
    total: dict[int, int] = {}
    for counts in many:
        for bin_, n in counts.items():
            total[bin_] = total.get(bin_, 0) + n
    return total
