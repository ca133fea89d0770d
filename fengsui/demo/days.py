"""Local days of the demo centre: its zone, and what kind of day a date is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from fengsui.metrics.calendar import DayType, day_type

ZONE = ZoneInfo("Asia/Shanghai")
DAY_S = 86_400


def kind_of(day: date) -> DayType:
    return day_type(day, "CN")


def local_date(at: datetime) -> date:
    return at.astimezone(ZONE).date()


def midnight(day: date) -> int:
    """Epoch seconds at which ``day`` begins in the centre's zone (China keeps no summer time: each day has 86,400 s)."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp())


def stamp(second: int | None) -> str | None:
    """Epoch seconds as an ISO 8601 text in UTC, the same length always, so that texts sort as times do."""
    if second is None:
        return None
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def wall(second: int | None) -> str | None:
    """Epoch seconds on the centre's wall clock, without offset: how its own systems write times."""
    if second is None:
        return None
    return datetime.fromtimestamp(second, ZONE).strftime("%Y-%m-%d %H:%M:%S")


def days_between(first: date, last: date) -> list[date]:
    """``first`` to ``last``, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
