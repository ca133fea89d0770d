"""What people say of stretches of time reaches the detectors: skipped, learned at the new level, or learned like any other."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from fengsui.engine.advance import Engine
from fengsui.engine.live import build_detector
from fengsui.engine.readings import Clock, Maker
from fengsui.engine.said import stretches
from fengsui.store.slices import bucket, bucket_start
from fengsui.store.tables import audit, watermark
from tests.engine.smallcentre import START, Centre

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
KEY = "complaints|all|60|surge"


def prepared(centre: Centre) -> Centre:
    """Six hours of one complaint a minute; nine a minute in the fourth."""
    centre.slice("all")
    centre.rule("surge")
    centre.history("all", START - 6 * HOUR, 360)
    centre.history("all", START - 3 * HOUR, 60, 9)
    centre.heard("tickets", START)
    return centre


def say(centre: Centre, verdict: str, start: datetime, end: datetime, version: int = 1, **more: Any) -> None:
    body = {"verdict": verdict, "metric": "complaints", "slice_key": "all", "lift": None, **more}
    span = {"start_at": start.isoformat(), "end_at": end.isoformat()}
    centre.define("stretch", "s", {**body, **span}, version, START + version * timedelta(seconds=1))


def mean(engine: Engine) -> float:
    detector: Any = engine._known().lives[KEY].detector
    return float(detector.total / detector.n)


def minutes(centre: Centre, engine: Engine, first: int, last: int) -> None:
    for n in range(first, last):
        centre.heard("tickets", START + n * MINUTE)
        centre.advance(engine, START + n * MINUTE)


@pytest.mark.parametrize("verdict", ["real", "expected"])
def test_a_marked_incident_is_no_longer_usual_for_a_series_that_has_learned_it(embedded: Centre, verdict: str) -> None:
    centre = prepared(embedded)
    engine = centre.engine()
    centre.advance(engine, START)
    learned = mean(engine)
    say(centre, verdict, START - 3 * HOUR, START - 2 * HOUR)
    minutes(centre, engine, 1, 4)
    assert mean(engine) < learned
    assert ("engine.said.learned", "machine") in centre.rows(audit, "action", "by")
    assert dict(centre.rows(watermark, "name", "at"))["said"] == START + timedelta(seconds=1)
    kept, at = centre.resumed(now=START + 4 * MINUTE)
    assert kept["body"]["n"] == engine._known().lives[KEY].detector.body()["n"] and at == START + 3 * MINUTE


def test_it_learns_once_and_a_later_word_makes_it_learn_again(embedded: Centre) -> None:
    centre = prepared(embedded)
    engine = centre.engine()
    centre.advance(engine, START)
    before = mean(engine)
    say(centre, "real", START - 3 * HOUR, START - 2 * HOUR)
    minutes(centre, engine, 1, 6)
    assert len(centre.rows(audit, "action")) == 1
    centre.define("stretch", "s", _body("false"), 2, START + 6 * MINUTE)
    minutes(centre, engine, 7, 10)
    assert len(centre.rows(audit, "action")) == 2
    assert mean(engine) == pytest.approx(before, rel=0.1)


def _body(verdict: str) -> dict[str, Any]:
    span = {"start_at": (START - 3 * HOUR).isoformat(), "end_at": (START - 2 * HOUR).isoformat()}
    return {"verdict": verdict, "metric": "complaints", "slice_key": "all", "lift": None, **span}


def test_another_place_and_another_figure_are_not_touched(embedded: Centre) -> None:
    centre = prepared(embedded)
    engine = centre.engine()
    centre.advance(engine, START)
    say(centre, "real", START - 3 * HOUR, START - 2 * HOUR, slice_key="channel=电话")
    minutes(centre, engine, 1, 3)
    assert centre.rows(audit, "action") == []


def test_a_series_that_starts_later_knows_what_was_said(embedded: Centre) -> None:
    centre = prepared(embedded)
    say(centre, "real", START - 3 * HOUR, START - 2 * HOUR)
    engine = centre.engine()
    centre.heard("tickets", START + MINUTE)
    centre.advance(engine, START + MINUTE)
    assert mean(engine) < 6  # a quarter of an hour of 15 counts 5; with the hour of nine it would be 8 to 9


def test_after_a_killed_worker_the_rest_is_learned_and_the_state_is_the_same(embedded: Centre) -> None:
    centre = prepared(embedded)
    first = centre.engine()
    centre.advance(first, START)
    say(centre, "real", START - 3 * HOUR, START - 2 * HOUR)
    minutes(centre, first, 1, 2)
    assert "said" not in dict(centre.rows(watermark, "name", "at"))
    second = centre.engine()
    minutes(centre, second, 2, 5)
    assert mean(second) == pytest.approx(mean(first), rel=0.05)
    assert "said" in dict(centre.rows(watermark, "name", "at"))


def test_a_new_normal_with_a_known_lift_keeps_the_shape_of_the_week(centre: Centre) -> None:
    """The real detector: four weeks of 4 in a quarter of an hour, then three times as many for a day."""
    planned = _planned(centre)
    begin = START - timedelta(days=28)
    turn = START - timedelta(days=1)
    say(centre, "new_normal", turn, START, lift=3.0)
    with centre.store.connect() as conn:
        said = stretches(conn, START + MINUTE)
    told = _judged(planned, said, begin, turn)
    untold = _judged(planned, (), begin, turn)
    assert told == pytest.approx(12.0, rel=0.15)
    assert untold < 8.0


def test_a_new_normal_of_a_share_begins_its_history(centre: Centre) -> None:
    planned = _planned(centre)
    say(centre, "new_normal", START - HOUR, START, lift=0.9)
    with centre.store.connect() as conn:
        said = stretches(conn, START + MINUTE)
    maker = Maker(planned, Clock("Asia/Shanghai", "CN"), (), "share", said)
    assert not maker.learnable(bucket(START - 2 * HOUR, 15), 15)
    assert maker.learnable(bucket(START - HOUR, 15), 15)


def _planned(centre: Centre) -> Any:
    centre.slice("all")
    centre.rule("surge")
    centre.heard("tickets", START)
    engine = centre.engine()
    centre.advance(engine, START)
    return engine._known().lives[KEY].planned


def _judged(planned: Any, said: Any, begin: datetime, turn: datetime) -> float:
    """What the detector expects of the first quarter after a day at the new level."""
    detector = build_detector("count_surprise", {})
    maker = Maker(planned, Clock("Asia/Shanghai", "CN"), (), "count", said)
    at = bucket(begin, 15)
    while bucket_start(at) < turn + timedelta(days=1):
        value = 12.0 if bucket_start(at) >= turn else 4.0
        detector.learn_one(maker.reading(at, 15, (value, None), maker.learnable(at, 15)))
        at += 15
    reading = maker.reading(at, 15, (12.0, None), True)
    return float(detector.judge_one(reading).expected or 0.0)
