"""The table of days: the Chinese years against two other sources, versions, and what happens at its end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import chinese_calendar
import pytest
from sqlalchemy import Connection, Engine, insert, select

from fengsui.metrics import calendars
from fengsui.metrics.calendar import day_type, published_until
from fengsui.store import tables

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)
ZONE = "Asia/Shanghai"

# 国务院办公厅关于部分节假日安排的通知 for 2024 (国办发明电〔2023〕7号), 2025 (〔2024〕12号) and 2026 (〔2025〕7号), www.gov.cn:
# holidays as "from..to", then the make-up workdays.
NOTICES = {
    2024: (
        "01-01..01-01 02-10..02-17 04-04..04-06 05-01..05-05 06-10..06-10 09-15..09-17 10-01..10-07",
        "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    ),
    2025: (
        "01-01..01-01 01-28..02-04 04-04..04-06 05-01..05-05 05-31..06-02 10-01..10-08",
        "01-26 02-08 04-27 09-28 10-11",
    ),
    2026: (
        "01-01..01-03 02-15..02-23 04-04..04-06 05-01..05-05 06-19..06-21 09-25..09-27 10-01..10-07",
        "01-04 02-14 02-28 05-09 09-20 10-10",
    ),
}
JOINED = {date(2024, 6, 8), date(2024, 6, 9)}
"""6月10日放假，与周末连休: the only days of a long rest that a notice leaves to the weekend. Here they are one holiday."""


def days_of(year: int) -> Iterator[date]:
    return (date(year, 1, 1) + n * DAY for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days))


def announced(year: int) -> tuple[set[date], set[date]]:
    spans, makeup = NOTICES[year]
    ends = [[date.fromisoformat(f"{year}-{part}") for part in span.split("..")] for span in spans.split()]
    off = {start + n * DAY for start, end in ends for n in range((end - start).days + 1)}
    return off, {date.fromisoformat(f"{year}-{part}") for part in makeup.split()}


@pytest.mark.parametrize("year", NOTICES)
def test_each_day_is_what_the_notice_says(year: int) -> None:
    off, makeup = announced(year)
    kinds = {day: day_type(day, "CN") for day in days_of(year)}
    assert {day for day, kind in kinds.items() if kind == "makeup"} == makeup
    assert {day for day, kind in kinds.items() if kind == "holiday"} - JOINED == off
    rest = {day for day in kinds if day.weekday() >= 5} - off - makeup - JOINED
    assert {day for day, kind in kinds.items() if kind == "weekend"} == rest


@pytest.mark.parametrize("year", NOTICES)
def test_each_day_is_worked_or_off_as_in_another_library(year: int) -> None:
    different = [
        day for day in days_of(year) if (day_type(day, "CN") in ("workday", "makeup")) != chinese_calendar.is_workday(day)
    ]
    assert different == []


def test_a_year_that_was_not_published_is_known_as_such_by_its_lack_of_make_up_days() -> None:
    assert published_until("CN", 2026) == date(2026, 12, 31)
    assert published_until("CN", 2040) == date(2036, 12, 31)  # nothing known near it: far in the past
    assert published_until("US", 2026) is None


@pytest.fixture
def conn(store: Engine) -> Iterator[Connection]:
    with store.begin() as opened:
        yield opened


def versions(conn: Connection) -> list[tuple[int, str]]:
    rows = select(tables.definition).where(tables.definition.c.kind == "calendar").order_by(tables.definition.c.version)
    return [(row.version, row.by) for row in conn.execute(rows)]


def save(conn: Connection, body: object, version: int, valid_from: datetime) -> None:
    values = {"kind": "calendar", "id": "default", "version": version, "valid_from": valid_from, "by": "wang"}
    conn.execute(insert(tables.definition).values(**values, body=body))


def test_a_new_store_is_seeded_once(conn: Connection) -> None:
    calendars.seed(conn, "CN", ZONE, NOW)
    calendars.seed(conn, "CN", ZONE, NOW + DAY)
    assert versions(conn) == [(1, "seed")] and calendars.version_of(conn) == 1
    found = calendars.load(conn, "CN", ZONE, NOW).newest
    for year in NOTICES:
        assert [found.day_type(day) for day in days_of(year)] == [day_type(day, "CN") for day in days_of(year)]
    assert found.clock().always and found.confirmed(date(2026, 12, 31)) and not found.confirmed(date(2027, 1, 1))


def test_beyond_the_table_the_clock_goes_on_and_says_that_it_is_not_confirmed(conn: Connection) -> None:
    calendars.seed(conn, "CN", ZONE, NOW)
    found = calendars.load(conn, "CN", ZONE, NOW).newest
    assert found.day_type(date(2027, 10, 1)) == "holiday" and found.day_type(date(2060, 3, 6)) == "weekend"
    assert found.day_type(date(1990, 5, 1)) == "holiday"
    due = found.clock().workdays_after(datetime(2026, 12, 30, tzinfo=UTC), 5)
    assert not found.confirmed(due.date())


@pytest.mark.parametrize(("today", "days"), [("2026-11-15", None), ("2026-11-16", 45), ("2026-12-31", 0), ("2027-01-09", -9)])
def test_people_are_told_45_days_before_the_table_ends(today: str, days: int | None) -> None:
    calendar = calendars.published("CN", ZONE, 2026).newest
    end = calendars.ending(calendar, date.fromisoformat(today))
    assert (None if end is None else end.days) == days
    assert calendars.ending(calendars.published("US", ZONE, 2026).newest, date(2040, 1, 1)) is None


def test_an_edit_counts_for_deadlines_at_once_and_for_kinds_of_days_from_tomorrow(conn: Connection) -> None:
    calendars.seed(conn, "CN", ZONE, NOW - 30 * DAY)
    body = calendars.plain_json(calendars.load(conn, "CN", ZONE, NOW).newest.body)
    for day in (17, 18, 19):
        body["days"][f"2026-11-{day}"] = "holiday"
    save(conn, body, 2, NOW)
    found = calendars.load(conn, "CN", ZONE, NOW)
    assert [found.day_type(date(2026, 11, day)) for day in (17, 18, 19)] == ["workday", "workday", "holiday"]
    assert found.at(NOW).version == 2 and found.at(NOW - DAY).version == 1
    assert found.at(NOW - 3000 * DAY).version == 1  # the first counts for everything before it


def test_a_later_library_adds_the_new_year_and_leaves_what_people_changed(conn: Connection) -> None:
    calendars.seed(conn, "CN", ZONE, datetime(2026, 1, 5, tzinfo=UTC))
    body = calendars.plain_json(calendars.load(conn, "CN", ZONE, NOW).newest.body)
    body |= {"until": "2025-12-31", "hours": {"default": {"sun": []}}}
    body["days"] = {day: kind for day, kind in body["days"].items() if day < "2026"} | {"2025-11-11": "holiday"}
    save(conn, body, 2, NOW - DAY)
    calendars.seed(conn, "CN", ZONE, NOW)
    assert versions(conn) == [(1, "seed"), (2, "wang"), (3, "seed")]
    found = calendars.load(conn, "CN", ZONE, NOW).newest
    assert found.day_type(date(2026, 9, 20)) == "makeup" and found.day_type(date(2025, 11, 11)) == "holiday"
    assert not found.clock().always and found.body.until == date(2026, 12, 31)


def test_another_country_in_settings_changes_days_and_keeps_hours(conn: Connection) -> None:
    calendars.seed(conn, "CN", ZONE, NOW - DAY)
    body = calendars.plain_json(calendars.load(conn, "CN", ZONE, NOW).newest.body)
    save(conn, body | {"hours": {"default": {"sun": []}}}, 2, NOW - DAY)
    calendars.seed(conn, "US", ZONE, NOW)
    found = calendars.load(conn, "US", ZONE, NOW).newest
    assert (found.version, found.body.code, found.day_type(date(2026, 7, 3))) == (3, "US", "holiday")
    assert not found.clock().always


def test_a_queue_has_its_own_hours_or_those_above_it() -> None:
    body = calendars.seeded("CN", 2026).model_dump(mode="json") | {"hours": {"default": {}, "信用卡": {"sun": []}}}
    one = calendars.Calendar(1, NOW, calendars.CalendarBody.model_validate(body), calendars.ZoneInfo(ZONE))
    assert one.clock("信用卡/投诉") is one.clock("信用卡") is not one.clock()
    assert one.clock("储蓄") is one.clock(None) and one.clock().always


def test_without_a_table_the_store_answers_as_published(conn: Connection) -> None:
    found = calendars.load(conn, "CN", ZONE, NOW)
    assert found.newest.version == 0 and found.day_type(date(2026, 10, 10)) == "makeup"
