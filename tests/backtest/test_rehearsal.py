"""A rule before it is switched on: what it would have raised, and the threshold from which on that is little enough."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from fengsui.alerts.bodies import TierPolicy
from fengsui.alerts.definitions import BadDefinition
from fengsui.alerts.seeds.policy import TIER_POLICY
from fengsui.alerts.seeds.rules import PHRASES, THRESHOLDS, rules_for
from fengsui.alerts.sight import Sight
from fengsui.backtest.child import Errand, outcome
from fengsui.backtest.rehearsal import Rehearsal, rehearse, walked
from fengsui.backtest.wish import Place
from fengsui.metrics import catalogue
from fengsui.store.tables import gauge
from tests.alerts.conftest import Centre, _centre

NOW = datetime.fromisoformat("2026-11-18T06:32:00+00:00")
PLACE = Place("Asia/Shanghai", "none", 8)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
RECORD = {"name": {"zh_CN": "一线上报", "en": "Staff"}, "kind": "record", "metric": "contacts", "kinds": ["staff_report"]}


@pytest.fixture
def centre(sqlite_store: Engine, tmp_path: Path) -> Centre:
    made = _centre(sqlite_store, tmp_path, NOW)
    with sqlite_store.begin() as conn:
        catalogue.seed(conn, NOW - DAY)
    return made


def played(centre: Centre, body: dict[str, Any], days: int = 7, per_day: float = 1.0) -> dict[str, Any]:
    with centre.store.connect() as conn:
        said = list(rehearse(conn, Rehearsal.of({"body": body, "days": days, "per_day": per_day}), PLACE, NOW))
    assert all(isinstance(one, float) and 0 <= one < 1 for one in said[:-1])
    assert isinstance(said[-1], dict)
    return said[-1]


def outage(centre: Centre, at: datetime, n: int) -> None:
    for minute in range(n):
        centre.record(at + minute * MINUTE, cues=("outage",))


def test_words_of_many_raise_one_alert_for_each_outbreak_and_none_for_single_voices(centre: Centre) -> None:
    outage(centre, NOW - 5 * DAY, 12)
    outage(centre, NOW - 2 * DAY, 12)
    centre.record(NOW - 3 * DAY, cues=("outage",))
    found = played(centre, PHRASES["cue-outage"])
    assert found["alerts"] == 2 and found["per_day"]["3"] == pytest.approx(2 / 7)
    assert sum(row[3] for row in found["by_day"]) == 2 and len(found["by_day"]) == 8
    assert not found["too_many"] and found["fits"] is None


def test_too_many_are_met_by_a_higher_threshold_and_never_by_leaving_alerts_out(centre: Centre) -> None:
    for day in range(6):
        outage(centre, NOW - day * DAY - HOUR, 9)
    outage(centre, NOW - 3 * DAY - 6 * HOUR, 25)
    body = {**PHRASES["cue-outage"], "ratio": 1.0}
    found = played(centre, body, per_day=0.2)
    assert found["too_many"] and found["alerts"] == 7, "told as it is"
    fits = found["fits"]
    assert fits["field"] == "count" and fits["value"] > 9 and fits["alerts"] <= 1.4
    again = played(centre, {**body, "count": fits["value"]}, per_day=0.2)
    assert again["alerts"] == fits["alerts"] and not again["too_many"]


def test_one_person_who_says_it_often_is_no_crowd(centre: Centre) -> None:
    for minute in range(12):
        centre.record(NOW - DAY + minute * MINUTE, cues=("outage",), customer="one")
    assert played(centre, PHRASES["cue-outage"])["alerts"] == 0


def test_single_records_are_one_alert_until_it_is_quiet(centre: Centre) -> None:
    for hours in (60, 58, 20):
        centre.record(NOW - hours * HOUR, kind="staff_report")
    found = played(centre, RECORD, per_day=0.1)
    assert found["alerts"] == 2 and found["fits"] is None, "a single record has no threshold to raise"
    assert found["too_many"]
    assert played(centre, {**RECORD, "where": {"org.1": "华东"}, "cuboid": "org.1"})["alerts"] == 0


def test_a_threshold_on_a_gauge_is_played_and_raised(centre: Centre) -> None:
    rows = []
    for minute in range(0, 2 * 1440, 2):
        at = NOW - 2 * DAY + minute * MINUTE
        value = 50.0 if 100 <= minute < 130 else 80.0 if 1500 <= minute < 1530 else 5.0
        rows.append({"source": "acd", "name": "waiting", "slice_key": "all", "at": at, "value": value})
    with centre.store.begin() as conn:
        conn.execute(insert(gauge), rows)
    found = played(centre, THRESHOLDS["waiting-now"], days=2, per_day=2)
    assert found["alerts"] == 2 and not found["too_many"]
    fewer = played(centre, THRESHOLDS["waiting-now"], days=2, per_day=0.6)
    assert fewer["too_many"] and fewer["fits"]["field"] == "value" and 50 <= fewer["fits"]["value"] < 80
    assert fewer["fits"]["alerts"] == 1


def test_a_detector_is_played_by_the_back_test_and_an_empty_store_raises_nothing(centre: Centre) -> None:

    body = rules_for(("all",), 50)["complaints-all"]
    found = played(centre, body)
    assert found["alerts"] == 0 and found["kind"] == "detector"
    for one in (PHRASES["cue-media"], RECORD, THRESHOLDS["waiting-now"], THRESHOLDS["stage-at-risk"]):
        assert played(centre, one)["alerts"] == 0


@pytest.mark.parametrize(
    "params",
    [
        {"body": {}},
        {"body": RECORD, "days": 0},
        {"body": RECORD, "days": 99},
        {"body": RECORD, "per_day": 0},
        {"body": RECORD, "days": "x"},
    ],
)
def test_what_cannot_be_rehearsed_is_refused(params: dict[str, Any]) -> None:
    with pytest.raises((BadDefinition, ValueError)):
        Rehearsal.of({"days": 7, "per_day": 1.0, **params})


def test_sights_make_alerts_by_the_life_of_an_alert() -> None:
    policy = TierPolicy(**TIER_POLICY)

    def sight(minute: int, grade: int, *, calm: bool = False) -> Sight:
        end = NOW + minute * MINUTE
        return Sight("r", "all", "contacts", "phrase", end - MINUTE, end, end - MINUTE, grade, calm, "up")

    burst = [sight(0, 3), *(sight(n, 0, calm=True) for n in range(1, 13))]
    later = [sight(20, 3), *(sight(n, 0, calm=True) for n in range(21, 33)), sight(200, 3)]
    found = walked([*burst, *later], 3, policy)
    assert len(found) == 2, "burning again within half an hour is the same alert"
    assert found[0].end is not None and found[1].end is None


def test_the_worker_has_it_carried_out_by_a_child(centre: Centre) -> None:
    outage(centre, NOW - 2 * DAY, 12)
    wanted = Rehearsal.of({"body": PHRASES["cue-outage"], "days": 7, "per_day": 1.0})
    url = centre.store.url.render_as_string(hide_password=False)
    *steps, last = outcome(Errand(url, wanted, PLACE, NOW))
    assert isinstance(last, dict) and last["alerts"] == 1 and all(isinstance(one, float) for one in steps)
