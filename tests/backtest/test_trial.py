"""The history in the store through a detector, beside the rule in force; in a process of its own, and stopped when asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, insert

from fengsui.backtest.child import Errand, TrialFailed, outcome
from fengsui.backtest.trial import trial
from fengsui.backtest.wish import Place, Wish
from fengsui.store.database import open_store
from fengsui.store.slices import NO_BIN, bucket, slice_id, slice_levels
from fengsui.store.tables import METADATA, definition, episode, handling, slice_
from tests import rollups

NOW = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
BEGIN = NOW - timedelta(days=21)
FLOOD = NOW - timedelta(days=3)
KEY = "channel=电话"
PLACE = Place("Asia/Shanghai", "CN", 8)


def wish(**changes: Any) -> Wish:
    given: dict[str, Any] = {
        "metric": "complaints",
        "slice_keys": [KEY],
        "start": (NOW - timedelta(days=7)).isoformat(),
        "end": NOW.isoformat(),
        "detector": "count_surprise",
        "parameters": {"step_s": 900},
        "budget": 0.5,
        "direction": "up",
    }
    return Wish.of({**given, **changes})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    """Three weeks of quarter-hours of one channel; two hours of a flood three days ago."""
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    METADATA.create_all(engine)
    rng = np.random.default_rng(7)
    rows = []
    for n in range(21 * 96):
        at = BEGIN + n * timedelta(minutes=15)
        hour = (at.hour + 8) % 24 + at.minute / 60
        mean = (0.5 + 6 * np.exp(-0.5 * ((hour - 13) / 4) ** 2)) * (8 if FLOOD <= at < FLOOD + timedelta(hours=2) else 1)
        known = {"grain": 15, "slice_id": slice_id(KEY), "measure": "complaint.n", "bin": NO_BIN, "bucket": bucket(at, 15)}
        rows.append({**known, "value": int(rng.poisson(mean))})
    with engine.begin() as conn:
        rollups.put(conn, rows)
        place = {"slice_id": slice_id(KEY), "cuboid": "channel", "slice_key": KEY, "dims": slice_levels(KEY)}
        conn.execute(insert(slice_).values(**place, first_at=BEGIN))
    yield engine
    engine.dispose()


def define(store: Engine, kind: str, id_: str, body: dict[str, Any], at: datetime = BEGIN) -> None:
    with store.begin() as conn:
        conn.execute(insert(definition).values(kind=kind, id=id_, version=1, valid_from=at, by="seed", body=body))


def rule(store: Engine, **changes: Any) -> None:
    body = {
        "name": {"zh_CN": "渠道投诉突增", "en": "x"}, "kind": "detector", "mode": "on", "metric": "complaints",
        "cuboid": "channel", "where": {}, "role": "head", "step_s": 900, "detector": "count_surprise",
        "parameters": {"step_s": 900}, "budget_per_week": 0.5, "direction": "up",
    }  # fmt: skip
    define(store, "rule", "complaints-channel", {**body, **changes})


def stretch(store: Engine, verdict: str, start: datetime, end: datetime) -> None:
    body = {
        "verdict": verdict,
        "metric": "complaints",
        "slice_key": KEY,
        "start_at": start.isoformat(),
        "end_at": end.isoformat(),
    }
    define(store, "stretch", f"{verdict}{start.timestamp()}", body, NOW - timedelta(minutes=1))


def done(store: Engine, asked: Wish) -> dict[str, Any]:
    with store.connect() as conn:
        *shares, found = trial(conn, asked, PLACE, NOW)
    assert all(isinstance(one, float) and 0 <= one <= 1 for one in shares) and isinstance(found, dict)
    return found


def test_a_flood_that_people_marked_is_heard_and_its_delay_told_beside_the_rule_in_force(store: Engine) -> None:
    rule(store)
    stretch(store, "real", FLOOD, FLOOD + timedelta(hours=2))
    (one,) = done(store, wish())["slices"]
    for side in ("asked", "ruling"):
        (event,) = one[side]["events"]
        assert 0 < event["delay_s"] <= 3600 and event["grade"] >= 1
        assert sum(one[side]["per_week"].values()) == pytest.approx(len(one[side]["alarms"]))
    assert one["asked"]["alarms"] == one["ruling"]["alarms"], "the same settings say the same"
    assert (one["ruling"]["rule_id"], one["ruling"]["rule_version"]) == ("complaints-channel", 1)


def test_a_smaller_budget_says_less_and_a_wrong_side_says_nothing(store: Engine) -> None:
    (loud,) = done(store, wish(budget=10.0))["slices"]
    (down,) = done(store, wish(direction="down"))["slices"]
    assert len(loud["asked"]["alarms"]) >= 1 and "ruling" not in loud
    flood = bucket(FLOOD, 1)
    assert any(start <= flood + 120 and flood <= end for start, end, _ in loud["asked"]["alarms"])
    assert not any(start <= flood + 120 and flood <= end for start, end, _ in down["asked"]["alarms"])


def test_an_alarm_in_a_stretch_that_was_called_false_is_counted_and_real_alerts_are_shown(store: Engine) -> None:
    stretch(store, "false", FLOOD, FLOOD + timedelta(hours=2))
    levels = ("grade", "peak_grade", "likelihood", "impact", "loss")
    with store.begin() as conn:
        wide = dict.fromkeys(("score", "peak_score"), 0) | dict.fromkeys(levels, 1)
        told = {"episode_id": "e", "rule_id": "r", "rule_version": 1, "mode": "on", "metric": "complaints", "slice_key": KEY}
        more = {"slice_id": slice_id(KEY), "condition": "cleared", "direction": "up", "tier": 2, "reason": "x"}
        times = {"opened_at": FLOOD, "started_at": FLOOD, "last_at": FLOOD + timedelta(hours=2)}
        conn.execute(insert(episode).values(**wide, **told, **more, **times, factors={}, reason_params={}, explained=[]))
        given = {"episode_id": "e", "state": "resolved", "handling_version": 1, "verdict": "false"}
        conn.execute(insert(handling).values(**given, participants=[], plan_done=[]))
    (one,) = done(store, wish())["slices"]
    assert one["asked"]["events"] == [] and one["asked"]["wrong"] == 1
    assert one["opened"] == [[bucket(FLOOD, 1), 2]]


def test_a_backlog_is_shown_as_it_stands_and_never_added_up(store: Engine) -> None:
    known = {"grain": 15, "slice_id": slice_id(KEY), "measure": "open.n", "bin": NO_BIN}
    with store.begin() as conn:
        rollups.put(conn, [{**known, "bucket": bucket(BEGIN, 15), "value": 100}])
    (one,) = done(store, wish(metric="backlog", detector="gauge"))["slices"]
    assert {seen for _, seen, _ in one["points"]} == {100.0}


def test_it_is_strictly_online(store: Engine) -> None:
    """What was said of the first days is the same when the last days are not there."""
    (whole,) = done(store, wish())["slices"]
    (part,) = done(store, wish(end=(NOW - timedelta(days=2)).isoformat()))["slices"]
    cut = bucket(NOW - timedelta(days=2), 1)
    assert [one for one in whole["asked"]["alarms"] if one[1] < cut] == [one for one in part["asked"]["alarms"] if one[1] < cut]


def test_a_place_without_history_is_not_ready_and_no_error(store: Engine) -> None:
    (one,) = done(store, wish(slice_keys=["channel=邮件"]))["slices"]
    assert one["asked"]["per_week"] == {} and one["asked"]["alarms"] == []


def errand(store: Engine, asked: Wish) -> Errand:
    return Errand(str(store.url), asked, PLACE, NOW)


def test_in_a_process_of_its_own_it_gives_the_same(store: Engine) -> None:
    assert list(outcome(errand(store, wish())))[-1] == done(store, wish())


def test_a_bad_parameter_comes_back_in_words_and_who_stops_listening_ends_it(store: Engine) -> None:
    with pytest.raises(TrialFailed) as fault:
        list(outcome(errand(store, wish(parameters={"nonsense": 1}))))
    assert fault.value.code == "backtest.fault.parameter" and "nonsense" in fault.value.params["why"]
    running = outcome(errand(store, wish(slice_keys=[KEY] * 8)))
    assert isinstance(next(running), float)
    assert isinstance(running, Iterator)
    running.close()  # type: ignore[attr-defined]  # kills the child: a second one would otherwise still hold the file


@pytest.mark.parametrize("bad", [{"slice_keys": []}, {"end": "2026-01-01T00:00:00+00:00"}, {"start": "gestern"}])
def test_a_wish_that_is_none_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        wish(**bad)
