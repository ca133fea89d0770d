"""Business time: additive and never negative in every zone, and limits counted as the law counts them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fengsui.metrics.business import BusinessClock
from fengsui.metrics.calendar import day_type
from fengsui.metrics.calendar_body import CalendarBody, HoursBody

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = {
    **dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00-12:00", "13:30-18:00")),
    **dict.fromkeys(("sat", "sun", "holiday"), ()),
}
NIGHT = {**OFFICE, "sat": ("00:00-02:30", "22:00-24:00"), "sun": ("01:00-03:30",), "holiday": ("10:00-11:00",)}
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
HOUR = timedelta(hours=1)


def clock(zone: str = "Asia/Shanghai", calendar: str = "CN", **hours: Any) -> BusinessClock:
    return BusinessClock(HoursBody(**(hours or OFFICE)), lambda day: day_type(day, calendar), ZoneInfo(zone))


def wall(text: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


EXTRA = {
    "add": ({"start": "2026-03-28T20:00", "end": "2026-03-29T04:00"}, {"start": "2026-11-01T00:30", "end": "2026-11-01T03:00"}),
    "remove": (
        {"start": "2026-03-27T10:00", "end": "2026-03-30T11:00"},
        {"start": "2026-10-25T02:00", "end": "2026-10-25T02:30"},
    ),
}
CLOCKS = [
    clock(zone, country, **hours) for zone in ZONES for country in ("CN", "none") for hours in (OFFICE, NIGHT, NIGHT | EXTRA)
]
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = st.builds(lambda s: NEW_YEAR + timedelta(seconds=s), st.integers(0, 365 * 86_400))
NEAR = st.sampled_from([datetime(2026, *day, tzinfo=UTC) for day in ((3, 8), (3, 29), (4, 4), (10, 3), (10, 25), (11, 1))])
MOMENTS = st.one_of(TIMES, st.builds(lambda at, s: at + timedelta(seconds=s), NEAR, st.integers(-90_000, 90_000)))


@given(st.sampled_from(CLOCKS), st.lists(MOMENTS, min_size=3, max_size=3))
def test_business_time_adds_up_and_is_never_negative(one: BusinessClock, moments: list[datetime]) -> None:
    x, y, z = sorted(moments)
    assert timedelta() <= one.elapsed(x, y) <= y - x
    assert one.elapsed(x, z) == one.elapsed(x, y) + one.elapsed(y, z)
    assert one.elapsed(z, x) == timedelta()


@given(st.sampled_from(CLOCKS), MOMENTS, st.integers(1, 400_000))
def test_a_deadline_is_the_first_moment_at_which_the_time_has_passed(one: BusinessClock, start: datetime, s: int) -> None:
    length = timedelta(seconds=s)
    due = one.after(start, length)
    assert one.elapsed(start, due) == length
    assert one.elapsed(start, due - timedelta(microseconds=1)) < length


@given(st.sampled_from(CLOCKS), st.dates(date(2026, 1, 1), date(2026, 12, 30)))
def test_spans_of_a_day_are_disjoint_in_order_and_within_it(one: BusinessClock, day: date) -> None:
    flat = [at for span in one.spans(day) for at in span]
    assert flat == sorted(set(flat))
    tomorrow = one.spans(day + timedelta(days=1))
    assert not flat or not tomorrow or flat[-1] <= tomorrow[0][0]


def test_an_office_that_closes_at_noon_counts_only_its_hours() -> None:
    friday, monday = wall("2026-11-20T17:00"), wall("2026-11-23T10:00")
    assert clock().elapsed(friday, monday) == 2 * HOUR
    assert clock().after(friday, 4 * HOUR) == wall("2026-11-23T12:00")
    assert clock().after(wall("2026-11-20T12:30"), timedelta()) == wall("2026-11-20T12:30")


def test_a_make_up_workday_is_worked_like_a_monday_or_by_its_own_hours() -> None:
    sunday = (wall("2026-09-20T00:00"), wall("2026-09-21T00:00"))
    assert clock().elapsed(*sunday) == 7.5 * HOUR
    assert clock(**OFFICE, makeup=("09:00-12:00",)).elapsed(*sunday) == 3 * HOUR
    assert clock().elapsed(wall("2026-10-01T00:00"), wall("2026-10-08T00:00")) == timedelta()


def test_exceptions_add_and_remove_hours() -> None:
    typhoon = {"start": "2026-11-20T15:00", "end": "2026-11-21T00:00", "note": "台风"}
    double_11 = {"start": "2026-11-21T20:00", "end": "2026-11-22T02:00", "note": "双11返场"}
    one = clock(**OFFICE, remove=(typhoon,), add=(double_11,))
    assert one.elapsed(wall("2026-11-20T00:00"), wall("2026-11-21T00:00")) == 4.5 * HOUR
    assert one.elapsed(wall("2026-11-21T00:00"), wall("2026-11-23T00:00")) == 6 * HOUR


def test_round_the_clock_is_plain_time() -> None:
    always = BusinessClock(HoursBody(), lambda day: day_type(day, "CN"), SHANGHAI)
    assert always.always and not clock().always
    assert always.elapsed(wall("2026-10-01T00:00"), wall("2026-10-02T06:00")) == 30 * HOUR


def test_the_night_on_which_clocks_change_has_25_or_23_hours() -> None:
    whole = {**dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"), ("00:00-12:00", "12:00-24:00"))}
    berlin = clock("Europe/Berlin", "none", **whole)
    for day, hours in (("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)):
        start = wall(f"{day}T00:00", "Europe/Berlin")
        end = datetime.combine(start.date() + timedelta(days=1), datetime.min.time(), start.tzinfo)
        assert berlin.elapsed(start.astimezone(UTC), end.astimezone(UTC)) == hours * HOUR


@pytest.mark.parametrize(
    ("opened", "n", "due"),
    [
        ("2026-11-20T10:00", 1, "2026-11-23T18:00"),  # a Friday: the day of receipt is not counted, the weekend is off
        ("2026-09-25T10:00", 5, "2026-10-09T18:00"),  # 中秋 and 国庆 between them: 28, 29, 30 September, 8, 9 October
        ("2026-09-18T20:00", 1, "2026-09-20T18:00"),  # the Sunday that is worked
        ("2026-02-14T09:00", 1, "2026-02-24T18:00"),  # nine days of Spring Festival
    ],
)
def test_working_days_of_a_limit(opened: str, n: int, due: str) -> None:
    assert clock().workdays_after(wall(opened), n) == wall(due)


def test_calendar_days_of_a_limit_may_give_way_to_the_next_working_day() -> None:
    opened = wall("2026-09-28T10:00")
    assert clock().days_after(opened, 5, roll=False) == wall("2026-10-04T00:00")
    assert clock().days_after(opened, 5, roll=True) == wall("2026-10-08T18:00")


def test_a_queue_that_is_closed_for_years_still_gets_a_deadline() -> None:
    shut = [{"start": f"{year}-01-01T00:00", "end": f"{year + 1}-01-01T00:00"} for year in range(2026, 2031)]
    start = wall("2026-11-20T10:00")
    assert clock(**OFFICE, remove=tuple(shut)).after(start, HOUR) == start + HOUR


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ({"mon": ("9:00-12:00",)}, "HH:MM-HH:MM"),
        ({"mon": ("22:00-06:00",)}, "22:00-24:00"),
        ({"mon": ("09:00-12:00", "11:00-13:00")}, "in order"),
        (dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ()), "never open"),
        ({"add": ({"start": "2026-01-02T00:00", "end": "2026-01-01T00:00"},)}, "after start"),
        ({"remove": ({"start": "2026-01-01T00:00Z", "end": "2026-01-02T00:00Z"},)}, "wall clock"),
        ({"monday": ()}, "monday"),
    ],
)
def test_hours_that_cannot_be_meant_are_refused_in_words(hours: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        CalendarBody(code="CN", hours={"default": hours})


def test_a_calendar_needs_the_hours_of_queues_that_have_none() -> None:
    with pytest.raises(ValidationError, match="default"):
        CalendarBody(code="CN", hours={"信用卡": HoursBody()})
