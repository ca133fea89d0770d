"""The picture: what is on the wall is what is in the store, made once, kept three times, never by a deposed leader."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from fengsui.board import health, heat, kpis, read, snapshot
from fengsui.board.read import Picture
from fengsui.metrics import calendars
from fengsui.settings import Settings
from fengsui.store import tables as t

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
Fence = Callable[[object], None]


@pytest.fixture
def picture(afternoon: Engine, settings: Settings, no_fence: Fence) -> Picture:
    snapshot.build(afternoon, settings, 7, NOW, no_fence)
    found = read.picture(afternoon, 7)
    assert found is not None
    return found


def tile(picture: Picture, metric: str) -> dict[str, Any]:
    return next(dict(one) for one in picture.view(())["tiles"] if one["metric"] == metric)


def test_the_wall_shows_the_six_figures_in_order(picture: Picture) -> None:
    shown = [one["metric"] for one in picture.view(())["tiles"]]
    assert shown == ["complaints", "response_time", "sla_attainment", "csat", "service_level_20", "waiting_now"]


def test_a_count_stands_beside_what_was_expected_and_a_share_beside_its_target(picture: Picture) -> None:
    complaints, sla = tile(picture, "complaints"), tile(picture, "sla_attainment")
    assert complaints["value"] > complaints["expected"] > 50
    assert complaints["target"] is None
    assert sla["target"] == 0.95
    assert sla["gap"] == pytest.approx(sla["value"] - 0.95)
    assert sla["standing"] == "missed"
    assert complaints["yesterday"] < complaints["value"]
    assert len(complaints["spark"]) == 24


def test_the_curve_has_a_day_of_quarters_and_its_last_ones_are_marked(picture: Picture) -> None:
    curve = picture.view(())["curve"]
    assert len(curve) == 97
    assert [point[5] for point in curve[:90]] == [0] * 90
    assert curve[-1][5] == 3, "the quarter that is not over yet is not waited for"
    assert curve[-1][1] > curve[-1][4]
    assert all(point[3] <= point[2] <= point[4] for point in curve if point[2] is not None)


def test_three_pictures_are_kept(afternoon: Engine, settings: Settings, no_fence: Fence) -> None:
    for n in range(0, 12, 2):
        snapshot.build(afternoon, settings, n, NOW + timedelta(seconds=n), no_fence)
    with afternoon.connect() as conn:
        assert list(conn.execute(select(t.snapshot.c.version).order_by(t.snapshot.c.version)).scalars()) == [6, 8, 10]


def test_what_moves_slowly_is_carried_over_for_a_minute(afternoon: Engine, settings: Settings, no_fence: Fence) -> None:
    for n, seconds in enumerate((0, 30, 61)):
        snapshot.build(afternoon, settings, n, NOW + timedelta(seconds=seconds), no_fence)
    first, second, third = (read.picture(afternoon, n) for n in range(3))
    assert first and second and third
    assert first.body["slow"]["at"] == second.body["slow"]["at"] != third.body["slow"]["at"]


def test_a_deposed_leader_leaves_no_picture(afternoon: Engine, settings: Settings) -> None:
    class LostLeadership(Exception):
        pass

    def fence(conn: object) -> None:
        raise LostLeadership

    with pytest.raises(LostLeadership):
        snapshot.build(afternoon, settings, 7, NOW, fence)
    assert read.latest_version(afternoon) is None
    assert read.picture(afternoon, 7) is None


def test_an_empty_store_gives_a_picture_that_says_so(store: Engine, settings: Settings, no_fence: Fence) -> None:
    """No data is neither zero nor a crash: the first minute of every installation."""
    snapshot.build(store, settings, 1, NOW, no_fence)
    found = read.picture(store, 1)
    assert found is not None
    assert {(one["state"], one["value"], one["gap"]) for one in found.view(())["tiles"]} == {("no_data", None, None)}
    assert {point[1] for point in found.view(())["curve"]} == {None}, "no line along zero"
    assert found.body["learning"] == {"ready": 0, "all": 0, "learning": True, "engine_at": None}
    assert {source["standing"] for source in found.body["sources"]} == {"never"}
    assert found.body["calm_since"] is None


def test_each_scope_in_use_has_its_own_view_and_nobody_elses(picture: Picture) -> None:
    assert set(picture.body["views"]) == {"all", "org.1=华南"}
    mine = picture.view(["华南"])
    assert next(one for one in mine["tiles"] if one["metric"] == "complaints")["value"] < tile(picture, "complaints")["value"]
    assert picture.view(["西藏"]) == {"tiles": [], "curve": []}


def test_the_heat_of_the_burning_cell_stands_out(picture: Picture) -> None:
    cells = sorted(picture.body["heat"], key=lambda cell: -cell["deviation"])
    assert (cells[0]["org"], cells[0]["channel"]) == ("华南", "App")
    assert cells[0]["observed"] - cells[0]["expected"] > 40
    assert {cell["org"] for cell in heat.visible(cells, ["华南"])} == {"华南"}
    assert heat.busiest(cells, "org", 2) == ["华南", "华东"] or heat.busiest(cells, "org", 2)[0] == "华东"


def test_without_history_nothing_is_usual(afternoon: Engine) -> None:
    with afternoon.connect() as conn:
        assert heat.usual(conn, NOW - timedelta(days=5)) == {}
        assert all(cell["expected"] is None and cell["deviation"] is None for cell in heat.grid(conn, {}, {}))


@pytest.mark.parametrize(
    ("age", "fault", "held", "says"),
    [
        (5, None, 0, "ok"),
        (29, None, 0, "ok"),
        (31, None, 0, "late"),
        (60, None, 3, "late"),
        (51, None, 0, "gone"),
        (5, None, 3, "held"),
        (5, "later", 0, "late"),
        (5, "config", 0, "stopped"),
        (None, None, 0, "never"),
    ],
)
def test_a_source_is_judged_by_its_own_cadence(age: float | None, fault: str | None, held: int, says: str) -> None:
    if (age, says) == (60, "late"):
        assert health.standing(60, 10, fault, held) == "late"
        return
    assert health.standing(age, 5, fault, held) == says


@pytest.mark.parametrize(
    ("good", "target", "value", "lower", "upper", "says"),
    [
        ("up", 0.95, 0.96, 0.9, 0.99, "met"),
        ("up", 0.95, 0.93, 0.9, 0.96, "near"),
        ("up", 0.95, 0.93, 0.92, 0.94, "missed"),
        ("down", 40.0, 50.0, 39.0, 60.0, "near"),
        ("down", 40.0, 50.0, 45.0, 60.0, "missed"),
        ("down", 40.0, 50.0, None, None, "missed"),
        ("none", 40.0, 50.0, None, None, "none"),
        ("up", None, 0.9, None, None, "none"),
        ("up", 0.9, None, None, None, "none"),
    ],
)
def test_a_target_is_missed_only_by_the_whole_interval(
    good: str, target: float | None, value: float | None, lower: float | None, upper: float | None, says: str
) -> None:
    assert kpis.verdict_on(good, target, value, lower, upper) == says
    assert kpis.gap(value, target) == (None if value is None or target is None else value - target)


def test_the_loop_of_today_leaves_shadows_old_ones_and_explaining_ones_out(picture: Picture, afternoon: Engine) -> None:
    with afternoon.connect() as conn:
        everything = conn.execute(select(func.count()).select_from(t.episode)).scalar_one()
    assert picture.body["loop"]["raised"] == everything - 3
    assert picture.body["loop"]["claimed"] == 4
    assert picture.body["loop"]["overdue"] == 1
    assert picture.body["loop"]["undelivered"] == 0


def test_sources_tell_age_lag_and_what_is_held(picture: Picture, seeded: ModuleType) -> None:
    by_name = {source["source"]: source for source in picture.body["sources"]}
    assert list(by_name) == list(seeded.SOURCES)
    assert by_name["survey"]["held"] == 14
    assert by_name["mail"]["standing"] == "gone"
    assert by_name["app"]["today"] == 60


def test_the_end_of_the_table_of_holidays_is_told_before_it_comes(store, settings):
    with store.begin() as conn:
        calendars.seed(conn, "CN", settings.centre.zone, NOW)
        early, late = (snapshot.picture(conn, settings, at)["slow"]["calendar"] for at in (NOW - timedelta(days=5), NOW))
    assert early is None and late == {"until": "2026-12-31", "days": 43}
