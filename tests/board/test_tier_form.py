"""The form of 分级与预案: nobody is left untold, no number stops the machine, names may hold commas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from fengsui.alerts.seed import seed
from fengsui.alerts.seeds import PLANS, TIER_POLICY, WEIGHTS
from fengsui.board import revision, tier_edit
from fengsui.board.revision import Draft, Saved
from fengsui.board.wrong import Wrong
from fengsui.people import Person
from fengsui.settings import Settings
from fengsui.store import tables as t

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)
GAO = Person("gao", "高岩", "admin")
BODIES = {"tier_policy": TIER_POLICY, "weights": WEIGHTS, "plan": PLANS["tier-3"]}


def drafted(kind: str, cells: dict[str, str], first: Any = None) -> dict[str, Any]:
    body = first or BODIES[kind]
    return tier_edit.drafted(kind, body, {**tier_edit.written(kind, body), **cells})


def refused(kind: str, cells: dict[str, str], first: Any = None) -> list[tuple[str, str]]:
    with pytest.raises(Wrong) as fault:
        drafted(kind, cells, first)
    return [(".".join(map(str, one.place)), one.code.removeprefix("board.wrong.")) for one in fault.value.mistakes]


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("tier_policy", "tiers.3.tell"),
        ("tier_policy", "tiers.2.tell"),
        ("tier_policy", "escalate_to"),
        ("tier_policy", "system.tell"),
        ("plan", "owner_role"),
    ],
)
def test_somebody_must_be_told(kind: str, field: str) -> None:
    assert refused(kind, {field: "  "}) == [(field, "missing")]


def test_of_a_general_alert_nobody_need_be_told() -> None:
    assert drafted("tier_policy", {"tiers.1.tell": ""})["tiers"]["1"]["tell"] == []


@pytest.mark.parametrize("name", ["wall", "auditor", "analyst", "org:", "org: "])
def test_whoever_only_looks_is_not_told(name: str) -> None:
    assert refused("tier_policy", {"tiers.3.tell": f"duty\n{name}"}) == [("tiers.3.tell", "choice")]


def test_a_department_may_be_told_as_reminders_tell_it() -> None:
    body = {**TIER_POLICY, "departments": {"tech": ["org:技术部/一组"]}}
    made = drafted("tier_policy", {"tiers.2.tell": "duty\norg:客服、热线部"}, body)
    assert made["departments"] == {"tech": ["org:技术部/一组"]} and made["tiers"]["2"]["tell"] == ["duty", "org:客服、热线部"]
    assert drafted("tier_policy", {}, made) == made


@pytest.mark.parametrize("minutes", ["9999999999", "527041", "1e300", "inf", "-inf", "nan"])
@pytest.mark.parametrize("field", ["tiers.3.claim_s", "relate_s", "refire_s", "system.calm_s"])
def test_no_span_is_longer_than_a_year(field: str, minutes: str) -> None:
    ((place, code),) = refused("tier_policy", {field: minutes})
    assert place == field and code in ("at_most", "number")


def test_a_limit_is_said_in_the_minutes_of_the_form() -> None:
    with pytest.raises(Wrong) as fault:
        drafted("tier_policy", {"hold_s": "9999999999"})
    (one,) = fault.value.mistakes
    assert (one.params["value"], one.params["limit"]) == ("9999999999", "527040")
    assert drafted("tier_policy", {"hold_s": "527040"})["hold_s"] == 366 * 86_400


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("change", "nan inf", "number"),
        ("target_margin", "inf", "number"),
        ("negative_share", "nan", "number"),
        ("cue_customers", "99999999999999999999", "at_most"),
        ("persistence_s", "60 15", "alerts.body.pair_falls"),
        ("impact_customers", "25 5", "alerts.body.pair_falls"),
        ("change", "3 1.5", "alerts.body.pair_falls"),
    ],
)
def test_weights_are_numbers_in_their_order(field: str, text: str, code: str) -> None:
    assert {(place.partition(".")[0], why) for place, why in refused("weights", {field: text})} == {(field, code)}


def test_names_with_commas_and_large_numbers_come_back_as_they_were() -> None:
    body = {**WEIGHTS, "categories": {"支付、资金": 3, "a, b; c": 2, "a = b": 1}, "impact_customers": [1_234_567, 2_500_000]}
    body |= {"staff_channels": ["员工、内部", "坐席,代录"]}
    shown = tier_edit.written("weights", body)
    assert shown["impact_customers"] == "1234567 2500000"
    made = drafted("weights", {}, body)
    assert {name: made[name] for name in ("categories", "impact_customers", "staff_channels")} == {
        name: body[name] for name in ("categories", "impact_customers", "staff_channels")
    }
    assert (
        drafted("weights", {"staff_channels": shown["staff_channels"] + "\n电话、短信"}, body)["staff_channels"][-1]
        == "电话、短信"
    )


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("staff_kinds", "staff_report, inquiry", "lines"),
        ("staff_channels", "内部、别的", "lines"),
        ("cues", "media = 3, legal = 2", "pairs"),
        ("cues", "media = 3\nmedia = 1", "pairs"),
    ],
)
def test_two_names_on_a_line_are_not_taken_for_one(field: str, text: str, code: str) -> None:
    assert refused("weights", {field: text}) == [(field, code)]


def test_what_was_stored_when_more_was_allowed_can_be_mended() -> None:
    tiers = {**TIER_POLICY["tiers"], "3": {**TIER_POLICY["tiers"]["3"], "claim_s": 599_999_999_940}}
    body = {**TIER_POLICY, "tiers": tiers}
    assert tier_edit.written("tier_policy", body)["tiers.3.claim_s"] == "9999999999"
    cells = {**tier_edit.written("tier_policy", TIER_POLICY), "tiers.3.claim_s": "5"}
    assert tier_edit.drafted("tier_policy", body, cells)["tiers"]["3"]["claim_s"] == 300


@pytest.fixture
def centre(store: Engine, tmp_path: Any) -> Engine:
    people = [
        ("gao", "admin", True, []),
        ("li", "duty", True, ["技术部"]),
        ("gone", "duty", False, []),
        ("tv", "wall", True, []),
    ]
    with store.begin() as conn:
        seed(conn, Settings(home=tmp_path), NOW - timedelta(days=1))
        for id_, role, active, scope in people:
            row = {"person_id": id_, "name": id_, "role": role, "scope": scope, "active": active, "created_at": NOW}
            conn.execute(insert(t.person).values(**row))
    return store


@pytest.mark.parametrize("name", ["person:ghost", "person:gone", "person:tv"])
def test_who_is_named_has_an_account_in_use(centre: Engine, tmp_path: Any, name: str) -> None:
    made = drafted("tier_policy", {"tiers.3.tell": name})
    with pytest.raises(Wrong) as fault:
        revision.save(centre, Settings(home=tmp_path), [Draft("tier_policy", "default", made, 1, "x")], GAO, NOW)
    (one,) = fault.value.mistakes
    assert (one.place, one.code) == (("tiers", "3", "tell"), "board.wrong.no_account")
    assert len(revision.of(centre, "tier_policy", "default")) == 1


@pytest.mark.parametrize(("name", "there"), [("person:li", True), ("org:技术部/一组", True), ("org:财务部", False)])
def test_a_severe_alert_reaches_a_department_only_where_somebody_is(
    centre: Engine, tmp_path: Any, name: str, there: bool
) -> None:
    draft = Draft("tier_policy", "default", drafted("tier_policy", {"tiers.3.tell": name}), 1, "x")
    if there:
        assert revision.save(centre, Settings(home=tmp_path), [draft], GAO, NOW) == Saved(2)
        return
    with pytest.raises(Wrong):
        revision.save(centre, Settings(home=tmp_path), [draft], GAO, NOW)


def test_what_comes_from_a_file_is_held_to_the_same(centre: Engine, tmp_path: Any) -> None:
    """What it leaves out is as it is by default: system alerts go to the administrators."""
    draft = Draft("tier_policy", "default", {**TIER_POLICY, "storm_n": 11}, 1, "x")
    assert revision.save(centre, Settings(home=tmp_path), [draft], GAO, NOW) == Saved(2)
    for body in ({**TIER_POLICY, "escalate_to": []}, {**TIER_POLICY, "escalate_to": ["wall"]}):
        with pytest.raises(Wrong):
            revision.save(centre, Settings(home=tmp_path), [Draft("tier_policy", "default", body, 2, "x")], GAO, NOW)
