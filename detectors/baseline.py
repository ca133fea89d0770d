"""What a count series is expected to be: one Kalman state for level, slope, time of day, day of week and day type.

A dynamic generalised linear model (West & Harrison 1997, ch. 14; West, Harrison & Migon 1985) with log link: the linear
predictor is level + knot(time of day) + weekend knot + effect of the weekday or day type. A step's count updates the
predictor's gamma law conjugately and the state linearly. Knots are smooth by a Gaussian-process prior over the clock.
"""

from __future__ import annotations

import math
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np

from detectors.base import DayType
from detectors.log_linear import LogLinear, Row, Vector

DAY = 86400
KNOTS = 24
LEVEL_VARIANCE = 9.0
SLOPE_VARIANCE = 1e-4
PROFILE_VARIANCE = 1.2
DAY_VARIANCE = 0.08
WEEKEND_VARIANCE = 0.33
LEVEL_WALK = 0.03
"""Standard deviation of the level's random walk per day."""

PROFILE_WALK = 0.02
"""The profile's daily walk, as a share of its prior deviation."""

HOLIDAY_WALK = 0.002
"""Variance a day: the next holiday is months away and of another kind."""


def _correlation(knots: int) -> Vector:
    hours = np.arange(knots) * 24 / knots
    apart = np.abs(hours[:, None] - hours)
    apart = np.minimum(apart, 24 - apart)
    smooth = 0.8 * np.exp(-0.5 * (apart / 2.0) ** 2) + 0.15 * np.exp(-0.5 * (apart / 0.8) ** 2)
    return np.asarray(smooth + 0.05 * np.eye(knots))


def _prior(knots: int) -> Vector:
    """Covariance of level, slope, ``knots`` of the day, as many of the weekend, nine sorts of day."""
    days_at = 2 + 2 * knots
    prior = np.zeros((days_at + 9, days_at + 9))
    prior[0, 0], prior[1, 1] = LEVEL_VARIANCE, SLOPE_VARIANCE
    prior[2 : 2 + knots, 2 : 2 + knots] = PROFILE_VARIANCE * _correlation(knots)
    prior[2 + knots : days_at, 2 + knots : days_at] = PROFILE_VARIANCE / 4 * _correlation(knots)
    days = [DAY_VARIANCE] * 5 + [WEEKEND_VARIANCE] * 3 + [DAY_VARIANCE]
    prior[days_at:, days_at:] = np.diag(days)
    return prior


@cache
def _walk(knots: int) -> Vector:
    """Variance a day of each of them; one matrix for all series."""
    walk = _prior(knots) * PROFILE_WALK**2
    walk[:2] = 0.0
    holiday = len(walk) - 2
    walk[holiday, holiday] = HOLIDAY_WALK
    walk.setflags(write=False)
    return walk


class Baseline(LogLinear):
    """State mean ``m`` and covariance ``C`` for steps of ``step_s`` seconds (at most a day)."""

    def __init__(self, step_s: int) -> None:
        self.per_day = step_s / DAY
        self.knots = max(1, min(KNOTS, DAY // step_s))
        self.days_at = 2 + 2 * self.knots
        """Seven weekdays, then holiday, then make-up workday."""
        super().__init__(step_s, _prior(self.knots))
        self.W = _walk(self.knots)
        self.waiting = 0.0
        """Days since slope and profile last moved."""

    def row(self, local: datetime, day_type: DayType) -> Row:
        """Where the step that starts at ``local`` (wall clock) reads the state."""
        second = local.hour * 3600 + local.minute * 60 + local.second
        second -= second % self.step_s
        day = {"holiday": 7, "makeup": 8}.get(day_type, local.weekday())
        off = day_type == "holiday" or (day_type == "weekend" and local.weekday() >= 5)
        places, weights = [0], [1.0]
        if self.knots > 1:
            place = (second + self.step_s / 2) / DAY * self.knots - 0.5
            first = math.floor(place)
            share = place - first
            near, far = 2 + first % self.knots, 2 + (first + 1) % self.knots
            places, weights = [0, near, far], [1.0, 1 - share, share]
            if off:
                places, weights = [*places, near + self.knots, far + self.knots], [*weights, 1 - share, share]
        place_of_day = self.days_at + day
        return [*places, place_of_day], [*weights, 1.0], place_of_day if day_type == "holiday" else -1

    def advance(self, steps: int) -> None:
        """Let time pass: the level walks each step, slope and profile once a day."""
        self.C[0, 0] += LEVEL_WALK**2 * self.per_day * steps
        self.waiting += self.per_day * steps
        if self.waiting < 1:
            return
        for _ in range(int(min(self.waiting, 60))):
            self.m[0] += self.m[1]
            self.C[0] += self.C[1]
            self.C[:, 0] += self.C[:, 1]
            self.C += self.W
        self.waiting -= math.floor(self.waiting)

    def body(self) -> dict[str, Any]:
        return super().body() | {"waiting": self.waiting}

    def load(self, body: dict[str, Any]) -> None:
        super().load(body)
        self.waiting = float(body["waiting"])
