"""Percentile intervals over series: 1000 resamples, always the same ones for the same number of series."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
LEVELS = (0.025, 0.975)


def resamples(n: int) -> Iterator[NDArray[np.intp]]:
    """Places drawn with replacement."""
    rng = np.random.default_rng(20260302)
    for _ in range(RESAMPLES):
        yield rng.integers(0, n, n)


def interval(n: int, figure: Callable[[NDArray[np.intp]], float]) -> tuple[float, float]:
    """95 % of what ``figure`` gives over resampled places of ``n`` series."""
    found = [figure(places) for places in resamples(n)]
    low, high = np.nanquantile(found, LEVELS)
    return float(low), float(high)
