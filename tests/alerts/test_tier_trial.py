"""试算: what other definitions would have made of the alerts that there were."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fengsui.alerts import definitions
from fengsui.alerts.seeds import FLOORS, MATRIX, TIER_POLICY, WEIGHTS
from fengsui.board import tier_trial
from fengsui.people import NotAllowed, Person

ROOT = Person("root", "根", "admin")
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
    found = tier_trial.deadlines(past.store, short, ROOT, past.now)
    assert (found[2].n, found[2].claim, found[2].handle) == (1, (0, 1), (0, 0))
    assert found[1].n == 0, "a member has no deadline"


def test_only_administrators_of_the_whole_centre_try(past: Any) -> None:
    for who in (Person("w", "王", "manager"), Person("n", "南", "admin", ("华南",))):
        with pytest.raises(NotAllowed):
            tier_trial.tiers(past.store, "matrix", "default", MATRIX, who, past.now)
        with pytest.raises(NotAllowed):
            tier_trial.deadlines(past.store, TIER_POLICY, who, past.now)
