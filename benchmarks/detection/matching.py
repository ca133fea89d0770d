"""One threshold for all series, set to a rate of false alarms: what "matched" means in every suite."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def lowest(thresholds: NDArray[np.float64], false: Callable[[float], int], allowed: float) -> float:
    """The lowest of ``thresholds``, sorted upwards, above which ``false`` alarms keep to ``allowed``."""
    low, high = 0, len(thresholds) - 1
    while low < high:
        middle = (low + high) // 2
        if false(float(thresholds[middle])) <= allowed:
            high = middle
        else:
            low = middle + 1
    return float(thresholds[low])
