"""Last year's partner of a window: weekdays, and the Spring Festival where it moves the window."""

from __future__ import annotations

from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.metrics.lunar import AFTER, BEFORE, FESTIVALS, WEEKS_DAYS, days_back


@pytest.mark.parametrize("year", [2018, 2020, 2022, 2023, 2024, 2025, 2026])
def test_the_table_is_the_one_of_the_holidays(year: int) -> None:
    named = holidays.country_holidays("CN", years=year, language="en_US")
    first = [day for day, name in named.items() if "Chinese New Year" in name and "Eve" not in name]
    assert FESTIVALS[year] in first


def test_the_festival_of_2026_stands_beside_that_of_2025() -> None:
    new_year = date(2026, 2, 17)
    assert new_year - timedelta(days=days_back(new_year, new_year, "CN")) == date(2025, 1, 29)
    week = new_year - timedelta(days=3), new_year + timedelta(days=3)
    assert days_back(*week, "CN") == 384 and days_back(*week, "US") == WEEKS_DAYS


@pytest.mark.parametrize(
    ("first", "last", "aligned"),
    [
        (date(2026, 11, 22), date(2026, 11, 22), False),
        (date(2026, 2, 17) - BEFORE, date(2026, 2, 17) - BEFORE, True),
        (date(2026, 2, 2), date(2026, 2, 2), False),
        (date(2026, 2, 17) + AFTER, date(2026, 4, 1), True),
        (date(2026, 3, 11), date(2026, 4, 1), False),
        (date(2025, 12, 31), date(2026, 1, 27), False),
        (date(2022, 12, 20), date(2023, 1, 10), True),  # the festival of the new year, two weeks off
        (date(2070, 2, 1), date(2070, 2, 20), False),  # beyond the table
    ],
)
def test_only_a_window_that_touches_it_is_moved(first: date, last: date, aligned: bool) -> None:
    assert (days_back(first, last, "CN") != WEEKS_DAYS) is aligned


@given(st.dates(date(2016, 3, 1), date(2050, 12, 1)), st.integers(0, 27))
def test_a_partner_is_a_year_ago_and_on_the_weekday_unless_moved(last: date, days: int) -> None:
    back = days_back(last - timedelta(days=days), last, "CN")
    assert back == 364 or 350 <= back <= 386
    assert back % 7 == 0 or back in (353, 354, 355, 383, 384, 385)
