"""The last three days of a family: what its parent was expected to have and had, and what each child had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.dispersion import Vector
from detectors.runs import packed, unpacked

HOUR = 3600
HOURS = (0.25, 1, 4, 12, 24, 72)
SHORT = 3
"""The first windows: while they are high an excess is still going on, and so is a rise of the parent."""
FLAT = 0.05
"""Of the expectation: a child may be open when its parent is closed."""
STEADY, SURELY = 1.0, 0.7
"""Counts by which a small parent's chance rise is damped; standard deviations below a count that it surely meant."""


class Recent:
    __slots__ = ("_at", "_sums", "expected", "filled", "kept", "level", "observed", "step_s", "usual", "widths")

    def __init__(self, n: int, step_s: int) -> None:
        self.step_s = step_s
        self.widths = tuple(max(1, round(hours * HOUR / step_s)) for hours in HOURS)
        self.kept = self.widths[-1]
        self._sums = np.zeros((self.kept + 1, n))
        """Cumulative counts at the end of each step of the last three days, as a ring."""
        self._at = 0
        self.expected, self.observed = np.zeros(self.kept), np.zeros(self.kept)
        self.filled = 0
        self.level = self.usual = 0.0
        """What the parent is expected to have in a step: over the last day; in the newest, for children whose hours differ."""

    def take(self, expected: float, observed: float, places: NDArray[np.intp], came: Vector) -> None:
        self.expected[:-1], self.observed[:-1] = self.expected[1:], self.observed[1:]
        self.expected[-1], self.observed[-1] = round(expected, 6), observed
        self.filled = min(self.filled + 1, self.kept)
        before, self._at = self._at, (self._at + 1) % (self.kept + 1)
        self._sums[self._at] = self._sums[before]
        self._sums[self._at, places] += came
        self._settle()

    def _settle(self) -> None:
        day = min(self.filled, 24 * HOUR // self.step_s)
        self.level = float(self.expected[-day:].mean()) if day else 0.0
        self.usual = (1 - FLAT) * float(self.expected[-1]) + FLAT * self.level

    def forget(self, places: NDArray[np.intp]) -> None:
        """As if ``places`` had had nothing."""
        self._sums[:, places] = self._sums[self._at, places]

    @property
    def sums(self) -> Vector:
        """Cumulative counts, oldest first."""
        return np.asarray(self._sums[(self._at + 1 + np.arange(self.kept + 1)) % (self.kept + 1)])

    def windows(self, places: NDArray[np.intp], share: Vector, n: int | None = None) -> tuple[Vector, Vector, Vector]:
        """Of the first ``n`` windows and ``places``: what was observed; what was expected by ``share`` of the parent; what the
        rest of the parent had."""
        widths = np.minimum(self.widths[:n], self.filled)
        then = (self._at - widths) % (self.kept + 1)
        observed = self._sums[self._at, places] - self._sums[then[:, None], places]
        due, had = (np.cumsum(one[::-1])[widths - 1] for one in (self.expected, self.observed))
        expected = np.maximum(((1 - FLAT) * due + FLAT * self.level * widths)[:, None] * share, 1e-6)
        return observed, expected, had[:, None] - observed

    def due(self) -> Vector:
        """What the parent was expected to have in each window."""
        return np.asarray(np.cumsum(self.expected[::-1])[np.minimum(self.widths, self.filled) - 1])

    def rise(self, places: NDArray[np.intp], share: Vector) -> Vector:
        """How much higher than expected the rest of the parent stands over one or four hours: in a quarter of an hour a few of
        its children would pass for the whole."""
        _, expected, rest = self.windows(places, share, SHORT)
        due = np.maximum(self.due()[:SHORT, None] - expected, 1e-6)
        return np.asarray(risen(rest[1:], due[1:]).max(axis=0))

    def body(self) -> dict[str, Any]:
        counts = np.diff(self.sums, axis=0).T
        return {"expected": self.expected[self.kept - self.filled :].tolist(),
                "observed": self.observed[self.kept - self.filled :].tolist(),
                "counts": [packed(row.tolist()) for row in counts]}  # fmt: skip

    def load(self, body: Mapping[str, Any]) -> None:
        self.filled = len(body["expected"])
        for ring, values in ((self.expected, body["expected"]), (self.observed, body["observed"])):
            ring[:] = 0
            ring[self.kept - self.filled :] = values
        for at, row in enumerate(body["counts"]):
            self._sums[1:, at] = np.cumsum(unpacked(row))
        self._at = self.kept
        self._settle()

    def arranged(self, places: Sequence[int | None]) -> Recent:
        """Children in another order; ``None``: one without a past."""
        fresh = Recent(len(places), self.step_s)
        body = self.body()
        fresh.load(body | {"counts": [body["counts"][at] if at is not None else [-self.kept] for at in places]})
        return fresh


def risen(had: Vector, due: Vector) -> Vector:
    """How much higher a parent stands than was expected, at least 1. A small one's chance rise is damped; where it had many
    more than expected, the lower bound holds instead, for damping would hide a flood."""
    surely = np.maximum(np.sqrt(np.maximum(had, 0.0)) - SURELY, 0.0) ** 2 / due
    return np.asarray(np.maximum(np.maximum((had + STEADY) / (due + STEADY), surely), 1.0))
