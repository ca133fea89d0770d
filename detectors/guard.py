"""What may be learned: not the outbreak, not the outage, yes the new level.

A detector that learns everything calls the second hour of a flood normal; one that freezes whenever it alarms never ends
the alarm after a real change of level. So an alarm freezes learning until ``patience`` informative steps have passed; a
low stretch likewise, and an outage (next to nothing where much is expected) four times as long. Closed hours prove
nothing: only steps with a fair expectation count, or nights would reset the patience for weeks; and steps of an alarm with a
fair count, or what comes back after weeks of nothing would alarm for as long.
"""

from __future__ import annotations

from typing import Any

MEMORY = 4000.0
INFORMATIVE = 0.3
"""Of the mean expectation: steps below it are closed hours."""

OUTAGE = 0.05
"""Observed below this share of the expected is an outage, not a lower level."""


class Guard:
    """Counts informative steps of standing highs and lows."""

    __slots__ = ("alarmed", "high", "low", "mean", "patience", "steps")

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.steps = 0
        self.mean = self.high = self.low = 0.0
        self.alarmed = False

    def observe(self, alarm: bool, low: bool, observed: float, expected: float) -> bool:
        """Take one step in; True = learn from it with an open mind: the new level has stood for ``patience`` steps."""
        self.steps += 1
        self.mean += (expected - self.mean) * max(1.0 / self.steps, 1.0 / MEMORY)
        self.alarmed = alarm
        if (max(expected, observed) if alarm else expected) > INFORMATIVE * self.mean:
            self.high = self.high + 1 if alarm else max(0.0, self.high - 1)
            self.low = self.low + (0.25 if observed < OUTAGE * expected else 1) if low else max(0.0, self.low - 1)
        accepted = self.high > self.patience or self.low > self.patience
        if accepted:
            self.high = self.low = 0.0
        return accepted

    def body(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def load(self, body: dict[str, Any]) -> None:
        for name, value in body.items():
            setattr(self, name, value)
