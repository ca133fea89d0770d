"""静默: pure windows in the centre's zone, and what transaction 2 makes of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from fengsui.alerts import commands
from fengsui.alerts.commands import Done, Refused, Wanted
from fengsui.alerts.commands.handling import Somebody
from fengsui.alerts.silence import Silence, Weekly, hushed, minutes, stretch
from fengsui.store import tables as t

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
LI, WANG = Somebody("li", "李强", "duty"), Somebody("wang", "王敏", "manager")
HOUR, MINUTE, WEEK = timedelta(hours=1), timedelta(minutes=1), timedelta(days=7)
MONDAY = datetime(2026, 11, 16, 0, 0, tzinfo=SHANGHAI)


def silence(weekly: Weekly | None = None, **more: Any) -> Silence:
    given = {"id": "s", "rule_id": None, "where": {}, "tier": 2, "start_at": MONDAY, "end_at": MONDAY + 4 * WEEK, **more}
    return Silence(**given, weekly=weekly)


NIGHTS = Weekly.of({"days": [4], "start": "22:00", "end": "06:00"})


@pytest.mark.parametrize(
    ("day", "clock", "until"),
    [
        (4, "21:59", None),
        (4, "22:00", "06:00"),
        (5, "05:59", "06:00"),
        (5, "06:00", None),
        (5, "23:00", None),
        (3, "23:00", None),
    ],
)
def test_a_weekly_silence_over_midnight_is_half_open_and_belongs_to_the_day_it_begins(
    day: int, clock: str, until: str | None
) -> None:
    at = MONDAY + timedelta(days=day, minutes=minutes(clock))
    found = silence(NIGHTS).until(at, SHANGHAI)
    assert (f"{found.astimezone(SHANGHAI):%H:%M}" if found else None) == until


def test_a_silence_counts_on_the_local_clock_also_in_the_night_that_moves_it() -> None:
    begin, end = stretch(Weekly.of({"days": [5], "start": "22:00", "end": "06:00"}), date(2026, 10, 24), BERLIN)
    assert end.astimezone(UTC) - begin.astimezone(UTC) == 9 * HOUR, "the clock goes back an hour"


@pytest.mark.parametrize("body", [{"days": [], "start": "1:00", "end": "2:00"}, {"days": [7], "start": "1:00", "end": "2:00"}])
def test_a_pattern_that_is_none_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="days"):
        Weekly.of(body)


@pytest.mark.parametrize("text", ["25:00", "24:01", "7", "7:5", "a:00", "-1:00", "１:00", ""])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no time"):
        minutes(text)


@pytest.mark.parametrize(
    ("more", "rule", "key", "tier", "covered"),
    [
        ({}, "r", "all", 2, True),
        ({}, "r", "channel=App", 3, False),
        ({"tier": 3}, "r", "channel=App", 3, True),
        ({"rule_id": "r"}, "other", "all", 1, False),
        ({"where": {"org.1": "华南"}}, "r", "org.1=华南", 1, True),
        ({"where": {"org.1": "华南"}}, "r", "channel=App|org.2=华南/广东", 1, True),
        ({"where": {"org.1": "华南"}}, "r", "all", 1, False),
        ({"where": {"org.1": "华南"}}, "r", "org.1=华南区", 1, False),
        ({"where": {"org.1": "华南", "channel": "App"}}, "r", "org.1=华南", 1, False),
    ],
)
def test_what_a_silence_is_about(more: dict[str, Any], rule: str, key: str, tier: int, covered: bool) -> None:
    assert silence(**more).covers(rule, key, tier) is covered


@given(st.integers(0, 8 * 7 * 24 * 60), st.sets(st.integers(0, 6), min_size=1), st.integers(0, 1439), st.integers(0, 1440))
def test_a_stretch_never_ends_before_now_and_never_after_the_silence(offset: int, days: set[int], start: int, end: int) -> None:
    one = silence(Weekly(frozenset(days), start, end))
    now = MONDAY - 2 * WEEK + offset * MINUTE
    until = one.until(now, SHANGHAI)
    assert until is None or now < until <= one.end_at
    if until is not None:
        assert one.until(until - MINUTE, SHANGHAI) == until
    found = hushed([one], "r", "all", 1, now, SHANGHAI)
    assert (found is None) == (until is None)


# --- in transaction 2 -----------------------------------------------------------------------------------------------


@pytest.fixture
def quiet(lite: Any) -> Any:
    lite.person("li", "李强")
    lite.person("wang", "王敏", "manager")
    lite.advance()
    return lite


def hush(centre: Any, by: Any = WANG, hours: float = 2.0, **more: Any) -> Done | Refused:
    wanted = {"rule_id": None, "where": {}, "tier": 2, "start_at": centre.now, "end_at": centre.now + hours * HOUR}
    wanted |= {"weekly": None, "reason": "系统升级", **more}
    return commands.add_silence(centre.store, by, centre.now, Wanted(**wanted))


def burn(centre: Any, slice_key: str = "all", **more: Any) -> None:
    centre.minute()
    centre.record(n=30)
    centre.sees(slice_key, grade=1, observed=30, expected=1, **more)
    centre.advance()


def test_under_a_silence_an_alert_opens_and_nobody_is_told_until_it_ends(quiet: Any) -> None:
    assert hush(quiet) == Done(1)
    burn(quiet)
    row = quiet.one()
    assert row["condition"] == "firing" and row["silence_id"] and row["claim_due_at"] is None
    assert quiet.notices("raised", "escalated") == []
    assert quiet.machine_codes(row["episode_id"]) == ["opened", "muted"]
    for _ in range(6):
        quiet.now += timedelta(minutes=15)
        burn(quiet)
    assert quiet.notices("raised", "escalated") == []
    quiet.now += HOUR
    burn(quiet)
    told = quiet.notices("raised")
    assert [row["code"] for row in told] == ["alerts.notice.unmuted"]
    row = quiet.one()
    assert row["silence_id"] is None and row["claim_due_at"] > quiet.now
    burn(quiet)
    assert len(quiet.notices("raised")) == 1, "told once"


def test_what_went_out_meanwhile_is_not_told_at_the_end(quiet: Any) -> None:
    hush(quiet)
    burn(quiet)
    for _ in range(15):
        quiet.minute()
        quiet.calm()
        quiet.advance()
    assert quiet.one()["condition"] == "cleared"
    quiet.advance(3 * HOUR)
    assert quiet.notices("raised", "cleared", "escalated") == []


def test_an_alert_that_burns_falls_silent_and_its_deadline_stops(quiet: Any) -> None:
    burn(quiet)
    assert len(quiet.notices("raised")) == 1
    hush(quiet)
    quiet.advance(MINUTE)
    row = quiet.one()
    assert row["silence_id"] and row["claim_due_at"] is None
    quiet.advance(HOUR)
    assert quiet.notices("escalated") == []


def test_what_grows_graver_than_the_silence_is_told_at_once(quiet: Any) -> None:
    hush(quiet)
    burn(quiet)
    assert quiet.notices("raised") == [] and quiet.one()["tier"] == 2
    quiet.minute()
    quiet.record(n=40, cues=("outage",))
    quiet.sees(grade=3, observed=70, expected=1)
    quiet.advance()
    row = next(one for one in quiet.episodes() if one["rule_id"] == "complaints-all")
    assert row["tier"] == 3 and row["silence_id"] is None and row["claim_due_at"] is not None
    mine = [one["code"] for one in quiet.notices("raised") if one["episode_id"] == row["episode_id"]]
    assert set(mine) == {"alerts.notice.raised"}


def test_what_somebody_has_in_hand_is_not_kept_from_them(quiet: Any) -> None:
    burn(quiet)
    commands.claim(quiet.store, quiet.one()["episode_id"], 0, LI, quiet.now)
    hush(quiet)
    quiet.advance(MINUTE)
    assert quiet.one()["silence_id"] is None and quiet.one()["handle_due_at"] is not None


def test_a_silence_on_the_whole_does_not_silence_its_parts_that_it_is_not_about(quiet: Any) -> None:
    hush(quiet, rule_id="complaints-all")
    burn(quiet)
    burn(quiet, "channel=App", rule="complaints-channel")
    told = [row["episode_id"] for row in quiet.notices("raised")]
    part = next(row for row in quiet.episodes() if row["slice_key"] == "channel=App")
    assert set(told) == {part["episode_id"]} and part["claim_due_at"] is not None


def test_members_and_whole_under_one_silence_are_one_alert_again_afterwards(quiet: Any) -> None:
    burn(quiet)
    burn(quiet, "channel=App", rule="complaints-channel")
    assert len({row["episode_id"] for row in quiet.notices("raised")}) == 1
    hush(quiet)
    quiet.advance(MINUTE)
    assert {row["silence_id"] is not None for row in quiet.episodes()} == {True}
    before = len(quiet.notices("raised"))
    quiet.advance(3 * HOUR)
    after = quiet.notices("raised")[before:]
    whole = next(row for row in quiet.episodes() if row["slice_key"] == "all")
    assert {row["episode_id"] for row in after} == {whole["episode_id"]}


def test_ending_it_early_tells_what_still_burns_and_ending_twice_is_once(quiet: Any) -> None:
    hush(quiet)
    burn(quiet)
    with quiet.store.connect() as conn:
        id_ = conn.scalar(select(t.silence.c.silence_id))
    assert commands.end_silence(quiet.store, id_, LI, quiet.now) == Done(2)
    assert commands.end_silence(quiet.store, id_, WANG, quiet.now) == Done(2)
    quiet.advance(MINUTE)
    assert len(quiet.notices("raised")) == 1
    with quiet.store.connect() as conn:
        actions = list(conn.scalars(select(t.audit.c.action).where(t.audit.c.action.like("silence.%"))))
        assert conn.scalar(select(t.silence.c.ended_by)) == "li"
    assert actions == ["silence.add", "silence.end"]
    assert isinstance(commands.end_silence(quiet.store, "none", LI, quiet.now), Refused)


def test_a_restart_under_a_silence_ends_in_the_same_rows(quiet: Any) -> None:
    hush(quiet)
    burn(quiet)
    before = quiet.digest()
    quiet.tick -= 1
    quiet.advance()
    assert quiet.digest() == before


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"by": Somebody("ana", "安娜", "analyst")}, "alerts.refused.role"),
        ({"by": Somebody("hua", "华", "manager", ("华东",))}, "alerts.refused.scope"),
        ({"reason": "  "}, "alerts.refused.needs"),
        ({"tier": 4}, "alerts.refused.value"),
        ({"hours": 0}, "alerts.refused.silence_span"),
        ({"hours": 31 * 24}, "alerts.refused.silence_span"),
        ({"by": LI, "hours": 25}, "alerts.refused.silence_manager"),
        ({"by": LI, "tier": 3}, "alerts.refused.silence_manager"),
        ({"hours": 31 * 24, "weekly": {"days": range(7), "start": "00:00", "end": "24:00"}}, "alerts.refused.silence_span"),
        ({"hours": 31 * 24, "weekly": {"days": range(7), "start": "07:00", "end": "7:00"}}, "alerts.refused.silence_span"),
        ({"hours": 31 * 24, "weekly": {"days": [6], "start": "1:00", "end": "2:00"}, "tier": 3}, "alerts.refused.silence_span"),
        ({"weekly": {"days": [9], "start": "1:00", "end": "2:00"}}, "alerts.refused.silence_weekly"),
        ({"weekly": {"days": [1]}}, "alerts.refused.silence_weekly"),
    ],
)
def test_a_silence_that_may_not_be_is_refused_and_leaves_nothing(quiet: Any, more: dict[str, Any], code: str) -> None:
    answer = hush(quiet, **more)
    assert isinstance(answer, Refused) and answer.code == code
    with quiet.store.connect() as conn:
        assert conn.execute(select(t.silence)).all() == []


@pytest.mark.parametrize(("start", "end"), [("22:00", "06:00"), ("00:00", "23:59"), ("00:01", "24:00")])
def test_a_nightly_silence_may_last_a_year_for_people_are_told_between(quiet: Any, start: str, end: str) -> None:
    weekly = {"days": range(7), "start": start, "end": end}
    assert hush(quiet, hours=365 * 24, weekly=weekly) == Done(1)


def test_a_silence_that_was_ended_early_can_be_had_again_as_it_was(quiet: Any) -> None:
    end = quiet.now + 2 * HOUR
    again = {"start_at": quiet.now, "end_at": end}
    for n in range(1, 4):
        assert hush(quiet, **again) == hush(quiet, **again) == Done(1)
        with quiet.store.connect() as conn:
            rows = conn.execute(select(t.silence).where(t.silence.c.ended_at.is_(None))).all()
            assert len(rows) == 1 and rows[0].end_at == end
            assert len(conn.execute(select(t.silence)).all()) == n
        assert commands.end_silence(quiet.store, rows[0].silence_id, WANG, quiet.now + n * MINUTE) == Done(2)


def test_who_may_see_a_place_may_silence_it_and_the_same_click_is_once(quiet: Any) -> None:
    hua = Somebody("hua", "华", "duty", ("华东",))
    assert hush(quiet, hua, where={"org.1": "华东"}) == Done(1)
    assert hush(quiet, hua, where={"org.1": "华东"}) == Done(1)
    with quiet.store.connect() as conn:
        (row,) = conn.execute(select(t.silence)).all()
    answer = commands.end_silence(quiet.store, row.silence_id, Somebody("nan", "南", "duty", ("华南",)), quiet.now)
    assert isinstance(answer, Refused) and answer.code == "alerts.refused.scope"
