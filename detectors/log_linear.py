"""One Kalman state of a log-linear count: a step's count updates the level's gamma law conjugately and the state linearly.

The part that does not depend on what the state means (West & Harrison 1997, ch. 14): ``Baseline`` reads it by the clock,
``Annual`` by the week of the year.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detectors.base import DayType

Vector: TypeAlias = NDArray[np.float64]
Row: TypeAlias = tuple[list[int], list[float], int]
"""Places and weights of one step in the state, and the place of the holiday effect to learn alone (-1: learn all)."""


def log_mean(f: float, q: float) -> float:
    """Logarithm of the expected count where its logarithm has mean f and variance q; bounded while q is large."""
    return f + min(q, 1.0) / 2


class LogLinear:
    """Mean ``m`` and covariance ``C`` of a linear predictor of the logarithm of a step's expected count."""

    new_level: ClassVar[float] = 0.3
    """Variance given back to the level when a shift is accepted."""

    def __init__(self, step_s: int, prior: Vector) -> None:
        self.step_s, self.size = step_s, len(prior)
        self.m = np.zeros(self.size)
        self.C = prior

    def row(self, local: datetime, day_type: DayType) -> Row:
        """Where the step that starts at ``local`` (wall clock) reads the state."""
        raise NotImplementedError

    def advance(self, steps: int) -> None:
        """Let time pass."""
        raise NotImplementedError

    def predict(self, row: Row) -> tuple[float, float]:
        """Mean and variance of the logarithm of the expected count of one step of unit exposure."""
        f, q, _ = self.look(row)
        return f, q

    def look(self, row: Row) -> tuple[float, float, Vector]:
        """``predict``, and the covariance of the predictor with the state, which ``learn`` needs again."""
        places, weights, _ = row
        gain = self._gain(row)
        f = 0.0
        for place, weight in zip(places, weights, strict=True):
            f += self.m[place] * weight
        return float(f), _read(gain, row), gain

    def _gain(self, row: Row) -> Vector:
        places, weights, _ = row
        gain: Vector = self.C[places[0]] * weights[0]
        for place, weight in zip(places[1:], weights[1:], strict=True):
            gain = gain + self.C[place] * weight
        return gain

    def learn(self, row: Row, observed: float, expected: float, dispersion: float, gain: Vector | None = None) -> None:
        """Conjugate step: ``observed`` against ``expected``, with Var = ``dispersion`` x expected given the level. ``gain``: of
        ``look``, where nothing was learned and no time has passed since."""
        gain, only = self._gain(row) if gain is None else gain, row[2]
        q = _read(gain, row)
        weight = q * expected / dispersion
        shift = math.log((1 + q * observed / dispersion) / (1 + weight))
        shift += log_mean(0.0, q) - log_mean(0.0, q / (1 + weight))
        if only < 0:
            root = gain * math.sqrt(weight / (1 + weight) / q)
            self.m += gain * (shift / q)
            self.C -= np.multiply.outer(root, root)
        else:
            self._learn_one_place(only, gain, shift / q, weight / (1 + weight) / q)

    def _learn_one_place(self, only: int, gain: Vector, shift: float, shrink: float) -> None:
        """A consider update (Schmidt 1966): a holiday teaches the holiday's effect and leaves the rest as it is."""
        own = float(gain[only])
        column = gain * (own * shrink)
        self.m[only] += own * shift
        self.C[only] -= column
        self.C[:, only] = self.C[only]
        self.C[only, only] = max(float(self.C[only, only]), 1e-4)

    def reopen(self) -> None:
        """Accept that the level has moved: believe the next steps."""
        self.C[0, 0] += self.new_level

    def body(self) -> dict[str, Any]:
        """``C`` is symmetric bit for bit, so half of it is kept."""
        return {"m": self.m.tolist(), "C": self.C[np.tril_indices(self.size)].tolist()}

    def load(self, body: dict[str, Any]) -> None:
        self.m = np.array(body["m"], dtype=np.float64)
        rows, columns = np.tril_indices(self.size)
        self.C = np.zeros((self.size, self.size))
        self.C[rows, columns] = self.C[columns, rows] = body["C"]


def _read(gain: Vector, row: Row) -> float:
    """Variance of the linear predictor."""
    places, weights, _ = row
    return max(float(sum(gain[place] * weight for place, weight in zip(places, weights, strict=True))), 1e-9)
