"""Old records entered now: most of what arrives was opened hours before its source had been read to.

Of the arrivals of the last ``window_s``, K of N came late. Called when K is at least ``least_late``, K / N above
``late_share``, and the exact binomial tail of K / 4 of N / 4 (people enter papers in a row: four of them are one event) is
smaller than the budget allows. The usual share is learned for each hour of the wall clock, forgetting in about a week, never
from what is called, until calls have taken ``patience_s`` in two weeks: an hour in which papers are entered each day is how
this centre works. Clopper and Pearson 1934 for the tail.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

from scipy.special import betainc

from detectors import reading
from detectors.base import Reading
from detectors.counting import DAY, Counting
from detectors.parameter import Parameter
from detectors.telling import NOTHING, Band, Finding

HOURS = 24
IN_A_ROW = 4.0
PRIOR = 50.0
"""Arrivals that the share of all hours weighs in the share of one, and a hundredth of late ones in that of all."""
KEEP_HOUR, KEEP_ALL = 0.97, 0.999
SAFETY = 1.5
LEAST_SHARE = 0.01
RECALL_S = 14 * DAY
TINY = 1e-300

PARAMETERS = (
    Parameter("step_s", 900, "base step in seconds", 60, 86400),
    Parameter("window_s", 3600, "how far back arrivals are looked at, in seconds", 900, 86400),
    Parameter("late_share", 0.25, "part of the arrivals that must be late, as a part of one", 0.05, 1.0),
    Parameter("least_late", 20, "least late arrivals", 5, 10000),
    Parameter("patience_s", 21600, "calls in two weeks after which they are usual, in seconds", 3600, 604800),
)


class BatchEntry(Counting):
    """Arrivals that were opened long before: named as a batch of old records, never as complaints."""

    name: ClassVar[str] = "batch_entry"
    version: ClassVar[int] = 1
    kind: ClassVar[Literal["count", "share"]] = "share"
    PARAMETERS = PARAMETERS

    def __init__(
        self,
        step_s: int = 900,
        window_s: int = 3600,
        late_share: float = 0.25,
        least_late: int = 20,
        patience_s: int = 21600,
    ) -> None:
        self.step_s, self.window_s, self.patience_s = step_s, window_s, patience_s
        self.late_share, self.least_late = late_share, least_late
        self._lay_out()
        self._recent: list[list[float]] = []
        """End, late arrivals, arrivals and usually late ones of the steps within the window."""
        self._hours = [[0.0, 0.0] for _ in range(HOURS)]
        self._all = [0.0, 0.0]
        """Late arrivals and arrivals, forgetting."""
        self._called_s = 0.0

    def _usual(self, x: Reading) -> float:
        whole = (self._all[0] + LEAST_SHARE * PRIOR) / (self._all[1] + PRIOR)
        late, n = self._hours[x.context.local.hour]
        return min(max((late + PRIOR * whole) / (n + PRIOR), LEAST_SHARE), 0.99)

    def _expected(self, x: Reading) -> tuple[float, Band]:
        n, p = reading.exposure(x), self._usual(x)
        reading.number("value", x.value or 0.0, 0.0, n)
        spread = 1.96 * math.sqrt(IN_A_ROW * n * p * (1 - p))
        return n * p, (max(0.0, n * p - spread), min(n, n * p + spread))

    def _window(self, x: Reading) -> list[list[float]]:
        end, n = reading.seconds(x.end), reading.exposure(x)
        kept = [step for step in self._recent if step[0] > end - self.window_s]
        return [*kept, [end, x.value or 0.0, n, n * self._usual(x)]]

    def _find(self, x: Reading) -> Finding:
        window = self._window(x)
        late, n, usual = (sum(step[column] for step in window) for column in (1, 2, 3))
        if late < self.least_late or late <= self.late_share * n:
            return NOTHING
        p = min(SAFETY * usual / n, 0.99)
        tail = float(betainc(late / IN_A_ROW, (n - late) / IN_A_ROW + 1, p))
        nats = -math.log(max(tail, TINY))
        score = (nats - math.log(7 * DAY / self.step_s)) / math.log(10)
        span = reading.seconds(x.end) - reading.seconds(x.start) + int(window[-1][0] - window[0][0])
        told = {"late": int(late), "n": int(n), "window_s": span}
        return Finding(score, nats, 0, "up", span, late, usual, "detectors.reason.batch_entry", told)

    def _take(self, x: Reading) -> None:
        length = reading.seconds(x.end) - reading.seconds(x.start)
        called = self._find(x).score > 0
        late, n = x.value or 0.0, reading.exposure(x)
        self._called_s = self._called_s * math.exp(-length / RECALL_S) + length * called
        if not called or self._called_s > self.patience_s:
            hour = x.context.local.hour
            self._hours[hour] = _learned(self._hours[hour], KEEP_HOUR, late, n)
            self._all = _learned(self._all, KEEP_ALL, late, n)
        self._recent = self._window(x)

    def _own(self) -> dict[str, Any]:
        recent, hours = [list(step) for step in self._recent], [list(hour) for hour in self._hours]
        return {"recent": recent, "hours": hours, "all": list(self._all), "called": self._called_s}

    def _load_own(self, own: dict[str, Any]) -> None:
        self._recent, self._hours = [list(step) for step in own["recent"]], [list(hour) for hour in own["hours"]]
        self._all, self._called_s = list(own["all"]), own["called"]


def _learned(before: list[float], keep: float, late: float, n: float) -> list[float]:
    return [keep * before[0] + late, keep * before[1] + n]
