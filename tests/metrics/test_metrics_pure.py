"""Log bins, Wilson's interval, calendars, facts and contributions: pure functions against outside numbers."""

from __future__ import annotations

import itertools
import math
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ddsketch import DDSketch
from hypothesis import given
from hypothesis import strategies as st

from fengsui.metrics import calendar, logbins, measures
from fengsui.metrics.facts import Facts, as_columns, facts_of
from fengsui.metrics.intervals import net_score, wilson
from fengsui.metrics.measures import BY_ID, MEASURES, NO_BIN, SET_BY, contributions, of_measurement

T0 = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def step(kind: str, seconds: float) -> SimpleNamespace:
    return SimpleNamespace(kind=kind, at=at(seconds))


# --- log bins --------------------------------------------------------------------------------------------------------

SECONDS = st.lists(st.floats(1, 1e8), min_size=1, max_size=60)


@given(SECONDS, st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.95, 1.0]))
def test_a_quantile_is_within_two_per_cent_and_is_ddsketchs(seconds: list[float], q: float) -> None:
    counts: dict[int, int] = {}
    sketch = DDSketch(relative_accuracy=0.02)
    for each in seconds:
        counts[logbins.bin_of(each)] = counts.get(logbins.bin_of(each), 0) + 1
        sketch.add(each)
    found = logbins.quantile(counts, q)
    true = sorted(seconds)[math.floor(q * (len(seconds) - 1))]
    assert found == pytest.approx(true, rel=0.0201)
    if min(seconds) > 1.05:  # below it bin 0 holds seconds that DDSketch keeps apart
        assert found == pytest.approx(sketch.get_quantile_value(q), rel=1e-9)


@given(SECONDS)
def test_many_at_once_are_the_same_bins(seconds: list[float]) -> None:
    assert logbins.bins_of(seconds).tolist() == [logbins.bin_of(each) for each in seconds]


def test_edges_of_the_bins() -> None:
    assert [logbins.bin_of(each) for each in (-5, 0, 0.4, 1)] == [0, 0, 0, 0]
    assert logbins.bin_of(1e300) == logbins.MAX_BIN == int(logbins.bins_of([1e300])[0])
    assert (logbins.quantile({}, 0.5), logbins.mean_log({3: 0})) == (None, (0.0, 0))
    assert logbins.quantile({5: 0, 9: 2}, 0) == logbins.value(9)
    assert logbins.merge([{1: 2}, {1: 1, 7: 4}]) == {1: 3, 7: 4}


def test_the_mean_of_logs_is_within_two_per_cent() -> None:
    seconds = np.random.default_rng(4).lognormal(6, 2, 5000) + 1
    counts = dict(zip(*np.unique(logbins.bins_of(seconds), return_counts=True), strict=True))
    mean, n = logbins.mean_log({int(k): int(v) for k, v in counts.items()})
    assert n == 5000 and mean == pytest.approx(np.log(seconds).mean(), abs=0.02)


# --- Wilson ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("successes", "n", "percent"),
    [(5, 5, (57, 100)), (9, 10, (60, 98)), (90, 100, (83, 94)), (0, 20, (0, 16)), (0, 0, (0, 100))],
)
def test_wilsons_interval_gives_the_numbers_of_the_definitions(successes: int, n: int, percent: tuple[int, int]) -> None:
    assert tuple(round(100 * bound) for bound in wilson(successes, n)) == percent


@pytest.mark.parametrize(("n", "half"), [(20, 34), (100, 15), (1000, 5)])
def test_the_interval_of_a_net_promoter_score_gives_the_numbers_of_the_definitions(n: int, half: int) -> None:
    lower, upper = net_score(0.5 * n, 0.2 * n, n)
    assert (upper - lower) / 2 == pytest.approx(half, abs=0.5) and (upper + lower) / 2 == pytest.approx(30)
    assert net_score(0, 0, 0) == (-100, 100) and net_score(n, 0, n) == (100, 100)


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilsons_interval_holds_the_share(successes: int, n: int) -> None:
    lower, upper = wilson(min(successes, n), n)
    assert 0 <= lower <= min(successes, n) / n <= upper <= 1


# --- calendars -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"])
def test_make_up_workdays_are_workdays_of_their_own_kind(day: str) -> None:
    assert calendar.day_type(date.fromisoformat(day), "CN") == "makeup"


@pytest.mark.parametrize(
    ("day", "code", "kind"),
    [
        ("2026-10-01", "CN", "holiday"),
        ("2026-11-18", "CN", "workday"),
        ("2026-11-21", "CN", "weekend"),
        ("2027-10-01", "CN", "holiday"),  # beyond what the State Council published: a guess, and no exception
        ("2031-03-05", "CN", "workday"),
        ("1999-11-06", "CN", "weekend"),
        ("2026-12-25", "US", "holiday"),
        ("2026-12-25", "none", "workday"),
        ("2026-12-26", "nowhere", "weekend"),
    ],
)
def test_kinds_of_days(day: str, code: str, kind: str) -> None:
    assert calendar.day_type(date.fromisoformat(day), code) == kind


def test_days_are_cut_on_the_wall_clock() -> None:
    start, end = calendar.day_bounds(date(2026, 3, 29), "Europe/Berlin")
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=23)
    assert calendar.local_day(datetime(2026, 11, 18, 16, 30, tzinfo=UTC), "Asia/Shanghai") == date(2026, 11, 19)


# --- facts -----------------------------------------------------------------------------------------------------------


def test_no_events_is_an_open_record() -> None:
    assert facts_of(T0, []) == Facts(state="open")


def test_a_bots_reply_acknowledges_but_is_no_response() -> None:
    facts = facts_of(T0, [step("auto_reply", 1), step("human_reply", 600)])
    assert (facts.acknowledged_at, facts.first_response_at, facts.response_s) == (at(1), at(600), 600)


def test_after_a_reopening_the_response_clock_starts_there() -> None:
    life = [step("human_reply", 60), step("solved", 100), step("reopened", 5000)]
    waiting = facts_of(T0, life)
    assert (waiting.state, waiting.solved_at, waiting.first_response_at, waiting.reopened_n) == ("open", None, None, 1)
    answered = facts_of(T0, [*life, step("human_reply", 5100), step("solved", 6000)])
    assert (answered.response_s, answered.resolution_s, answered.state) == (100, 6000, "solved")
    assert answered.acknowledged_at == at(60)


def test_pauses_count_once_and_only_inside_the_interval() -> None:
    life = [step("paused", -50), step("resumed", 10), step("paused", 100), step("paused", 120), step("resumed", 200)]
    facts = facts_of(T0, [*life, step("human_reply", 300), step("solved", 400)])
    assert (facts.response_s, facts.resolution_s, facts.resolution_net_s) == (190, 400, 290)


def test_a_pause_that_nobody_ended_lasts_until_the_end() -> None:
    facts = facts_of(T0, [step("paused", 100), step("solved", 400)])
    assert facts.resolution_net_s == 100


def test_a_reply_before_the_opening_is_no_negative_wait() -> None:
    assert facts_of(T0, [step("human_reply", -30)]).response_s == 0


def test_cancelled_ends_a_record_unless_it_was_reopened_later() -> None:
    assert facts_of(T0, [step("solved", 5), step("cancelled", 9)]).state == "cancelled"
    assert facts_of(T0, [step("cancelled", 9), step("reopened", 10)]).state == "open"


def test_a_call_has_its_own_clocks() -> None:
    facts = facts_of(T0, [step("offered", 0), step("answered", 15), step("rated", 300), step("rated", 400)])
    assert (facts.offered_at, facts.answered_at, facts.response_s, facts.rated_at) == (T0, at(15), 15, at(400))


def test_told_and_archived_are_taken_back_by_a_reopening_and_hand_overs_are_not() -> None:
    life = [step("transferred", 1), step("transferred", 2), step("told", 5), step("archived", 6), step("survey_asked", 7)]
    facts = facts_of(T0, life)
    assert (facts.told_at, facts.archived_at, facts.asked_at, facts.transfers_n) == (at(5), at(6), at(7), 2)
    again = facts_of(T0, [*life, step("reopened", 100), step("told", 200)])
    assert (again.told_at, again.archived_at, again.asked_at, again.transfers_n) == (at(200), None, at(7), 2)


def said(kind: str, seconds: int, text: str = "") -> Any:
    return SimpleNamespace(kind=kind, at=at(seconds), data={"text": text} if text else {})


def second(seconds: int) -> int:
    return int(at(seconds).timestamp())


def test_a_later_message_waits_until_an_agent_replies() -> None:
    life = [
        said("customer_message", 5),
        said("human_reply", 60),
        said("customer_message", 100, "还是没到账"),
        said("customer_message", 150),
    ]
    assert (
        facts_of(T0, life).waits is None
    )  # before the first reply it is the first response that waits; then nobody replied yet
    life += [said("auto_reply", 160), said("human_reply", 400), said("customer_message", 500), said("human_reply", 530)]
    assert facts_of(T0, life).waits == ((second(400), 300), (second(530), 30))
    assert facts_of(T0, [step("human_reply", 1), step("solved", 2)]).waits is None


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("谢谢！", False),
        ("好的，谢谢，再见。", False),
        ("OK, thank you", False),
        ("谢谢，那退款呢？", True),
        ("", True),
        ("？", True),
    ],
)
def test_thanks_and_good_byes_wait_for_nobody(text: str, waits: bool) -> None:
    life = [said("human_reply", 10), said("customer_message", 20, text), said("human_reply", 90)]
    assert (facts_of(T0, life).waits is not None) is waits


def test_each_wait_counts_when_it_was_answered() -> None:
    found = [one for one in contributions(row(waits=[[second(400), 300], [second(530), 30]])) if one[0] == "next.d"]
    assert found == [("next.d", logbins.bin_of(300), at(400), 1), ("next.d", logbins.bin_of(30), at(530), 1)]


def test_time_per_state_adds_up_to_the_gross_time() -> None:
    parts = counted(**solved(1000, paused=400), response_s=150, archived_at=at(1090))
    waiting, paused, whole = (parts[name][2] for name in ("before_reply.s", "paused.s", "resolved.s"))
    assert (waiting, paused, whole, parts["closing.s"][2]) == (150, 400, 1000, 90)
    assert counted(**solved(100), response_s=900)["before_reply.s"][2] == 100  # never more than there was
    assert "archived.n" not in counted(archived_at=at(5))  # archived unsolved: it did not wait for that


def rating(name: str, value: float, aspect: str = "overall") -> dict[str, Any]:
    return {"name": name, "value": value, "low": 1, "high": 5, "direction": "up", "aspect": aspect}


@pytest.mark.parametrize(
    ("first", "then", "counts"),
    [
        (2, 5, {"bad.n", "bad.again", "bad.turned"}),
        (1, 3, {"bad.n", "bad.again"}),
        (2, None, {"bad.n"}),
        (3, 5, set()),
        (None, 5, set()),
    ],
)
def test_a_bad_evaluation_turns_only_by_a_good_second_one(first: float | None, then: float | None, counts: set[str]) -> None:
    given = [rating(name, value) for name, value in (("csat", first), ("csat_second", then)) if value is not None]
    assert {name for name in counted(ratings=given) if name.startswith("bad.")} == counts


def test_a_second_evaluation_counts_on_the_day_it_was_asked_for_and_leaves_csat_alone() -> None:
    asked = counted(second_asked_at=at(50), rated_at=at(9), ratings=[rating("csat", 1), rating("csat_second", 4)])
    assert asked["second.n"] == asked["second.done"] == (NO_BIN, at(50), 1)
    assert asked["csat.n"][2] == 1 and "csat.top" not in asked
    assert "second.done" not in counted(second_asked_at=at(50), ratings=[rating("csat", 1)])


def test_an_aspect_is_counted_beside_the_overall_answer() -> None:
    parts = counted(ratings=[rating("csat", 2), rating("csat", 5, "product"), rating("csat", 4, "service")])
    assert {name for name in parts if name.startswith("csat") and name.endswith((".n", ".top"))} == {
        "csat.n", "csat_product.n", "csat_product.top", "csat_service.n", "csat_service.top",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("dims", "customer", "there"),
    [
        ({"category": "支付", "org": "华南"}, "c1", True),
        ({"category": "支付", "product": "卡"}, "c1", True),
        ({"category": "支付", "product": "卡"}, None, False),
        ({"category": "支付"}, "c1", False),
        ({"product": "卡", "org": "华南"}, "c1", False),
    ],
)
def test_a_structured_record_names_customer_category_and_place(dims: dict[str, str], customer: str | None, there: bool) -> None:
    assert ("structured.n" in counted(dims=dims, customer=customer)) is there


def test_the_order_of_delivery_does_not_matter() -> None:
    life = [step("reopened", 50), step("solved", 50), step("human_reply", 50), step("paused", 20), step("resumed", 30)]
    assert len({facts_of(T0, each) for each in itertools.permutations(life)}) == 1


# --- contributions ---------------------------------------------------------------------------------------------------


def row(**changes: Any) -> dict[str, Any]:
    blank = dict.fromkeys(("due_at", "deleted_at", "response_target_s", "came_late_at"))
    fixed = {
        "kind": "complaint",
        "opened_at": T0,
        "first_stored_at": at(5),
        "ratings": [],
        "tags": {"sentiment": "neutral"},
    } | {"dims": {}, "customer": None}
    return {**blank, **as_columns(Facts()), **fixed, **changes}


def counted(**changes: Any) -> dict[str, tuple[int, datetime, int]]:
    return {measure: (bin_, when, value) for measure, bin_, when, value in contributions(row(**changes))}


def test_a_fresh_complaint_counts_on_the_time_it_was_opened() -> None:
    assert counted() == {
        "feedback.n": (NO_BIN, T0, 1),
        "complaint.n": (NO_BIN, T0, 1),
        "lag.d": (logbins.bin_of(5), T0, 1),
    }


def test_what_came_late_counts_on_the_day_it_came_as_well() -> None:
    parts = counted(came_late_at=at(90_000))
    assert parts["late.n"] == (NO_BIN, at(90_000), 1) and parts["feedback.n"][1] == T0
    assert "late.n" not in counted()


@pytest.mark.parametrize("gone", [{"deleted_at": T0}, {"state": "cancelled"}])
def test_deleted_and_cancelled_records_count_nowhere(gone: dict[str, Any]) -> None:
    assert contributions(row(**gone)) == []


def test_a_deadline_counts_when_it_falls_due_and_only_in_time_is_met() -> None:
    due = {"due_at": at(3600)}
    assert counted(**due)["due.n"] == (NO_BIN, at(3600), 1) and "due.met" not in counted(**due)
    assert counted(**due, **solved(3600))["due.met"] == (NO_BIN, at(3600), 1)
    assert "due.met" not in counted(**due, **solved(3601))
    assert counted(**due, **solved(9))["open.done"] == (NO_BIN, at(9), 1)


def solved(seconds: int, paused: int = 0) -> dict[str, Any]:
    return {"solved_at": at(seconds), "resolution_s": seconds, "resolution_net_s": seconds - paused}


def test_time_paused_is_summed_beside_the_whole() -> None:
    parts = counted(**solved(1000, paused=400))
    assert (parts["paused.s"][2], parts["resolved.s"][2], parts["net.d"][0]) == (400, 1000, logbins.bin_of(600))
    assert parts["gross.d"][0] == parts["resolution.d"][0] == logbins.bin_of(1000)
    assert not counted(**solved(1000)).keys() & {"paused.s", "net.d", "gross.d"}


@pytest.mark.parametrize(
    ("told", "archived", "closed"),
    [(5000, 6000, True), (None, 6000, False), (5000, None, False), (5000, 3600 + 86_400, True), (3600 + 86_401, 6000, False)],
)
def test_a_loop_is_closed_when_the_customer_heard_and_the_file_was_put_away(
    told: int | None, archived: int | None, closed: bool
) -> None:
    ends = {"told_at": at(told) if told else None, "archived_at": at(archived) if archived else None}
    parts = counted(due_at=at(3600), **solved(60), **ends)
    assert parts.get("loop.met") == ((NO_BIN, at(3600), 1) if closed else None)


def test_surveys_are_counted_on_the_day_they_were_asked() -> None:
    assert counted(asked_at=at(9))["asked.n"] == (NO_BIN, at(9), 1) and "asked.done" not in counted(asked_at=at(9))
    assert counted(asked_at=at(9), rated_at=at(99))["asked.done"] == (NO_BIN, at(9), 1)
    assert counted(transfers_n=3)["transferred.n"] == (NO_BIN, T0, 1) and "transferred.n" not in counted()


@pytest.mark.parametrize(
    ("name", "value", "scale", "found"),
    [
        ("nps", 10, (0, 10, "up"), {"nps.n", "nps.plus"}),
        ("nps", 9, (0, 10, "up"), {"nps.n", "nps.plus"}),
        ("nps", 8, (0, 10, "up"), {"nps.n"}),
        ("nps", 6, (0, 10, "up"), {"nps.n", "nps.minus"}),
        ("nps", 11, (0, 10, "up"), set()),
        ("ces", 5, (1, 7, "up"), {"ces.n", "ces.top"}),
        ("ces", 4, (1, 7, "up"), {"ces.n"}),
        ("ces", 3, (1, 7, "down"), {"ces.n", "ces.top"}),
        ("ces", 5, (1, 7, "down"), {"ces.n"}),
    ],
)
def test_answers_are_sorted_by_their_scale_and_its_direction(
    name: str, value: float, scale: tuple[int, int, str], found: set[str]
) -> None:
    low, high, direction = scale
    rating = {"name": name, "value": value, "low": low, "high": high, "direction": direction, "aspect": "overall"}
    parts = counted(ratings=[rating], rated_at=at(60))
    assert {measure for measure in parts if measure.startswith(("nps", "ces"))} == found


def test_a_response_is_judged_only_against_a_target() -> None:
    answered = {"first_response_at": at(90), "response_s": 90, "acknowledged_at": at(2)}
    assert "response.n" not in counted(**answered)
    assert counted(**answered, response_target_s=90)["response.met"] == (NO_BIN, at(90), 1)
    late = counted(**answered, response_target_s=89)
    assert "response.met" not in late and late["response.n"] == (NO_BIN, at(90), 1)
    assert late["ack.d"] == (logbins.bin_of(2), at(2), 1)


@pytest.mark.parametrize(
    ("seconds", "answered", "found"),
    [
        (20, True, {"offered.n", "answered.n", "answered20.n", "wait.d", "wait.s"}),
        (21, True, {"offered.n", "answered.n", "wait.d", "wait.s"}),
        (5, False, {"offered.n", "abandoned.n", "abandoned5.n", "abandoned20.n", "wait.d"}),
        (8, False, {"offered.n", "abandoned.n", "abandoned20.n", "wait.d"}),
        (21, False, {"offered.n", "abandoned.n", "wait.d"}),
        (None, False, {"offered.n"}),
    ],
)
def test_calls_count_on_the_time_they_were_offered(seconds: float | None, answered: bool, found: set[str]) -> None:
    end = None if seconds is None else at(seconds)
    parts = counted(offered_at=T0, **{"answered_at" if answered else "abandoned_at": end})
    assert {name for name, (_, when, _v) in parts.items() if name in SET_BY["offered"] and when == T0} == found


@pytest.mark.parametrize(
    ("value", "low", "high", "direction", "found"),
    [
        (5, 1, 5, "up", (5000, True)),
        (3, 1, 5, "up", (3000, False)),
        (1, 1, 5, "down", (5000, True)),
        (9, 0, 10, "up", (4600, True)),
        (7, 1, 5, "up", None),
        (1, 1, 1, "up", None),
    ],
)
def test_satisfaction_is_one_scale_whatever_it_came_in(
    value: float, low: float, high: float, direction: str, found: tuple[int, bool] | None
) -> None:
    rating = {"name": "csat", "value": value, "low": low, "high": high, "direction": direction, "aspect": "overall"}
    parts = counted(ratings=[rating], rated_at=at(60))
    if found is None:
        assert not parts.keys() & {"csat.n", "csat.top", "csat.sum"}
    else:
        assert parts["csat.n"] == (NO_BIN, at(60), 1) and parts["csat.sum"][2] == found[0]
        assert ("csat.top" in parts) is found[1]


def test_one_answer_counts_once_and_the_overall_one_before_aspects() -> None:
    plain = {"name": "csat", "low": 1, "high": 5, "direction": "up"}
    other = {**plain, "name": "nps", "value": 2, "aspect": "overall"}
    both = [{**plain, "value": 1, "aspect": "product"}, {**plain, "value": 5, "aspect": "overall"}, other]
    parts = counted(kind="survey", ratings=both)
    assert parts["csat.n"] == (NO_BIN, T0, 1) and parts["csat.sum"][2] == 5000


def test_reopenings_and_negatives() -> None:
    parts = counted(reopened_at=at(7), reopened_n=2, tags={"sentiment": "negative"})
    assert parts["reopened.n"] == (NO_BIN, at(7), 2) and parts["negative.n"][2] == 1


def test_a_measurement_adds_sums_never_ratios() -> None:
    given_ = {"name": "acd", "start_at": T0, "numerator": 8, "denominator": 10, "duration_sum": 0, "n": 3}
    assert of_measurement(given_) == [("m.acd.num", NO_BIN, T0, 8), ("m.acd.den", NO_BIN, T0, 10), ("m.acd.n", NO_BIN, T0, 3)]


def test_the_table_of_measures_names_each_once_and_events_name_known_ones() -> None:
    assert len(BY_ID) == len(MEASURES)
    assert {name for names in SET_BY.values() for name in names} <= BY_ID.keys()
    assert measures.VERSION >= 1
