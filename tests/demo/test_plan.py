"""A planned day: the same for the same seed, and like a day of a contact centre."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pytest

from fengsui.demo import phrases, rhythm, staff
from fengsui.demo.contacts import Call, Chat, Ticket
from fengsui.demo.days import midnight
from fengsui.demo.places import BRANCHES, REGIONS
from fengsui.demo.plan import DayPlan, plan_day
from fengsui.demo.services import CATEGORIES, TOPICS

SEED = 7
WEDNESDAY, SATURDAY, HOLIDAY, MAKEUP = date(2026, 11, 18), date(2026, 11, 14), date(2026, 10, 2), date(2026, 10, 10)
FORTNIGHT = [date(2026, 11, 2) + timedelta(days=n) for n in range(14)]


@lru_cache(maxsize=32)
def plan(day: date) -> DayPlan:
    return plan_day(SEED, day)


def all_of(kind: type) -> list:
    return [c for day in FORTNIGHT for c in plan(day).contacts if isinstance(c, kind)]


def expected_contacts(day: date) -> float:
    return float(rhythm.profile(day).sum())


def test_a_day_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    again = plan_day(SEED, WEDNESDAY)
    assert again == plan(WEDNESDAY)
    assert plan_day(SEED + 1, WEDNESDAY) != again


def test_days_do_not_depend_on_the_days_planned_before() -> None:
    for day in (SATURDAY, WEDNESDAY):
        plan_day(SEED, day)
    assert plan_day(SEED, WEDNESDAY) == plan(WEDNESDAY)


def test_every_contact_lies_in_its_day() -> None:
    first = midnight(WEDNESDAY)
    assert {first <= c.moments()[0] < first + 86_400 for c in plan(WEDNESDAY).contacts} == {True}


def test_moments_are_in_order_and_nobody_waits_beyond_the_window() -> None:
    for contact in (c for day in FORTNIGHT for c in plan(day).contacts):
        moments = contact.moments()
        assert list(moments) == sorted(moments)
        assert moments[-1] - moments[0] <= 72 * 3600


def test_a_contact_shows_nothing_of_its_future() -> None:
    ticket = all_of(Ticket)[0]
    fresh, handled, done = (ticket.at(second) for second in (ticket.opened, ticket.replied, ticket.solved))
    assert (fresh.replied, fresh.solved, fresh.status) == (None, None, "待受理")
    assert (handled.replied, handled.solved, handled.status) == (ticket.replied, None, "处理中")
    assert done == ticket and done.status == "已解决"
    call = next(c for c in all_of(Call) if c.answered is not None)
    assert (call.at(call.offered).status, call.at(call.offered).agent) == ("排队中", None)
    assert call.at(call.answered).status == "通话中"
    assert call.at(call.ended).status == "已结束"


def test_weekends_and_holidays_are_lower_and_a_makeup_saturday_is_a_workday() -> None:
    assert expected_contacts(HOLIDAY) < 0.75 * expected_contacts(SATURDAY) / 0.82
    assert expected_contacts(SATURDAY) < 0.9 * expected_contacts(WEDNESDAY)
    assert expected_contacts(MAKEUP) > 1.1 * expected_contacts(SATURDAY)
    assert len(plan(HOLIDAY).contacts) < len(plan(SATURDAY).contacts) < len(plan(WEDNESDAY).contacts)


def test_days_have_nights_and_a_morning_peak() -> None:
    by_hour = rhythm.profile(WEDNESDAY).reshape(24, 4).sum(axis=1)
    assert by_hour.argmax() in (9, 10, 11)
    assert by_hour[3] < by_hour.max() / 20


def test_the_centre_grows_from_year_to_year() -> None:
    assert rhythm.growth(date(2025, 6, 1)) == 1.0
    assert expected_contacts(date(2027, 11, 17)) > 1.05 * expected_contacts(WEDNESDAY)


def test_counts_vary_more_than_poisson() -> None:
    """Quarters of many equal days: variance/mean of a Poisson count is 1."""
    per_day = 3000.0
    rng = np.random.default_rng(1)
    counts = np.array([len(rhythm.arrivals(rng, WEDNESDAY, per_day)) for _ in range(400)])
    assert counts.var() / counts.mean() > 1.6


def test_volume_and_share_of_complaints() -> None:
    plans = [plan(day) for day in FORTNIGHT]
    records = sum(len(p.contacts) + len(p.surveys) for p in plans)
    complaints = sum(1 for p in plans for c in p.contacts if not isinstance(c, Call) and c.type == "complaint")
    assert 1950 < records / 14 < 2500
    assert 0.25 <= complaints / records <= 0.30


def test_complaints_of_a_workdays_daytime_come_about_every_minute_or_two() -> None:
    nine = midnight(WEDNESDAY) + 9 * 3600
    daytime = [
        c for c in plan(WEDNESDAY).contacts if getattr(c, "type", "") == "complaint" and nine <= c.opened < nine + 9 * 3600
    ]
    assert 0.5 <= len(daytime) / 540 <= 1.1


def test_calls_are_answered_within_20_seconds_as_promised() -> None:
    calls = all_of(Call)
    quick = sum(1 for c in calls if c.answered is not None and c.answered - c.offered <= 20)
    abandoned = sum(1 for c in calls if c.abandoned is not None)
    assert 0.85 <= quick / len(calls) <= 0.92
    assert 0.02 <= abandoned / len(calls) <= 0.08
    assert all((c.answered is None) != (c.abandoned is None) for c in calls)


def test_chats_are_answered_in_about_a_minute_and_tickets_in_minutes_to_hours() -> None:
    chats = [c.replied - c.opened for c in all_of(Chat) if c.replied is not None]
    tickets = [t.replied - t.opened for t in all_of(Ticket)]
    assert 40 <= np.median(chats) <= 90
    assert 10 * 60 <= np.median(tickets) <= 2 * 3600
    assert np.percentile(tickets, 95) > 3600


@pytest.mark.parametrize("kind", [Ticket, Chat])
def test_sla_is_met_in_about_95_percent(kind: type) -> None:
    due = [c for c in all_of(kind) if c.type == "complaint"]
    assert 0.93 <= sum(c.solved <= c.due for c in due) / len(due) <= 0.97


def test_every_category_region_and_channel_has_complaints_each_week() -> None:
    week = [c for day in FORTNIGHT[:7] for c in plan(day).contacts if getattr(c, "type", "") == "complaint"]
    assert {c.category_l1 for c in week} == set(CATEGORIES) and len(CATEGORIES) == 8
    assert {c.region for c in week} == set(REGIONS) and len(REGIONS) == 6
    assert {c.channel for c in week} == {"电话", "在线", "微信", "App", "邮件", "门店"}
    assert {c.branch for c in week} == {b.name for b in BRANCHES} and len(BRANCHES) == 20


def test_no_two_contacts_or_answers_have_one_id() -> None:
    ids = [c[0] for day in FORTNIGHT for c in plan(day).contacts]
    answers = [s.survey_id for day in FORTNIGHT for s in plan(day).surveys if s.again_asked is None]
    assert len(set(ids)) == len(ids)
    assert len(set(answers)) == len(answers)


def test_some_customers_come_again_but_most_are_different() -> None:
    customers = [c.customer_id for day in FORTNIGHT for c in plan(day).contacts]
    assert 0.3 < len(set(customers)) / len(customers) < 0.9


def test_sentences_are_varied_and_some_hold_what_must_be_masked() -> None:
    texts = [c.text for c in all_of(Chat)] + [t.body for t in all_of(Ticket)]
    bare = {re.sub(r"\d+", "0", text) for text in texts}
    assert len(bare) > 5000
    assert any(re.search(r"电话是 1[3578]\d{9}", text) for text in texts)
    assert any("@example." in text for text in texts)
    assert sum("12315" in text or "曝光" in text for text in texts) < len(texts) / 500


def test_every_second_level_has_words() -> None:
    assert set(phrases.PROBLEMS) == {t.l2 for t in TOPICS}


def test_answers_are_mostly_good_worse_for_complaints_and_a_few_cannot_be_read() -> None:
    surveys = [s for day in FORTNIGHT for s in plan(day).surveys]
    scores = [int(s.csat) for s in surveys if s.csat in "12345"]
    bad = len(surveys) - len(scores)
    assert 0.80 <= sum(score >= 4 for score in scores) / len(scores) <= 0.92
    assert 0.001 < bad / len(surveys) < 0.02


def test_bad_answers_are_asked_again_and_a_quarter_is_asked_more() -> None:
    surveys = [s for day in FORTNIGHT for s in plan(day).surveys]
    first = {s.survey_id: s for s in surveys if s.again_asked is None}
    again = [s for s in surveys if s.again_asked is not None]
    assert {s.survey_id for s in again} == {s.survey_id for s in first.values() if s.csat in "12"}
    assert all(s.updated >= s.again_asked > first[s.survey_id].answered for s in again if s.again_asked is not None)
    answered = [s for s in again if s.again]
    assert 0.55 < len(answered) / len(again) < 0.77 and 0.3 < sum(s.again in "45" for s in answered) / len(answered) < 0.55
    long = [s for s in first.values() if s.nps]
    assert 0.2 < len(long) / len(first) < 0.3 and all(0 <= int(s.nps) <= 10 and s.product in "12345" for s in long)


def test_a_slow_group_changes_nothing_that_was_opened_before() -> None:
    noon = midnight(WEDNESDAY) + 12 * 3600
    slow = plan_day(SEED, WEDNESDAY, lambda queue, second: 3.0 if second >= noon else 1.0)
    before = [c for c in plan(WEDNESDAY).contacts if c.moments()[0] < noon]
    assert [c for c in slow.contacts if c.moments()[0] < noon] == before
    assert slow.contacts != plan(WEDNESDAY).contacts


def test_erlang_c_agrees_with_the_published_table() -> None:
    """10 agents, 8 erlang: C = 0.409; one agent: C = load (M/M/1)."""
    assert staff.erlang_c(10, 8.0) == pytest.approx(0.409, abs=0.001)
    assert staff.erlang_c(1, 0.6) == pytest.approx(0.6)
    assert staff.service_level(2, 2.0) == 0.0


def test_callers_are_served_in_order_and_the_impatient_leave() -> None:
    calls = [(0, 100, 60), (10, 100, 500), (20, 50, 30), (120, 10, 5)]
    served = list(staff.waits(calls, lambda second: 1))
    assert served[0] == staff.Wait(3, None, 103)
    assert served[1] == staff.Wait(103, None, 203)
    assert served[2] == staff.Wait(None, 50, 50)
    assert served[3].abandoned == 125
