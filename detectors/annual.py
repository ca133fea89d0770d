"""What a weekly count is expected to be: level, slope and the year as two harmonics in one Kalman state.

The same dynamic generalised linear model as ``Baseline`` (West & Harrison 1997, ch. 14); a week has no time of day and no
day type, but it has a place in the year. The year's wave is not believed before it was seen: its prior is half a unit of
the logarithm for the first harmonic, and it walks slowly.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import ClassVar

import numpy as np

from detectors.base import DayType
from detectors.log_linear import LogLinear, Row, Vector

YEAR = 365.2425
PLACES = [0, 1, 2, 3, 4, 5]
LEVEL_VARIANCE = 9.0
SLOPE_VARIANCE = 1e-5
WAVES = (0.5, 0.5, 0.15, 0.15)
WALK = (3e-6, 0.0, 1e-6, 1e-6, 1e-6, 1e-6)
"""Variance a week of level, slope and waves."""


class Annual(LogLinear):
    """For steps of a week; the slope moves the level once a step."""

    new_level: ClassVar[float] = 1.0
    """A week is one chance to learn, not a hundred: the first one of a new level is believed nearly whole."""

    def __init__(self, step_s: int) -> None:
        super().__init__(step_s, np.diag([LEVEL_VARIANCE, SLOPE_VARIANCE, *WAVES]))
        self.W: Vector = np.diag(WALK)

    def row(self, local: datetime, day_type: DayType) -> Row:
        """Where the step that starts at ``local`` reads the state; the day type says nothing of a week."""
        angle = 2 * math.pi * local.toordinal() / YEAR
        return PLACES, [1.0, 0.0, math.cos(angle), math.sin(angle), math.cos(2 * angle), math.sin(2 * angle)], -1

    def advance(self, steps: int) -> None:
        for _ in range(min(steps, 520)):
            self.m[0] += self.m[1]
            self.C[0] += self.C[1]
            self.C[:, 0] += self.C[:, 1]
            self.C += self.W
