"""What a definition of kind ``calendar`` may say: the days of the centre and the opening hours of its queues.

docs/calendars.md explains each field. Times are on the centre's wall clock, to the minute.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

DEFAULT = "default"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALL_DAY = ("00:00-24:00",)
LONGEST_EXTRA = timedelta(days=366)
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(([01]\d|2[0-3]):([0-5]\d)|24:00)")


def minutes_of(span: str) -> tuple[int, int]:
    """``"08:30-12:00"`` as minutes since midnight; ``ValueError`` says what is allowed."""
    if not _SPAN.fullmatch(span):
        raise PydanticCustomError("metrics.body.span", "'{span}' is not HH:MM-HH:MM within 00:00-24:00", {"span": span})
    start, end = (int(hour) * 60 + int(minute) for hour, minute in (part.split(":") for part in span.split("-")))
    if end <= start:
        told = "'{span}' ends before it begins; a night shift is two spans, 22:00-24:00 and 00:00-06:00 of the next day"
        raise PydanticCustomError("metrics.body.span_turned", told, {"span": span})
    return start, end


def _in_order(spans: tuple[str, ...]) -> tuple[str, ...]:
    found = [minutes_of(span) for span in spans]
    for (_, end), (start, _) in pairwise(found):
        if start < end:
            raise PydanticCustomError("metrics.body.span_order", "spans of a day are in order and do not overlap")
    return spans


Spans: TypeAlias = Annotated[tuple[str, ...], AfterValidator(_in_order)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Extra(_Body):
    """Hours that are added or taken away once, on the wall clock: ``2026-11-11T08:00`` to ``2026-11-11T24:00`` is written
    with the next day's ``00:00`` as its end."""

    start: datetime
    end: datetime
    note: str = ""

    @model_validator(mode="after")
    def _forward_on_the_wall_clock(self) -> Extra:
        if self.start.tzinfo or self.end.tzinfo:
            told = "start and end are on the centre's wall clock, without an offset"
            raise PydanticCustomError("metrics.body.wall_clock", told)
        if not timedelta() < self.end - self.start <= LONGEST_EXTRA:
            raise PydanticCustomError("metrics.body.extra_length", "end is after start, by at most 366 days")
        return self


class HoursBody(_Body):
    """Opening hours of one queue. A holiday has its own, a make-up workday too (``null``: those of Monday)."""

    mon: Spans = ALL_DAY
    tue: Spans = ALL_DAY
    wed: Spans = ALL_DAY
    thu: Spans = ALL_DAY
    fri: Spans = ALL_DAY
    sat: Spans = ALL_DAY
    sun: Spans = ALL_DAY
    holiday: Spans = ALL_DAY
    makeup: Spans | None = None
    add: tuple[Extra, ...] = ()
    remove: tuple[Extra, ...] = ()

    @model_validator(mode="after")
    def _open_some_time(self) -> HoursBody:
        if not any(getattr(self, day) for day in WEEKDAYS):
            raise PydanticCustomError("metrics.body.never_open", "never open: at least one day of the week needs a span")
        return self


class CalendarBody(_Body):
    """``days``: those that are not what their weekday says. ``until``: the last day that is certain; null: no end."""

    code: str = Field(min_length=1)
    until: date | None = None
    days: dict[date, Literal["workday", "weekend", "holiday", "makeup"]] = Field(default_factory=dict)
    hours: dict[str, HoursBody] = Field(default_factory=lambda: {DEFAULT: HoursBody()})

    @model_validator(mode="after")
    def _has_hours(self) -> CalendarBody:
        if DEFAULT not in self.hours:
            told = "hours needs 'default': the hours of every queue that has none of its own"
            raise PydanticCustomError("metrics.body.no_default", told)
        return self
