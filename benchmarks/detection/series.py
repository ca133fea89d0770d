"""A simulated series with its truth: what detectors read, and what only the judge and the oracle know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]

SHANGHAI = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class Spike:
    """Events added in steps ``[start, end)``; ``tier`` 1 general, 2 important, 3 severe (0: suite A does not grade)."""

    start: int
    end: int
    tier: int


@dataclass(frozen=True)
class Series:
    """``values``: counts per step of ``step_s`` seconds from ``start`` on. ``mean``: the true expectation without spikes,
    ``phi`` the true variance / mean. Steps from ``judged`` on count. ``excused``: steps whose alarms are neither right nor
    wrong. ``quiet``: the twin without the spikes of the judged steps (suite A)."""

    name: str
    start: datetime
    step_s: int
    values: Values
    mean: Values
    phi: float
    judged: int
    spikes: tuple[Spike, ...]
    excused: Mask
    quiet: Values | None = None
    group: str = ""

    def __len__(self) -> int:
        return len(self.values)

    @property
    def weeks(self) -> float:
        """Judged weeks."""
        return (len(self) - self.judged) * self.step_s / 604800

    def at(self, step: int) -> datetime:
        return self.start + timedelta(seconds=step * self.step_s)


def negative_binomial(rng: np.random.Generator, mean: Values, phi: float) -> Values:
    """Counts with variance ``phi`` x mean; Poisson at phi = 1."""
    if phi <= 1:
        return rng.poisson(mean).astype(float)
    return rng.negative_binomial(np.maximum(mean, 1e-9) / (phi - 1), 1 / phi).astype(float)
