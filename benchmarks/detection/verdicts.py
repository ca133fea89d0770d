"""What a detector said of a series: numbers per step, and how they were had."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.series import Mask, Values


@dataclass(frozen=True)
class Said:
    """``score``: higher is stranger, for matched thresholds. ``alarm``: the detector's own, ``grade`` its own 0..3; None
    where it has none. ``quiet``: the same on the series' quiet twin."""

    score: Values
    alarm: Mask | None = None
    grade: NDArray[np.int8] | None = None
    quiet: Said | None = None
