"""What one heavy step expects: computed once per quarter of an hour, so that the minutes within only multiply."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from detectors import tail
from detectors.base import DayType, KnownEvent, Reading
from detectors.log_linear import LogLinear, log_mean
from detectors.noise import Noise
from detectors.scan import Beam
from detectors.timetable import Place, Timetable

LOG_HIGHEST = 18.0
BAND = (0.025, 0.975)


class Setting(NamedTuple):
    """The part of a reading's context that moves the expectation. ``local``: start of the heavy step on the wall clock."""

    local: datetime
    day_type: DayType
    events: tuple[KnownEvent, ...]

    @classmethod
    def of(cls, x: Reading, into_s: int) -> Setting:
        """``into_s``: how far into its heavy step the reading starts, so that each of its minutes gives the same setting."""
        return cls(x.context.local - timedelta(seconds=into_s), x.context.day_type, x.context.events)

    def body(self) -> list[Any]:
        return [self.local.isoformat(), self.day_type, [[e.name, e.lift, e.margin] for e in self.events]]

    @classmethod
    def from_body(cls, body: Sequence[Any]) -> Setting:
        return cls(datetime.fromisoformat(body[0]), body[1], tuple(KnownEvent(*event) for event in body[2]))


class Outlook:
    """``rate``: expected count per unit of exposure, ``lift`` times what the smooth course says; ``q``: variance of its
    logarithm; beams for both scans; ``doubts``: the relative variance of the expectation itself over each heavy window."""

    __slots__ = (
        *("_band", "broad", "doubts", "fine", "gain", "learnable", "lift", "margin", "place", "q", "quarter", "rate", "row"),
        *("scatter", "setting"),
    )

    def __init__(self, quarter: int, setting: Setting, baseline: LogLinear, timetable: Timetable) -> None:
        self.quarter, self.setting = quarter, setting
        self.row = baseline.row(setting.local, setting.day_type)
        f, self.q, self.gain = baseline.look(self.row)
        self.place: Place = timetable.place(setting.local, setting.day_type)
        self.lift, self.scatter = timetable.lift(self.place), timetable.scatter(self.place)
        self.rate = math.exp(min(log_mean(f, self.q), LOG_HIGHEST)) * self.lift * math.prod(e.lift for e in setting.events)
        self.margin = sum(e.margin**2 for e in setting.events)
        self.learnable = all(e.lift != 1.0 for e in setting.events)
        self.fine: list[Beam] = []
        self.broad: list[Beam] = []
        self.doubts: list[float] = []
        self._band: tuple[float, float, float] | None = None

    def fits(self, quarter: int, x: Reading) -> bool:
        """Whether a reading of ``quarter`` is to be judged by this outlook."""
        context = x.context
        return quarter == self.quarter and context.day_type == self.setting.day_type and context.events == self.setting.events

    def aim(self, noise: Noise, heavy_s: int, step_s: int, widths: Sequence[int], alike_s: float, widened: float) -> None:
        """Make the beams: noise learned per heavy window, the error of the expectation on top; it stands for ``alike_s``
        and averages out over longer windows. So does the scatter of a step of the day, which is its own."""
        extra = self.margin + widened**2
        for i, width in enumerate(noise.widths):
            doubt = extra + self.q * _alike(width * heavy_s, alike_s)
            self.doubts.append(doubt)
            more = 1 + (self.scatter - 1) * _alike(width * heavy_s, heavy_s)
            self.broad.append((width, more * noise.phi[i], more * (noise.a[i] + doubt), width * heavy_s <= max(3600, heavy_s)))
        for width in widths:
            length = width * step_s
            i = next((i for i, heavy in enumerate(noise.widths) if heavy * heavy_s >= length), len(noise.widths) - 1)
            a = noise.a[i] + extra + self.q * _alike(length, alike_s)
            more = 1 + (self.scatter - 1) * _alike(length, heavy_s)
            self.fine.append((width, more * noise.phi[i], more * a, heavy_s <= length <= 3600))

    def band(self, expected: float, beam: Beam) -> tuple[float, float]:
        """95 % band of a step with this expectation; the same for all minutes of a quarter, so kept."""
        if self._band is None or self._band[0] != expected:
            variance = expected * (beam[1] + beam[2] * expected)
            low, high = tail.quantiles(BAND, expected, variance)
            self._band = (expected, low, high)
        return self._band[1], self._band[2]


@cache
def _alike(length_s: int, alike_s: float) -> float:
    """How much of the expectation's variance a window of this length still carries."""
    return float(min(1.0, (alike_s / length_s) ** 1.5))
