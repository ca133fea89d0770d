"""A share that has got worse week after week: what no single day shows.

Whole weeks of the wall clock, Monday to Sunday. When the last ``weeks`` of them were each worse than the one before, the whole
drop is judged by its own interval: the variance of a week's share comes from the scatter of its days (the day as cluster) and
is never less than binomial. One test a week, so the p-value is the number of false alarms a week. The finding stands until the
next week is over.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Literal, NamedTuple

from scipy.special import log_ndtr

from detectors import reading, telling
from detectors.base import Detector, Reading, State, Verdict
from detectors.drift import ranked
from detectors.parameter import Parameter, check_all
from detectors.telling import CALM_SCORE, NOTHING, Finding

DAY = 86400
QUARTER = 900
MORE_WEEKS = 3
"""Beyond the weeks asked for: the week before them, the current one, and one that shows a longer fall."""
SIDES = 1.96
LEAST_DAYS = 4
"""Fewer days with cases are no week."""

PARAMETERS = (
    Parameter("step_s", 900, "base step in seconds", 60, 86400),
    Parameter("bad", "down", "which way is worse: the share falls (down) or rises (up)", choices=("down", "up")),
    Parameter("weeks", 2, "how many weeks in a row must be worse than the one before", 1, 8),
    Parameter("least_cases", 50.0, "cases that a week must have to count", 1.0, 1e9),
    Parameter("important_points", 0.05, "least shift for important, as a part of one", 0.0, 1.0),
    Parameter("severe_points", 0.15, "least shift for severe, as a part of one", 0.0, 1.0),
)


class Week(NamedTuple):
    """Cases, share that went well, and the variance of that share."""

    n: float
    share: float
    variance: float


class SlowDecline(Detector):
    """A share that falls for weeks, each a little: with the interval of the whole fall."""

    name: ClassVar[str] = "slow_decline"
    version: ClassVar[int] = 1
    kind: ClassVar[Literal["share"]] = "share"

    def __init__(
        self,
        step_s: int = 900,
        bad: str = "down",
        weeks: int = 2,
        least_cases: float = 50.0,
        important_points: float = 0.05,
        severe_points: float = 0.15,
    ) -> None:
        self.step_s, self.bad, self.weeks, self.least_cases = step_s, bad, weeks, least_cases
        self.important_points, self.severe_points = important_points, severe_points
        check_all(PARAMETERS, self.parameters())
        self._days_seen: list[list[float]] = []
        """Day number, successes and cases of each day of the last weeks, oldest first."""
        self._end = self._age = 0

    # Judging -------------------------------------------------------------------------------------------------------

    @property
    def _days(self) -> float:
        return self._age / DAY

    def judge_one(self, x: Reading) -> Verdict:
        budget = reading.budget(x)
        n = self._checked(x)
        if x.value is None or n == 0:
            return telling.quiet(x, None, None, self._days)
        weeks = self._weeks(x.context.local.toordinal())
        fall = self._fall(weeks)
        usual = weeks[-1 - fall].share if weeks else self._share(x.value, n)
        spread = SIDES * math.sqrt(usual * (1 - usual) * n)
        band = (max(0.0, n * usual - spread), min(n, n * usual + spread))
        finding = self._told(weeks[-1 - fall :]) if fall >= self.weeks and self._days >= 1 else NOTHING
        if finding.surprise == 0:
            return telling.quiet(x, n * usual, band, self._days)
        return telling.loud(x, n * usual, band, self._days, finding, budget)

    def _checked(self, x: Reading) -> float:
        reading.span(x, reading.seconds(x.start), (self.step_s, max(self.step_s, QUARTER)))
        n = reading.exposure(x)
        if x.value is not None and n:
            reading.number("value", x.value, 0.0, n)
        return n

    def _share(self, value: float, n: float) -> float:
        """Of everything that is known, with this reading where nothing is."""
        good, cases = (sum(day[i] for day in self._days_seen) for i in (1, 2))
        return good / cases if cases else value / n

    def _weeks(self, today: int) -> list[Week]:
        """The whole weeks before the one of ``today`` up to the newest, without a gap, oldest first."""
        this, found = _week_of(today), []
        for week in range(this - 1, this - self.weeks - MORE_WEEKS, -1):
            days = [day for day in self._days_seen if _week_of(int(day[0])) == week and day[2] > 0]
            if len(days) < LEAST_DAYS or sum(day[2] for day in days) < self.least_cases:
                break
            found.append(_summed(days))
        return found[::-1]

    def _fall(self, weeks: list[Week]) -> int:
        """How many of the newest weeks were each worse than the one before."""
        side, n = (1 if self.bad == "down" else -1), 0
        while n + 1 < len(weeks) and side * (weeks[-2 - n].share - weeks[-1 - n].share) > 0:
            n += 1
        return n

    def _told(self, weeks: list[Week]) -> Finding:
        first, last = weeks[0], weeks[-1]
        falls = self.bad == "down"
        points = first.share - last.share if falls else last.share - first.share
        error = math.sqrt(first.variance + last.variance)
        nats = -float(log_ndtr(-points / error))
        low, high = points - SIDES * error, points + SIDES * error
        return Finding(
            max(CALM_SCORE, nats / math.log(10)),
            nats,
            ranked(points, nats, self.important_points, self.severe_points),
            "down" if falls else "up",
            7 * DAY,
            last.share * last.n,
            first.share * last.n,
            "detectors.reason.declining" if falls else "detectors.reason.rising",
            {
                "weeks": len(weeks) - 1,
                "observed": last.share,
                "expected": first.share,
                "points": 100 * points,
                "low": 100 * low,
                "high": 100 * high,
                "n": last.n,
            },
        )

    # Learning ------------------------------------------------------------------------------------------------------

    def learn_one(self, x: Reading) -> None:  # type: ignore[override]
        n, start, end = self._checked(x), reading.seconds(x.start), reading.seconds(x.end)
        if x.value is None or n == 0 or not x.complete or start < self._end:
            return
        today = x.context.local.toordinal()
        oldest = 7 * (_week_of(today) - self.weeks - MORE_WEEKS + 1)
        days = [day for day in self._days_seen if day[0] > oldest]
        if days and days[-1][0] == today:
            days[-1] = [days[-1][0], days[-1][1] + x.value, days[-1][2] + n]
        else:
            days.append([float(today), x.value, n])
        self._days_seen = days[-7 * (self.weeks + MORE_WEEKS) :]
        self._age += end - start + (min(start - self._end, DAY) if self._end else 0)
        self._end = end

    def parameters(self) -> Mapping[str, float | int | str]:
        return {parameter.name: getattr(self, parameter.name) for parameter in PARAMETERS}

    def body(self) -> State:
        return {"days": [list(day) for day in self._days_seen], "end": self._end, "age": self._age}

    def load(self, body: State) -> None:
        self._days_seen = [list(day) for day in body["days"]]
        self._end, self._age = body["end"], body["age"]


def _week_of(day: int) -> int:
    """Number of the week, Monday first; day 1 of the calendar was a Monday."""
    return (day - 1) // 7


def _summed(days: list[list[float]]) -> Week:
    n = sum(day[2] for day in days)
    share = sum(day[1] for day in days) / n
    scatter = sum((good - cases * share) ** 2 for _, good, cases in days) * len(days) / (len(days) - 1) / n**2
    floor = max(share * (1 - share), 1 / n) / n
    return Week(n, share, max(scatter, floor))
