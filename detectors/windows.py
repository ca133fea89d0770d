"""The last steps of a series as running totals: the sum over any window that ends now costs two look-ups."""

from __future__ import annotations

from typing import Any

REBASE = 1e9


class Ring:
    """Observed and expected count of the last ``size`` steps, as cumulative sums."""

    __slots__ = ("at", "expected", "filled", "observed", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.clear()

    def clear(self) -> None:
        """Forget everything: the mass of an ended event must not ring on in the long windows."""
        self.observed = [0.0] * (self.size + 1)
        self.expected = [0.0] * (self.size + 1)
        self.at = self.filled = 0

    def push(self, observed: float, expected: float) -> None:
        before = self.at
        at = before + 1 if before < self.size else 0
        self.observed[at] = self.observed[before] + observed
        self.expected[at] = self.expected[before] + expected
        self.at = at
        if self.filled < self.size:
            self.filled += 1
        if self.observed[at] > REBASE or self.expected[at] > REBASE:
            self._rebase()

    def skip(self, steps: int) -> None:
        """Steps that nobody saw: nothing observed and nothing expected."""
        if steps >= self.size:
            self.clear()
        else:
            for _ in range(steps):
                self.push(0.0, 0.0)

    def last(self, steps: int) -> tuple[float, float]:
        """(observed, expected) of the last ``steps`` steps; at most ``filled``."""
        start = self.at - steps
        return self.observed[self.at] - self.observed[start], self.expected[self.at] - self.expected[start]

    def _rebase(self) -> None:
        observed, expected = self.observed[self.at], self.expected[self.at]
        self.observed = [value - observed for value in self.observed]
        self.expected = [value - expected for value in self.expected]

    def body(self) -> dict[str, Any]:
        """Only the slots in use: whole counts are written as integers to keep the state short."""
        observed = [int(value) if value.is_integer() else value for value in self._live(self.observed)]
        return {"at": self.at, "observed": observed, "expected": self._live(self.expected)}

    def _live(self, ring: list[float]) -> list[float]:
        """The slots in use, oldest first."""
        first = self.at - self.filled
        return ring[first : self.at + 1] if first >= 0 else ring[first:] + ring[: self.at + 1]

    def load(self, body: dict[str, Any]) -> None:
        self.clear()
        self.at, self.filled = int(body["at"]), len(body["observed"]) - 1
        for back, (observed, expected) in enumerate(zip(body["observed"][::-1], body["expected"][::-1], strict=True)):
            place = (self.at - back) % (self.size + 1)
            self.observed[place], self.expected[place] = float(observed), float(expected)
