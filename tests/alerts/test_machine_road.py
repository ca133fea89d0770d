"""Transaction 2 end to end: verdicts and records become episodes, tiers, transitions and notices."""

import math
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, update

from fengsui.alerts.definitions import book
from fengsui.alerts.desk import open_desk
from fengsui.alerts.escalate import WATCHES, asked, late
from fengsui.store.tables import handling, series


@contextmanager
def listening(store, said):
    """Every statement that is sent to the store."""

    def hear(conn, cursor, statement, *_):
        said.append(statement)

    event.listen(store, "before_cursor_execute", hear)
    try:
        yield
    finally:
        event.remove(store, "before_cursor_execute", hear)


def test_a_flood_of_many_customers_without_any_cue_is_severe_within_the_hour(centre):
    centre.record(n=8)
    centre.sees(grade=2, observed=8, expected=0.5, minutes=10)
    centre.advance()
    first = centre.one()
    assert first["tier"] == 2
    assert first["started_at"] == centre.now - timedelta(minutes=10)
    for _ in range(3):
        centre.now += timedelta(minutes=10)
        centre.record(n=10)
        centre.sees(grade=3, observed=38, expected=2.0, minutes=40)
        centre.advance()
    last = centre.one()
    assert last["episode_id"] == first["episode_id"]
    assert (last["likelihood"], last["impact"], last["loss"], last["tier"]) == (3, 3, 2, 3)
    assert last["customers"] == 36  # 38 in the window less the 2 that are usual
    assert centre.machine_codes(first["episode_id"]) == ["opened", "worsened", "raised"]
    assert centre.episodes()[0]["claim_due_at"] <= centre.now + timedelta(minutes=5)


def test_batch_entry_by_staff_is_never_more_than_general_and_says_why(centre):
    centre.record(n=10)
    centre.record(n=150, customer=None, dims={"channel": "employee", "category": "道路/坑洞"})
    centre.sees(grade=3, observed=160, expected=10, minutes=600)
    centre.advance()
    found = centre.one()
    assert found["tier"] == 1
    assert found["factors"]["cap"][0]["code"] == "alerts.factor.staff_entry"


def test_staff_entry_that_is_always_there_does_not_hide_a_flood_of_customers(centre):
    centre.record(centre.now - timedelta(days=2), n=40, customer=None, dims={"channel": "employee"})
    centre.record(centre.now - timedelta(days=2), n=60)
    centre.record(n=40, customer=None, dims={"channel": "employee"})
    centre.record(n=100)
    centre.sees(grade=3, observed=140, expected=100, minutes=60)
    centre.advance()
    assert centre.one()["tier"] == 3


def test_two_hundred_copies_by_one_author_count_as_one_customer(centre):
    centre.record(n=5)
    centre.record(n=200, customer="bot")
    centre.sees(grade=3, observed=205, expected=5, minutes=60)
    centre.advance()
    found = centre.one()
    assert found["customers"] == 1
    assert found["tier"] == 1
    assert found["factors"]["cap"][0]["code"] == "alerts.factor.copies"


def test_a_sure_drift_inside_the_target_is_a_quiet_notice_and_past_it_is_as_grave_as_ever(centre):
    """First answers after 91 s instead of 30, promised within half an hour: surely slower, and nobody is worse off."""
    centre.now -= timedelta(minutes=2)  # steps of a quarter of an hour end on the quarter
    centre.record(n=80, dims={"category": "支付/支付失败"}, cues=("churn",))
    drift = {"rule": "response-time-all", "metric": "response_time", "expected": math.log(30), "direction": "up", "step_s": 900}
    centre.sees(grade=3, observed=math.log(91), minutes=60, **drift)
    centre.advance()
    found = centre.one()
    assert found["tier"] == 1
    assert found["factors"]["impact"][0] == {
        "code": "alerts.factor.inside_duration", "params": {"observed": pytest.approx(91), "target": 1800.0},
    }  # fmt: skip
    centre.now += timedelta(minutes=15)
    centre.sees(grade=3, observed=math.log(5400), minutes=60, **drift)
    centre.advance()
    found = centre.one()
    assert found["factors"]["impact"][0]["code"] == "alerts.factor.past_duration"
    assert found["tier"] == 3


SAME_WORDS = "转发有礼：凡转发本条消息到三个群并截图发给客服的用户，均可领取现金红包一个"


def test_one_text_under_many_names_is_one_voice_and_not_severe(centre):
    """A paragraph that two hundred accounts send is a copy; "支付失败怎么办" by two hundred people is two hundred people."""
    (root,) = centre.record(customer="a")
    copies = centre.record(n=200, repeat_of=root)
    centre.words(dict.fromkeys((root, *copies), SAME_WORDS))
    centre.sees(grade=3, observed=201, expected=5, minutes=60)
    centre.advance()
    found = centre.one()
    assert (found["tier"], found["floor"], found["factors"]["cap"][0]["code"]) == (1, None, "alerts.factor.copies")


def test_many_people_with_the_same_few_words_are_many_people(centre):
    (root,) = centre.record(customer="a")
    copies = centre.record(n=200, repeat_of=root)
    centre.words(dict.fromkeys((root, *copies), "支付失败了怎么办"))
    centre.sees(grade=3, observed=201, expected=1, minutes=60)
    centre.advance()
    assert (centre.one()["tier"], centre.one()["customers"]) == (3, 200)


def test_a_joke_that_spreads_is_not_severe(centre):
    centre.record(n=80, kind="review", mood="positive")
    centre.sees(grade=3, observed=80, expected=4, minutes=60, metric="contacts", rule="complaints-all")
    centre.advance()
    found = centre.one()
    assert (found["likelihood"], found["impact"], found["loss"]) == (3, 3, 1)
    assert found["tier"] == 2


def test_core_outage_words_of_several_customers_are_severe_at_once(centre):
    centre.record(n=9, cues=("outage",))
    moved = centre.advance()
    found = centre.one()
    assert moved.opened == 1
    assert (found["rule_id"], found["tier"]) == ("cue-outage", 3)
    assert found["reason"] == "alerts.lead.phrase_outage"
    assert {row["recipient"] for row in centre.notices("raised")} == {"duty", "manager"}


def test_a_word_that_is_routine_fires_only_when_it_is_much_more_than_usual(centre):
    for hour in range(2, 72):  # nine an hour, day and night, is what this centre always hears
        centre.record(centre.now - timedelta(hours=hour), n=9, cues=("outage",))
    centre.record(n=9, cues=("outage",))
    assert centre.advance().opened == 0
    centre.record(n=40, cues=("outage",))
    assert centre.advance(timedelta(minutes=1)).opened == 1


def test_a_regulator_letter_is_at_least_important_and_a_changed_one_is_not_a_second(centre):
    centre.record(cues=("regulator",), dims={"category": "物流/配送延误"})
    assert centre.advance().opened == 1
    assert centre.one()["tier"] == 2
    centre.record(cues=("regulator",), dims={"category": "物流/配送延误"}, tick=centre.tick + 1)
    moved = centre.advance(timedelta(minutes=5))
    assert (moved.opened, centre.one()["n"]) == (0, 2)


def test_a_staff_report_is_a_general_signal_to_verify(centre):
    centre.record(kind="staff_report", customer=None)
    centre.advance()
    found = centre.one()
    assert (found["tier"], found["reason"]) == (1, "alerts.lead.record_staff_report")
    assert centre.handling(found["episode_id"])["state"] == "new"


@pytest.mark.parametrize(
    ("said", "customers"),
    [([("ann", "2-3")], 2), ([("ann", "2-3"), ("ann", "10+"), ("ben", "1")], 11), ([("ann", "many")], 0)],
)
def test_customers_of_a_staff_report_are_those_it_says_it_met(centre, said, customers):
    for by, met in said:
        centre.record(kind="staff_report", customer=None, extra={"by": by, "customers": met})
    centre.advance()
    assert centre.one()["customers"] == customers


def test_history_of_years_is_noted_and_raises_nothing(centre):
    centre.record(centre.now - timedelta(days=3), n=30, cues=("media", "outage"))
    assert centre.advance().opened == 0


def test_waiting_customers_for_five_minutes_and_not_for_four(centre):
    for ago in (4, 3, 2, 1):
        centre.waiting(45, centre.now - timedelta(minutes=ago))
    assert centre.advance().opened == 0
    centre.minute()
    centre.waiting(45, centre.now - timedelta(seconds=20))
    assert centre.advance().opened == 1
    found = centre.one()
    assert (found["observed"], found["expected"], found["reason"]) == (45, 30, "alerts.lead.gauge_up")
    for value in (25, 25, 25):  # below the limit, not yet below the clearing one
        centre.minute()
        centre.waiting(value, centre.now - timedelta(seconds=20))
        centre.advance()
    assert centre.one()["calm_n"] == 0


def test_a_part_that_burns_inside_a_whole_is_its_child_and_is_not_told_apart(centre):
    centre.record(n=30)
    centre.sees("all", observed=30, expected=1)
    centre.sees("channel=App", rule="complaints-channel", observed=28, expected=1)
    centre.advance()
    part, whole = centre.episodes()[1], centre.episodes()[0]
    assert (whole["slice_key"], part["parent_id"]) == ("all", whole["episode_id"])
    assert {row["episode_id"] for row in centre.notices("raised")} == {whole["episode_id"]}


def test_parts_that_burn_first_are_adopted_by_the_whole(centre):
    centre.record(n=30)
    centre.sees("channel=App", rule="complaints-channel", observed=28, expected=1)
    centre.advance()
    centre.minute()
    centre.sees("all", observed=30, expected=1)
    centre.advance()
    rows = {row["slice_key"]: row for row in centre.episodes()}
    assert rows["channel=App"]["parent_id"] == rows["all"]["episode_id"]
    assert rows["all"]["parent_id"] is None


PAYMENT = {"channel": "App", "category": "支付/支付失败"}


def _surge(centre, slice_key="all", rule="complaints-all", **more):
    centre.sees(slice_key, rule=rule, observed=30, expected=1, **more)


def test_the_words_and_the_count_of_one_event_are_one_alert(centre):
    """Thirty customers say that payment fails: the rule of words and the rule of counts both see them."""
    centre.record(n=30, cues=("outage",), dims=PAYMENT)
    centre.advance()
    centre.minute()
    _surge(centre)
    _surge(centre, "category.1=支付", "complaints-category")
    centre.advance()
    rows = {row["rule_id"]: row for row in centre.episodes()}
    words = rows["cue-outage"]
    assert {row["tier"] for row in rows.values()} == {3}
    assert words["parent_id"] is None
    assert {rows[id_]["parent_id"] for id_ in ("complaints-all", "complaints-category")} == {words["episode_id"]}
    assert {row["episode_id"] for row in centre.notices("raised")} == {words["episode_id"]}


def test_a_member_that_becomes_graver_is_told(centre):
    centre.record(n=12)
    centre.sees(grade=1, observed=12, expected=5)
    centre.advance()
    centre.minute()
    centre.record(n=9, cues=("outage",))
    centre.advance()
    rows = {row["rule_id"]: row for row in centre.episodes()}
    member = rows["cue-outage"]
    assert (member["parent_id"], member["tier"]) == (rows["complaints-all"]["episode_id"], 3)
    assert rows["complaints-all"]["tier"] < 3
    assert member["episode_id"] in {row["episode_id"] for row in centre.notices("raised")}


def test_a_letter_and_words_of_the_media_stay_alerts_of_their_own(centre):
    centre.record(n=30)
    _surge(centre)
    centre.record(n=4, cues=("media",))
    centre.advance()
    rows = {row["rule_id"]: row for row in centre.episodes()}
    assert {"complaints-all", "media-regulator", "cue-media"} <= set(rows)
    assert {row["parent_id"] for row in rows.values()} == {None}


def test_queue_and_answer_rate_are_one_event_and_complaints_another(centre):
    centre.record(n=30)
    for ago in range(6):
        centre.waiting(50, centre.now - timedelta(minutes=ago, seconds=10))
    params = {"observed": 0.6, "expected": 0.95, "n": 80}
    fall = {"direction": "down", "reason_params": params, "step_s": 900}
    centre.sees(rule="answer-rate-all", metric="answer_rate", observed=48, expected=76, **fall)
    _surge(centre)
    centre.advance()
    rows = {row["rule_id"]: row for row in centre.episodes()}
    assert rows["waiting-now"]["parent_id"] == rows["answer-rate-all"]["episode_id"]
    assert rows["complaints-all"]["parent_id"] is None


def test_a_whole_that_comes_after_its_part_was_told_is_told_only_when_graver(centre):
    centre.record(n=30)
    _surge(centre, "channel=App", "complaints-channel")
    centre.advance()
    centre.minute()
    _surge(centre)
    centre.advance()
    rows = {row["slice_key"]: row for row in centre.episodes()}
    assert {row["episode_id"] for row in centre.notices("raised")} == {rows["channel=App"]["episode_id"]}
    assert centre.machine_codes(rows["channel=App"]["episode_id"]) == ["opened", "joined"]


def test_two_alerts_of_one_category_are_one_event_and_of_two_categories_two(centre):
    centre.record(n=30, dims=PAYMENT)
    _surge(centre, "category.1=支付|channel=App", "complaints-category")
    _surge(centre, "category.1=支付|org.1=华南", "complaints-region")
    _surge(centre, "category.1=物流|channel=App", "complaints-channel")
    centre.advance()
    parents = {row["slice_key"]: row["parent_id"] for row in centre.episodes()}
    assert [key for key, parent in parents.items() if parent] == ["category.1=支付|org.1=华南"]


def _burns_and_cools(centre):
    _surge(centre)
    centre.advance()
    for _ in range(10):
        centre.minute()
        centre.calm()
    centre.advance()
    centre.minute()


def test_burning_again_is_told_and_a_flapping_alert_does_not_ring_all_day(centre):
    centre.record(n=30)
    for _ in range(9):
        _burns_and_cools(centre)
    found = centre.one()
    assert centre.machine_codes(found["episode_id"]).count("refired") == 8
    raised = [(row["code"], row["params"]["times"]) for row in centre.notices("raised") if row["recipient"] == "duty"]
    assert raised == [
        ("alerts.notice.opened", 0),
        ("alerts.notice.refired", 1),
        ("alerts.notice.flapping", 2),
        ("alerts.notice.flapping", 4),
        ("alerts.notice.flapping", 8),
    ]
    assert len([row for row in centre.notices("cleared") if row["recipient"] == "duty"]) == 2


def test_the_long_tail_opens_only_inside_a_firing_whole(centre):
    rule = "complaints-tail-channel-org.1"
    centre.sees("channel=App|org.1=华南", rule=rule, role="tail")
    assert centre.advance().opened == 0
    centre.record(n=30)
    centre.minute()
    centre.sees("all", observed=30, expected=1)
    centre.sees("channel=App|org.1=华南", rule=rule, role="tail", observed=20, expected=1)
    assert centre.advance().opened == 2


def test_a_pooled_test_opens_an_alert_of_the_part_that_it_names(centre):
    """Its budget is spent on the family as a whole: it needs no firing whole to be believed."""
    centre.record(n=30)
    centre.sees("channel=App|org.1=华南", rule="complaints-tail-channel-org.1", role="pool", observed=20, expected=1)
    assert centre.advance().opened == 1
    assert centre.one()["slice_key"] == "channel=App|org.1=华南"


def test_a_name_that_changed_is_a_fault_of_the_data_and_part_of_no_surge(centre):
    rule, part = "complaints-tail-channel-org.1", "channel=App|org.1=华南"
    centre.record(n=30)
    centre.sees("all", observed=60, expected=6)
    told = {"before": "channel=App|org.1=华东", "after": part}
    centre.sees(part, rule=rule, role="pool", grade=1, reason="detectors.reason.renamed", reason_params=told)
    assert centre.advance().opened == 2
    found = next(row for row in centre.episodes() if row["slice_key"] == part)
    assert (found["parent_id"], found["reason"], found["tier"]) == (None, "alerts.lead.fault_renamed", 1)
    assert found["reason_params"]["before"] == told["before"]


def test_shadow_episodes_have_no_number_and_no_notice_and_a_change_of_mode_ends_them(centre, rule_mode):
    rule_mode(centre, "complaints-all", "shadow")
    centre.record(n=30)
    centre.sees(observed=30, expected=1)
    centre.advance()
    found = centre.one()
    assert (found["mode"], found["day_n"], centre.notices()) == ("shadow", None, [])
    centre.minute()
    rule_mode(centre, "complaints-all", "on")
    centre.advance()
    assert centre.one()["condition"] == "cleared"
    centre.minute()
    centre.sees(observed=30, expected=1)
    centre.advance()
    assert [row["day_n"] for row in centre.episodes()] == [None, 1]


def test_an_alert_of_a_slice_that_its_rule_no_longer_covers_ends(centre):
    """Nothing judges it any more, so nothing could ever clear it."""
    centre.record(n=30)
    centre.sees()
    centre.advance()
    with centre.store.begin() as conn:
        conn.execute(update(series).values(active=False))
    centre.advance(timedelta(minutes=1))
    assert centre.one()["condition"] == "cleared"
    assert centre.machine_codes(centre.one()["episode_id"])[-1] == "rule_changed"


def test_numbers_count_within_the_centres_day(centre):
    for slice_key in ("channel=App", "channel=电话"):
        centre.record(n=20, dims={"channel": slice_key.removeprefix("channel=")})
        centre.sees(slice_key, rule="complaints-channel", observed=20, expected=1)
    centre.advance()
    assert sorted((str(row["day"]), row["day_n"]) for row in centre.episodes()) == [("2026-11-18", 1), ("2026-11-18", 2)]


def test_the_same_tick_again_changes_nothing(centre):
    centre.record(n=9, cues=("outage",))
    centre.sees(observed=30, expected=1)
    centre.advance()
    before = centre.digest()
    centre.tick -= 1
    centre.advance()
    assert centre.digest() == before


def test_a_crash_before_the_commit_leaves_nothing_and_the_retry_does_the_same(centre):
    centre.record(n=9, cues=("outage",))
    centre.sees(observed=30, expected=1)
    from fengsui import alerts

    class Killed(Exception):
        pass

    def lost(conn):
        raise Killed

    empty = centre.digest()
    with pytest.raises(Killed):
        alerts.advance(centre.store, centre.settings, 1, centre.now, lost)
    assert centre.digest() == empty
    centre.advance()
    assert len(centre.episodes()) == 2


def test_unclaimed_past_the_deadline_climbs_and_a_claim_stops_it(centre):
    centre.record(n=30)
    centre.sees(observed=30, expected=1)
    centre.advance()
    found = centre.one()
    assert found["tier"] == 3
    assert centre.advance(timedelta(minutes=4)).escalated == 0
    assert centre.advance(timedelta(minutes=1)).escalated == 1
    assert centre.advance(timedelta(minutes=1)).escalated == 0
    assert centre.advance(timedelta(minutes=4)).escalated == 1  # another five minutes
    assert [row["recipient"] for row in centre.notices("escalated")] == ["manager", "manager"]
    with centre.store.begin() as conn:
        conn.execute(update(handling).values(owner="li", state="claimed"))
    assert centre.advance(timedelta(hours=1)).escalated == 0


def test_claimed_but_not_done_by_the_deadline_climbs_too_and_the_owner_hears_it(centre):
    centre.record(n=30)
    centre.sees(observed=30, expected=1)
    centre.advance()
    found = centre.one()
    with centre.store.begin() as conn:
        conn.execute(update(handling).values(owner="li", state="in_progress"))
    wait = found["handle_due_at"] - found["opened_at"]
    assert centre.advance(wait - timedelta(minutes=1)).escalated == 0
    assert centre.advance(timedelta(minutes=1)).escalated == 1
    assert {row["recipient"] for row in centre.notices("escalated")} == {"manager", "person:li"}
    assert {row["code"] for row in centre.notices("escalated")} == {"alerts.notice.overdue"}
    assert centre.advance(timedelta(minutes=1)).escalated == 0
    with centre.store.begin() as conn:
        conn.execute(update(handling).values(state="resolved"))
    assert centre.advance(3 * wait).escalated == 0


def test_a_worker_that_slept_over_three_deadlines_tells_once_and_not_three_times_in_three_seconds(centre):
    centre.record(n=30)
    centre.sees(observed=30, expected=1)
    centre.advance()
    assert centre.advance(timedelta(hours=2)).escalated == 1
    assert centre.advance(timedelta(seconds=1)).escalated == 0
    assert centre.advance(timedelta(minutes=5)).escalated == 1


def test_alerts_that_were_told_often_enough_are_not_walked_through_for_ever(centre):
    """The trap: thousands of old unclaimed alerts, each asked about at every tick."""
    centre.record(n=30)
    centre.sees(observed=30, expected=1)
    centre.advance()
    for _ in range(3):
        centre.advance(timedelta(hours=1))
    found = []
    with centre.store.connect() as conn:
        desk = open_desk(conn, book(conn, centre.now), {}, centre.settings.centre.tz, 9, centre.now, centre.now)
        for watch in WATCHES:
            found += conn.execute(late(watch), asked(desk)).all()
    assert found == []


def test_a_tier_never_falls_while_it_burns_and_the_reasons_stay_with_it(centre):
    centre.record(n=30)
    centre.sees(observed=30, expected=1)
    centre.advance()
    factors = centre.one()["factors"]
    centre.minute()
    centre.sees(grade=1, observed=3, expected=1, minutes=1)
    centre.advance()
    found = centre.one()
    assert (found["tier"], found["grade"], found["factors"]) == (3, 1, factors)


def test_the_daily_sign_of_life_is_one_row_a_day(centre):
    centre.advance()
    centre.advance(timedelta(hours=1))
    centre.advance(timedelta(days=1))
    assert [row["params"]["n"] for row in centre.notices("alive")] == [0, 0]


def test_calm_clears_after_ten_complete_minutes_and_not_when_one_is_missing(centre):
    centre.record(n=30)
    centre.sees(observed=30, expected=1)
    centre.advance()
    for n in range(9):
        centre.minute()
        centre.calm(complete=n != 4)
        centre.advance()
    assert (centre.one()["condition"], centre.one()["calm_n"]) == ("firing", 8)
    for _ in range(2):
        centre.minute()
        centre.calm()
        centre.advance()
    found = centre.one()
    assert found["condition"] == "cleared"
    assert found["cleared_at"] == centre.now
    assert [row["kind"] for row in centre.notices("cleared")] == ["cleared", "cleared"]


def test_what_burns_again_soon_is_the_same_alert_and_later_a_new_one(centre):
    centre.record(n=30)
    centre.sees(observed=30, expected=1)
    centre.advance()
    for _ in range(10):
        centre.minute()
        centre.calm()
    centre.advance()
    centre.now += timedelta(minutes=20)
    centre.sees(observed=30, expected=1)
    centre.advance()
    assert centre.machine_codes(centre.one()["episode_id"]) == ["opened", "cleared", "refired"]
    for _ in range(10):
        centre.minute()
        centre.calm()
    centre.advance()
    centre.now += timedelta(minutes=31)
    centre.sees(observed=30, expected=1)
    centre.advance()
    assert len(centre.episodes()) == 2


def test_silence_of_the_data_is_its_own_condition_and_never_clears(centre):
    centre.record(n=30)
    centre.sees(observed=30, expected=1)
    centre.advance()
    for _ in range(20):
        centre.minute()
        centre.calm(value=None, complete=False)
        centre.advance()
    found = centre.one()
    assert found["condition"] == "no_data"
    assert centre.machine_codes(found["episode_id"]) == ["opened", "no_data"]
    centre.minute()
    centre.sees(observed=30, expected=1)
    centre.advance()
    assert centre.one()["condition"] == "firing"


def test_machine_updates_never_touch_handling(centre):
    centre.record(n=30)
    centre.sees(grade=1, observed=30, expected=1)
    centre.advance()
    episode_id = centre.one()["episode_id"]
    before = centre.handling(episode_id)
    for _ in range(20):
        centre.minute()
        centre.sees(observed=30, expected=1)
        centre.advance()
    assert centre.handling(episode_id) == before


def test_a_minute_with_nothing_to_do_asks_the_store_six_times(centre):
    """A replay walks every minute of a year."""
    said = []
    centre.advance()
    for _ in range(2):
        centre.minute()
        said.clear()
        with listening(centre.store, said):
            centre.advance()
    assert len(said) <= 6, said


def test_what_is_due_is_done_in_a_tick_that_brings_nothing_else(centre):
    centre.record(n=30)
    centre.sees(observed=30, expected=1)
    centre.advance()
    said = []
    with listening(centre.store, said):
        assert centre.advance(timedelta(minutes=5)).escalated == 1
    assert len(said) > 5


def _closed(centre, episode_id, **how):
    with centre.store.begin() as conn:
        conn.execute(update(handling).where(handling.c.episode_id == episode_id).values(**how))


def _event_of_two(centre):
    """A whole and its part, both burning and told of once. -> (whole, part)"""
    centre.record(n=30)
    _surge(centre)
    _surge(centre, "channel=App", "complaints-channel")
    centre.advance()
    rows = {row["slice_key"]: row for row in centre.episodes()}
    assert rows["channel=App"]["parent_id"] == rows["all"]["episode_id"]
    assert {row["tier"] for row in rows.values()} == {3}
    return rows["all"], rows["channel=App"]


def _all_cools(centre):
    for _ in range(10):
        centre.minute()
        centre.calm()
        centre.calm("channel=App", rule="complaints-channel")
    centre.advance()


@pytest.mark.parametrize("how", [{"state": "resolved"}, {"state": "reviewed", "verdict": "real"}])
def test_when_a_whole_is_closed_its_parts_that_went_out_do_not_climb(centre, how):
    """The trap: a case is closed as it should be, and five minutes later managers hear of each of its parts."""
    whole, part = _event_of_two(centre)
    _closed(centre, whole["episode_id"], state="in_progress", owner="li")
    _all_cools(centre)
    assert {row["condition"] for row in centre.episodes()} == {"cleared"}
    _closed(centre, whole["episode_id"], **how)
    assert centre.advance(timedelta(hours=1)).escalated == 0
    assert part["episode_id"] not in {row["episode_id"] for row in centre.notices("escalated")}


def test_a_part_that_still_burns_when_its_whole_is_closed_and_out_speaks_for_itself(centre):
    whole, part = _event_of_two(centre)
    _closed(centre, whole["episode_id"], state="in_progress", owner="li")
    for _ in range(10):
        centre.minute()
        centre.calm()
    centre.advance()
    _closed(centre, whole["episode_id"], state="resolved", owner="li")
    assert centre.advance(timedelta(hours=1)).escalated == 0, "its own deadline begins when it begins to speak"
    assert part["episode_id"] in {row["episode_id"] for row in centre.notices("raised")}
    assert centre.advance(timedelta(minutes=5)).escalated == 1
    assert {row["episode_id"] for row in centre.notices("escalated")} == {part["episode_id"]}


def test_a_whole_is_told_though_a_part_of_it_was_told_and_closed_before(centre):
    centre.record(n=30)
    _surge(centre, "channel=App", "complaints-channel")
    centre.advance()
    _closed(centre, centre.one()["episode_id"], state="reviewed", verdict="false")
    centre.minute()
    _surge(centre)
    centre.advance()
    whole = next(row for row in centre.episodes() if row["slice_key"] == "all")
    assert whole["episode_id"] in {row["episode_id"] for row in centre.notices("raised")}


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"state": "resolved"}, True),
        ({"state": "reviewed", "verdict": None}, True),  # merged into another one
        ({"state": "reviewed", "verdict": "real"}, True),
        ({"state": "reviewed", "verdict": "expected"}, False),
        ({"state": "in_progress"}, False),
    ],
)
def test_a_whole_that_people_ended_takes_no_new_parts_unless_they_called_it_nothing(centre, how, told):
    centre.record(n=30)
    _surge(centre)
    centre.advance()
    whole = centre.one()
    _closed(centre, whole["episode_id"], **how)
    centre.minute()
    _surge(centre, "channel=App", "complaints-channel")
    centre.advance()
    part = next(row for row in centre.episodes() if row["slice_key"] == "channel=App")
    assert part["parent_id"] == (None if told else whole["episode_id"])
    assert (part["episode_id"] in {row["episode_id"] for row in centre.notices("raised")}) is told


def test_the_long_tail_speaks_inside_a_whole_that_is_a_member_itself(centre):
    """Words fired first, so the whole of the counts is their member; its parts are named all the same."""
    centre.record(n=30, cues=("outage",), dims=PAYMENT)
    centre.advance()
    centre.minute()
    _surge(centre)
    rule = "complaints-tail-channel-org.1"
    centre.sees("channel=App|org.1=华南", rule=rule, role="tail", observed=20, expected=1)
    centre.advance()
    rows = {row["rule_id"]: row for row in centre.episodes()}
    assert rows["complaints-all"]["parent_id"] == rows["cue-outage"]["episode_id"]
    assert rule in rows
