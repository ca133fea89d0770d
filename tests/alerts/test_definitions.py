"""Versioned definitions: seeded once, checked, never changed backwards."""

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from fengsui.alerts import definitions
from fengsui.alerts.definitions import BadDefinition
from fengsui.alerts.seed import seed
from fengsui.alerts.seeds import rules_for
from fengsui.settings.model import Channel, Notify, Settings
from fengsui.store.tables import definition

DETECTOR = rules_for(("all",), 50)["complaints-all"]
PHRASE = rules_for(("all",), 50)["cue-media"]
THRESHOLD = rules_for(("all",), 50)["waiting-now"]


def test_seeding_twice_is_seeding_once(centre):
    def rows():
        with centre.store.connect() as conn:
            return conn.scalar(select(func.count()).select_from(definition))

    before = rows()
    with centre.store.begin() as conn:
        seed(conn, centre.settings, centre.now)
    assert rows() == before


def test_what_a_person_edited_is_not_seeded_over(centre):
    with centre.store.begin() as conn:
        definitions.save(conn, "rule", "complaints-all", {**DETECTOR, "mode": "shadow"}, "wang", centre.now)
        seed(conn, centre.settings, centre.now + timedelta(hours=1))
        held = definitions.in_force(conn, "rule", centre.now + timedelta(hours=2))["complaints-all"]
    assert (held.version, held.body.mode) == (2, "shadow")


def test_an_older_instant_has_the_older_version(lite):
    with lite.store.begin() as conn:
        definitions.save(conn, "rule", "complaints-all", {**DETECTOR, "mode": "off"}, "wang", lite.now)
        before = definitions.in_force(conn, "rule", lite.now - timedelta(seconds=1))["complaints-all"]
        after = definitions.in_force(conn, "rule", lite.now)["complaints-all"]
    assert (before.body.mode, after.body.mode) == ("on", "off")


def test_the_seeded_channels_follow_the_settings_and_a_persons_deadlines_stay(lite, tmp_path):
    with lite.store.begin() as conn:
        body = definitions.in_force(conn, "tier_policy", lite.now)["default"].body.model_dump(mode="json")
        definitions.save(conn, "tier_policy", "default", {**body, "hold_s": 60}, "wang", lite.now)
        channels = {"log": Channel(kind="log"), "ops": Channel(kind="webhook", url="http://x.test/", min_tier=2)}
        seed(conn, Settings(home=tmp_path, notify=Notify(channels=channels)), lite.now)
        policy = definitions.book(conn, lite.now).policy
    assert (policy.channels, policy.channel_tiers, policy.hold_s) == (("log", "ops"), {"log": 1, "ops": 2}, 60)


def test_rules_are_seeded_for_the_cuboids_that_are_there():
    ids = set(rules_for(("all", "channel", "category.2|org.2"), 50))
    assert {"complaints-all", "complaints-channel", "complaints-tail-category.2-org.2", "waiting-now"} <= ids
    assert not ids & {"complaints-region", "complaints-category"}


def test_a_full_house_of_head_series_costs_about_one_false_alarm_a_week():
    rules = rules_for(("all", "channel", "org.1", "category.1"), 50).values()
    heads = [body for body in rules if body.get("role") == "head" and body["mode"] == "on"]
    demo = {"channel": 5, "org.1": 6, "category.1": 8, "all": 1}
    assert sum(demo[body["cuboid"]] for body in heads) == 47
    assert sum(demo[body["cuboid"]] * body["budget_per_week"] for body in heads) == pytest.approx(1.0, abs=0.02)


BAD = [
    ("rule", {**DETECTOR, "kind": "magic"}, "body"),
    ("rule", {**DETECTOR, "step_s": 45}, "detector.step_s"),
    ("rule", {**DETECTOR, "budget_per_week": 0}, "detector.budget_per_week"),
    ("rule", {**DETECTOR, "where": {"org.1": "华南"}}, "detector"),
    ("rule", {**DETECTOR, "colour": "red"}, "detector.colour"),
    ("rule", {**DETECTOR, "name": {"zh_CN": "", "en": "x"}}, "detector.name.zh_CN"),
    ("rule", {**THRESHOLD, "clear_value": 40}, "threshold"),
    ("rule", {**THRESHOLD, "op": "<", "clear_value": 20}, "threshold"),
    ("rule", {**PHRASE, "ratio": 0.5}, "phrase.ratio"),
    ("rule", {**PHRASE, "kind": "record", "cue": "x"}, "record.cue"),
    ("matrix", {"cells": [[[1, 1, 1]] * 3] * 2}, "body"),
    ("matrix", {"cells": [[[1, 1, 4]] * 3] * 3}, "cells.0.0.2"),
    ("tier_policy", {"tiers": {"1": {"claim_s": 1, "handle_s": 1, "tell": []}}}, "body"),
    ("floor", {"tier": 5}, "tier"),
]


@pytest.mark.parametrize(("kind", "body", "field"), BAD)
def test_a_wrong_body_is_refused_by_field(lite, kind, body, field):
    with lite.store.begin() as conn:
        with pytest.raises(BadDefinition) as caught:
            definitions.save(conn, kind, "mine", body, "wang", lite.now)
        assert field in [where for where, _, _ in caught.value.mistakes]
        assert "mine" not in definitions.in_force(conn, kind, lite.now)


def test_a_record_rule_that_matches_nothing_is_refused():
    body = {**rules_for(("all",), 50)["staff-report"], "kinds": [], "cues": []}
    with pytest.raises(BadDefinition, match="matches nothing"):
        definitions.check("rule", "mine", body)


def test_a_calendar_that_cannot_be_meant_is_refused_by_field(lite):
    body = {"code": "CN", "hours": {"default": {"mon": ["18:00-09:00"]}}}
    with lite.store.begin() as conn, pytest.raises(definitions.BadDefinition) as fault:
        definitions.save(conn, "calendar", "default", body, "wang", lite.now)
    assert fault.value.params["fields"] == ["hours.default.mon"]


def test_kinds_of_other_rooms_pass(lite):
    with lite.store.begin() as conn:
        assert definitions.save(conn, "roster", "week", {"li": "day"}, "wang", lite.now) == 1


def test_a_store_without_seed_says_so(sqlite_store, now):
    with sqlite_store.begin() as conn, pytest.raises(definitions.NotSeeded):
        definitions.book(conn, now)


def test_rules_written_by_another_process_are_seen(lite):
    with lite.store.begin() as conn:
        definitions.book(conn, lite.now)
        row = {"kind": "rule", "id": "theirs", "version": 1, "valid_from": lite.now, "by": "x", "body": DETECTOR}
        conn.execute(insert(definition).values(**row))
        assert definitions.book(conn, lite.now).rule("theirs") is not None


@pytest.mark.parametrize("claim_s", [599_999_999_940, 366 * 86_400 + 1])
def test_a_stored_deadline_beyond_any_calendar_stops_no_alert(lite, caplog, claim_s):
    """Such a policy could be saved once; every opening then failed, and with it every tick."""
    with lite.store.begin() as conn:
        body = definitions.in_force(conn, "tier_policy", lite.now)["default"].body.model_dump(mode="json")
        wrong = {**body, "tiers": {name: {**one, "claim_s": claim_s} for name, one in body["tiers"].items()}}
        row = {"kind": "tier_policy", "id": "default", "version": 9, "valid_from": lite.now, "by": "gao", "body": wrong}
        conn.execute(insert(definition).values(**row))
    lite.record(n=30)
    lite.sees(observed=30, expected=1)
    lite.advance()
    assert lite.one()["claim_due_at"] == lite.now + timedelta(minutes=5)
    assert "version 9 is not in force" in caplog.text and "claim_s" in caplog.text
    with lite.store.begin() as conn, pytest.raises(BadDefinition):
        definitions.save(conn, "tier_policy", "default", wrong, "cli", lite.now)
