"""What the machine saw of one rule and slice in one step: a verdict, a threshold, a phrase count or a single record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Sight:
    """``grade`` 0: nothing unusual on the side that is bad. ``calm``: clearly back to usual (its own threshold, below the
    one that opens). ``complete`` False or ``known`` False: no basis to clear anything. ``observed`` and ``expected`` are of
    the window ``[window_start, end)`` in people's units: counts, shares in [0, 1], seconds."""

    rule_id: str
    slice_key: str
    metric: str
    shape: str  # count, share, duration, gauge, phrase, record
    start: datetime
    end: datetime
    window_start: datetime
    grade: int
    calm: bool
    direction: str
    complete: bool = True
    known: bool = True
    ready: bool = True
    step_s: int = 60
    score: float = 0.0
    observed: float | None = None
    expected: float | None = None
    lower: float | None = None
    upper: float | None = None
    series: str | None = None
    reason: str = "alerts.reason.none"
    reason_params: Mapping[str, Any] = field(default_factory=dict)
    cue: str | None = None
    good: str = "none"  # the side on which the metric is good: up, down, none
    target: float | None = None  # of the metric, in the same units; None: nobody set one, or it is of another figure

    @property
    def young(self) -> bool:
        """Its series has not seen a whole week yet: what it calls unusual may be the beginning of a collection."""
        return not self.ready or bool(self.reason_params.get("young"))

    @property
    def excess(self) -> float:
        """How much more (or less) than usual; 0 where one of the two is unknown."""
        if self.observed is None or self.expected is None:
            return 0.0
        return self.observed - self.expected
