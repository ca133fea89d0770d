"""Threshold, phrase, record and detector rules: what each takes as a sight, in which scope and in whose units."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, insert, select

from fengsui.alerts import definitions
from fengsui.alerts.phrase_rules import _began, _Said
from fengsui.store.slices import bucket, slice_id, slice_levels
from fengsui.store.tables import rule_record, slice_, slice_source
from tests import rollups


def test_a_kpi_below_its_limit_for_the_whole_time_fires_and_above_the_clearing_one_calms(lite):
    rule = {
        "name": {"zh_CN": "达成率不达标", "en": "Below target"}, "kind": "threshold", "metric": "sla_attainment",
        "cuboid": "org.1", "where": {"org.1": "华南"}, "op": "<", "value": 0.9,
        "clear_value": 0.95, "for_s": 300, "window_s": 3600, "min_n": 20,
    }  # fmt: skip
    _due(lite, "org.1=华南", met=30, of=40)
    _due(lite, "org.1=华东", met=10, of=40)
    with lite.store.begin() as conn:
        definitions.save(conn, "rule", "sla-floor", rule, "wang", lite.now)
    assert lite.advance().opened == 1
    found = lite.one()
    assert (found["slice_key"], found["observed"], found["reason"]) == ("org.1=华南", 0.75, "alerts.lead.limit_share_down")
    assert found["direction"] == "down"


def test_a_kpi_on_too_few_records_says_nothing(lite):
    rule = {
        "name": {"zh_CN": "达成率不达标", "en": "Below target"}, "kind": "threshold", "metric": "sla_attainment",
        "op": "<", "value": 0.9, "clear_value": 0.95, "window_s": 3600, "min_n": 20,
    }  # fmt: skip
    _due(lite, "all", met=1, of=19)
    with lite.store.begin() as conn:
        definitions.save(conn, "rule", "sla-floor", rule, "wang", lite.now)
    assert lite.advance().opened == 0


def test_a_word_is_judged_in_its_own_scope(centre):
    rule = {
        "name": {"zh_CN": "用不了", "en": "Outage"}, "kind": "phrase", "metric": "contacts", "cuboid": "channel",
        "where": {"channel": "App"}, "cue": "outage", "count": 3, "customers": 3, "ratio": 4,
    }  # fmt: skip
    with centre.store.begin() as conn:
        definitions.save(conn, "rule", "app-outage", rule, "wang", centre.now)
    centre.record(centre.now - timedelta(days=1), n=1, cues=("outage",))
    centre.record(n=3, cues=("outage",), dims={"channel": "App"})
    centre.record(n=3, cues=("outage",), dims={"channel": "电话"})
    centre.advance()
    assert [(row["rule_id"], row["slice_key"]) for row in centre.episodes()] == [("app-outage", "channel=App")]


def test_a_letter_without_news_for_a_day_goes_out_by_itself(lite):
    lite.record(cues=("regulator",))
    lite.advance()
    for _ in range(10):
        lite.advance(timedelta(minutes=1))
    assert lite.one()["condition"] == "firing"
    lite.now += timedelta(days=1)
    for _ in range(10):
        lite.advance(timedelta(minutes=1))
    assert lite.one()["condition"] == "cleared"


def test_a_rule_of_a_metric_counts_only_its_own_records(lite):
    lite.record(n=20, kind="inquiry")
    lite.record(n=10, mood="negative")
    lite.sees(rule="complaints-all", metric="negatives", observed=10, expected=1)
    lite.advance()
    assert lite.one()["n"] == 10


@pytest.mark.parametrize(
    ("rule", "metric", "window", "reason", "said"),
    [
        (
            "sla-all",
            "sla_attainment",
            (32.0, 38.0),
            {"observed": 0.8, "expected": 0.95, "n": 40},
            (0.8, 0.95, "alerts.lead.share_down"),
        ),
        ("response-time-all", "response_time", (math.log(96), math.log(40)), {}, (96, 40, "alerts.lead.duration_down")),
    ],
)
def test_shares_and_durations_are_told_in_peoples_units(lite, rule, metric, window, reason, said):
    lite.record(n=40)
    lite.sees(
        rule=rule, metric=metric, observed=window[0], expected=window[1], reason_params=reason, direction="down", step_s=900
    )
    lite.advance()
    found = lite.one()
    assert (pytest.approx(found["observed"]), pytest.approx(found["expected"]), found["reason"]) == said


def test_the_good_side_opens_nothing(lite):
    lite.record(n=40)
    lite.sees(direction="down")
    lite.sees(rule="sla-all", metric="sla_attainment", reason_params={"observed": 0.99, "expected": 0.95}, direction="up")
    assert lite.advance().opened == 0


def _due(centre, key, met, of):
    at = bucket(centre.now - timedelta(minutes=30), 15)
    row = {"slice_id": slice_id(key), "cuboid": "|".join(slice_levels(key)) or "all", "slice_key": key,
           "dims": slice_levels(key), "first_at": centre.now}  # fmt: skip
    cell = {"grain": 15, "slice_id": slice_id(key), "bin": -32768, "bucket": at}
    with centre.store.begin() as conn:
        conn.execute(insert(slice_).values(**row))
        conn.execute(
            insert(slice_source), [{"slice_id": slice_id(key), "measure": m, "source": "crm"} for m in ("due.n", "due.met")]
        )
        rollups.put(conn, [{**cell, "measure": "due.n", "value": of}, {**cell, "measure": "due.met", "value": met}])


@pytest.mark.parametrize(
    ("minutes", "began"),
    [((0, 25, 26, 27), 25), ((0, 9, 18, 27), 0), ((5,), 5), ((0, 20, 40, 41), 40)],
)
def test_a_flood_of_words_begins_after_the_last_long_pause(minutes, began):
    """Not with the one ordinary record that happens to lie in the hour."""
    start = datetime(2026, 11, 18, 6, tzinfo=UTC)
    heard = [_Said(f"k{minute}", start + timedelta(minutes=minute)) for minute in minutes]
    assert _began(heard, 3600) == start + timedelta(minutes=began)


def test_a_flood_of_words_is_read_in_statements_that_every_store_takes(centre):
    """PostgreSQL takes 65 535 parameters, some builds of SQLite half of them: the greatest flood must not go unheard."""
    asked = []

    def hear(conn, cursor, statement, parameters, context, executemany):
        asked.append(0 if executemany else len(parameters or ()))

    centre.record(n=9_000, cues=("outage",))
    event.listen(centre.store, "before_cursor_execute", hear)
    try:
        centre.advance()
    finally:
        event.remove(centre.store, "before_cursor_execute", hear)
    found = centre.one()
    assert (found["n"], found["customers"]) == (9_000, 9_000)
    assert max(asked) < 8_000
    with centre.store.connect() as conn:
        told = conn.scalar(select(func.count()).where(rule_record.c.episode_id == found["episode_id"]))
    assert told == 9_000
