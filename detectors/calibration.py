"""From surprise to false episodes: declustered peaks over a threshold, learned on the series itself.

Surprise (-ln p of the strongest window) is no p-value: windows overlap and the model errs. What its owner wants to know is
how often such a surprise comes by chance. Peaks over a threshold of some nats, one per cluster, come at rate zeta per step with
an exponential excess of mean beta (Pickands 1975; Leadbetter's declustering); real events live beyond ``CAP``, so beta is
the mean of the exponential truncated there. Imagined peaks stand for the prior.
"""

from __future__ import annotations

import math
from typing import Any

CAP = 3.0
PRIOR = 12.0
KEEP = 60
LEAST_BETA = 0.6
LEAST_RATE = 0.4
"""Of the prior's rate: a surprise cannot come less often than its own p says. Sparse counts jump over the peaks' range
(nothing, then two at once), so that their peaks teach little."""


class Peaks:
    """Expected episodes per step above a surprise. ``threshold`` in nats; ``gap``: calm steps that end a cluster;
    ``zeta``: prior peaks a step, believed as much as ``weight`` peaks seen; excesses beyond ``cap`` are real events."""

    __slots__ = ("beta", "calm", "cap", "clusters", "excess", "gap", "keep", "peak", "prior", "steps", "threshold", "weight")

    def __init__(
        self, threshold: float, gap: int, zeta: float, weight: float = PRIOR, cap: float = CAP, keep: int = KEEP
    ) -> None:
        self.threshold, self.gap, self.prior = threshold, gap, zeta
        self.weight, self.cap, self.keep = weight, cap, keep
        self.steps = self.clusters = self.calm = 0
        self.beta = 1.0
        self.peak = 0.0
        self.excess: list[float] = []

    @property
    def zeta(self) -> float:
        return (self.weight + self.clusters) / (self.weight / self.prior + self.steps)

    def score(self, surprise: float, steps_per_week: float) -> float:
        """-log10 of the expected episodes per week with at least this surprise; linear below the threshold."""
        excess = max(surprise - self.threshold, 0.0)
        nats = min(excess / self.beta - math.log(self.zeta), excess - math.log(LEAST_RATE * self.prior))
        if surprise < self.threshold:
            nats *= surprise / self.threshold
        return (nats - math.log(steps_per_week)) / math.log(10)

    def learn(self, surprise: float) -> None:
        self.steps += 1
        if surprise > self.threshold:
            self.peak, self.calm = max(self.peak, surprise), 0
        elif self.peak:
            self.calm += 1
            if self.calm >= self.gap:
                self._close()

    def _close(self) -> None:
        excess, self.peak = self.peak - self.threshold, 0.0
        self.clusters += 1
        if excess < self.cap:
            self.excess = [*self.excess[1 - self.keep :], excess]
            n = len(self.excess)
            mean = _untruncated(sum(self.excess) / n, self.cap)
            self.beta = max(LEAST_BETA, (self.weight + n * mean) / (self.weight + n))

    def body(self) -> dict[str, Any]:
        names = ("steps", "clusters", "calm", "beta", "peak")
        return {name: getattr(self, name) for name in names} | {"excess": list(self.excess)}

    def load(self, body: dict[str, Any]) -> None:
        for name, value in body.items():
            setattr(self, name, list(value) if name == "excess" else value)


def _untruncated(mean: float, cap: float) -> float:
    """The exponential mean whose truncation at ``cap`` has this mean, by bisection in [0.2, 5]."""
    low, high = 0.2, 5.0
    for _ in range(18):
        middle = (low + high) / 2
        if middle - cap / math.expm1(cap / middle) < mean:
            low = middle
        else:
            high = middle
    return (low + high) / 2
