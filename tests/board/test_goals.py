"""A goal on the page: the version in force, the weeks since it began, and only for figures that a week adds up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from fengsui.alerts import definitions
from fengsui.board import goals
from fengsui.metrics.kpis import METRICS
from fengsui.settings import Settings
from fengsui.store.slices import bucket, slice_id
from tests import rollups

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)
BODY = {"start": "2026-09-01", "end": "2027-03-01", "start_value": 0.6, "end_value": 0.95}


def weeks(store: Engine, shares: list[float]) -> None:
    """One due cohort of 100 in the middle of each week, the newest last."""
    with store.begin() as conn:
        for back, share in enumerate(reversed(shares)):
            at = bucket(NOW - timedelta(days=7 * back + 4), 15)
            cell = {"grain": 15, "slice_id": slice_id("all"), "bin": -32768, "bucket": at}
            rollups.put(
                conn, [{**cell, "measure": "due.n", "value": 100}, {**cell, "measure": "due.met", "value": round(share * 100)}]
            )


def test_the_newest_goal_in_force_and_its_trend(store: Engine, settings: Settings) -> None:
    weeks(store, [0.60, 0.62, 0.63, 0.65, 0.66, 0.68, 0.69, 0.71])
    metric = METRICS["sla_attainment"]
    assert goals.aim(store, settings, metric, "all", NOW) is None
    with store.begin() as conn:
        definitions.save(conn, "goal", "sla_attainment", {**BODY, "end_value": 0.9}, "li", NOW - timedelta(days=60))
        definitions.save(conn, "goal", "sla_attainment", BODY, "wang", NOW - timedelta(days=1))
    found = goals.aim(store, settings, metric, "all", NOW)
    assert found is not None and (found.version, found.by, found.week) == (2, "wang", 0.71)
    assert found.progress.required == pytest.approx(0.6 + 0.35 * 78 / 181)
    assert found.progress.gap == pytest.approx(0.71 - found.progress.required)
    assert found.progress.forecast is not None and found.progress.forecast == pytest.approx(0.94, abs=0.02)
    earlier = goals.aim(store, settings, metric, "all", NOW - timedelta(days=2))
    assert earlier is not None and earlier.version == 1  # what was asked for then does not move


def test_a_stock_has_no_goal_and_a_bad_one_is_refused(store: Engine, settings: Settings) -> None:
    with store.begin() as conn:
        definitions.save(conn, "goal", "backlog", {**BODY, "start_value": 90, "end_value": 10}, "li", NOW)
        with pytest.raises(definitions.BadDefinition, match="end must be after start"):
            definitions.save(conn, "goal", "csat", {**BODY, "end": "2026-09-01"}, "li", NOW)
    assert goals.aim(store, settings, METRICS["backlog"], "all", NOW) is None


def test_a_young_goal_shows_its_first_week(store: Engine, settings: Settings) -> None:
    weeks(store, [0.7])
    with store.begin() as conn:
        definitions.save(conn, "goal", "sla_attainment", {**BODY, "start": "2026-11-17"}, "li", NOW)
    found = goals.aim(store, settings, METRICS["sla_attainment"], "all", NOW)
    assert found is not None and found.week == 0.7 and found.progress.chance == "unknown"
