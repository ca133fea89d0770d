"""Which kind of day it is, and what the wall clock says.

China moves workdays about (调休): a Sunday may be worked, a Monday may be off. ``chinesecalendar`` knows the years that the
State Council has published and raises beyond them; the ``holidays`` library then guesses, without make-up days. A clock
must not raise, so the guess is used and ``coverage_ends`` tells the operator in time.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

import chinese_calendar
import holidays

DayType: TypeAlias = Literal["workday", "weekend", "holiday", "makeup"]


@lru_cache(maxsize=8192)
def day_type(day: date, calendar: str) -> DayType:
    """``day`` in ``calendar``: a country code (``CN``, ``US`` …); any other name knows weekends only."""
    if calendar == "CN" and _published(day):
        return _chinese(day)
    if _is_holiday(day, calendar):
        return "holiday"
    return "weekend" if day.weekday() >= 5 else "workday"


def coverage_ends(calendar: str) -> date | None:
    """The last day that ``calendar`` knows for certain; None where it is computed and does not end."""
    if calendar != "CN":
        return None
    return date(max(chinese_calendar.constants.holidays).year, 12, 31)


def local(at: datetime, zone: str) -> datetime:
    """An aware time on the wall clock of ``zone``."""
    return at.astimezone(ZoneInfo(zone))


def local_day(at: datetime, zone: str) -> date:
    return local(at, zone).date()


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """Start and end of a day of ``zone``, as aware times of that zone; 23 to 25 hours apart where clocks change."""
    here = ZoneInfo(zone)
    return datetime.combine(day, time(), here), datetime.combine(day + timedelta(days=1), time(), here)


def _published(day: date) -> bool:
    known = chinese_calendar.constants.holidays
    return bool(min(known).year <= day.year <= max(known).year)


def _chinese(day: date) -> DayType:
    off, festival = chinese_calendar.get_holiday_detail(day)
    if not off:
        return "makeup" if day.weekday() >= 5 else "workday"
    return "holiday" if festival else "weekend"


def _is_holiday(day: date, calendar: str) -> bool:
    table = _country(calendar)
    return table is not None and bool(day in table)


@lru_cache(maxsize=32)
def _country(calendar: str) -> holidays.HolidayBase | None:
    try:
        return holidays.country_holidays(calendar)
    except NotImplementedError:  # not a country the library knows: weekends only, as documented
        return None
