"""Every record delivered twice: the counts of all minutes with any are even.

A real flood has odd minutes as often as even ones. Over the last ``window_s`` the Bayes factor of "all doubled" against chance
is 1 / p^n for n minutes with records, all even, p the share of even minutes that is usual here, .55 at least. Record identity
is the first guard against doubling and lies in ingest; this is for copies that come under new numbers.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from detectors import reading
from detectors.base import Reading
from detectors.counting import Counting
from detectors.parameter import Parameter
from detectors.telling import NOTHING, Band, Finding

EVEN = 0.55
"""By chance no more than half of the minutes with records have an even number of them."""
MARGIN = 0.1
LEAST_MINUTES = 20
KEEP = 0.999
RATE_KEEP = 0.9995
WEEK_MINUTES = 10080

PARAMETERS = (
    Parameter("step_s", 60, "base step in seconds", 60, 86400),
    Parameter("window_s", 21600, "how far back minutes are looked at, in seconds", 3600, 86400),
    Parameter("factor", 10000.0, "how much likelier doubled must be than chance", 10.0, 1e12),
)


class DoubledCounts(Counting):
    """Counts that are all even for hours: named as copies, never as complaints."""

    name: ClassVar[str] = "doubled_counts"
    version: ClassVar[int] = 1
    PARAMETERS = PARAMETERS

    def __init__(self, step_s: int = 60, window_s: int = 21600, factor: float = 10000.0) -> None:
        self.step_s, self.window_s, self.factor = step_s, window_s, factor
        self._lay_out()
        self._ends: list[int] = []
        """Ends of the even minutes since the last odd one, within the window."""
        self._seen = 0.0
        self._usual = [1.0, 4.0]
        """Even minutes and minutes with records, forgetting slowly."""
        self._rate = [0.0, 0.0]
        """Counts and seconds, for the expectation that is shown."""

    def _expected(self, x: Reading) -> tuple[float, Band]:
        length = (x.end - x.start).total_seconds()
        usual = self._rate[0] / self._rate[1] * length if self._rate[1] else 0.0
        return usual, (max(0.0, usual - 1.96 * math.sqrt(usual)), usual + 1.96 * math.sqrt(usual))

    def _even(self, x: Reading) -> tuple[list[int], float]:
        """Even minutes in a row up to this reading, and the count in them."""
        end, value = reading.seconds(x.end), x.value or 0.0
        if end - reading.seconds(x.start) != 60 or not value:
            return self._ends, self._seen
        if value % 2:
            return [], 0.0
        kept = [one for one in self._ends if one > end - self.window_s]
        return [*kept, end], self._seen * (len(kept) / len(self._ends) if self._ends else 1.0) + value

    def _find(self, x: Reading) -> Finding:
        ends, seen = self._even(x)
        ends = [one for one in ends if one > reading.seconds(x.end) - self.window_s]
        chance = min(max(EVEN, self._usual[0] / self._usual[1] + MARGIN), 0.99)
        nats = -len(ends) * math.log(chance)
        if len(ends) < LEAST_MINUTES or nats < math.log(self.factor):
            return NOTHING
        window = reading.seconds(x.end) - ends[0] + 60
        score = (nats - math.log(WEEK_MINUTES)) / math.log(10)
        told = {"minutes": len(ends), "window_s": window}
        return Finding(score, nats, 0, "up", window, seen, seen / 2, "detectors.reason.doubled", told)

    def _take(self, x: Reading) -> None:
        length = reading.seconds(x.end) - reading.seconds(x.start)
        called = self._find(x).surprise > 0
        self._ends, self._seen = self._even(x)
        self._rate = [RATE_KEEP * self._rate[0] + (x.value or 0.0), RATE_KEEP * self._rate[1] + length]
        if length == 60 and x.value and not called:
            self._usual = [KEEP * self._usual[0] + float(x.value % 2 == 0), KEEP * self._usual[1] + 1]

    def _own(self) -> dict[str, Any]:
        return {"ends": list(self._ends), "seen": self._seen, "usual": list(self._usual), "rate": list(self._rate)}

    def _load_own(self, own: dict[str, Any]) -> None:
        self._ends, self._seen = list(own["ends"]), own["seen"]
        self._usual, self._rate = list(own["usual"]), list(own["rate"])
