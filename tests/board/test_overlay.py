"""A figure from minutes to months, and others over it on the same steps: what each step is, and what it is compared with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, insert

from fengsui.board import explore
from fengsui.board.explore import grid
from fengsui.board.explore.question import Question
from fengsui.settings import Settings, parse
from fengsui.store import tables as t
from fengsui.store.database import open_store
from fengsui.store.slices import NO_BIN, bucket, slice_id
from fengsui.store.tables import METADATA
from tests import rollups

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)  # a Wednesday, 14:32 of the centre
QUESTION = Question("complaints", "all", NOW - timedelta(hours=2), NOW)
DEEP = Question("complaints", "category=支付|channel=App", NOW - timedelta(hours=2), NOW)
FIRST = NOW - timedelta(weeks=60)
FINE = NOW - timedelta(weeks=13)
LATER = 3
TOML = """
cuboids = ["all", "channel"]
[centre]
name = "示例"
[[dimension]]
name = "channel"
title = "渠道"
[[dimension]]
name = "category"
title = "类别"
[source.tickets]
kind = "sql"
purpose = "投诉"
cadence = "5s"
"""


@pytest.fixture(scope="module")
def settings() -> Settings:
    return parse(TOML, Path("nowhere"), {})


@pytest.fixture(scope="module")
def cells() -> list[dict[str, object]]:
    """Complaints follow contacts by three quarters of an hour; one cell a day in the year before, each quarter of an hour in
    the last weeks, each minute in the last days."""
    rng = np.random.default_rng(8)
    last = bucket(NOW, 15)
    fine = list(range(bucket(FINE, 15), last + 15, 15))
    noise = rng.poisson(30, len(fine) + LATER)
    found = [_cell(15, "feedback.n", at, int(noise[n + LATER])) for n, at in enumerate(fine)]
    found += [_cell(15, "complaint.n", at, int(noise[n])) for n, at in enumerate(fine)]
    days = range(bucket(FIRST, 15), fine[0], 1440)
    found += [_cell(15, name, at, 40) for name in ("feedback.n", "complaint.n") for at in days]
    found += [_cell(1, "complaint.n", at, 2) for at in range(bucket(NOW - timedelta(days=7), 1), bucket(NOW, 1))]
    return found


def _cell(grain: int, measure: str, at: int, value: int) -> dict[str, object]:
    return {"grain": grain, "slice_id": slice_id("all"), "measure": measure, "bucket": at, "bin": NO_BIN, "value": value}


@pytest.fixture
def store(store_url: str, cells: list[dict[str, object]]) -> Iterator[Engine]:
    engine = open_store(store_url)
    METADATA.create_all(engine)
    with engine.begin() as conn:
        rollups.put(conn, cells)
        at = np.random.default_rng(2).integers(0, int(timedelta(weeks=12).total_seconds()), 6000)
        rows = [_row(n, NOW - timedelta(seconds=int(seconds))) for n, seconds in enumerate(at, 1)]
        conn.execute(insert(t.feedback), [_row(0, FIRST), *rows])
    yield engine
    engine.dispose()


def _row(n: int, at: datetime) -> dict[str, object]:
    dims = {"channel": "App" if n % 2 else "电话", "category": "支付" if n % 3 else "物流"}
    times = {"opened_at": at, "updated_at": at, "stored_at": at, "first_stored_at": at}
    return {
        "record_key": f"tickets:{n}", "source": "tickets", "kind": "complaint", "seq": 1, "content_hash": str(n), "dims": dims,
        "state": "open", "ratings": [], "tags": {}, "extra": {}, **times,
    }  # fmt: skip


def test_every_zoom_has_its_step_adds_up_and_is_laid_by_the_centres_clock(store: Engine, settings: Settings) -> None:
    steps = {"1h": 60, "3h": 300, "24h": 900, "7d": 7200, "8w": 86400, "26w": 604800}
    assert {name: zoom.step_s for name, zoom in explore.ZOOMS.items()} == steps
    for zoom, step in steps.items():
        line = explore.line(store, settings, QUESTION, zoom, NOW, ())
        assert line is not None and line.step_s == step and line.every == 1
        whole = [point for point in line.points if point.value is not None]
        grain, mine = (1, "complaint.n") if step < 900 else (15, "complaint.n")
        span = range(bucket(whole[0].at, 1), bucket(whole[-1].at, 1) + step // 60)
        held = [cell for cell in rollups.stored(store) if (cell.grain, cell.measure) == (grain, mine)]
        total = sum(cell.value for cell in held if cell.bucket in span)
        assert sum(point.value or 0 for point in whole) == total > 0, zoom
        local = whole[0].at.astimezone(settings.centre.tz)
        assert step < 86400 or (local.hour, local.minute) == (0, 0)
        assert step < 604800 or local.weekday() == 0


def test_the_same_hours_a_week_ago_stand_beside_every_zoom_and_a_year_ago_beside_months(
    store: Engine, settings: Settings
) -> None:
    for zoom in ("3h", "24h", "7d", "8w"):
        line = explore.line(store, settings, QUESTION, zoom, NOW, ())
        earlier = explore.line(
            store, settings, replace(QUESTION, end=QUESTION.end - timedelta(weeks=1)), zoom, NOW - timedelta(weeks=1), ()
        )
        assert line is not None and earlier is not None and line.back == timedelta(weeks=1)
        known = {point.at + timedelta(weeks=1): point.value for point in earlier.points if point.value is not None}
        both = [(value, known[point.at]) for point, value in zip(line.points, line.before, strict=True) if point.at in known]
        if line.step_s >= 900:  # of shorter steps the week before is read from quarters of an hour where minutes are gone
            assert len(both) > 5 and all(a == b for a, b in both), zoom
        assert any(value is not None for value in line.before)
    months = explore.line(store, settings, QUESTION, "26w", NOW, ())
    assert months is not None and months.back == explore.YEAR
    assert {value for value in months.before if value is not None} == {280.0}, "seven days of forty a year ago"


def test_who_moved_first_is_said_of_figures_on_the_same_steps(store: Engine, settings: Settings) -> None:
    found = explore.together(store, settings, QUESTION, ["contacts", "complaints", "nothing", "waiting_now"], "24h", NOW, ())
    assert found is not None and [one.metric for one in found.others] == ["contacts"]
    (one,) = found.others
    assert one.line.step_s == found.first.step_s == 900
    assert [point.at for point in one.line.points] == [point.at for point in found.first.points]
    assert one.lead is not None and one.lead.steps == LATER and one.lead.r > 0.8
    back = explore.together(store, settings, replace(QUESTION, metric="contacts"), ["complaints"], "24h", NOW, ())
    assert back is not None and back.others[0].lead is not None and back.others[0].lead.steps == -LATER


def test_at_most_three_are_laid_over_and_what_nobody_knows_is_named(store: Engine, settings: Settings) -> None:
    wanted = [name for name in explore.offered(settings, QUESTION) if name not in ("contacts",)][:2]
    found = explore.together(store, settings, QUESTION, ["contacts", *wanted, "sla_attainment"], "3h", NOW, ())
    assert found is not None
    assert len(found.others) + len(found.unknown) <= 3 and "sla_attainment" not in found.unknown
    assert set(found.unknown) <= set(wanted)
    deep = explore.offered(settings, DEEP)
    assert "contacts" in deep and "resolution_time" not in deep, "a place without roll-ups has only what records tell"


def test_months_of_a_place_without_roll_ups_are_read_in_part_and_said_so(
    store: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = explore.line(store, settings, DEEP, "8w", NOW, ())
    monkeypatch.setattr(grid, "AT_ONCE", 60_000)  # roll-ups tell of 260,000 contacts
    part = explore.line(store, settings, DEEP, "8w", NOW, ())
    assert whole is not None and part is not None and whole.every < part.every <= 12 and part.step_s == 86400
    seen, guessed = (sum(point.value or 0 for point in one.points) for one in (whole, part))
    assert seen > 1000 and guessed == pytest.approx(seen, rel=0.1)
    short = explore.line(store, settings, DEEP, "3h", NOW, ())
    assert short is not None and short.every == 1
