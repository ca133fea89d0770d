"""Which series are watched, and what warming learns."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine, insert, update

from detectors.count_surprise import CountSurprise
from fengsui.engine import warm
from fengsui.engine.plan import holds, load
from fengsui.engine.planned import Planned
from fengsui.engine.readings import Clock, Maker
from fengsui.engine.rules import Rule
from fengsui.metrics import calendars
from fengsui.metrics.read import Value
from fengsui.store import tables
from fengsui.store.slices import bucket
from fengsui.store.tables import audit, detector_state, detector_tail, episode, series, slice_, verdict
from tests.engine.smallcentre import START, Centre, make_settings

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def planned(centre: Centre, engine: Any, now: datetime = START) -> dict[str, tuple[Any, ...]]:
    centre.advance(engine, now)
    return {row[0]: row[1:] for row in centre.rows(series, "slice_key", "rule_id", "role", "active", "parent")}


def busy(centre: Centre, *keys: str) -> None:
    """Each key busier than the one before."""
    for n, key in enumerate(keys):
        centre.slice(key)
        centre.count(key, START - timedelta(hours=2), 5 * (n + 1))


def test_the_busiest_slices_that_match_are_watched(embedded: Centre) -> None:
    busy(embedded, "channel=a", "channel=b", "channel=c", "org.1=x")
    embedded.rule("by-channel", cuboid="channel", max_series=2)
    assert set(planned(embedded, embedded.engine())) == {"channel=b", "channel=c"}


def test_a_watched_series_gives_way_only_to_a_much_busier_one(embedded: Centre) -> None:
    """The trap: of two that are equal by and large each takes the other's place in turn, and neither ever knows its week."""
    busy(embedded, "channel=b", "channel=a")
    engine = embedded.engine()
    seen = []
    for version, more in enumerate((0, 7, 1), start=1):  # b: 5, 12, 13 against 10
        if more:
            embedded.count("channel=b", START - timedelta(hours=1), more)
        now = START + version * MINUTE
        embedded.rule("by-channel", version=version, now=now, cuboid="channel", max_series=1)
        seen.append({key for key, row in planned(embedded, engine, now).items() if row[2]})
    assert seen == [{"channel=a"}, {"channel=a"}, {"channel=b"}]


def burning(centre: Centre, slice_key: str, rule_id: str) -> None:
    row = {
        "episode_id": "e1", "rule_id": rule_id, "rule_version": 1, "mode": "on", "metric": "complaints",
        "slice_key": slice_key, "series": f"complaints|{slice_key}|60|{rule_id}", "slice_id": 1, "condition": "firing",
        "direction": "up", "opened_at": START,
        "started_at": START, "last_at": START, "grade": 2, "peak_grade": 2, "tier": 2, "likelihood": 2, "impact": 1, "loss": 1,
        "factors": {}, "score": 2.0, "peak_score": 2.0, "reason": "x", "reason_params": {}, "explained": [],
    }  # fmt: skip
    with centre.store.begin() as conn:
        conn.execute(insert(episode), [row])


def test_a_series_on_which_an_alert_lives_is_watched_until_it_ends(tmp_path: Any, sqlite_store: Any) -> None:
    """The trap: a busier slice takes its place, nothing judges it any more, and its alert burns for ever."""
    centre = Centre(sqlite_store, make_settings(tmp_path, max_head_series=2))
    busy(centre, "channel=a", "channel=b", "channel=c")
    centre.rule("by-channel", cuboid="channel", max_series=2)
    burning(centre, "channel=a", "by-channel")
    engine = centre.engine()
    assert set(planned(centre, engine)) == {"channel=a", "channel=b", "channel=c"}
    with sqlite_store.begin() as conn:
        conn.execute(update(episode).values(condition="cleared"))
    centre.rule("by-channel", version=2, now=START + MINUTE, cuboid="channel", max_series=2)
    active = {key for key, row in planned(centre, engine, START + MINUTE).items() if row[2]}
    assert active == {"channel=b", "channel=c"}


def test_where_names_one_value_or_several(embedded: Centre) -> None:
    busy(embedded, "channel=a", "channel=b", "channel=c")
    embedded.rule("one", cuboid="channel", where={"channel": "a"})
    assert set(planned(embedded, embedded.engine())) == {"channel=a"}
    embedded.rule("one", version=2, now=START, cuboid="channel", where={"channel": ["a", "b"]})
    found = planned(embedded, embedded.engine(), START + MINUTE)
    assert set(found) == {"channel=a", "channel=b"}


def test_records_without_a_value_are_no_place_of_their_own(embedded: Centre) -> None:
    """The trap: a head series that history says too little of, and that stays unready for ever."""
    busy(embedded, "channel=a", "channel=未填")
    embedded.rule("by-channel", cuboid="channel", max_series=1)
    engine = embedded.engine()
    assert set(planned(embedded, engine)) == {"channel=a"}
    embedded.rule("asked", version=1, now=START, cuboid="channel", where={"channel": "未填"})
    embedded.rule("tail", version=1, now=START, cuboid="channel", role="tail", metric="negatives")
    found = embedded.rows(series, "slice_key", "rule_id") if planned(embedded, engine, START + MINUTE) else []
    assert sorted(found) == [
        ("channel=a", "by-channel"), ("channel=a", "tail"), ("channel=未填", "asked"), ("channel=未填", "tail"),
    ]  # fmt: skip


def test_the_common_cap_keeps_the_busiest_and_is_told(tmp_path: Any, sqlite_store: Any) -> None:
    """The trap: a cap that nobody hears of is a blind spot."""
    centre = Centre(sqlite_store, make_settings(tmp_path, max_head_series=2))
    busy(centre, "channel=a", "channel=b", "org.1=x")
    centre.rule("by-channel", cuboid="channel")
    centre.rule("by-org", cuboid="org.1")
    (done,) = centre.advance(centre.engine(), START)
    assert [(notice.code, notice.params) for notice in done.notices] == [("engine.plan.capped", {"n": 1})]
    assert [row[0] for row in centre.rows(series, "slice_key", "active")] == ["channel=b", "org.1=x"]


def test_a_rule_that_is_off_or_not_a_detectors_or_of_an_unknown_metric_has_no_series(embedded: Centre) -> None:
    busy(embedded, "all")
    embedded.rule("off", mode="off")
    embedded.rule("threshold", kind="threshold")
    embedded.rule("odd", metric="happiness")
    embedded.rule("good")
    (done,) = embedded.advance(embedded.engine(), START)
    assert [row[1] for row in embedded.rows(series, "slice_key", "rule_id")] == ["good"]
    assert [notice.params for notice in done.notices] == [{"rule": "odd", "metric": "happiness"}]


def test_a_refused_parameter_rests_its_own_series_only(embedded: Centre) -> None:
    busy(embedded, "all")
    embedded.rule("bad", parameters={"ready_after": 0})
    embedded.rule("good")
    embedded.heard("tickets", START)
    engine = embedded.engine()
    (done,) = embedded.advance(engine, START)
    assert done.notices[0].code == "engine.plan.refused" and "ready_after=0" in done.notices[0].params["why"]
    assert engine.counts()["series"] == 1


@pytest.mark.parametrize("restarted", [False, True])
def test_a_series_that_was_refused_for_a_while_has_no_hole(embedded: Centre, restarted: bool) -> None:
    """The trap: the others drop the readings that it still needs."""
    names = [f"r{n}" for n in range(12)]
    busy(embedded, "all")
    for name in names:
        embedded.rule(name)
    engine = embedded.engine()
    for minute in range(190):
        now = START + minute * MINUTE
        if minute == 65:
            for name in names[:6]:
                embedded.rule(name, version=2, now=now, parameters={"ready_after": 0})
        if minute == 115:
            for name in names[:6]:
                embedded.rule(name, version=3, now=now)
            engine = embedded.engine() if restarted else engine
        embedded.count("all", now)
        embedded.heard("tickets", now + MINUTE)
        embedded.advance(engine, now + MINUTE)
    known = [embedded.resumed(f"complaints|all|60|{name}", now) for name in names]
    assert known == known[-1:] * len(names)
    assert "engine.state.relearned" not in [row[0] for row in embedded.rows(audit, "action", "at")]


def test_readings_with_a_hole_are_learned_again(embedded: Centre) -> None:
    busy(embedded, "all")
    embedded.rule("surge")
    engine = embedded.engine()
    for minute in range(30):
        embedded.count("all", START + minute * MINUTE)
        embedded.heard("tickets", START + (minute + 1) * MINUTE)
        embedded.advance(engine, START + (minute + 1) * MINUTE)
    ends = [row[1] for row in embedded.rows(detector_tail, "series", "end_at")]
    with embedded.store.begin() as conn:
        conn.execute(detector_tail.delete().where(detector_tail.c.end_at == sorted(ends)[-2]))
    again = embedded.engine()
    embedded.advance(again, START + 31 * MINUTE)
    assert again._lives()[0].relearn_to is not None
    assert again._lives()[0].last_end == bucket(START + 30 * MINUTE, 1)


def test_a_slice_that_vanished_is_no_longer_watched_and_keeps_no_state(embedded: Centre) -> None:
    busy(embedded, "channel=a", "channel=b")
    embedded.rule("by-channel", cuboid="channel")
    embedded.heard("tickets", START)
    engine = embedded.engine()
    planned(embedded, engine)
    assert len(embedded.rows(detector_state)) == 2
    with embedded.store.begin() as conn:
        conn.execute(slice_.delete().where(slice_.c.slice_key == "channel=a"))
    assert planned(embedded, engine, START + 9 * MINUTE)["channel=a"][2] is True  # not at once
    assert planned(embedded, engine, START + 10 * MINUTE)["channel=a"][2] is False
    assert len(embedded.rows(detector_state)) == 1


def test_the_tail_is_planned_with_its_narrowest_parent_and_is_no_head_series(embedded: Centre) -> None:
    busy(embedded, "channel=a|org.2=南/穗", "org.1=南", "all")
    embedded.rule("all")
    embedded.rule("region", cuboid="org.1")
    embedded.rule("cells", cuboid="channel|org.2", role="tail")
    embedded.heard("tickets", START)
    engine = embedded.engine()
    found = planned(embedded, engine)
    assert found["channel=a|org.2=南/穗"][1:] == ("pool", True, "complaints|org.1=南|60|region")
    assert found["org.1=南"][3] == "complaints|all|60|all"
    assert engine.counts()["series"] == 2


@pytest.mark.parametrize(
    ("wider", "levels", "inside"),
    [
        ({}, {"channel": "a"}, True),
        ({"org.1": "南"}, {"org.2": "南/穗"}, True),
        ({"org.1": "南"}, {"org.2": "南京/玄武"}, False),  # a prefix of letters is not a prefix of levels
        ({"org.1": "南", "channel": "a"}, {"org.1": "南"}, False),
    ],
)
def test_one_slice_holds_another(wider: dict[str, str], levels: dict[str, str], inside: bool) -> None:
    assert holds(wider, levels) is inside


# --- warming ---------------------------------------------------------------------------------------------------------


def test_history_is_learned_in_quarters_then_in_minutes_and_every_record_once(centre: Centre) -> None:
    centre.slice("all")
    centre.rule("surge")
    start = START - timedelta(days=12)
    centre.history("all", start, 12 * 1440)
    centre.heard("tickets", START)
    centre.advance(centre.engine(), START)
    body = json.loads(centre.rows(detector_state, "state")[0][0])["body"]
    assert body["last_end"] == START.isoformat()
    assert body["total"] * 3 == pytest.approx(12 * 1440)
    minutes = 3 * 1440
    assert body["n"] == minutes + (12 * 1440 - minutes) // 15


def test_quarters_of_history_and_minutes_after_it_teach_one_level() -> None:
    """The trap: a count of "exposure 1" in a quarter and in a minute; the level then falls to a fifteenth and the noise of
    that fall hides every modest rise for weeks."""
    detector, first, end = CountSurprise(), bucket(START - timedelta(days=6), 15), bucket(START, 15)
    rule = Rule("surge", 1, "complaints", "all", {}, "head", 60, "count_surprise", {}, 0.04, 1)
    maker = Maker(Planned("complaints|all|60|surge", 1, "all", None, rule), Clock("Asia/Shanghai", "CN"), (), "count")
    for start in range(first, end - 3 * 1440, 15):
        detector.learn_one(maker.reading(start, 15, Value(15.0 + start % 7 - 3, 1.0), True))
    for start in range(end - 3 * 1440, end):
        none = start % 5 == 0
        detector.learn_one(maker.reading(start, 1, None if none else Value(1.0 + start % 2 / 2, 1.0), True))
    found = detector.judge_one(maker.reading(end, 1, Value(1.0, 1.0), True))
    assert found.expected == pytest.approx(1.0, rel=0.25)
    assert max(detector.body()["noise"]["a"]) < 0.05


def test_only_the_newest_day_is_judged_and_no_alert_can_be_made_of_it(centre: Centre) -> None:
    centre.slice("all")
    centre.rule("surge")
    centre.history("all", START - timedelta(days=3), 3 * 1440)
    centre.heard("tickets", START)
    centre.advance(centre.engine(), START)
    rows = centre.rows(verdict, "end_at", "seq")
    assert len(rows) == 96 and {seq for _, seq in rows} == {0}
    assert rows[0][0] == START - DAY + 15 * MINUTE


def test_warming_stops_where_the_sources_are(centre: Centre) -> None:
    """The trap: minutes that no source has delivered yet would be learned as zero."""
    centre.slice("all")
    centre.rule("surge")
    centre.history("all", START - timedelta(hours=5), 300)
    centre.heard("tickets", START - timedelta(seconds=70))
    centre.advance(centre.engine(), START)
    assert centre.rows(detector_state, "last_end") == [(START - 2 * MINUTE,)]


def test_a_series_whose_source_never_delivered_waits_and_is_counted_cold(embedded: Centre) -> None:
    embedded.slice("all")
    embedded.rule("surge")
    engine = embedded.engine()
    warmed = engine.warm(START, lambda conn: None)
    assert (warmed.series, warmed.ready, warmed.cold) == (1, 0, 1)
    embedded.heard("tickets", START + MINUTE)
    seen: list[tuple[int, int]] = []
    assert engine.warm(START + MINUTE, lambda conn: None, lambda done, of: seen.append((done, of))).cold == 0
    assert seen == [(1, 1)]


def test_a_coarse_series_keeps_to_its_own_grid(embedded: Centre) -> None:
    embedded.slice("all")
    embedded.rule("hourly", step_s=3600)
    embedded.history("all", START - timedelta(hours=30), 1800)
    embedded.heard("tickets", START + 25 * MINUTE)
    engine = embedded.engine()
    embedded.advance(engine, START + 25 * MINUTE)
    assert embedded.rows(detector_state, "last_end") == [(START,)]
    embedded.heard("tickets", START + 61 * MINUTE)
    embedded.advance(engine, START + 61 * MINUTE)
    assert [row for row in embedded.rows(verdict, "end_at", "seq") if row[1]] == [(START + 60 * MINUTE, 1)]


def test_spans_never_overlap_and_end_where_they_must() -> None:
    end = bucket(START, 1) + 7
    for step, cut in ((1, end - 100), (5, end - 100), (15, end - 100), (60, end), (1, end + 50)):
        parts = warm.spans(end - 1000, end - end % step, step, cut)
        assert all(a.end == b.start for a, b in pairwise(parts))
        assert all(part.start % part.minutes == 0 for part in parts)


def test_known_events_reach_the_readings_that_they_concern(embedded: Centre) -> None:
    busy(embedded, "channel=a", "channel=b")
    embedded.rule("by-channel", cuboid="channel")
    embedded.heard("tickets", START)
    body = {
        "name": {"zh_CN": "大促", "en": "sale"}, "start_at": START.isoformat(), "end_at": (START + DAY).isoformat(),
        "lift": 3.0, "where": {"channel": "a"},
    }  # fmt: skip
    embedded.define("known_event", "sale", body)
    engine = embedded.engine()
    embedded.advance(engine, START)
    makers = {live.planned.slice_key: live.maker for live in engine._lives()}
    minute = bucket(START, 1)
    seen = {key: maker.reading(minute, 1, None, True).context.events for key, maker in makers.items()}
    assert [event.lift for event in seen["channel=a"]] == [3.0] and seen["channel=b"] == ()
    assert makers["channel=a"].reading(minute - 1, 1, None, True).context.events == ()


def test_the_clock_knows_the_wall_of_the_centre_and_make_up_days() -> None:
    clock = Clock("Asia/Shanghai", "CN")
    local, kind = clock.at(bucket(datetime.fromisoformat("2025-09-27T17:00:00+00:00"), 1))
    assert (local.hour, local.date(), kind) == (1, date(2025, 9, 28), "makeup")  # a Sunday that is worked


def test_the_clock_takes_an_edited_calendar_from_the_next_day_on(store: Engine) -> None:
    saved = datetime.fromisoformat("2026-11-18T06:00:00+00:00")
    clock = Clock("Asia/Shanghai", "CN")
    with store.begin() as conn:
        calendars.seed(conn, "CN", "Asia/Shanghai", saved - timedelta(days=9))
        clock.renew(conn, saved)
        body = calendars.plain_json(calendars.load(conn, "CN", "Asia/Shanghai", saved).newest.body)
        body["days"] |= {"2026-11-18": "holiday", "2026-11-19": "holiday"}
        values = {"kind": "calendar", "id": "default", "version": 2, "valid_from": saved, "by": "wang", "body": body}
        conn.execute(insert(tables.definition).values(**values))
        noon = [bucket(datetime(2026, 11, day, 4, tzinfo=UTC), 1) for day in (18, 19, 20)]
        before = [clock.at(minute)[1] for minute in noon]
        clock.renew(conn, saved)
    assert before == ["workday"] * 3
    assert [clock.at(minute)[1] for minute in noon] == ["workday", "holiday", "workday"]


# --- topics ----------------------------------------------------------------------------------------------------------


def topic_row(store: Any, shown: str, score: float, **more: Any) -> None:
    named = {"topic_id": f"{shown}{score}", "phrase": shown, "shown": shown, "slice_key": "all", "kind": "burst"}
    times = {"found_at": START, "last_at": START, "ended_at": None, "marked_from": START - DAY}
    row = {**named, **times, "now_n": 9, "customers": 9, "usual": 0.0, "score": score, "examples": []}
    with store.begin() as conn:
        conn.execute(insert(tables.topic).values(**{**row, **more}))


def test_living_topics_are_watched_before_busier_series_and_what_is_over_is_not(embedded: Centre) -> None:
    busy(embedded, "topic=弱", "topic=强", "topic=词", "topic=没补完", "topic=过去", "topic=渠道给的", "all")
    topic_row(embedded.store, "弱", 17.0)
    topic_row(embedded.store, "强", 40.0)
    topic_row(embedded.store, "词", 0.0, kind="watch")
    topic_row(embedded.store, "没补完", 50.0, marked_from=None)
    topic_row(embedded.store, "过去", 50.0, ended_at=START - MINUTE)
    embedded.settings = make_settings(embedded.settings.home, max_head_series=4)
    embedded.rule("by-topic", cuboid="topic", max_series=3)
    embedded.rule("surge")
    engine = embedded.engine()
    watched = {key for key, row in planned(embedded, engine).items() if row[2]}
    assert watched == {"topic=强", "topic=弱", "topic=词", "all"}
    with embedded.store.begin() as conn:
        conn.execute(update(tables.topic).values(ended_at=START))
    later = planned(embedded, engine, START + 11 * MINUTE)
    assert {key for key, row in later.items() if row[2]} == {"topic=渠道给的", "all"}, (
        "a source's own topics are like any slice"
    )


def test_a_topic_on_which_an_alert_lives_is_watched_until_it_goes_out(embedded: Centre) -> None:
    busy(embedded, "topic=强")
    topic_row(embedded.store, "强", 40.0)
    embedded.rule("by-topic", cuboid="topic")
    engine = embedded.engine()
    (key,) = [key for key, row in planned(embedded, engine).items() if row[2]]
    burning(embedded, key, "by-topic")
    with embedded.store.begin() as conn:
        conn.execute(update(tables.topic).values(ended_at=START))
    assert planned(embedded, engine, START + 11 * MINUTE)[key][2]


def test_a_topic_learns_from_when_all_its_records_are_counted(embedded: Centre) -> None:
    """Before its first record nobody spoke of it: that is known, and no hole."""
    busy(embedded, "topic=强")
    topic_row(embedded.store, "强", 40.0, marked_from=START - 20 * DAY)
    embedded.rule("by-topic", cuboid="topic", detector="level")
    planned(embedded, embedded.engine())
    with embedded.store.connect() as conn:
        (one,) = load(conn, START)
        assert warm.first_bucket(conn, one, bucket(START, 1)) == bucket(START - 20 * DAY, 15)
