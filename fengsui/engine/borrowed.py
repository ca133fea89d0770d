"""What was usual of a parent over its history, for its children to learn from.

Live, a child borrows what the parent's detector expected. Of the past that is not kept, so it is estimated from the whole of
it: the hour's mean of its sort of day, times how high its day stood among the days around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from detectors.base import DayType

AROUND = 7
"""Days that tell how high a day stands."""


def usual(counts: Sequence[float], at: Sequence[tuple[datetime, DayType]], minutes: int) -> list[float]:
    """The usual count of each step. ``at``: wall clock and sort of day of each."""
    if not counts:
        return []
    values = np.array(counts, dtype=float)
    off = np.array([kind in ("weekend", "holiday") for _, kind in at], dtype=int)
    place = off * 24 + np.array([local.hour for local, _ in at])
    profile = np.bincount(place, values, minlength=48) / np.maximum(np.bincount(place, minlength=48), 1)
    shape = np.maximum(profile[place], 1e-3)
    found: list[float] = (shape * _levels(values, shape, 1440 // minutes)).tolist()
    return found


def _levels(values: np.ndarray, shape: np.ndarray, a_day: int) -> np.ndarray:
    """How high each step's day and its neighbours stood, of the shape."""
    days = -(-len(values) // a_day)
    day = np.arange(len(values)) // a_day
    came, due = (np.bincount(day, one, minlength=days) for one in (values, shape))
    window = np.ones(min(AROUND, days))
    level = np.convolve(came, window, "same") / np.maximum(np.convolve(due, window, "same"), 1e-9)
    return np.asarray(level[day])
