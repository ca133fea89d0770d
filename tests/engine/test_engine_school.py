"""Learning in processes of its own gives what learning here gives, whatever becomes of them."""

from __future__ import annotations

import math
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from fengsui.engine import Engine, school, warm
from fengsui.engine.live import Live, build_detector
from fengsui.engine.planned import Planned
from fengsui.engine.readings import Clock, Maker
from fengsui.engine.rules import Rule
from fengsui.store.slices import bucket
from fengsui.store.tables import detector_state, verdict
from tests.engine.smallcentre import START, Centre

END = bucket(START, 15)
FIRST = END - 10 * 24 * 60


def lesson(number: int) -> school.Lesson:
    rule = Rule("r", 1, "complaints", "channel", {}, "head", 60, "count_surprise", {}, 0.2, 10)
    planned = Planned(f"s{number}", number, f"channel={number}", None, rule)
    live = Live(planned, build_detector("count_surprise", {}), Maker(planned, Clock("Asia/Shanghai", "CN"), (), "count"))
    parts = tuple((span, cells(span, number)) for span in warm.spans(FIRST, END, 1, END - 240))
    return school.Lesson(live, parts, END)


def cells(span: warm.Span, number: int) -> dict[int, Any]:
    rate = (number + 1) * span.minutes / 4
    times = range(span.start, span.end, span.minutes)
    return {at: (float(round(rate * (2 + math.sin(at / 229)))), None) for at in times if at % 7}


def results(pupils: int, n: int = 5) -> list[tuple[str, school.Taught]]:
    return [(one.live.planned.series, found) for one, found in school.teach(map(lesson, range(n)), pupils)]


def test_two_pupils_learn_what_is_learned_here_in_the_same_order() -> None:
    here, there = results(0), results(2)
    assert [name for name, _ in there] == ["s0", "s1", "s2", "s3", "s4"]
    assert [found.text for _, found in there] == [found.text for _, found in here]
    assert [found.judged for _, found in there] == [found.judged for _, found in here]
    assert len({found.text for _, found in here}) == 5 and all(found.ready for _, found in here)


def test_a_taught_series_stands_where_one_stands_that_learned_here() -> None:
    one, other = lesson(3), lesson(3)
    school.take_over(one, dict(results(2, 4))["s3"])
    school.taught(other)
    assert (one.live.last_end, one.live.ready) == (other.live.last_end, other.live.ready) == (END, True)
    nine: Any = (9.0, None)
    reading = one.live.maker.reading(END, 1, nine, True)
    assert one.live.detector.judge_one(reading) == other.live.detector.judge_one(reading)


@pytest.mark.parametrize("when", ["before it is asked", "before it answers"])
def test_what_a_killed_pupil_should_have_learned_is_learned_here(when: str) -> None:
    with school.Pupil() as pupil:
        asked = lesson(2)
        if when == "before it is asked":
            pupil._process.kill()
            pupil._process.wait()
            pupil.ask(asked)
        else:
            pupil.ask(asked)
            pupil._process.kill()
        assert pupil.answer(asked).text == school.taught(lesson(2)).text


def test_a_pupil_goes_home_when_its_parent_is_gone() -> None:
    code = (
        "import os, sys; from fengsui.engine import school; p = school.Pupil(); print(p._process.pid, flush=True); os._exit(9)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 9  # and ``run`` came back: nobody holds its standard error open any more


@pytest.mark.parametrize(
    ("steps", "cores", "wanted"), [(0, 8, 0), (110_000, 8, 0), (330_000, 1, 0), (330_000, 2, 2), (10**7, 64, 4)]
)
def test_so_many_pupils_as_pay(steps: int, cores: int, wanted: int) -> None:
    assert school.pupils_for(steps, cores) == wanted


def test_an_engine_with_pupils_stores_what_one_without_stores(embedded: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        embedded.slice(f"channel={n}")
        for hour in range(1, 12 * 24):
            embedded.count(f"channel={n}", START - timedelta(hours=hour), 3 * (n + 1) + hour % 5)
    embedded.rule("by-channel", cuboid="channel", max_series=3, detector="count_surprise", parameters={})
    embedded.heard("tickets", START)
    monkeypatch.setattr(school, "pupils_for", lambda steps: 2 if steps else 0)
    asked: list[school.Lesson] = []
    monkeypatch.setattr(school, "taught", asked.append)  # nothing is learned here
    Engine(embedded.store, embedded.settings).warm(START, lambda conn: None)
    monkeypatch.undo()
    assert not asked
    with embedded.store.begin() as conn:
        states = dict(conn.execute(select(detector_state.c.series, detector_state.c.state)).tuples().all())
        judged = conn.execute(select(verdict).order_by(verdict.c.series, verdict.c.end_at)).all()
        conn.execute(detector_state.delete())
        conn.execute(verdict.delete())
    monkeypatch.setattr(school, "pupils_for", lambda steps: 0)
    Engine(embedded.store, embedded.settings).warm(START, lambda conn: None)
    with embedded.store.connect() as conn:
        assert dict(conn.execute(select(detector_state.c.series, detector_state.c.state)).tuples().all()) == states
        assert conn.execute(select(verdict).order_by(verdict.c.series, verdict.c.end_at)).all() == judged
    assert len(states) == 3
