"""Many figures at once are the figures one by one; and why a rate moved adds up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, insert

from fengsui.metrics import cells, read
from fengsui.metrics.kpis import METRICS
from fengsui.metrics.measures import MEASURES, NO_BIN
from fengsui.metrics.mix import Sums, effects
from fengsui.metrics.sheet import daily, sheet
from fengsui.store import tables
from fengsui.store.slices import bucket, slice_id
from tests import rollups

NOON = datetime(2026, 11, 18, 12, 7, tzinfo=UTC)
SOURCES: dict[str, Any] = {"crm": SimpleNamespace(pace="live", stall=timedelta(minutes=5))}


@pytest.fixture
def conn(store: Engine) -> Iterator[Connection]:
    """Something of every measure in each quarter of an hour of two days, and in the minutes of the last hour."""
    rows, id_ = [], slice_id("all")
    for n, measure in enumerate(MEASURES):
        bins = (5, 90, 170) if measure.bin else (NO_BIN,)
        last = bucket(NOON, 1)
        for at in range(bucket(NOON, 15) - 2 * 1440, bucket(NOON, 15) + 15, 15):
            rows += [(15, id_, measure.id, bin_, at, 15 + (n * at // 15) % 7) for bin_ in bins]
        if measure.minutes:
            rows += [(1, id_, measure.id, bin_, at, 1 + (n + at) % 3) for bin_ in bins for at in range(last - 60, last + 1)]
    names = ("grain", "slice_id", "measure", "bin", "bucket", "value")
    with store.begin() as opened:
        rollups.put(opened, [dict(zip(names, row, strict=True)) for row in rows])
        fed = [{"slice_id": id_, "measure": measure.id, "source": "crm"} for measure in MEASURES]
        opened.execute(insert(tables.slice_source), fed)
        opened.execute(insert(tables.source_state).values(source="crm", watermark=NOON))
        yield opened


@pytest.mark.parametrize("hours", [1, 12, 30])
def test_a_sheet_is_the_figures_one_by_one(conn: Connection, hours: int) -> None:
    start = NOON - timedelta(hours=hours)
    found = sheet(conn, METRICS.values(), "all", start, NOON, NOON, SOURCES)
    assert found.keys() == METRICS.keys()
    assert found["calls"].value is None and found["calls"].state == "no_data"  # what nobody delivers has no 0 either
    delivered = {id_: kpi for id_, kpi in found.items() if not METRICS[id_].measures()[0].startswith("m.")}
    for id_, kpi in delivered.items():
        if cells.has_minutes(METRICS[id_].measures()) or METRICS[id_].gauge or METRICS[id_].total:
            assert kpi == read.kpi(conn, id_, "all", start, NOON, NOON, SOURCES), id_
        else:  # kept by the quarter-hour, whose ends are taken whole
            alone = read.kpi(conn, id_, "all", start, NOON, NOON, SOURCES)
            assert (kpi.value, kpi.state) == (alone.value, alone.state), id_


def test_days_of_a_line_are_the_figures_of_these_days(conn: Connection) -> None:
    start = datetime(2026, 11, 17, tzinfo=UTC)
    plain = [metric for metric in METRICS.values() if not metric.gauge and not metric.total]
    lines = daily(conn, METRICS.values(), "all", start, 1)
    assert lines.keys() == {metric.id for metric in plain}
    for metric in plain:
        alone = read.kpi(conn, metric, "all", start, start + timedelta(days=1), NOON, SOURCES)
        quarters = lines[metric.id][0]
        if not cells.has_minutes(metric.measures()):
            assert quarters == alone.value, metric.id
    assert lines["contacts"][0] == sum(15 + (0 * at) % 7 for at in range(96))


COUNTS = st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
PARTS = st.dictionaries(st.sampled_from("abcdef"), COUNTS.map(lambda c: Sums(min(c[0], c[1]), c[1], min(c[2], c[3]), c[3])))


@given(PARTS)
def test_level_and_mix_of_all_parts_add_up_to_the_change(parts: dict[str, Sums]) -> None:
    whole, found = effects(parts)
    assert len(found) == len(parts)
    if whole.before is None or whole.after is None:
        assert (whole.level, whole.mix) == (0, 0)
    else:
        assert whole.level + whole.mix == pytest.approx(whole.after - whole.before, abs=1e-12)


def test_simpson_every_part_rises_and_the_whole_falls() -> None:
    """The trap: more of the harder kind. Levels are up, and the mix says why the whole is not."""
    whole, found = effects({"easy": Sums(810, 900, 92, 100), "hard": Sums(30, 100, 288, 900)})
    assert all(one.after > one.before for one in found if one.after is not None and one.before is not None)
    assert whole.before == 0.84 and whole.after == 0.38 and whole.level == pytest.approx(0.02) and whole.mix < -0.4


def test_a_part_that_is_new_moves_the_whole_by_its_weight_only() -> None:
    _, found = effects({"old": Sums(50, 100, 50, 100), "new": Sums(0, 0, 90, 100)})
    new = next(one for one in found if one.name == "new")
    assert (new.before, new.after, new.level) == (None, 0.9, 0.0) and new.mix > 0
