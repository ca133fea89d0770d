"""试算: what other definitions would have made of the alerts that there were."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from fengsui.alerts import commands, definitions
from fengsui.alerts.commands import Done
from fengsui.alerts.commands.handling import Somebody
from fengsui.alerts.seeds import FLOORS, MATRIX, TIER_POLICY, WEIGHTS
from fengsui.board import deadline_trial, tier_trial
from fengsui.people import NotAllowed, Person
from fengsui.store import tables as t

ROOT = Person("root", "根", "admin")
LI = Somebody("li", "李强", "duty")
MINUTE = timedelta(minutes=1)
GENERAL = {"cells": [[[1] * 3] * 3] * 3}


@pytest.fixture
def past(centre: Any) -> Any:
    """Complaints of 40 customers about parcels, and 30 questions about refunds."""
    centre.record(n=40)
    centre.sees(observed=40, expected=1, grade=2)
    centre.record(n=30, kind="inquiry", dims={"channel": "App", "org": "华东/上海", "category": "退款退货/自助退款"})
    refunds = {"rule": "contacts-category", "metric": "contacts"}
    centre.sees("category.1=退款退货", observed=30, expected=1, grade=2, **refunds)
    centre.advance(MINUTE)
    assert {row["rule_id"]: row["tier"] for row in centre.episodes()} == {"complaints-all": 2, "contacts-category": 1}
    return centre


def tried(centre: Any, kind: str, body: dict[str, Any], id_: str = "default") -> Any:
    return tier_trial.tiers(centre.store, kind, id_, body, ROOT, centre.now)


def test_what_is_in_force_moves_nothing(past: Any) -> None:
    for kind, id_, body in (
        ("matrix", "default", MATRIX),
        ("weights", "default", WEIGHTS),
        ("floor", "safety", FLOORS["safety"]),
    ):
        found = tried(past, kind, body, id_)
        assert (found.n, found.moved, found.before) == (2, (), {1: 1, 2: 1}) and found.after == found.before, kind


def test_another_matrix_other_weights_and_another_floor_move_what_they_would_have(past: Any) -> None:
    (lower,) = tried(past, "matrix", GENERAL).moved
    assert (lower.rule_id, lower.before, lower.after) == ("complaints-all", 2, 1)
    (asked,) = tried(past, "weights", {**WEIGHTS, "asking_share": 1.0}).moved
    assert (asked.rule_id, asked.before, asked.after) == ("contacts-category", 1, 2)
    (mass,) = tried(past, "floor", {**FLOORS["mass-complaints"], "customers": 20}, "mass-complaints").moved
    assert (mass.rule_id, mass.after) == ("complaints-all", 3)


def test_what_was_tried_is_what_happens_once_it_is_saved(past: Any) -> None:
    body = {**WEIGHTS, "asking_share": 1.0}
    foretold = {one.rule_id: one.after for one in tried(past, "weights", body).moved}
    with past.store.begin() as conn:
        definitions.save(conn, "weights", "default", body, "root", past.now)
    past.sees("category.1=退款退货", observed=30, expected=1, grade=2, rule="contacts-category", metric="contacts")
    past.advance(MINUTE)
    now = {row["rule_id"]: row["tier"] for row in past.episodes()}
    assert now["contacts-category"] == foretold["contacts-category"] == 2


def test_deadlines_are_tried_on_when_people_claimed(past: Any) -> None:
    past.advance(10 * MINUTE)
    short = {**TIER_POLICY, "tiers": {**TIER_POLICY["tiers"], "2": {**TIER_POLICY["tiers"]["2"], "claim_s": 300}}}
    found = deadline_trial.deadlines(past.store, short, ROOT, past.now)
    assert (found[2].n, found[2].claim, found[2].handle) == (1, (0, 1), (0, 0))
    assert found[1].n == 0, "a member has no deadline"


def test_only_administrators_of_the_whole_centre_try(past: Any) -> None:
    for who in (Person("w", "王", "manager"), Person("n", "南", "admin", ("华南",))):
        with pytest.raises(NotAllowed):
            tier_trial.tiers(past.store, "matrix", "default", MATRIX, who, past.now)
        with pytest.raises(NotAllowed):
            deadline_trial.deadlines(past.store, TIER_POLICY, who, past.now)


# --- deadlines ----------------------------------------------------------------------------------------------------------------


def policy(**tiers: Any) -> dict[str, Any]:
    """``t2={"claim_s": 60}``"""
    return {**TIER_POLICY, "tiers": {n: {**one, **tiers.get(f"t{n}", {})} for n, one in TIER_POLICY["tiers"].items()}}


def late(centre: Any, tier: int, **tiers: Any) -> Any:
    return deadline_trial.deadlines(centre.store, policy(**tiers), ROOT, centre.now)[tier]


@pytest.fixture
def important(centre: Any) -> Any:
    """One important alert, and who may have it."""
    for one in (LI, Somebody("zhou", "周", "duty")):
        centre.person(one.person_id, one.name, one.role)
    centre.record(n=40)
    centre.sees(observed=40, expected=1, grade=2)
    centre.advance(MINUTE)
    assert centre.one()["tier"] == 2
    return centre


def out(centre: Any) -> None:
    """It goes out by itself."""
    for _ in range(25):
        centre.minute()
        centre.calm()
        centre.advance()
    assert centre.one()["condition"] == "cleared"


def test_a_general_alert_that_went_out_in_nobodys_hands_is_late_under_no_draft(centre: Any) -> None:
    centre.record(n=4, kind="inquiry")
    centre.sees(observed=4, expected=1, grade=1)
    centre.advance(MINUTE)
    assert centre.one()["tier"] == 1
    assert late(centre, 1).n == 1
    out(centre)
    centre.advance(timedelta(days=2))
    assert late(centre, 1, t1={"claim_s": 60}) == deadline_trial.Late(0, (0, 0), (0, 0))


def test_an_important_one_that_nobody_claimed_is_late_and_was_never_in_hand(important: Any) -> None:
    out(important)
    important.advance(timedelta(days=2))
    assert late(important, 2) == deadline_trial.Late(1, (1, 1), (0, 0))


def test_the_first_claim_counts_though_it_was_given_back(important: Any) -> None:
    id_ = important.one()["episode_id"]
    important.advance(MINUTE)
    assert commands.claim(important.store, id_, 0, LI, important.now) == Done(1)
    assert commands.give_back(important.store, id_, 1, LI, important.now, reason="shift_over") == Done(2)
    important.advance(timedelta(hours=8))
    assert late(important, 2, t2={"claim_s": 120}) == deadline_trial.Late(1, (0, 0), (0, 0))
    assert late(important, 2, t2={"claim_s": 30}).claim == (0, 1)


def test_a_lapsed_claim_was_in_time_and_the_new_deadline_is_another(important: Any) -> None:
    id_ = important.one()["episode_id"]
    important.advance(MINUTE)
    commands.claim(important.store, id_, 0, LI, important.now)
    for _ in range(125):
        important.advance(MINUTE)
    assert important.handling(id_)["state"] == "verified"
    assert late(important, 2, t2={"claim_s": 120}).claim == (0, 0)


def test_a_clock_that_began_later_is_measured_from_there(important: Any) -> None:
    """Raised to severe after half an hour, claimed four minutes later."""
    id_ = important.one()["episode_id"]
    important.now += 25 * MINUTE
    important.record(n=120, dims={"channel": "App", "org": "华南/广东", "category": "支付/支付失败"})
    important.sees(observed=160, expected=1, grade=3)
    important.advance()
    assert important.one()["tier"] == 3
    important.now += 4 * MINUTE
    assert commands.claim(important.store, id_, 0, LI, important.now) == Done(1)
    assert late(important, 3, t3={"claim_s": 180}).claim == (0, 1)


def test_a_policy_of_another_time_does_not_move_the_beginning(important: Any) -> None:
    id_, opened = important.one()["episode_id"], important.now
    important.now += 20 * MINUTE
    with important.store.begin() as conn:
        definitions.save(conn, "tier_policy", "default", policy(t2={"claim_s": 600}), "root", important.now)
    assert commands.claim(important.store, id_, 0, LI, important.now) == Done(1)
    assert important.one()["claim_due_at"] == opened + 30 * MINUTE
    assert late(important, 2, t2={"claim_s": 1260}).claim == (1, 0)


def test_a_person_grades_and_it_counts_there(important: Any) -> None:
    id_ = important.one()["episode_id"]
    assert commands.regrade(important.store, id_, 0, LI, important.now, tier=1, reason="narrower") == Done(1)
    assert (late(important, 2).n, late(important, 1).n) == (0, 1)


# --- what the machine saw -----------------------------------------------------------------------------------------------------


def test_a_phrase_rule_is_tried_on_its_own_span_and_slice(centre: Any) -> None:
    """Its alert opened with what came in the hour; older ones and later ones are not what it saw."""
    centre.record(n=30, cues=("media",))
    centre.advance(MINUTE)
    row = next(one for one in centre.episodes() if one["rule_id"] == "cue-media")
    then, opened = centre.now, row["customers"]
    centre.record(centre.now + MINUTE, n=200, cues=("media",))
    centre.record(then - 5 * MINUTE, n=200, cues=("media",))
    with centre.store.begin() as conn:  # delivered late: opened before, stored after
        late_ones = t.feedback.c.opened_at == then - 5 * MINUTE
        conn.execute(update(t.feedback).where(late_ones).values(first_stored_at=then + MINUTE))
    centre.advance(2 * MINUTE)
    seen = _row(centre, row["episode_id"])
    with centre.store.connect() as conn:
        keys = tier_trial._taken(conn, seen, definitions.book(conn, centre.now).rule("cue-media"), then)
    assert len(keys) == opened == 30


def test_an_alert_that_opens_again_within_the_span_sees_what_the_one_before_had(centre: Any) -> None:
    centre.record(n=30, cues=("media",))
    centre.advance(MINUTE)
    row = next(one for one in centre.episodes() if one["rule_id"] == "cue-media")
    seen = _row(centre, row["episode_id"])
    with centre.store.begin() as conn:  # as if these had been joined to an alert that ended a minute before
        conn.execute(update(t.rule_record).values(episode_id="another"))
        as_is = definitions.book(conn, centre.now)
        keys, far = (
            tier_trial._taken(conn, seen, as_is.rule("cue-media"), at) for at in (centre.now, centre.now + timedelta(hours=2))
        )
    assert (len(keys), len(far)) == (30, 0)


def _row(centre: Any, episode_id: str) -> Any:
    with centre.store.connect() as conn:
        return conn.execute(select(t.episode).where(t.episode.c.episode_id == episode_id)).one()


def test_a_window_is_tried_without_what_came_later(past: Any) -> None:
    with past.store.begin() as conn:
        conn.execute(update(t.feedback).where(t.feedback.c.kind == "complaint").values(first_stored_at=past.now + MINUTE))
    found = tried(past, "matrix", MATRIX)
    assert found.before == {1: 2}


def test_a_trial_reads_no_more_than_its_share_and_says_so(past: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not tried(past, "matrix", MATRIX).cut
    monkeypatch.setattr(tier_trial, "RECORDS", 1)
    found = tried(past, "matrix", MATRIX)
    assert (found.n, found.cut) == (1, True)
