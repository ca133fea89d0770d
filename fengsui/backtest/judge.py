"""How many alarms that would have been, and how many of them were about something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from detectors.base import Tier
from fengsui.backtest.events import Event
from fengsui.backtest.play import Step

JOIN = timedelta(hours=2)
GRACE = timedelta(hours=1)
"""Alarms nearer than JOIN (or two steps) are one; an alarm up to GRACE (or a step) after an event still speaks of it."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One episode of alarming steps."""

    start: datetime
    end: datetime
    first_end: datetime
    grade: Tier


@dataclass(frozen=True, slots=True)
class Found:
    """``delay``: from the event's start to the end of the first alarming step; None when nothing was said."""

    event: Event
    delay: timedelta | None
    grade: Tier


@dataclass(frozen=True, slots=True)
class Account:
    """``weeks``: with a ready detector. ``about``: alarms that speak of an event. ``outside``: events not judged, before the
    detector was ready or beyond the file."""

    weeks: float
    alarms: tuple[Alarm, ...]
    found: tuple[Found, ...]
    about: int
    outside: int

    @property
    def per_week(self) -> float | None:
        return len(self.alarms) / self.weeks if self.weeks else None

    @property
    def precision(self) -> float | None:
        return self.about / len(self.alarms) if self.alarms else None

    @property
    def recall(self) -> float | None:
        return sum(one.delay is not None for one in self.found) / len(self.found) if self.found else None

    @property
    def delay(self) -> timedelta | None:
        """Median over the events that were found."""
        delays = [one.delay.total_seconds() for one in self.found if one.delay is not None]
        return timedelta(seconds=median(delays)) if delays else None


def account(steps: Sequence[Step], events: Sequence[Event]) -> Account:
    """Steps of one or of several lengths, in order of time."""
    ready = [one for one in steps if one.ready]
    alarms = _episodes(steps)
    if not ready:
        return Account(0.0, tuple(alarms), (), 0, len(events))
    first, last = ready[0].row.start, _end(ready[-1])
    judged = [event for event in events if first <= event.start < last]
    found = tuple(_find(event, steps) for event in judged)
    length = ready[-1].length
    about = sum(any(_speaks(alarm, event, length) for event in events) for alarm in alarms)
    weeks = sum((one.length for one in ready), timedelta()) / timedelta(weeks=1)
    return Account(weeks, tuple(alarms), found, about, len(events) - len(judged))


def _end(one: Step) -> datetime:
    return one.row.start + one.length


def _episodes(steps: Sequence[Step]) -> list[Alarm]:
    alarms: list[Alarm] = []
    for one in steps:
        if not one.grade:
            continue
        start, end = one.row.start, _end(one)
        if alarms and start - alarms[-1].end < max(JOIN, 2 * one.length):
            before = alarms.pop()
            alarms.append(Alarm(before.start, end, before.first_end, max(before.grade, one.grade)))
        else:
            alarms.append(Alarm(start, end, end, one.grade))
    return alarms


def _speaks(alarm: Alarm, event: Event, length: timedelta) -> bool:
    return alarm.start < event.end + max(GRACE, length) and event.start < alarm.end


def _find(event: Event, steps: Sequence[Step]) -> Found:
    heard = [
        one for one in steps if one.grade and one.row.start < event.end + max(GRACE, one.length) and _end(one) > event.start
    ]
    if not heard:
        return Found(event, None, Tier.NONE)
    return Found(event, _end(heard[0]) - event.start, max(one.grade for one in heard))
