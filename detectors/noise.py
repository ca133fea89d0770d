"""How much sums over windows scatter: Var = phi E + a E^2 per window, learned online.

One line per window holds overdispersion, autocorrelation and errors of the profile together. Weighted least squares of
r^2 / E on E with forgetting, sparse windows by their weight in events; phi is not believed below 1 (a customer who calls on
schedule is no customer).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from detectors.tail import gamma_quantile

MEMORY = 4000.0
START = (20.0, 0.0, 0.0, 24.0, 0.0)
"""Twenty imagined steps with phi = 1.2: sums of 1, E, E^2, r^2/E, r^2."""

REFIT = 8
LEAST = 0.02
"""Windows with less than this expected teach nothing about scatter."""

DOUBTFUL = 0.3
"""Where the expectation is known no better than this, residuals say nothing about scatter."""

CLIPPED = 0.9985

CLIP = 2.5
WINSOR = 0.997
"""A step is winsorised at this predictive quantile or at CLIP sd, whichever is higher."""


class Noise:
    """``phi[i]``, ``a[i]`` for window ``widths[i]`` (in steps)."""

    __slots__ = ("a", "learned", "memory", "moments", "phi", "widths")

    def __init__(self, widths: Sequence[int], memory: float = MEMORY) -> None:
        """``memory`` in steps."""
        self.widths, self.memory = tuple(widths), memory
        self.moments = [list(START) for _ in self.widths]
        self.phi = [1.2] * len(self.widths)
        self.a = [0.0] * len(self.widths)
        self.learned = 0

    def learn(self, sums: Sequence[tuple[float, float, float]], doubts: Sequence[float]) -> None:
        """``sums``: (observed, expected, variance believed) of the windows that end now, shortest first. ``doubts``: the
        part of the variance / expected^2 that is the expectation's own error; it is added when it is used, so it is not
        learned as noise, or it would count twice."""
        self.learned += 1
        for i, ((observed, expected, variance), doubt) in enumerate(zip(sums, doubts, strict=False)):
            if expected >= LEAST and doubt < DOUBTFUL:
                weight = min(1.0, expected) / self.widths[i]
                square = _square(observed, expected, variance) - doubt * expected * expected
                self._add(self.moments[i], expected, square, weight)
        if self.learned % REFIT == 0:
            for i in range(len(self.widths)):
                self.phi[i], self.a[i] = _fit(self.moments[i])

    def _add(self, moments: list[float], expected: float, square: float, weight: float) -> None:
        keep = 1.0 - weight / self.memory
        n, first, second, ratio, squares = moments  # written out: this is the busiest line of a back-test
        moments[:] = (
            n * keep + weight,
            first * keep + expected * weight,
            second * keep + expected * expected * weight,
            ratio * keep + square / expected * weight,
            squares * keep + square * weight,
        )

    def body(self) -> dict[str, Any]:
        moments = [list(sums) for sums in self.moments]
        return {"moments": moments, "phi": list(self.phi), "a": list(self.a), "learned": self.learned}

    def load(self, body: dict[str, Any]) -> None:
        self.moments = [list(sums) for sums in body["moments"]]
        self.phi, self.a, self.learned = list(body["phi"]), list(body["a"]), body["learned"]


def _square(observed: float, expected: float, variance: float) -> float:
    """Squared residual, winsorised at a predictive quantile: clipping at k sd would hide overdispersion."""
    square = (observed - expected) ** 2
    if square <= 9 * variance:
        return square
    if observed < expected:
        return 9 * variance
    far = gamma_quantile(CLIPPED, expected, variance) - expected
    return min(square, max(9 * variance, far * far))


def _fit(moments: Sequence[float]) -> tuple[float, float]:
    """phi >= 1 and a in [0, 1] of r^2 / E = phi + a E."""
    n, e, ee, r, re = moments
    det = n * ee - e * e
    a = min(max((n * re - e * r) / det, 0.0), 1.0) if det > 1e-9 * n * ee + 1e-12 else 0.0
    phi = (r - a * e) / n
    if phi < 1.0:
        phi, a = 1.0, min(max((re - e) / max(ee, 1e-9), 0.0), 1.0)
    return (1.03 * phi, a) if math.isfinite(phi) else (1.2, 0.0)


def winsorised(observed: float, expected: float, variance: float) -> float:
    """Clipped at predictive quantiles: at k sd the mean of an overdispersed small count would be learned too low."""
    spread = CLIP * math.sqrt(variance)
    if observed > expected + spread:
        return min(observed, max(expected + spread, gamma_quantile(WINSOR, expected, variance) + 0.5))
    return max(observed, expected - spread)
