"""Business time: the seconds in which a queue is open, between two times, and the time at which so many have passed.

``elapsed`` is B(x, y), the business time between two instants: never negative, and B(x, z) = B(x, y) + B(y, z) exactly, where
clocks change too. Days of a limit are counted as 民法典 §§ 201, 203 count them: the day on which it begins is not counted, and
the last one ends when business ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from fengsui.metrics.calendar import DayType
from fengsui.metrics.calendar_body import ALL_DAY, WEEKDAYS, Extra, HoursBody, minutes_of

Span: TypeAlias = tuple[datetime, datetime]
DAY = timedelta(days=1)
NONE = timedelta()
FURTHEST = 3 * 366
"""Days that a deadline is looked for; a queue that is closed for longer gets plain time instead of an endless search."""
KEPT = 4096
OPEN: frozenset[DayType] = frozenset({"workday", "makeup"})


class BusinessClock:
    """The clock of one queue. ``day_type`` never raises; times are aware, results in UTC."""

    def __init__(self, hours: HoursBody, day_type: Callable[[date], DayType], zone: ZoneInfo) -> None:
        self._hours, self._day_type, self._zone = hours, day_type, zone
        self._days: dict[date, tuple[Span, ...]] = {}
        self.always = _always(hours)

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """Open time in ``[start, end)``; nothing where ``end`` is not after ``start``."""
        if end <= start:
            return NONE
        if self.always:
            return end - start
        spans = (span for day in _dates(self._date(start), self._date(end)) for span in self.spans(day))
        return sum((overlap(span, (start, end)) for span in spans), NONE)

    def after(self, start: datetime, length: timedelta) -> datetime:
        """The earliest time at which ``length`` of open time has passed since ``start``."""
        if self.always or length <= NONE:
            return start + max(length, NONE)
        left, first = length, self._date(start)
        for day in _dates(first, first + FURTHEST * DAY):
            for opens, closes in self.spans(day):
                open_for = closes - max(opens, start)
                if open_for >= left:
                    return max(opens, start) + left
                left -= max(open_for, NONE)
        return start + length

    def workdays_after(self, start: datetime, n: int) -> datetime:
        """The end of business on the ``n``-th working day (工作日) after the day of ``start``."""
        day = first = self._date(start)
        while n > 0 and day < first + FURTHEST * DAY:
            day += DAY
            n -= self._day_type(day) in OPEN
        return self._close(day)

    def days_after(self, start: datetime, n: int, *, roll: bool) -> datetime:
        """The end of the ``n``-th calendar day (自然日) after the day of ``start``; with ``roll`` a last day that is off gives
        way to the next working day."""
        first = self._date(start)
        day = first + n * DAY
        while roll and self._day_type(day) not in OPEN and day < first + (n + FURTHEST) * DAY:
            day += DAY
        return self._close(day) if roll else self._midnight(day + DAY)

    def spans(self, day: date) -> tuple[Span, ...]:
        """When the queue is open on ``day``, in UTC, in order, disjoint."""
        if day not in self._days:
            if len(self._days) >= KEPT:
                self._days.clear()
            self._days[day] = self._spans(day)
        return self._days[day]

    def _spans(self, day: date) -> tuple[Span, ...]:
        start, end = self._midnight(day), self._midnight(day + DAY)
        usual = [(self._at(day, a), self._at(day, b)) for a, b in map(minutes_of, self._usual(day))]
        added = [self._extra(one) for one in self._hours.add]
        within = [(max(a, start), min(b, end)) for a, b in (*usual, *added)]
        return tuple(less(union(within), [self._extra(one) for one in self._hours.remove]))

    def _usual(self, day: date) -> Sequence[str]:
        kind = self._day_type(day)
        if kind == "holiday":
            return self._hours.holiday
        if kind == "makeup":
            return self._hours.mon if self._hours.makeup is None else self._hours.makeup
        return tuple(getattr(self._hours, WEEKDAYS[day.weekday()]))

    def _close(self, day: date) -> datetime:
        spans = self.spans(day)
        return spans[-1][1] if spans else self._midnight(day + DAY)

    def _extra(self, one: Extra) -> Span:
        return self._utc(one.start), self._utc(one.end)

    def _at(self, day: date, minutes: int) -> datetime:
        return self._utc(datetime.combine(day, time()) + timedelta(minutes=minutes))

    def _utc(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=self._zone).astimezone(UTC)

    def _midnight(self, day: date) -> datetime:
        return self._at(day, 0)

    def _date(self, at: datetime) -> date:
        return at.astimezone(self._zone).date()


def overlap(one: Span, other: Span) -> timedelta:
    """How long two spans are both on; never negative."""
    return max(min(one[1], other[1]) - max(one[0], other[0]), NONE)


def union(spans: Iterable[Span]) -> list[Span]:
    """The same time as disjoint spans in order; those that do not go forward (an hour that clocks skip) are dropped."""
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def less(spans: Iterable[Span], without: Iterable[Span]) -> list[Span]:
    """``spans`` without the time of ``without``."""
    left = list(spans)
    for gone_start, gone_end in union(without):
        left = [
            part
            for start, end in left
            for part in ((start, min(end, gone_start)), (max(start, gone_end), end))
            if part[0] < part[1]
        ]
    return left


def _dates(first: date, last: date) -> Iterator[date]:
    for n in range((last - first).days + 1):
        yield first + n * DAY


def _always(hours: HoursBody) -> bool:
    kinds = [getattr(hours, day) for day in (*WEEKDAYS, "holiday")]
    makeup = hours.makeup is None or hours.makeup == ALL_DAY
    return makeup and not hours.remove and all(spans == ALL_DAY for spans in kinds)
