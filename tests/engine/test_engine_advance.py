"""Transaction 1: one step per series at the same instant, exactly once, whatever happens in between."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, insert, update

from detectors.base import Context, KnownEvent, Reading
from fengsui.engine import corrected, state, tail
from fengsui.engine.advance import Overtaken
from fengsui.store.slices import bucket, bucket_start, slice_id
from fengsui.store.tables import (
    audit,
    detector_state,
    detector_tail,
    episode,
    series,
    slice_,
    slice_source,
    verdict,
    watermark,
)
from fengsui.store.upsert import upsert
from tests import rollups
from tests.engine.smallcentre import START, Centre, make_settings

MINUTE = timedelta(minutes=1)
COLUMNS = ("series", "end_at", "seq", "value", "expected", "score", "grade", "ready", "complete", "start_at")


def prepared(centre: Centre, **rule: Any) -> Centre:
    """Six hours of one complaint a minute, heard up to START."""
    centre.slice("all")
    centre.rule("surge", **rule)
    centre.history("all", START - timedelta(hours=6), 360)
    centre.heard("tickets", START)
    return centre


def verdicts(centre: Centre) -> list[tuple[Any, ...]]:
    return centre.rows(verdict, *COLUMNS)


def live(centre: Centre) -> list[tuple[Any, ...]]:
    return [row for row in verdicts(centre) if row[2] > 0]


def test_a_minute_is_closed_only_when_its_source_is_complete(centre: Centre) -> None:
    engine = prepared(centre).engine()
    assert centre.advance(engine, START + MINUTE)[-1].steps == 0
    centre.heard("tickets", START + MINUTE)
    assert centre.advance(engine, START + MINUTE)[-1].steps == 1
    assert centre.rows(watermark, "name", "at", "seq")[0] == ("engine", START + MINUTE, 1)


def test_nothing_later_than_now_is_closed_though_the_source_clock_runs_ahead(embedded: Centre) -> None:
    engine = prepared(embedded).engine()
    embedded.advance(engine, START)
    embedded.heard("tickets", START + timedelta(minutes=30))
    embedded.advance(engine, START + MINUTE)
    assert embedded.rows(watermark, "name", "at")[0] == ("engine", START + MINUTE)


def test_catching_up_an_hour_gives_the_verdicts_of_minute_by_minute(store: Any, tmp_path: Any) -> None:
    """The trap: reading the hour at once must not judge it at once."""
    centre = prepared(Centre(store, make_settings(tmp_path)))
    for n in range(60):
        centre.count("all", START + n * MINUTE, 40 if n == 37 else 2)
    centre.advance(centre.engine(), START)
    centre.heard("tickets", START + timedelta(hours=1, minutes=7))
    assert sum(done.steps for done in centre.advance(centre.engine(), START + timedelta(hours=1, minutes=7))) == 67
    caught_up, state, tail = live(centre), centre.rows(detector_state), centre.rows(detector_tail)

    with store.begin() as conn:
        for table in (verdict, detector_state, detector_tail, watermark, series):
            conn.execute(table.delete())
    centre.heard("tickets", START)
    engine = centre.engine()
    centre.advance(engine, START)
    for n in range(1, 68):
        centre.heard("tickets", START + n * MINUTE)
        centre.advance(engine, START + n * MINUTE)
    assert live(centre) == caught_up
    assert centre.rows(detector_state) == state
    assert centre.rows(detector_tail) == tail
    assert [row[6] for row in caught_up if row[1] == START + 38 * MINUTE] == [2]


def test_a_restart_at_every_minute_changes_nothing(centre: Centre) -> None:
    prepared(centre)
    for n in range(20):
        centre.count("all", START + n * MINUTE, n % 5)
    centre.advance(centre.engine(), START)
    for n in range(1, 11):
        centre.heard("tickets", START + n * MINUTE)
        centre.advance(centre.engine(), START + n * MINUTE)  # a fresh engine each time
    engine = centre.engine()
    for n in range(11, 21):
        centre.heard("tickets", START + n * MINUTE)
        centre.advance(engine, START + n * MINUTE)  # the same one
    assert [row[2] for row in live(centre)] == [5, 10, 15, 20]
    restarted, judged = centre.resumed(), verdicts(centre)
    with centre.store.begin() as conn:
        for table in (verdict, detector_state, detector_tail, watermark, series):
            conn.execute(table.delete())
    centre.heard("tickets", START)
    undisturbed = centre.engine()
    centre.advance(undisturbed, START)
    centre.heard("tickets", START + 20 * MINUTE)
    centre.advance(undisturbed, START + 20 * MINUTE)
    assert centre.resumed() == restarted
    assert undisturbed._lives()[0].detector.to_state() == restarted[0]
    assert verdicts(centre) == judged


def test_within_an_hour_only_the_readings_are_written(centre: Centre) -> None:
    """A state is large and a minute adds little: the whole of it is written once an hour, and then its tail is gone."""
    engine = prepared(centre).engine()
    centre.advance(engine, START)
    whole, key = centre.rows(detector_state), centre.rows(series, "series")[0][0]
    first = next(n for n in range(1, 61) if state.cuts(state.own_quarter(key), bucket(START, 1) + n, 1))
    for n in range(1, first):
        centre.heard("tickets", START + n * MINUTE)
        centre.advance(engine, START + n * MINUTE)
        assert centre.rows(detector_state) == whole
        assert len(centre.rows(detector_tail)) == n
    centre.heard("tickets", START + first * MINUTE)
    centre.advance(engine, START + first * MINUTE)
    assert centre.rows(detector_state, "last_end") == [(START + first * MINUTE,)]
    assert centre.rows(detector_tail) == []


def test_each_hour_a_quarter_of_the_series_is_written_whole_at_each_quarter() -> None:
    names = [f"complaints|queue=q{n}|60|surge" for n in range(400)]
    at = bucket(START, 60)
    found = {name: [end for end in range(at + 1, at + 121) if state.cuts(state.own_quarter(name), end, 1)] for name in names}
    assert all(second - first == 60 and first % 15 == 0 for first, second in found.values())
    assert all(60 < sum(first % 60 == quarter for first, _ in found.values()) < 140 for quarter in (0, 15, 30, 45))
    own = [state.own_quarter(name) for name in names]
    assert all(state.cuts(one, at + 60, 60) and state.cuts(one, at + 1440, 1440) for one in own), "a long step always"


def test_readings_come_back_from_the_tail_bit_for_bit() -> None:
    local = datetime(2026, 11, 18, 14, 7, tzinfo=timezone(timedelta(hours=8)))
    plain = Context(local, "makeup", (), 0.05)
    lifted = Context(local, "makeup", (KnownEvent("双十一", 3.1, 0.1 + 0.2),), 0.05)
    older = Context(local - 4 * MINUTE, "workday", (), 0.5)
    readings = [
        Reading("a|org.1=华南", START, START + MINUTE, 3.0, 1.0, False, plain),
        Reading("b", START, START + MINUTE, None, 0.0, True, lifted),
        Reading("c", START, START + MINUTE, 0.1 + 0.2, -0.0, True, plain),
        Reading("d", START - 4 * MINUTE, START + MINUTE, -0.0, None, True, older),
    ]
    for some in (readings, readings[:1], readings[2:3]):
        named = {tail._id(one.series): one.series for one in some}
        back = list(tail.unpacked("#7", tail.packed(some), named))
        assert back == some and repr(back) == repr(some)
    assert [one.series for one in tail.unpacked("#7", tail.packed(readings), {tail._id("d"): "d"})] == ["d"]


def test_a_state_comes_back_from_its_text_bit_for_bit() -> None:
    class Learned:
        state: dict[str, Any]

        def to_state(self) -> dict[str, Any]:
            return self.state

        def restore(self, found: dict[str, Any]) -> None:
            self.state = found

    rng, one, other = np.random.default_rng(5), Learned(), Learned()
    floats = [*rng.normal(size=200).tolist(), -0.0, 5e-324, 1e308]
    one.state = {"b": floats, "a": {"n": [*range(40)], "mixed": [1, *floats], "rows": [floats, [0.1]], "none": []}}
    state.restore(other, state.canonical(one))
    assert other.state == one.state and repr(other.state["a"]["rows"]) == repr(one.state["a"]["rows"])
    assert state.canonical(other).encode() == state.canonical(one).encode()
    for wrong in (float("nan"), float("inf")):
        one.state = {"b": [*floats, wrong]}
        with pytest.raises(ValueError):
            state.canonical(one)


def test_a_tail_of_one_row_for_each_reading_is_still_read(centre: Centre) -> None:
    """As an older version wrote it."""
    engine = prepared(centre).engine()
    for n in range(3):
        centre.count("all", START + n * MINUTE, n)
    centre.advance(engine, START)
    centre.heard("tickets", START + 3 * MINUTE)
    centre.advance(engine, START + 3 * MINUTE)
    expected, rows = centre.resumed(), centre.rows(detector_tail)
    assert len(rows) == 3
    key = centre.rows(series, "series")[0][0]
    with centre.store.begin() as conn:
        conn.execute(detector_tail.delete())
        for n, (_, end, _) in enumerate(rows):
            local = (end - MINUTE).astimezone(timezone(timedelta(hours=8))).isoformat()
            old = [bucket(end, 1) - 1, 1, float(n), None, True, local, "workday", [], 0.5]
            upsert(conn, detector_tail, [{"series": key, "end_at": end, "reading": json.dumps(old)}])
    assert centre.resumed() == expected


def test_a_series_that_is_watched_again_does_not_learn_twice(embedded: Centre) -> None:
    """Its readings of the time before lie in the history that it learns."""
    for name in ("a", "b"):
        embedded.slice(f"channel={name}")
        embedded.history(f"channel={name}", START - timedelta(hours=6), 360)
    embedded.rule("surge", cuboid="channel")
    embedded.heard("tickets", START + timedelta(minutes=3))
    engine = embedded.engine()
    embedded.advance(engine, START + timedelta(minutes=3))
    embedded.heard("tickets", START + timedelta(minutes=9))
    embedded.advance(engine, START + timedelta(minutes=9))
    assert embedded.rows(detector_tail)
    gone = slice_.c.slice_key == "channel=a"
    with embedded.store.begin() as conn:
        kept = conn.execute(slice_.select().where(gone)).mappings().one()
        conn.execute(slice_.delete().where(gone))
    embedded.advance(engine, START + timedelta(minutes=13))
    key = "complaints|channel=a|60|surge"
    assert key not in engine._known().lives
    with embedded.store.begin() as conn:
        conn.execute(insert(slice_), [dict(kept)])
    embedded.advance(engine, START + timedelta(minutes=24))
    live = engine._known().lives[key]
    assert embedded.resumed(key)[0] == live.detector.to_state()
    with embedded.store.connect() as conn:
        assert tail.load(conn, {key: 0}) == {}


def test_a_series_that_stands_still_keeps_no_readings_of_others(centre: Centre) -> None:
    """Its state is written whole once it lies two hours behind; a restart gives the same detector before and after."""
    centre.slice("channel=a", sources=("calls",))
    centre.history("channel=a", START - timedelta(hours=6), 360)
    centre.rule("calls", cuboid="channel")
    engine = prepared(centre).engine()
    for source in ("tickets", "calls"):
        centre.heard(source, START + 7 * MINUTE)
    centre.advance(engine, START + 7 * MINUTE)
    key = "complaints|channel=a|60|calls"
    before = centre.resumed(key)
    with centre.store.begin() as conn:
        conn.execute(slice_source.delete().where(slice_source.c.source == "calls"))
    for quarter in range(1, 20):
        at = START + quarter * timedelta(minutes=15)
        centre.heard("tickets", at)
        centre.advance(engine, at)
        assert centre.resumed(key) == before
    assert len(centre.rows(detector_tail)) <= 60
    assert all(at > START + timedelta(hours=3) for (at,) in centre.rows(detector_tail, "end_at"))


class PowerCut(Exception):
    pass


def test_a_commit_that_fails_is_not_remembered_by_the_detectors(centre: Centre) -> None:
    engine = prepared(centre).engine()
    centre.advance(engine, START)
    centre.count("all", START, 3)
    centre.heard("tickets", START + MINUTE)
    before, _ = centre.resumed()

    def cut(conn: Connection) -> None:
        raise PowerCut

    with pytest.raises(PowerCut):
        engine.advance(9, START + MINUTE, cut)
    assert centre.resumed()[0] == before
    assert centre.advance(engine, START + MINUTE)[0].steps == 1
    body = centre.resumed()[0]["body"]
    assert body["last_end"] == (START + MINUTE).isoformat()
    assert before["body"]["n"] + 1 == body["n"]


def test_an_engine_that_was_overtaken_writes_nothing_and_starts_again(centre: Centre) -> None:
    slow = prepared(centre).engine()
    centre.advance(slow, START)
    centre.heard("tickets", START + MINUTE)
    centre.advance(centre.engine(), START + MINUTE)
    centre.heard("tickets", START + 2 * MINUTE)
    with pytest.raises(Overtaken):
        centre.advance(slow, START + 2 * MINUTE)
    assert centre.advance(slow, START + 2 * MINUTE)[0].seq == 2


def test_a_slow_source_holds_its_own_series_and_no_other(centre: Centre) -> None:
    prepared(centre, max_series=1)
    centre.slice("channel=邮件", sources=["calls"])
    centre.rule("by-channel", cuboid="channel")
    centre.count("channel=邮件", START - timedelta(hours=1))
    centre.heard("calls", START)
    engine = centre.engine()
    centre.advance(engine, START)
    now = START + timedelta(seconds=12)
    centre.heard("tickets", START + MINUTE)
    assert centre.advance(engine, now + MINUTE)[0].steps == 1
    centre.heard("calls", START + MINUTE)
    assert centre.advance(engine, now + MINUTE)[0].steps == 1
    for key in ("complaints|all|60|surge", "complaints|channel=邮件|60|by-channel"):
        assert centre.resumed(key)[1] == START + MINUTE


def test_a_stalled_source_is_left_out_and_its_steps_are_judged_but_not_learned(centre: Centre) -> None:
    prepared(centre)
    centre.slice("all", sources=["tickets", "calls"])
    centre.heard("calls", START)
    engine = centre.engine()
    centre.advance(engine, START)
    learned = centre.resumed()[0]["body"]["n"]
    now = START + timedelta(minutes=10)
    centre.heard("tickets", now)
    assert sum(done.steps for done in centre.advance(engine, now)) == 10
    assert [row[8] for row in live(centre)] == [False, False]
    assert centre.resumed()[0]["body"]["n"] == learned == engine._lives()[0].detector.body()["n"]


def test_a_series_is_judged_at_every_step_while_an_episode_of_it_lives(centre: Centre) -> None:
    engine = prepared(centre).engine()
    centre.advance(engine, START)
    centre.heard("tickets", START + 3 * MINUTE)
    centre.advance(engine, START + 3 * MINUTE)
    assert live(centre) == []  # calm minutes between the fives are not kept
    key = "complaints|all|60|surge"
    with centre.store.begin() as conn:
        conn.execute(insert(episode), [an_episode(key, START)])
    centre.heard("tickets", START + 4 * MINUTE)
    centre.advance(engine, START + 4 * MINUTE)
    assert [row[1] for row in live(centre)] == [START + 4 * MINUTE]
    with centre.store.begin() as conn:
        conn.execute(update(episode).values(condition="cleared"))
    centre.heard("tickets", START + 9 * MINUTE)
    centre.advance(engine, START + 9 * MINUTE)
    assert [row[1] for row in live(centre)] == [START + 4 * MINUTE, START + 5 * MINUTE]


def an_episode(key: str, at: datetime) -> dict[str, Any]:
    return {
        "episode_id": "e1", "rule_id": "surge", "rule_version": 1, "mode": "on", "series": key, "metric": "complaints",
        "slice_key": "all", "slice_id": 1, "condition": "firing", "direction": "up", "opened_at": at, "started_at": at,
        "last_at": at, "grade": 2, "peak_grade": 2, "tier": 2, "likelihood": 2, "impact": 1, "loss": 1, "factors": {},
        "score": 2.0, "peak_score": 2.0, "reason": "x", "reason_params": {}, "explained": [],
    }  # fmt: skip


def test_old_states_of_other_parameters_are_relearned_where_they_stood_and_that_is_noted(centre: Centre) -> None:
    engine = prepared(centre).engine()
    centre.advance(engine, START)
    centre.heard("tickets", START + 5 * MINUTE)
    centre.advance(engine, START + 5 * MINUTE)
    centre.rule("surge", version=2, now=START + 6 * MINUTE, parameters={"factor": 20.0})
    centre.heard("tickets", START + 7 * MINUTE)
    centre.advance(engine, START + 7 * MINUTE)
    state, _ = centre.resumed(now=START + 7 * MINUTE)
    assert state["parameters"]["factor"] == 20.0
    assert state["body"]["last_end"] == (START + 7 * MINUTE).isoformat()
    assert centre.rows(audit, "action", "by") == [("engine.state.relearned", "machine")]


def test_a_series_becomes_ready_once_and_says_when(centre: Centre) -> None:
    centre.slice("all")
    centre.rule("surge")
    centre.heard("tickets", START)
    engine = centre.engine()
    centre.advance(engine, START)
    assert centre.rows(series, "ready", "ready_at") == [(False, None)]
    for n in range(1, 8):
        centre.heard("tickets", START + n * MINUTE)
        centre.advance(engine, START + n * MINUTE)
    assert centre.rows(series, "ready", "ready_at") == [(True, START + 4 * MINUTE)]
    assert engine.counts() == {"series": 1, "ready": 1, "cold": 0}


def test_without_states_a_replay_keeps_its_detectors_through_a_new_plan(embedded: Centre) -> None:
    engine = prepared(embedded).engine(keep_states=False)
    embedded.advance(engine, START)
    embedded.slice("channel=App")
    embedded.count("channel=App", START - MINUTE)
    embedded.rule("by-channel", cuboid="channel", now=START + MINUTE)
    for n in range(1, 4):
        embedded.heard("tickets", START + n * MINUTE)
        embedded.advance(engine, START + n * MINUTE)
    assert embedded.rows(detector_state) == []
    assert {one.last_end for one in engine._lives()} == {int((START + 3 * MINUTE).timestamp() // 60)}
    assert engine._lives()[0].detector.body()["n"] > 20  # not learned anew from nothing


def test_a_window_that_late_rows_have_moved_by_more_than_its_band_is_marked_corrected(centre: Centre) -> None:
    """At the next full hour; one within its band is left alone, and the verdict itself stays as it was given."""
    engine = prepared(centre).engine()
    centre.advance(engine, START + MINUTE)
    for n, value in ((10, 40), (20, 40)):
        centre.count("all", START + n * MINUTE, value)
    centre.heard("tickets", START + timedelta(minutes=30))
    centre.advance(engine, START + timedelta(minutes=30))
    loud = [row[0] for row in centre.rows(verdict, "end_at", "grade") if row[1] > 0]
    assert loud == [START + 11 * MINUTE, START + 21 * MINUTE]
    centre.count("all", START + 10 * MINUTE, 15)
    centre.count("all", START + 20 * MINUTE, 1)
    centre.advance(engine, START + timedelta(minutes=59))
    assert not any(row[1] for row in centre.rows(verdict, "end_at", "corrected"))
    centre.advance(engine, START + timedelta(minutes=60))
    marked = [(row[0], row[2]) for row in centre.rows(verdict, "end_at", "corrected", "window_observed") if row[1]]
    assert marked == [(START + 11 * MINUTE, 40.0)]


def test_a_week_of_burning_minutes_is_compared_in_the_time_of_a_tick(centre: Centre) -> None:
    """Ten thousand judged windows over ten thousand minutes: one look at each minute, not one for each window."""
    week, key = 7 * 1440, "complaints|all|60|r"
    first = START - timedelta(days=7) + MINUTE
    minutes = [bucket(first, 1) + n for n in range(week - 60)]
    ends = [first + timedelta(minutes=n + 60) for n in range(week - 120)]
    seen = {
        "seq": 1, "tick": 1, "value": 1.0, "expected": 1.0, "lower": 0.0, "upper": 2.0, "score": 4.0, "p_value": 0.0,
        "ready": True, "complete": True, "grade": 3, "direction": "up", "reason": "r", "reason_params": {},
        "window_observed": 60.0, "window_expected": 6.0, "series": key,
    }  # fmt: skip
    hour = timedelta(minutes=60)
    judged = [{**seen, "end_at": at, "start_at": at - MINUTE, "window_start": at - hour} for at in ends]
    about = {
        "metric": "complaints",
        "slice_id": slice_id("all"),
        "slice_key": "all",
        "step_s": 60,
        "rule_id": "r",
        "role": "head",
    }
    cells = {"grain": 1, "slice_id": slice_id("all"), "measure": "complaint.n", "bin": -32768, "value": 1}
    with centre.store.begin() as conn:
        conn.execute(insert(series).values(series=key, since=START, active=True, **about))
        conn.execute(insert(verdict), judged)
        rollups.put(conn, [{**cells, "bucket": at} for at in minutes])
        rollups.put(conn, [{**cells, "bucket": minutes[5000], "value": 399}])
    with centre.store.connect() as conn:
        began = time.process_time()
        moved = corrected.found(conn, START)
        assert time.process_time() - began < 2.0
    assert {end for _, end in moved} == {bucket_start(minutes[5000]) + n * MINUTE for n in range(1, 61)}
    with centre.store.begin() as conn:
        corrected.mark(conn, moved)
        assert corrected.found(conn, START) == []
