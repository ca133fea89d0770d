"""A figure by the parts of a dimension is, part by part, the figure of that part."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, insert

from fengsui.metrics import read
from fengsui.metrics.catalogue import METRICS
from fengsui.metrics.drill import drill, kept
from fengsui.store import tables as t
from fengsui.store.slices import bucket, slice_id
from tests import rollups

NOW = datetime(2026, 11, 18, 6, 30, tzinfo=UTC)
START = NOW - timedelta(days=7)
DUE = {"org.1=华南": (18, 20), "org.1=华东": (57, 60), "channel=电话": (75, 80)}


@pytest.fixture
def centre(store: Engine) -> Engine:
    with store.begin() as conn:
        for key, counts in DUE.items():
            name, _, value = key.partition("=")
            row = {"slice_id": slice_id(key), "cuboid": name, "slice_key": key, "dims": {name: value}, "first_at": START}
            conn.execute(insert(t.slice_).values(**row))
            for measure, n in zip(("due.met", "due.n"), counts, strict=True):
                cell = {"grain": 15, "slice_id": slice_id(key), "measure": measure, "bin": -32768, "value": n}
                rollups.put(conn, [{"bucket": bucket(NOW - timedelta(days=2), 15), **cell}])
                conn.execute(insert(t.slice_source).values(slice_id=slice_id(key), measure=measure, source="tickets"))
    return store


def test_each_part_shows_its_own_figure(centre: Engine) -> None:
    metric = METRICS["sla_attainment"]
    with centre.connect() as conn:
        found = drill(conn, metric, "org.1", START, NOW, NOW)
        assert list(found) == ["org.1=华东", "org.1=华南"]
        for key, shown in found.items():
            alone = read.kpi(conn, metric, key, START, NOW, NOW)
            assert (shown.value, shown.n, shown.lower, shown.upper) == (alone.value, alone.n, alone.lower, alone.upper)
        assert drill(conn, metric, "queue", START, NOW, NOW) == {}
        assert drill(conn, metric, "org.1", NOW - timedelta(days=1), NOW, NOW) == {}


def test_a_stock_is_not_taken_apart(centre: Engine) -> None:
    with centre.connect() as conn, pytest.raises(ValueError, match="backlog"):
        drill(conn, METRICS["backlog"], "org.1", START, NOW, NOW)


def test_only_cuboids_that_keep_all_measures_are_offered() -> None:
    assert kept(METRICS["sla_attainment"], "org.3", ["org.3"])
    assert kept(METRICS["csat"], "org.1", ["org.3"]) and not kept(METRICS["csat"], "org.3", ["org.3"])
    assert not kept(METRICS["asa"], "org.1", []) and kept(METRICS["asa"], "channel", [])
    assert not kept(METRICS["backlog"], "all", []) and not kept(METRICS["waiting_now"], "all", [])
