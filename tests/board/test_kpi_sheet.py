"""The page of figures on a seeded afternoon: groups, partners, places, and the parts that moved a figure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, insert

from fengsui.board import kpi_sheet
from fengsui.board.span import Span
from fengsui.metrics import catalogue
from fengsui.metrics.kpis import METRICS
from fengsui.settings import Settings
from fengsui.store import tables as t
from fengsui.store.slices import bucket, slice_id, slice_levels
from tests import rollups

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)


def test_every_metric_has_a_group_and_none_has_two() -> None:
    shown = [id_ for ids in kpi_sheet.GROUPS.values() for id_ in ids]
    assert len(shown) == len(set(shown)) and set(shown) <= METRICS.keys()
    assert METRICS.keys() - set(shown) == {"negatives", "solved"}  # counts behind shares


@pytest.mark.parametrize("window", kpi_sheet.BACK)
def test_figures_nobody_delivers_are_absent_and_others_have_their_partners(
    afternoon: Engine, settings: Settings, window: kpi_sheet.Window
) -> None:
    sheet = kpi_sheet.figures(afternoon, settings, "all", window, NOW)
    rows = {row.metric.id: row for group in sheet.groups.values() for row in group}
    assert {"sla_attainment", "service_level_20", "complaints"} <= rows.keys() and "closed_loop" not in rows
    ours = {row.metric.id for row in sheet.groups["alerts"]}
    assert ours == {"alert_response", "alert_accuracy"}  # always there: without alerts they say so
    assert all(row.kpi.state != "no_data" or row.before is not None for id_, row in rows.items() if id_ not in ours)
    assert len(rows["sla_attainment"].line) == kpi_sheet.LINE_DAYS
    assert sheet.row("nothing") is next(iter(sheet.groups.values()))[0] and sheet.row("complaints") is rows["complaints"]


def test_the_windows_begin_at_midnight_of_the_centre_or_days_ago(settings: Settings) -> None:
    assert kpi_sheet.start_of(settings, "today", NOW) == datetime(2026, 11, 17, 16, tzinfo=UTC)
    assert kpi_sheet.start_of(settings, "week", NOW) == NOW - timedelta(days=7)


def test_a_scoped_person_is_offered_their_own_places_only(afternoon: Engine, settings: Settings) -> None:
    everything = kpi_sheet.places(afternoon, settings, ())
    assert everything[0] == "all" and len(everything) > 3
    mine = kpi_sheet.places(afternoon, settings, ("华南",))
    assert mine and all("org.1=华南" in key.split("|") for key in mine)


def test_a_typed_window_is_read_like_the_named_ones(afternoon: Engine, settings: Settings) -> None:
    week = Span(NOW - timedelta(days=7), NOW + timedelta(days=1))  # its end lies ahead: what is there counts
    typed_, named = (kpi_sheet.figures(afternoon, settings, "all", window, NOW) for window in (week, "week"))
    assert (typed_.start, typed_.end) == (named.start, NOW)
    for group, rows in named.groups.items():
        assert [(row.metric.id, row.kpi.value) for row in typed_.groups[group]] == [
            (row.metric.id, row.kpi.value) for row in rows
        ]
    assert kpi_sheet.backs(settings, week, NOW)[:2] == (8, 14) and kpi_sheet.from_records(afternoon, settings, "all", week, NOW)


def test_places_are_those_of_every_cuboid(afternoon: Engine, settings: Settings) -> None:
    kinds = {"|".join(sorted(slice_levels(key))) for key in kpi_sheet.places(afternoon, settings, ())}
    assert {"", "channel", "org.1"} <= kinds and any("|" in kind for kind in kinds)


def test_the_definition_in_force_is_named(store: Engine) -> None:
    with store.begin() as conn:
        catalogue.seed(conn, NOW - timedelta(days=3))
        body = {"target": 0.9}
        conn.execute(
            insert(t.definition).values(kind="target", id="sla_attainment", version=2, valid_from=NOW, by="wang", body=body)
        )
    found = kpi_sheet.versions(store, "sla_attainment", NOW)
    assert found.metric == (1, NOW - timedelta(days=3), "seed") and found.target == (2, NOW, "wang")
    assert kpi_sheet.versions(store, "aht", NOW).target is None


def test_last_year_stands_beside_a_figure_once_records_reach_back(store: Engine, settings: Settings) -> None:
    """At the Spring Festival of 2026: 384 days back lies that of 2025, and 364 days back an ordinary week."""
    noon = datetime(2026, 2, 17, 6, tzinfo=UTC)

    def put(*cells: tuple[int, int]) -> None:
        rows = [
            {"grain": 15, "slice_id": slice_id("all"), "measure": "feedback.n", "bin": -32768, "value": n}
            | {"bucket": bucket(noon - timedelta(days=days, hours=2), 15)}
            for days, n in cells
        ]
        with store.begin() as conn:
            rollups.put(conn, rows)

    with store.begin() as conn:
        conn.execute(insert(t.slice_source).values(slice_id=slice_id("all"), measure="feedback.n", source="crm"))
    put((0, 30), (384, 25), (364, 90))
    assert (young := kpi_sheet.figures(store, settings, "all", "today", noon).row("contacts")) and young.year is None
    put((400, 1))
    sheet = kpi_sheet.figures(store, settings, "all", "today", noon)
    row = sheet.row("contacts")
    assert row is not None and (row.kpi.value, row.year, sheet.by_festival) == (30, 25, True)
    assert kpi_sheet.backs(settings, "month", noon) == (28, 384, 384)
    assert kpi_sheet.backs(settings, "month", NOW) == (28, 364, 364)
