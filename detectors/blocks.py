"""How often a family's statistic rises that high by chance: maxima of quarters of a day, over their own 60 % quantile.

The scale of a maximum over hundreds of children, or of a sum over them, depends on how many there are and how sparse: no
threshold can be given beforehand, so it is a quantile of what was seen (block maxima with an exponential tail; Coles 2001,
ch. 4). Excesses are capped at three times their scale, and blocks with what was surely real are left out.
"""

from __future__ import annotations

import math
from typing import Any

BLOCK_S = 21600
KEPT = 168
"""Six weeks."""
LEAST = 40
"""Ten days: with fewer nothing is said."""
QUANTILE = 0.6
CAP = 3.0
A_WEEK = 604800 / BLOCK_S


class Blocks:
    __slots__ = ("_law", "peak", "peaks")

    def __init__(self) -> None:
        self.peaks: list[float] = []
        self.peak = 0.0
        self._law: tuple[float, float] | None = None

    @property
    def known(self) -> bool:
        return len(self.peaks) >= LEAST

    def rise(self, value: float, real: float) -> None:
        """``real``: the score from which the value was no chance: its block is left out."""
        self.peak = math.inf if self.score(value) > real else max(self.peak, value)

    def close(self) -> None:
        """The block is over."""
        if self.peak < math.inf:
            self.peaks = [*self.peaks[1 - KEPT :], round(self.peak, 6)]
        self.peak, self._law = 0.0, None

    def score(self, value: float) -> float:
        """-log10 of the expected blocks a week with at least ``value``; meaningless below the quantile, and -1 there."""
        if not self.known:
            return -1.0
        at, scale = self._learned()
        if value <= at:
            return -1.0
        return ((value - at) / scale - math.log(A_WEEK * (1 - QUANTILE))) / math.log(10)

    def _learned(self) -> tuple[float, float]:
        if self._law is None:
            ordered = sorted(self.peaks)
            cut = int(QUANTILE * len(ordered))
            over = [peak - ordered[cut] for peak in ordered[cut:]]
            middle = max(over[len(over) // 2] / math.log(2), 0.1)
            capped = sum(min(one, CAP * middle) for one in over) / len(over)
            self._law = ordered[cut], max(capped / (1 - math.exp(-CAP)), 0.3)
        return self._law

    def body(self) -> dict[str, Any]:
        return {"peaks": list(self.peaks), "peak": self.peak if self.peak < math.inf else None}

    def load(self, body: dict[str, Any]) -> None:
        peak = body["peak"]
        self.peaks, self.peak, self._law = list(body["peaks"]), math.inf if peak is None else peak, None
