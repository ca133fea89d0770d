"""How much weekly counts scatter: Var = phi E + a E^2, weighed over a grid by the likelihood of the weeks.

Two moments of six hundred weeks do not tell phi from a, and four outbreaks among them look like both; ``Noise`` has sixty
thousand steps for that. Here each pair (phi, a) of a grid is weighed by how likely it makes each week, usual or part of an
outbreak (``outbreak``); the mean under these weights is used. Neighbours that are alike show in the sums over windows: their
squares over what single weeks would give, never less than one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from detectors import outbreak
from detectors.noise import DOUBTFUL, LEAST, Noise

PHI = (1.02, 1.25, 1.6, 2.0, 2.6, 3.4, 4.5, 6.0, 10.0, 20.0)
A = (0.0, 0.003, 0.01, 0.03, 0.1)
A_PRIOR = (0.8, 0.05, 0.05, 0.05, 0.05)
"""Most of the scatter of a week is that of its customers."""

GRID_PHI, GRID_A = np.repeat(PHI, len(A)), np.tile(A, len(PHI))
GRID_PRIOR = np.log(np.tile(A_PRIOR, len(PHI)))

ALIKE = 100.0
"""Weeks that are believed to be independent before any was seen."""

FARTHEST = 8.0
"""Sd above its expectation, as believed so far, beyond which a week says nothing more of the scatter: it is an outbreak, or a
batch typed in at once, and its raw sum would be the likeliest under the widest pair of the grid, for years."""

WILD = 4.0
"""Most that one window's square counts for, in the mean of them so far: an outbreak does not make neighbours alike."""


class GridNoise(Noise):
    """``phi[i]``, ``a[i]`` for the windows ``widths[i]``; ``swell[i]``: how many times more their sums scatter."""

    __slots__ = ("likely", "swell")

    def __init__(self, widths: Sequence[int], memory: float) -> None:
        super().__init__(widths, memory)
        self.likely = np.zeros(len(GRID_PHI))
        """Log likelihood of each pair, forgetting."""
        self.swell = [1.0] * len(self.widths)

    def learn(self, sums: Sequence[tuple[float, float, float]], doubts: Sequence[float]) -> None:
        observed, expected, _ = sums[0]
        if expected < LEAST or doubts[0] >= DOUBTFUL:
            return
        self.learned += 1
        self._learn_swell(sums, doubts)
        believed = expected * (self.phi[0] + (self.a[0] + doubts[0]) * expected)
        observed = min(observed, expected + FARTHEST * math.sqrt(believed))
        variance = expected * (GRID_PHI + (GRID_A + doubts[0]) * expected)
        self.likely = self.likely * (1 - 1 / self.memory) + outbreak.likely(observed, expected, variance)
        self.likely -= self.likely.max()
        self._weigh()

    def _learn_swell(self, sums: Sequence[tuple[float, float, float]], doubts: Sequence[float]) -> None:
        pace = 1 / (ALIKE + min(self.learned, self.memory))
        for i, ((observed, expected, _), doubt) in enumerate(zip(sums, doubts, strict=False)):
            variance = expected * (self.phi[0] + (self.a[0] + doubt) * expected)
            square = min((observed - expected) ** 2 / variance, WILD * self.swell[i])
            self.swell[i] += pace * (square - self.swell[i])

    def _weigh(self) -> None:
        weight = np.exp(self.likely + GRID_PRIOR)
        weight /= weight.sum()
        phi, a = float(weight @ GRID_PHI), float(weight @ GRID_A)
        for i in range(len(self.widths)):
            more = max(1.0, self.swell[i] / max(self.swell[0], 1.0)) if i else 1.0
            self.phi[i], self.a[i] = more * phi, more * a

    def body(self) -> dict[str, Any]:
        return {"likely": self.likely.tolist(), "swell": list(self.swell), "phi": list(self.phi), "a": list(self.a)} | {
            "learned": self.learned
        }

    def load(self, body: dict[str, Any]) -> None:
        self.likely, self.swell = np.array(body["likely"]), list(body["swell"])
        self.phi, self.a, self.learned = list(body["phi"]), list(body["a"]), body["learned"]
