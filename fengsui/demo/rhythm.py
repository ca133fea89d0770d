"""When contacts come: hour-of-week profile, kind of day, growth, and noise wider than Poisson's.

The noise is negative binomial: a day's factor, and a gamma factor for each quarter of an hour, times Poisson.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from fengsui.demo.days import DAY_S, kind_of, midnight

QUARTERS = 96
QUARTER_S = DAY_S // QUARTERS
# Relative contacts per hour of a workday and of a free day; scaled to sum to 1 over the day.
WORKDAY = (6, 4, 3, 2, 2, 3, 8, 22, 55, 86, 95, 82, 66, 70, 84, 88, 80, 70, 58, 60, 64, 54, 34, 16)
FREE_DAY = (9, 6, 4, 3, 2, 3, 6, 14, 34, 58, 72, 74, 70, 68, 72, 74, 72, 68, 64, 68, 70, 60, 42, 22)
DAY_LEVEL = {"workday": 1.0, "makeup": 0.96, "weekend": 0.82, "holiday": 0.64}
WEEKDAY_LEVEL = (1.07, 1.02, 1.00, 0.99, 1.00, 1.00, 0.97)
GROWTH_PER_YEAR = 0.20
GROWTH_FROM = date(2026, 1, 1)
DAY_NOISE = 0.03  # standard deviation of a day's factor
QUARTER_SHAPE = 40.0  # gamma: variance of a count of mean m is m + m^2/40


def growth(day: date) -> float:
    return 1.0 + GROWTH_PER_YEAR * max((day - GROWTH_FROM).days, 0) / 365.0


def profile(day: date) -> npt.NDArray[np.float64]:
    """Share of a base day's contacts in each quarter of an hour of ``day``; sums to the day's level."""
    kind = kind_of(day)
    hours = np.array(WORKDAY if kind in ("workday", "makeup") else FREE_DAY, dtype=float)
    centres = np.arange(-1, 25) + 0.5
    wrapped = np.concatenate((hours[-1:], hours, hours[:1]))
    quarters = np.interp((np.arange(QUARTERS) + 0.5) / 4, centres, wrapped)
    weekday = WEEKDAY_LEVEL[day.weekday()] if kind == "workday" else 1.0
    level: float = DAY_LEVEL[kind] * weekday * growth(day)
    return np.asarray(quarters / quarters.sum() * level)


def arrivals(rng: np.random.Generator, day: date, per_day: float) -> npt.NDArray[np.int64]:
    """Sorted epoch seconds of one stream's contacts on ``day``; ``per_day`` is the mean of a plain workday."""
    factor = rng.gamma(QUARTER_SHAPE, 1 / QUARTER_SHAPE, size=QUARTERS) * max(rng.normal(1.0, DAY_NOISE), 0.8)
    counts = rng.poisson(profile(day) * per_day * factor)
    starts = np.repeat(np.arange(QUARTERS) * QUARTER_S, counts)
    return np.sort(midnight(day) + starts + rng.integers(0, QUARTER_S, size=int(counts.sum())))
