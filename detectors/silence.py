"""A channel that should speak and does not: next to nothing over a stretch in which much was to be expected.

For the last quarter of an hour, 1, 2, 4, 8 and 24 hours: where less than ``quiet`` of the expected count came, the evidence is
the exact negative-binomial tail P(X <= observed) with the relative variance of hours learned on the series. Night and closed
hours expect nothing and so prove nothing. A source that is behind is another matter: its readings are incomplete and never
judged.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from detectors import maturity, reading, tail
from detectors.base import Reading
from detectors.calibration import Peaks
from detectors.counting import QUARTER, Counting
from detectors.hours import Hours
from detectors.parameter import Parameter
from detectors.telling import CALM_SCORE, NOTHING, Band, Finding

WEEK = 604800
WINDOWS = (900, 3600, 7200, 14400, 28800, 86400)
THRESHOLD = 4.0
HOLIDAY = 0.5
"""Relative variance that a public holiday adds: some centres close, some do not."""
BAND_Z = 1.96
NATS = (12.0, 20.0)

PARAMETERS = (
    Parameter("step_s", 900, "base step in seconds", 60, 86400),
    Parameter("quiet", 0.1, "part of the expected below which a stretch counts as silent", 0.0, 0.9),
    Parameter("patience_s", 259200, "how long a silence must stand to become usual, in seconds", 3600, 7776000),
    Parameter("widen", 0.5, "extra relative sd of the expectation on day 2, fading until day 8", 0.0, 2.0),
    Parameter("important_missing", 20.0, "least number missing for important", 0.0, 1e6),
    Parameter("severe_missing", 100.0, "least number missing for severe", 0.0, 1e6),
)


class Silence(Counting):
    """A count that stays away where the hour of day and the sort of day promise many."""

    name: ClassVar[str] = "silence"
    version: ClassVar[int] = 1
    PARAMETERS = PARAMETERS

    def __init__(
        self,
        step_s: int = 900,
        quiet: float = 0.1,
        patience_s: int = 259200,
        widen: float = 0.5,
        important_missing: float = 20.0,
        severe_missing: float = 100.0,
    ) -> None:
        self.step_s, self.quiet, self.patience_s, self.widen = step_s, quiet, patience_s, widen
        self.important_missing, self.severe_missing = important_missing, severe_missing
        self._lay_out()
        self._hours = Hours()
        self._peaks = Peaks(THRESHOLD, max(2, 7200 // step_s), 0.5 * math.exp(-THRESHOLD))
        self._recent: list[list[float]] = []
        """End, observed and expected of the last day's quarters, newest last; margin of each."""
        self._silent_s = 0

    # Judging -------------------------------------------------------------------------------------------------------

    def _expected(self, x: Reading) -> tuple[float, Band]:
        usual, margin = self._usual(x)
        spread = BAND_Z * math.sqrt(usual + (self._hours.relative + margin) * usual * usual)
        return usual, (max(0.0, usual - spread), usual + spread)

    def _usual(self, x: Reading) -> tuple[float, float]:
        """Expected count of the step, and what its relative variance has on top."""
        length = (x.end - x.start).total_seconds()
        events = x.context.events
        usual = self._hours.expected(x.context.local, x.context.day_type, length) * math.prod(e.lift for e in events)
        margin = (self.widen * maturity.youth(self._days)) ** 2 + sum(e.margin**2 for e in events)
        margin += self._hours.unsure(x.context.local, x.context.day_type)
        return usual, margin + (HOLIDAY if x.context.day_type in ("holiday", "makeup") else 0.0)

    def _find(self, x: Reading) -> Finding:
        if any(event.lift == 1.0 for event in x.context.events):
            return NOTHING
        surprise, window, observed, usual = max(self._windows(x), default=(0.0, 0, 0.0, 0.0))
        if surprise == 0:
            return NOTHING
        missing = usual - observed
        rank = int(missing >= self.important_missing and surprise >= NATS[0])
        rank += int(missing >= self.severe_missing and surprise >= NATS[1])
        score = max(CALM_SCORE, self._peaks.score(surprise, WEEK / self.step_s))
        told = {"observed": observed, "expected": usual, "window_s": window}
        return Finding(score, surprise, rank, "down", window, observed, usual, "detectors.reason.silent", told)

    def _windows(self, x: Reading) -> list[tuple[float, int, float, float]]:
        """Surprise, length, observed and expected of each window that is silent."""
        end = reading.seconds(x.end)
        usual, margin = self._usual(x)
        steps = [[float(end), x.value or 0.0, usual, margin], *reversed(self._recent)]
        found, seen, due, loose, at = [], 0.0, 0.0, 0.0, 0
        for window in WINDOWS:
            while at < len(steps) and steps[at][0] > end - window:
                seen, due, loose, at = seen + steps[at][1], due + steps[at][2], max(loose, steps[at][3]), at + 1
            if due > 0 and seen <= self.quiet * due:
                variance = due * (1.2 + (self._hours.relative + loose) * due)
                length = min(window, end - int(steps[at - 1][0]) + self.step_s)
                found.append((tail.lower(seen, due, variance), length, seen, due))
        return found

    # Learning ------------------------------------------------------------------------------------------------------

    def _take(self, x: Reading) -> None:
        usual, margin = self._usual(x)
        surprise = max((found[0] for found in self._windows(x)), default=0.0)
        if self._days >= 1:
            self._peaks.learn(surprise)
        self._remember(x, usual, margin)
        length = reading.seconds(x.end) - reading.seconds(x.start)
        if self._accepts(surprise > THRESHOLD + 2 and self._days >= 1, usual, length):
            self._hours.forget()
            self._recent, self._silent_s = [], 0
        if self._silent_s == 0 and not x.context.events:
            self._hours.learn(x.context.local, x.context.day_type, length, x.value or 0.0)
            if x.context.local.minute * 60 + length >= 3600 and self._days >= 1:
                self._learn_hour(reading.seconds(x.end))

    def _accepts(self, silent: bool, usual: float, length: int) -> bool:
        """Nothing is learned while it is silent, until that has stood for ``patience_s``; only hours that promise count."""
        if not silent:
            self._silent_s = 0
        elif usual > 0:
            self._silent_s += length
        return self._silent_s > self.patience_s

    def _remember(self, x: Reading, usual: float, margin: float) -> None:
        """Minutes are gathered into quarters of an hour."""
        end = reading.seconds(x.end)
        newest = self._recent[-1] if self._recent else None
        if newest is not None and newest[0] == reading.seconds(x.start) and newest[0] % QUARTER and self.step_s < QUARTER:
            value = newest[1] + (x.value or 0.0)
            self._recent = [*self._recent[:-1], [float(end), value, newest[2] + usual, max(newest[3], margin)]]
        else:
            self._recent = [*self._recent, [float(end), x.value or 0.0, usual, margin]]
        self._recent = [step for step in self._recent if step[0] > end - WINDOWS[-1]]

    def _learn_hour(self, end: int) -> None:
        last = [step for step in self._recent if step[0] > end - 3600]
        self._hours.learn_scatter(sum(step[1] for step in last), sum(step[2] for step in last))

    def _own(self) -> dict[str, Any]:
        recent = [list(step) for step in self._recent]
        return {"hours": self._hours.body(), "peaks": self._peaks.body(), "recent": recent, "silent_s": self._silent_s}

    def _load_own(self, own: dict[str, Any]) -> None:
        self._hours.load(own["hours"])
        self._peaks.load(own["peaks"])
        self._recent = [list(step) for step in own["recent"]]
        self._silent_s = own["silent_s"]
