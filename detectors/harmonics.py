"""The usual course of a share or a duration: level, daily harmonics and days off, by recursive least squares.

Ten numbers with exponential forgetting (Ljung & Söderström 1983). The memory is long, 4000 steps and more: a baseline that
follows quickly learns the drift that it should show.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detectors.base import DayType

Vector: TypeAlias = NDArray[np.float64]

ORDERS = (1, 2, 3, 4)
SIZE = 2 + 2 * len(ORDERS)
DAY = 86400


class Harmonics:
    """Mean ``m`` and covariance ``C`` of level, days off, cosines and sines of the day."""

    def __init__(self, level_variance: float, memory: float) -> None:
        self.level_variance, self.memory = level_variance, memory
        self.m = np.zeros(SIZE)
        self.C = np.diag([level_variance] + [0.3] * (SIZE - 1))

    @staticmethod
    def row(local: datetime, day_type: DayType) -> Vector:
        angle = 2 * math.pi * (local.hour * 3600 + local.minute * 60 + local.second) / DAY
        waves = [wave(order * angle) for order in ORDERS for wave in (math.cos, math.sin)]
        return np.array([1.0, float(day_type in ("weekend", "holiday")), *waves])

    def predict(self, row: Vector) -> tuple[float, float]:
        """Mean of the linear predictor and its own variance."""
        return float(row @ self.m), max(float(row @ (self.C @ row)), 0.0)

    def level_variance_at(self, row: Vector) -> float:
        """Variance of the level of that sort of day alone: over a day or two the errors of the waves average out."""
        return max(float(row[:2] @ (self.C[:2, :2] @ row[:2])), 0.0)

    def learn(self, row: Vector, residual: float, variance: float) -> None:
        """One observation that missed the prediction by ``residual``, with ``variance`` of its own."""
        gain = self.C @ row
        total = float(row @ gain) + variance
        root = gain / math.sqrt(total)
        self.m += gain * (residual / total)
        self.C -= np.multiply.outer(root, root)
        if self.C[0, 0] < self.level_variance / 10:
            self.C *= 1 + 1 / self.memory

    def reopen(self, variance: float) -> None:
        """Accept a new level."""
        self.C[0, 0] += variance

    def body(self) -> dict[str, Any]:
        return {"m": self.m.tolist(), "C": self.C.tolist()}

    def load(self, body: dict[str, Any]) -> None:
        self.m, self.C = np.array(body["m"], dtype=np.float64), np.array(body["C"], dtype=np.float64)
