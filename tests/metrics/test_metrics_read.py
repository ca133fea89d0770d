"""Steps, figures, lines and marks, read from cells that the test wrote itself."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, Engine, insert

from detectors import registry
from detectors.base import step
from fengsui.metrics import catalogue, logbins, read, watermarks
from fengsui.metrics.catalogue import METRICS, UnknownMetric
from fengsui.metrics.measures import BY_ID, NO_BIN
from fengsui.store import tables
from fengsui.store.slices import bucket, slice_id, slice_levels
from tests import rollups
from tests.detectors.simulate import readings

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
ALL = slice_id("all")
PHONE = "channel=电话"


@pytest.fixture
def conn(store: Engine) -> Iterator[Connection]:
    with store.begin() as opened:
        yield opened


def later(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def add(conn: Connection, measure: str, minute: int, value: int = 1, key: str = "all", bin_: int = NO_BIN) -> None:
    """One minute cell and its share of the quarter-hour, as ingest writes them."""
    for grain in (1, 15):
        row = {
            "grain": grain,
            "slice_id": slice_id(key),
            "measure": measure,
            "bin": bin_,
            "bucket": bucket(later(minute), grain),
        }
        rollups.put(conn, [row | {"value": value}])


def feed(conn: Connection, measure: str, source: str, watermark: datetime | None, key: str = "all") -> None:
    conn.execute(insert(tables.slice_source).values(slice_id=slice_id(key), measure=measure, source=source))
    known = conn.execute(tables.source_state.select().where(tables.source_state.c.source == source)).first()
    if known is None:
        conn.execute(insert(tables.source_state).values(source=source, watermark=watermark))


def declared(stall: float = 30, pace: str = "live") -> Any:
    return SimpleNamespace(pace=pace, stall=timedelta(seconds=stall))


# --- steps -----------------------------------------------------------------------------------------------------------


def test_minutes_and_quarters_tell_the_same(conn: Connection) -> None:
    for minute in (0, 1, 14, 15, 29):
        add(conn, "complaint.n", minute)
    minutes = read.steps(conn, "complaints", [ALL], NOON, later(30), 60)[ALL]
    quarters = read.steps(conn, "complaints", [ALL], NOON, later(30), 900)[ALL]
    assert [at - bucket(NOON, 1) for at in minutes] == [0, 1, 14, 15, 29]
    assert quarters == {bucket(NOON, 15): (3.0, 1.0), bucket(later(15), 15): (2.0, 1.0)}


def test_steps_are_laid_from_the_start_so_that_days_can_be_local(conn: Connection) -> None:
    add(conn, "complaint.n", 0)
    add(conn, "complaint.n", 4 * 60)  # 00:00 of the next day in Shanghai
    start = NOON - timedelta(hours=20)  # 00:00 in Shanghai
    days = read.steps(conn, "complaints", [ALL], start, start + timedelta(days=2), 86_400)[ALL]
    assert {at - bucket(start, 1): value.value for at, value in days.items()} == {0: 1.0, 1440: 1.0}


def test_a_cell_that_came_down_to_zero_is_absent_and_every_slice_is_a_key(conn: Connection) -> None:
    add(conn, "complaint.n", 0, 1)
    add(conn, "complaint.n", 0, -1)
    assert read.steps(conn, "complaints", [ALL, 7], NOON, later(1), 60) == {ALL: {}, 7: {}}


def test_a_share_is_successes_of_exposure_and_unknown_without(conn: Connection) -> None:
    add(conn, "due.n", 0, 4)
    add(conn, "due.met", 0, 3)
    add(conn, "due.met", 20, 1)  # cannot happen, and must not divide by zero
    assert read.steps(conn, "sla_attainment", [ALL], NOON, later(30), 900)[ALL] == {bucket(NOON, 15): (3.0, 4.0)}


def test_a_duration_is_the_mean_logarithm_of_seconds(conn: Connection) -> None:
    for seconds in (60, 240):
        add(conn, "response.d", 0, 1, bin_=logbins.bin_of(seconds))
    for step_s, window in ((60, 1), (900, 15), (900, 60 * 24 * 7)):
        value = read.steps(conn, "response_time", [ALL], NOON, later(window), step_s)[ALL][bucket(NOON, 15)]
        assert value.exposure == 2 and value.value == pytest.approx(math.log(120), abs=0.02)


@pytest.mark.parametrize("step_s", [0, 59, 901, 1000, -60])
def test_a_step_that_no_grain_fits_is_refused(conn: Connection, step_s: int) -> None:
    with pytest.raises(ValueError, match="step_s"):
        read.steps(conn, "complaints", [ALL], NOON, later(30), step_s)


def test_minutes_of_a_measure_that_has_none_are_refused_rather_than_read_as_zero(conn: Connection) -> None:
    with pytest.raises(ValueError, match="quarter"):
        read.steps(conn, "resolution_time", [ALL], NOON, later(30), 60)


def test_a_backlog_is_a_stock_with_a_past(conn: Connection) -> None:
    add(conn, "open.n", -600, 5)
    add(conn, "open.done", -15, 2)
    add(conn, "open.n", 20, 4)
    add(conn, "open.done", 35, 6)
    line = read.steps(conn, "backlog", [ALL], NOON, later(45), 900)[ALL]
    assert [value.value for value in line.values()] == [3, 7, 1]
    feed(conn, "open.n", "tickets", NOON)
    assert read.kpi(conn, "backlog", "all", NOON, later(30), later(60)).value == 7
    assert [point.value for point in read.trend(conn, "backlog", "all", NOON, later(45), 900)] == [3, 7, 1]


# --- gauges ----------------------------------------------------------------------------------------------------------


def gauge(conn: Connection, minute: float, value: float, key: str, source: str = "acd") -> None:
    conn.execute(insert(tables.gauge).values(source=source, name="waiting", slice_key=key, at=later(minute), value=value))


def slices(conn: Connection, *keys: str) -> list[int]:
    for key in keys:
        cuboid = "|".join(sorted(slice_levels(key))) or "all"
        row = {"slice_id": slice_id(key), "cuboid": cuboid, "slice_key": key, "dims": slice_levels(key), "first_at": NOON}
        conn.execute(insert(tables.slice_).values(**row))
    return [slice_id(key) for key in keys]


def test_a_gauge_of_all_is_the_sum_of_its_parts_at_the_steps_end(conn: Connection) -> None:
    ids = slices(conn, "all", PHONE, "org.1=华南", "org.1=华北")
    gauge(conn, -5, 3, f"{PHONE}|org=华南/广东")
    gauge(conn, 1.5, 4, f"{PHONE}|org=华南/广东")
    gauge(conn, 2.5, 2, f"{PHONE}|org=华南/海南")
    line = read.steps(conn, "waiting_now", ids, NOON, later(4), 60)
    assert [value.value for value in line[ids[0]].values()] == [3, 4, 6, 6]
    assert line[ids[1]] == line[ids[2]] == line[ids[0]]
    assert line[ids[3]] == {}


def test_a_gauge_that_is_not_renewed_is_not_carried_on_for_ever(conn: Connection) -> None:
    ids = slices(conn, "all")
    gauge(conn, 0.5, 3, "all")
    line = read.steps(conn, "waiting_now", ids, NOON, later(60), 900)[ids[0]]
    assert list(line) == [bucket(NOON, 15)]
    now = read.kpi(conn, "waiting_now", "all", NOON, later(10), later(10))
    old = read.kpi(conn, "waiting_now", "all", NOON, later(60), later(60))
    never = read.kpi(conn, "waiting_now", PHONE, NOON, later(10), later(10))
    assert [(each.value, each.state) for each in (now, old, never)] == [(3.0, "ok"), (3.0, "stale"), (None, "no_data")]


def test_gauges_combine_by_sum_or_by_maximum() -> None:
    samples = [read.gauges.Sample(PHONE, "a", NOON, 3.0), read.gauges.Sample("channel=App", "a", NOON, 5.0)]
    assert [read.gauges.combined(samples, "all", how) for how in ("sum", "max")] == [8.0, 5.0]
    assert read.gauges.combined([*samples, read.gauges.Sample("all", "b", NOON, 1.0)], "all", "sum") == 1.0


# --- figures ---------------------------------------------------------------------------------------------------------


def test_a_window_is_quarters_inside_and_minutes_at_its_ends(conn: Connection) -> None:
    feed(conn, "complaint.n", "tickets", NOON)
    for minute in range(60):
        add(conn, "complaint.n", minute)
    for first, last in ((0, 60), (7, 52), (3, 9), (14, 16), (15, 30), (5, 5)):
        assert read.kpi(conn, "complaints", "all", later(first), later(last), later(60)).value == last - first


def test_nothing_after_now_is_counted(conn: Connection) -> None:
    feed(conn, "due.n", "tickets", NOON)
    add(conn, "due.n", 5, 30)
    add(conn, "due.met", 5, 30)
    add(conn, "due.n", 50, 30)  # due later, cannot be met yet
    figure = read.kpi(conn, "sla_attainment", "all", NOON, later(60), later(30))
    assert (figure.value, figure.n, figure.state, figure.target) == (1.0, 30, "ok", 0.95)
    assert figure.lower == pytest.approx(0.886, abs=0.001)


def test_a_few_are_few_and_none_is_no_data_not_zero(conn: Connection) -> None:
    feed(conn, "csat.n", "tickets", NOON)
    assert read.kpi(conn, "csat", "all", NOON, later(60), later(60)).state == "no_data"
    add(conn, "csat.n", 0, 5)
    add(conn, "csat.top", 0, 5)
    figure = read.kpi(conn, "csat", "all", NOON, later(60), later(60))
    assert (figure.value, figure.state) == (1.0, "few")
    assert (round(100 * figure.lower), round(100 * figure.upper)) == (57, 100)


def test_zero_of_a_fed_count_is_zero_and_of_an_unfed_one_no_data(conn: Connection) -> None:
    assert read.kpi(conn, "complaints", "all", NOON, later(60), later(60)).state == "no_data"
    feed(conn, "complaint.n", "tickets", NOON)
    figure = read.kpi(conn, "complaints", "all", NOON, later(60), later(60))
    assert (figure.value, figure.state) == (0.0, "ok")


def test_a_duration_shows_its_median_with_an_interval_and_its_tail(conn: Connection) -> None:
    feed(conn, "response.d", "tickets", NOON)
    assert read.kpi(conn, "response_time", "all", NOON, later(60), later(60)).state == "no_data"
    for seconds in range(10, 1000, 10):
        add(conn, "response.d", 1, 1, bin_=logbins.bin_of(seconds))
    figure = read.kpi(conn, "response_time", "all", NOON, later(60), later(60))
    assert figure.value == pytest.approx(500, rel=0.03) and figure.n == 99
    assert figure.lower == pytest.approx(400, rel=0.05) and figure.upper == pytest.approx(595, rel=0.05)
    assert figure.more["p90"] == pytest.approx(890, rel=0.03)


def test_one_silent_source_makes_it_provisional_and_all_of_them_stale(conn: Connection) -> None:
    feed(conn, "complaint.n", "app", NOON - timedelta(minutes=9))
    feed(conn, "complaint.n", "phone", NOON)

    def state(*live: str) -> str:
        sources = {name: declared(10**6 if name in live else 30) for name in ("app", "phone")}
        return read.kpi(conn, "complaints", "all", NOON, later(1), later(1), sources).state

    assert [state("app", "phone"), state("phone"), state()] == ["ok", "provisional", "stale"]


def test_a_cohort_that_is_not_ripe_is_provisional(conn: Connection) -> None:
    feed(conn, "solved.n", "tickets", NOON)
    add(conn, "solved.n", 0, 40)
    for age, state in ((13, "provisional"), (15, "ok")):
        assert read.kpi(conn, "reopened", "all", NOON, later(60), later(60) + timedelta(days=age)).state == state


def test_a_line_has_a_point_for_every_step(conn: Connection) -> None:
    add(conn, "complaint.n", 20, 2)
    add(conn, "due.n", 20, 4)
    add(conn, "due.met", 20, 1)
    add(conn, "response.d", 20, 3, bin_=logbins.bin_of(90))
    counts, shares, spans = (
        read.trend(conn, metric, "all", NOON, later(45), 900) for metric in ("complaints", "sla_attainment", "response_time")
    )
    assert [point.at for point in counts] == [later(0), later(15), later(30)]
    assert [point.value for point in counts] == [0.0, 2.0, 0.0]
    assert [(point.value, point.n) for point in shares] == [(None, 0), (0.25, 4), (None, 0)]
    assert spans[1].value == pytest.approx(90, rel=0.02)


# --- marks -----------------------------------------------------------------------------------------------------------


def test_a_series_waits_for_the_slowest_of_its_own_sources_only(conn: Connection) -> None:
    feed(conn, "complaint.n", "app", later(-0.1))
    feed(conn, "complaint.n", "phone", later(-0.2))
    feed(conn, "complaint.n", "other", later(-0.4), key=PHONE)
    marks = watermarks.of_series(conn, "complaints", [ALL, 3], NOON, {name: declared() for name in ("app", "phone", "other")})
    assert marks == {ALL: watermarks.Mark(later(-0.2), later(-0.2), ())}


def test_a_source_behind_its_stall_limit_is_left_out_and_said_so(conn: Connection) -> None:
    feed(conn, "complaint.n", "app", later(-10))
    feed(conn, "complaint.n", "phone", later(-0.2))
    marks = watermarks.of_series(conn, "complaints", [ALL], NOON, {"app": declared(), "phone": declared()})
    assert marks[ALL] == watermarks.Mark(later(-0.2), later(-10), ("app",))


def test_where_all_are_silent_the_mark_stays(conn: Connection) -> None:
    feed(conn, "complaint.n", "app", later(-10))
    feed(conn, "complaint.n", "phone", later(-7))
    marks = watermarks.of_series(conn, "complaints", [ALL], NOON, {"app": declared(), "phone": declared()})
    assert marks[ALL] == watermarks.Mark(later(-7), later(-10), ("app", "phone"))


def test_exactly_at_the_stall_limit_a_source_still_counts(conn: Connection) -> None:
    feed(conn, "complaint.n", "app", later(-0.5))
    marks = watermarks.of_series(conn, "complaints", [ALL], NOON, {"app": declared(30)})
    assert marks[ALL].left_out == ()


def test_what_has_no_watermark_no_settings_or_a_daily_pace_holds_nothing_up(conn: Connection) -> None:
    feed(conn, "complaint.n", "live", later(-0.1))
    feed(conn, "complaint.n", "new", None)
    feed(conn, "complaint.n", "removed", later(-999))
    feed(conn, "complaint.n", "daily", later(-0.3))
    sources = {"live": declared(), "new": declared(), "daily": declared(pace="batch")}
    assert watermarks.of_series(conn, "complaints", [ALL], NOON, sources)[ALL].at == later(-0.1)
    assert watermarks.of_series(conn, "complaints", [ALL], NOON, sources, step_s=900)[ALL].at == later(-0.3)
    assert watermarks.of_sources(conn, NOON, sources).keys() == {"live", "daily"}


# --- the catalogue ---------------------------------------------------------------------------------------------------


def test_every_metric_reads_measures_that_exist() -> None:
    for metric in METRICS.values():
        ours = {name for name in metric.measures() if not name.startswith("m.")}  # m.* come from what a source measured itself
        assert metric.gauge or ours <= BY_ID.keys(), metric.id
        assert all(re.fullmatch(r"m\.[a-z_]+\.(num|den|sum|n)", name) for name in set(metric.measures()) - ours), metric.id
        assert (metric.shape == "gauge") == (metric.gauge is not None)
        assert (metric.shape in ("share", "mean", "ratio", "score", "work_off")) == bool(metric.exposure)


def test_a_score_a_mean_and_a_ratio_read_sums(conn: Connection) -> None:
    for measure, value in (("nps.n", 20), ("nps.plus", 10), ("nps.minus", 4), ("wait.s", 90), ("answered.n", 6)):
        add(conn, measure, -20, value)
        feed(conn, measure, "acd", NOON)
    add(conn, "open.n", -20, 4)
    add(conn, "open.done", -20, 5)
    feed(conn, "open.n", "tickets", NOON)
    hour = {name: read.kpi(conn, name, "all", later(-60), NOON, NOON) for name in ("nps", "asa", "closure_flow", "ces")}
    nps = hour["nps"]
    assert (nps.value, nps.n, nps.state, round(nps.upper or 0)) == (30.0, 20, "few", 64)  # 30 ± 34
    assert (hour["asa"].value, hour["asa"].lower, hour["closure_flow"].value) == (15.0, None, 1.25)
    assert (hour["ces"].value, hour["ces"].state) == (None, "no_data")


def test_net_times_are_the_gross_ones_but_for_those_that_were_paused(conn: Connection) -> None:
    for seconds, times in ((100, 3), (1000, 2)):
        add(conn, "resolution.d", -20, times, bin_=logbins.bin_of(seconds))
    add(conn, "gross.d", -20, 2, bin_=logbins.bin_of(1000))
    add(conn, "net.d", -20, 2, bin_=logbins.bin_of(10))
    feed(conn, "resolution.d", "tickets", NOON)
    gross, net = (read.kpi(conn, name, "all", later(-60), NOON, NOON) for name in ("resolution_time", "resolution_net"))
    assert (gross.n, net.n) == (5, 5)
    assert (gross.more["p95"], net.value, net.more["p95"]) == pytest.approx((1000, 100, 100), rel=0.02)
    assert read.steps(conn, "resolution_net", [ALL], later(-30), NOON, 1800)[ALL][bucket(later(-30), 15)].exposure == 5


def test_a_rate_whose_events_nobody_sends_is_no_data_and_not_zero(conn: Connection) -> None:
    add(conn, "due.n", -60, 30)
    feed(conn, "due.n", "tickets", NOON)
    window = (later(-120), later(-30), NOON)
    assert read.kpi(conn, "closed_loop", "all", *window).state == "no_data"
    add(conn, "loop.met", -60, 27)
    feed(conn, "loop.met", "tickets", NOON)
    found = read.kpi(conn, "closed_loop", "all", *window)
    assert (found.value, found.state) == (0.9, "provisional")  # a day of grace has not passed


def test_the_work_off_time_is_the_stock_over_the_rate_of_the_window(conn: Connection) -> None:
    add(conn, "open.n", -600, 60)
    add(conn, "open.done", -30, 20)
    feed(conn, "open.n", "tickets", NOON)
    assert read.kpi(conn, "work_off", "all", later(-60), NOON, NOON).value == 2 * 3600
    assert read.kpi(conn, "work_off", "all", later(-15), NOON, NOON).value == 40 * 900  # nothing closed: at least so long
    assert [point.value for point in read.trend(conn, "work_off", "all", later(-60), NOON, 3600)] == [2 * 3600]


def test_the_work_off_time_is_a_series_at_the_rate_of_the_last_hour(conn: Connection) -> None:
    add(conn, "open.n", -600, 60)
    add(conn, "open.done", -45, 20)  # in the last hour of three quarters, then in none
    line = read.steps(conn, "work_off", [ALL], later(-30), later(45), 900)[ALL]
    assert [value.value for value in line.values()] == [7200] * 3 + [9000, 10_800]
    assert {value.exposure for value in line.values()} == {1.0}
    hours = read.steps(conn, "work_off", [ALL], later(-60), later(60), 3600)[ALL]
    assert [value.value for value in hours.values()] == [7200, 2 * 7200]
    assert read.steps(conn, "work_off", [ALL], later(-90), later(-45), 900)[ALL] == {}, "nothing was ever closed"


def test_a_weekend_is_no_end_of_closing_and_a_stock_that_nobody_closes_has_a_longest_time(conn: Connection) -> None:
    add(conn, "open.n", -600, 60)
    add(conn, "open.done", -45, 20)
    days = read.steps(conn, "work_off", [ALL], later(60 * 24), later(60 * 24 * 9), 86_400)[ALL]
    assert [value.value for value in days.values()] == [2 * n * 86_400 for n in range(3, 8)] + [40 * 7 * 86_400] * 3
    add(conn, "open.n", -600, 1_000_000)  # times 3600 s it is more than a detector takes
    stuck = read.steps(conn, "work_off", [ALL], later(0), later(15), 900)[ALL]
    assert [value.value for value in stuck.values()] == [read.LONGEST_S]


def closing_by_day(conn: Connection, days: int, slow: range) -> None:
    """15 closed a quarter of an hour from eight to eight, none at night; 150 to 450 open. In the quarters ``slow`` of the last
    day a sixth of that is closed, and as many come as ever."""
    rows = []
    for i in range(96 * days):
        quarter = i % 96
        closed = 15 if 32 <= quarter < 80 else 0
        came = 300 * (i == 0) + 8 - (quarter % 2)  # as many a day as are closed
        late = i // 96 == days - 1 and quarter in slow
        for measure, value in (("open.n", max(came, 0)), ("open.done", 2 + quarter % 2 if late else closed)):
            at = bucket(later(15 * (i - 96 * days)), 15)
            rows.append({"grain": 15, "slice_id": ALL, "measure": measure, "bin": NO_BIN, "bucket": at, "value": value})
    rollups.put(conn, [row for row in rows if row["value"]])


def test_a_work_off_time_that_is_six_times_as_long_at_noon_is_heard_though_nights_are_closed(conn: Connection) -> None:
    """The trap: each evening a step of sixty times, and scatter learned from it that hides everything else."""
    days, slow = 21, range(48, 60)
    closing_by_day(conn, days, slow)
    line = read.steps(conn, "work_off", [ALL], later(-1440 * days), NOON, 900)[ALL]
    grid = range(bucket(later(-1440 * days), 15), bucket(NOON, 15), 15)
    xs = readings([line[at].value if at in line else -1.0 for at in grid], 900)
    values = np.array([x.value for x in xs])
    assert max(values[-96 * 7 : -96]) < 8 * min(values[-96 * 7 : -96])
    detector = registry.make("gauge")
    grades = [step(detector, x if (x.value or 0) >= 0 else replace(x, value=None)).grade for x in xs]
    print(
        [int(g) for g in grades[96 * 8 : -96]].count(0),
        [i % 96 for i, g in enumerate(grades[:-96]) if g],
        values[-96:] // 60,
        [int(g) for g in grades[-96:]],
    )
    assert not any(grades[-96 * 7 : -96]), "usual days are told"
    assert max(grades[-96:][slow[0] : slow[-1] + 2]) >= 1


def test_the_wall_shows_metrics_of_the_catalogue_with_targets_where_they_have_a_good_direction() -> None:
    assert set(catalogue.WALL) <= METRICS.keys()


def test_definitions_are_seeded_once_and_edited_as_versions(conn: Connection) -> None:
    assert catalogue.load(conn, NOON) == METRICS
    catalogue.seed(conn, NOON)
    catalogue.seed(conn, later(5))
    assert catalogue.load(conn, NOON) == METRICS
    edited = {"kind": "target", "id": "csat", "version": 2, "valid_from": later(10), "by": "admin", "body": {"target": 0.8}}
    conn.execute(insert(tables.definition).values(**edited))
    assert catalogue.load(conn, later(9))["csat"].target == 0.9
    assert catalogue.load(conn, later(10))["csat"].target == 0.8


def test_an_unknown_metric_names_the_known(conn: Connection) -> None:
    with pytest.raises(UnknownMetric, match="complaints"):
        read.kpi(conn, "complaint", "all", NOON, later(1), later(1))
