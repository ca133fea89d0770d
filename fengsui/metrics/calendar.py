"""Local days, and which kind of day a date is as it was published.

China moves workdays about (调休): a Sunday may be worked, a Monday may be off. The ``holidays`` library knows the years that
the State Council has published and guesses beyond them, without make-up days. What a centre really goes by is the table in its
store (``metrics.calendars``), seeded from here and edited by people; a clock never raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

import holidays

DayType: TypeAlias = Literal["workday", "weekend", "holiday", "makeup"]
CHINA = "CN"
_DAY = timedelta(days=1)


@lru_cache(maxsize=8192)
def day_type(day: date, calendar: str) -> DayType:
    """``day`` as published for ``calendar``: a country code (``CN``, ``US`` …); any other name knows weekends only."""
    return exceptions(calendar, day.year).get(day, plain(day))


def plain(day: date) -> DayType:
    """By the day of the week alone: what is left where nothing is known."""
    return "weekend" if day.weekday() >= 5 else "workday"


@lru_cache(maxsize=256)
def exceptions(calendar: str, year: int) -> Mapping[date, DayType]:
    """The days of ``year`` that are not what their weekday says, holidays on weekends included; empty for a calendar that the
    library does not know."""
    around = _country(calendar, year)
    if around is None:
        return {}
    makeup = around.weekend_workdays
    off = {day for day in around if day not in makeup}
    if calendar == CHINA:
        off |= _joined(off, makeup, year)
    found: dict[date, DayType] = {day: "holiday" for day in off if day.year == year}
    return found | {day: "makeup" for day in makeup if day.year == year}


def published_until(calendar: str, year: int) -> date | None:
    """The last day that is published, looking from ``year`` (two years ahead at most); None where a calendar is computed.

    The library answers for any year; a Chinese year without a make-up workday has not been published, for since 2007 each
    schedule has had some.
    """
    if calendar != CHINA:
        return None
    known = [tried for tried in range(year - 3, year + 3) if "makeup" in exceptions(CHINA, tried).values()]
    return date(max(known), 12, 31) if known else date(year - 4, 12, 31)


def local(at: datetime, zone: str) -> datetime:
    """An aware time on the wall clock of ``zone``."""
    return at.astimezone(ZoneInfo(zone))


def local_day(at: datetime, zone: str) -> date:
    return local(at, zone).date()


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """Start and end of a day of ``zone``, as aware times of that zone; 23 to 25 hours apart where clocks change."""
    here = ZoneInfo(zone)
    return datetime.combine(day, time(), here), datetime.combine(day + _DAY, time(), here)


def _joined(off: set[date], makeup: set[date], year: int) -> set[date]:
    """Weekend days that touch a day off belong to its holiday: the notices say 周五至周日放假, the library lists the Friday."""
    start, days = date(year - 1, 12, 25), 380
    weekends = [day for n in range(days) if (day := start + n * _DAY).weekday() >= 5 and day not in makeup]
    near = {day for day in weekends if day - _DAY in off or day + _DAY in off}
    return near | {day for day in weekends if day - _DAY in near or day + _DAY in near}


def _country(calendar: str, year: int) -> holidays.HolidayBase | None:
    try:
        return holidays.country_holidays(calendar, years=range(year - 1, year + 2), expand=False)
    except (NotImplementedError, AttributeError):  # not a country the library knows: weekends only, as documented
        return None
