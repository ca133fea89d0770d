"""Which days of last year are the partners of a window: the same weekdays, or around the Spring Festival the same days to it.

The festival moves by up to a month between two years. February against February would then compare a week in which nobody calls
with one in which everybody does; so a window that touches the weeks around it is laid on the same distance to last year's.
"""

from __future__ import annotations

from datetime import date, timedelta

WEEKS_DAYS = 364
KEPT_BY = ("CN", "HK", "MO", "TW")
"""Calendars whose year turns on it."""
BEFORE, AFTER = timedelta(days=14), timedelta(days=21)
"""The rush home, and the time until the Lantern Festival and the first full week after it."""
NEW_YEARS = (
    "2015-02-19",
    "2016-02-08",
    "2017-01-28",
    "2018-02-16",
    "2019-02-05",
    "2020-01-25",
    "2021-02-12",
    "2022-02-01",
    "2023-01-22",
    "2024-02-10",
    "2025-01-29",
    "2026-02-17",
    "2027-02-06",
    "2028-01-26",
    "2029-02-13",
    "2030-02-03",
    "2031-01-23",
    "2032-02-11",
    "2033-01-31",
    "2034-02-19",
    "2035-02-08",
    "2036-01-28",
    "2037-02-15",
    "2038-02-04",
    "2039-01-24",
    "2040-02-12",
    "2041-02-01",
    "2042-01-22",
    "2043-02-10",
    "2044-01-30",
    "2045-02-17",
    "2046-02-06",
    "2047-01-26",
    "2048-02-14",
    "2049-02-02",
    "2050-01-23",
)
"""First days of the lunar year, a table (Hong Kong Observatory); beyond it windows are laid by weekdays."""
FESTIVALS = {day.year: day for day in map(date.fromisoformat, NEW_YEARS)}


def days_back(first: date, last: date, calendar: str) -> int:
    """How many days before ``[first, last]`` its partner of last year lies: 364, or the way from one festival to the other."""
    if calendar not in KEPT_BY:
        return WEEKS_DAYS
    for year in (last.year, first.year):
        festival, then = FESTIVALS.get(year), FESTIVALS.get(year - 1)
        if festival is not None and then is not None and first <= festival + AFTER and last >= festival - BEFORE:
            return (festival - then).days
    return WEEKS_DAYS
