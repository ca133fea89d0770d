"""The day comes hours too late or too early: a time zone or a clock that went wrong at the source, not the customers.

The last 24 hours' counts are compared with the usual profile as it is and moved by -12 to 12 hours, the level left free:
Poisson log likelihood over the dispersion. It is called when the best move gains more than ``gain`` nats, fits, and halves
the misfit. A flood does not fit any move; another level fits the profile unmoved; a flat day shows nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from detectors import reading
from detectors.base import DayType, Reading
from detectors.counting import Counting
from detectors.hours import HOUR, Hours
from detectors.parameter import Parameter
from detectors.telling import CALM_SCORE, NOTHING, Band, Finding

WINDOW_H = 24
KEPT_H = 36
"""What came late belongs to the day before: its sort is remembered."""
FURTHEST = 12
LEAST_COUNT = 60
UNMOVED = 2.0
"""A day that fits the profile as it is that well was not moved: nothing else is tried."""
FIT = 2.5
"""Mean squared residual per hour, in variances, up to which a moved profile fits."""
HALVED = 0.5
STEPPED = 1.0
"""A level that changed within the day explains it as well: then nothing was moved."""
STEADY_H = 2
"""The move must have been much the same for so many hours: a level that changes looks moved for a while."""
KNOWN_DAYS = 8.0
CHECKS_A_WEEK = 168 * 2 * FURTHEST
FLOOR = 0.02
"""Of the mean hour: a closed hour is not impossible."""

PARAMETERS = (
    Parameter("step_s", 900, "base step in seconds", 60, 3600),
    Parameter("gain", 15.0, "evidence in nats from which a move is called", 5.0, 1000.0),
    Parameter("least_hours", 2, "smallest move that is called, in hours", 1, 12),
    Parameter("patience_s", 604800, "how long a move must stand to become usual, in seconds", 3600, 7776000),
)


class _Hour(NamedTuple):
    """A whole hour on the wall clock: its end, when it began there, what sort of day, what came."""

    end: int
    local: datetime
    day_type: DayType
    seen: float


class MovedProfile(Counting):
    """Counts whose whole day has moved by hours: named as a fault of the data, never as complaints."""

    name: ClassVar[str] = "moved_profile"
    version: ClassVar[int] = 1
    PARAMETERS = PARAMETERS

    def __init__(self, step_s: int = 900, gain: float = 15.0, least_hours: int = 2, patience_s: int = 604800) -> None:
        self.step_s, self.gain, self.least_hours, self.patience_s = step_s, gain, least_hours, patience_s
        self._lay_out()
        self._hours = Hours()
        self._day: list[_Hour] = []
        self._part = 0.0
        self._called = [0.0, 0.0, 0.0]
        """Gain and hours of the best move at the newest whole hour, zero: none; how many hours it has been much the same."""
        self._standing_s = 0

    # Judging -------------------------------------------------------------------------------------------------------

    def _expected(self, x: Reading) -> tuple[float, Band]:
        usual = self._hours.expected(x.context.local, x.context.day_type, (x.end - x.start).total_seconds())
        spread = 1.96 * math.sqrt(usual + self._hours.relative * usual * usual)
        return usual, (max(0.0, usual - spread), usual + spread)

    def _find(self, x: Reading) -> Finding:
        gain, hours, steady = self._move(self._with(x)) if _closes(x) else self._called
        if steady < STEADY_H:
            return NOTHING
        score = max(CALM_SCORE, (gain - math.log(CHECKS_A_WEEK)) / math.log(10))
        day = self._day[-WINDOW_H:]
        seen = sum(one.seen for one in day)
        usual = sum(self._hours.expected(one.local, one.day_type, HOUR) for one in day)
        code = "detectors.reason.moved_later" if hours > 0 else "detectors.reason.moved_earlier"
        told = {"hours": abs(int(hours)), "window_s": WINDOW_H * HOUR}
        return Finding(score, gain, 0, "up" if hours > 0 else "down", WINDOW_H * HOUR, seen, usual, code, told)

    def _with(self, x: Reading) -> list[_Hour]:
        """The last whole hours, this one included; hours before a hole are of no use."""
        end = reading.seconds(x.end)
        local = x.context.local.replace(minute=0, second=0)
        day = [*self._day, _Hour(end, local, x.context.day_type, self._part + (x.value or 0.0))][-KEPT_H:]
        return [one for n, one in enumerate(day) if one.end == end - (len(day) - 1 - n) * HOUR]

    def _move(self, day: list[_Hour]) -> list[float]:
        """Gain and hours of the best move, zeros where none is worth a word, and for how many hours it has been steady."""
        sorts, day = {one.local.date(): one.day_type for one in day}, day[-WINDOW_H:]
        total = sum(one.seen for one in day)
        if len(day) < WINDOW_H or total < LEAST_COUNT or self._days < KNOWN_DAYS:
            return [0.0, 0.0, 0.0]
        if self._fit(day, sorts, 0)[1] < UNMOVED:
            return [0.0, 0.0, 0.0]
        told = {k: self._fit(day, sorts, k) for k in range(-FURTHEST, FURTHEST + 1)}
        best = max(told, key=lambda k: (told[k][0], -abs(k)))
        gain = (told[best][0] - told[0][0]) / (1 + self._hours.relative * total / WINDOW_H)
        fits = told[best][1] < FIT and told[best][1] < HALVED * told[0][1]
        called = abs(best) >= self.least_hours and gain > self.gain and fits
        if not called or self._stepped(day, sorts) < STEPPED * told[best][1]:
            return [0.0, 0.0, 0.0]
        alike = self._called[1] != 0 and abs(self._called[1] - best) <= 1
        return [gain, float(best), self._called[2] + 1 if alike else 1.0]

    def _fit(self, day: list[_Hour], sorts: Mapping[date, DayType], k: int) -> tuple[float, float]:
        """Poisson log likelihood of the day under the profile moved by ``k`` hours, and the mean misfit in variances."""
        shape = self._shape(day, sorts, k)
        means = _levelled(day, shape)
        likely = sum(one.seen * math.log(mean) - mean for one, mean in zip(day, means, strict=True))
        return likely, self._misfit(day, means)

    def _shape(self, day: list[_Hour], sorts: Mapping[date, DayType], k: int) -> list[float]:
        thens = [(one.local - timedelta(hours=k), one.day_type) for one in day]
        usual = [self._hours.expected(then, sorts.get(then.date(), sort), HOUR) for then, sort in thens]
        floor = FLOOR * sum(usual) / WINDOW_H
        return [one + floor for one in usual]

    def _misfit(self, day: list[_Hour], means: list[float]) -> float:
        loose = self._hours.relative
        squares = ((one.seen - m) ** 2 / (m + loose * m * m + 0.1) for one, m in zip(day, means, strict=True))
        return sum(squares) / WINDOW_H

    def _stepped(self, day: list[_Hour], sorts: Mapping[date, DayType]) -> float:
        """Least misfit of the profile unmoved whose level changed at some hour of the day."""
        shape = self._shape(day, sorts, 0)
        cuts = range(3, WINDOW_H - 2)
        return min(self._misfit(day, _levelled(day[:n], shape[:n]) + _levelled(day[n:], shape[n:])) for n in cuts)

    # Learning ------------------------------------------------------------------------------------------------------

    def _take(self, x: Reading) -> None:
        if not _closes(x):
            self._part += x.value or 0.0
            return
        day = self._with(x)
        self._called = self._move(day)
        self._standing_s = self._standing_s + HOUR if self._called[2] >= STEADY_H else 0
        if self._standing_s == 0 or self._standing_s > self.patience_s:
            self._learn_hours(day)
        self._day, self._part = day, 0.0

    def _learn_hours(self, day: list[_Hour]) -> None:
        """The profile learns what is a day and a half old: a moved day must not be in its own expectation when it is called."""
        newest = day[-1]
        if self._days >= 1:
            self._hours.learn_scatter(newest.seen, self._hours.expected(newest.local, newest.day_type, HOUR))
        for one in self._day if len(day) == 1 else self._day[: len(self._day) == KEPT_H]:
            self._hours.learn(one.local, one.day_type, HOUR, one.seen)

    def _own(self) -> dict[str, Any]:
        day = [[one.end, one.local.isoformat(), one.day_type, one.seen] for one in self._day]
        return {
            "hours": self._hours.body(),
            "day": day,
            "part": self._part,
            "called": list(self._called),
            "standing_s": self._standing_s,
        }

    def _load_own(self, own: dict[str, Any]) -> None:
        self._hours.load(own["hours"])
        self._day = [_Hour(end, datetime.fromisoformat(local), sort, count) for end, local, sort, count in own["day"]]
        self._part, self._called, self._standing_s = own["part"], list(own["called"]), own["standing_s"]


def _levelled(day: list[_Hour], shape: list[float]) -> list[float]:
    """The shape at the level that gives the day's total."""
    level = sum(one.seen for one in day) / max(sum(shape), 1e-9)
    return [level * usual + 1e-9 for usual in shape]


def _closes(x: Reading) -> bool:
    """Whether an hour of the wall clock ends with this reading."""
    local = x.context.local
    return bool((local.minute * 60 + local.second + (x.end - x.start).total_seconds()) % HOUR == 0)
