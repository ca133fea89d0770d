"""What people say of stretches of time reaches the detectors: skipped, learned at the new level, or learned like any other."""

from __future__ import annotations

import signal
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from fengsui.engine import relearn, school, state, warm
from fengsui.engine.advance import Engine
from fengsui.engine.live import build_detector
from fengsui.engine.readings import Clock, Maker
from fengsui.engine.said import stretches
from fengsui.store.slices import bucket, bucket_start
from fengsui.store.tables import audit, request, watermark
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


def taught_elsewhere(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> tuple[Engine, list[school.Lesson]]:
    """An engine for which any history is long, and what was learned in the writer's thread."""
    centre.slice("all")
    centre.rule("surge", detector="count_surprise", parameters={})
    centre.history("all", START - 3 * 24 * HOUR, 3 * 24 * 60)
    centre.heard("tickets", START)
    engine = Engine(centre.store, centre.settings)
    centre.advance(engine, START)
    say(centre, "real", START - 3 * HOUR, START - 2 * HOUR)
    here: list[school.Lesson] = []
    really = school.taught
    monkeypatch.setattr(school, "taught", lambda lesson: (here.append(lesson), really(lesson))[1])
    monkeypatch.setattr(relearn, "FEW", 60)
    return engine, here


def asked(engine: Engine) -> relearn.Asked:
    assert engine._relearning._asked is not None
    return engine._relearning._asked


def test_a_long_history_is_learned_beside_the_writer_and_taken_over_with_the_steps_since(
    embedded: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre = embedded
    engine, here = taught_elsewhere(centre, monkeypatch)
    before = engine._known().lives[KEY].detector
    minutes(centre, engine, 1, 2)
    lesson = asked(engine).work.lesson
    monkeypatch.setattr(school.Homework, "done", False)  # however fast it is: it still learns in the next two minutes
    minutes(centre, engine, 2, 4)
    live = engine._known().lives[KEY]
    assert live.detector is before and live.last_end == bucket(START + 3 * MINUTE, 1)
    monkeypatch.undo()
    asked(engine).work.wait()
    monkeypatch.setattr(school, "taught", here.append)
    minutes(centre, engine, 4, 6)
    assert not here and engine._relearning._pupil is None
    live = engine._known().lives[KEY]
    assert live.detector is not before and ("engine.said.learned", "machine") in centre.rows(audit, "action", "by")
    assert live.last_end == bucket(START + 5 * MINUTE, 1) > lesson.end
    assert state.canonical(live.detector) == _learned_here(centre, lesson, live.last_end)


def _learned_here(centre: Centre, lesson: school.Lesson, end: int) -> str:
    """The same lesson and the steps since, without a process."""
    with centre.store.connect() as conn:
        since = tuple(warm.history(conn, lesson.live.planned, [warm.Span(lesson.end, end, 1)]))
    warm.learn(lesson.live, iter(lesson.parts), lesson.end)
    warm.learn(lesson.live, iter(since), end)
    return state.canonical(lesson.live.detector)


@pytest.mark.parametrize("how", ["dead", "silent", "unborn"])
def test_what_a_pupil_does_not_answer_is_learned_here(embedded: Centre, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    centre = embedded
    engine, here = taught_elsewhere(centre, monkeypatch)
    pupils: list[Any] = []

    class Poor(school.Pupil):
        def __init__(self) -> None:
            if how == "unborn":
                raise OSError("cannot allocate memory")
            super().__init__()
            self._process.send_signal(signal.SIGKILL if how == "dead" else signal.SIGSTOP)
            pupils.append(self._process)

    monkeypatch.setattr(school, "Pupil", Poor)
    monkeypatch.setattr(relearn, "PATIENCE", MINUTE)
    minutes(centre, engine, 1, 4)
    assert len(here) == 1 and engine._relearning._pupil is None
    assert all(one.poll() is not None for one in pupils) and len(pupils) == (how != "unborn")
    assert "said" in dict(centre.rows(watermark, "name", "at"))


def test_an_answer_to_what_was_said_before_a_newer_word_is_asked_again(
    embedded: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre = embedded
    engine, here = taught_elsewhere(centre, monkeypatch)
    minutes(centre, engine, 1, 2)
    first = asked(engine)
    first.work.wait()
    centre.define("stretch", "s", _body("false"), 2, START + MINUTE)
    minutes(centre, engine, 2, 3)
    assert asked(engine).work is not first.work and not here
    engine._relearning._send_home()


def test_a_replay_learns_in_line(embedded: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, here = taught_elsewhere(embedded, monkeypatch)
    engine._relearning.keep_states = False
    minutes(embedded, engine, 1, 2)
    assert len(here) == 1 and engine._relearning._asked is None


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


@pytest.mark.parametrize(("state", "changed"), [("done", 7), ("cancelled", 7), ("failed", 7), ("done", 0)])
def test_series_of_tags_learn_anew_after_the_past_was_tagged_anew_and_others_do_not(
    embedded: Centre, state: str, changed: int
) -> None:
    centre = prepared(embedded)
    centre.rule("moods", metric="negatives")
    centre.slice("all", measure="negative.n")
    engine = centre.engine()
    centre.advance(engine, START)
    row = {"request_id": "r1", "kind": "retag", "params": {"weeks": 4}, "by": "gao", "at": START, "state": state}
    row |= {"progress": 1.0, "cancel": False, "finished_at": START + timedelta(seconds=1), "result": {"changed": changed}}
    with centre.store.begin() as conn:
        conn.execute(insert(request).values(**row))
    minutes(centre, engine, 1, 5)
    learned = [row[1]["series"] for row in centre.rows(audit, "action", "params") if row[0] == "engine.said.learned"]
    assert learned == ["negatives|all|60|moods"] * bool(changed)
    if changed:
        assert dict(centre.rows(watermark, "name", "at"))["said"] == START + timedelta(seconds=1)
