"""Two sides of a figure: windows, places, parts; level and mix apart; and the window that somebody types."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, insert

from fengsui.board import comparison, span
from fengsui.board.comparison import Side
from fengsui.board.wrong import Wrong
from fengsui.metrics.kpis import METRICS
from fengsui.settings import Settings
from fengsui.store import tables as t
from fengsui.store.slices import bucket, slice_id, slice_levels
from tests import rollups

NOW = datetime(2026, 11, 18, 6, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SLA = METRICS["sla_attainment"]
TODAY, YESTERDAY = (NOW - 2 * HOUR, NOW), (NOW - 2 * HOUR - DAY, NOW - DAY)


def put(store: Engine, parts: Mapping[str, tuple[tuple[int, int], tuple[int, int]]]) -> None:
    """Slice -> (met, due) yesterday and today."""
    with store.begin() as conn:
        conn.execute(insert(t.slice_source).values(slice_id=slice_id("all"), measure="due.n", source="crm"))
        for key, pairs in parts.items():
            levels = slice_levels(key)
            row = {"slice_id": slice_id(key), "slice_key": key, "cuboid": "|".join(sorted(levels)) or "all"}
            conn.execute(insert(t.slice_).values(**row, dims=levels, first_at=NOW))
            for (met, due), back in zip(pairs, (DAY + HOUR, HOUR), strict=True):
                cell = {"grain": 15, "slice_id": slice_id(key), "bin": -32768, "bucket": bucket(NOW - back, 15)}
                rows = [{**cell, "measure": m, "value": v} for m, v in (("due.met", met), ("due.n", due))]
                rollups.put(conn, rows)


def test_two_windows_are_laid_out_by_parts(store: Engine, settings: Settings) -> None:
    put(store, {"all": ((170, 200), (140, 200)), "org.1=华南": ((90, 100), (60, 100)), "org.1=华东": ((80, 100), (80, 100))})
    found = comparison.compared(store, settings, SLA, Side("all", *YESTERDAY), Side("all", *TODAY), NOW)
    assert found.parts is not None and found.levels[0] == "org.1"
    whole, first = found.parts.whole, found.parts.parts[0]
    assert (found.then.value, found.now.value) == (0.85, 0.7) == (whole.before, whole.after)
    assert first.name == "华南" and first.level == pytest.approx(-0.15) and whole.mix == pytest.approx(0)


def test_two_places_over_one_window_and_their_common_parts(store: Engine, settings: Settings) -> None:
    """Simpson: 华东 is better in each category and worse as a whole."""
    put(
        store,
        {
            "org.1=华南": ((0, 1), (87, 110)),
            "org.1=华东": ((0, 1), (62, 110)),
            "category.1=支付|org.1=华南": ((0, 1), (85, 100)),
            "category.1=物流|org.1=华南": ((0, 1), (2, 10)),
            "category.1=支付|org.1=华东": ((0, 1), (9, 10)),
            "category.1=物流|org.1=华东": ((0, 1), (53, 100)),
        },
    )
    wide = settings.model_copy(update={"count_cuboids": ("category.1|org.1",)})
    for name in ("cuboids", "counts_only"):
        wide.__dict__.pop(name, None)  # made of the keys once
    sides = Side("org.1=华南", *TODAY), Side("org.1=华东", *TODAY)
    found = comparison.compared(store, wide, SLA, *sides, NOW)
    assert "category.1" in found.levels and found.parts is not None
    assert all(one.after > one.before for one in found.parts.parts)  # each part is better over there
    assert found.parts.whole.after < found.parts.whole.before and found.parts.whole.mix < 0 < found.parts.whole.level
    other = comparison.compared(store, wide, METRICS["csat"], *sides, NOW)
    assert "category.1" not in other.levels and other.parts is None  # counts only: that cuboid keeps no answers of surveys


@pytest.mark.parametrize("metric", ["complaints", "response_time", "nps", "backlog", "training_pass"])
def test_figures_without_parts_have_their_two_values_only(store: Engine, settings: Settings, metric: str) -> None:
    found = comparison.compared(store, settings, METRICS[metric], Side("all", *YESTERDAY), Side("all", *TODAY), NOW)
    assert found.parts is None and found.levels == ()


def test_a_level_that_a_figure_does_not_have_gives_way_to_the_first(store: Engine, settings: Settings) -> None:
    put(store, {"channel=App": ((9, 10), (5, 10)), "channel=电话": ((9, 10), (9, 10))})
    found = comparison.compared(store, settings, SLA, Side("all", *YESTERDAY), Side("all", *TODAY), NOW, "planet")
    assert found.parts is not None and found.parts.level == "channel"


def test_a_window_is_read_as_people_type_it(settings: Settings) -> None:
    zone = settings.centre.tz
    found = span.typed(settings, "2026-11-01", " 2026/11/07 ", NOW)
    assert found == (datetime(2026, 11, 1, tzinfo=zone), datetime(2026, 11, 8, tzinfo=zone)) and found.back == (7, 7)
    assert span.typed(settings, "2026-11-18 09:00", "2026-11-18 12:30", NOW).end == datetime(2026, 11, 18, 12, 30, tzinfo=zone)


@pytest.mark.parametrize(
    ("start", "end", "fields"),
    [
        ("", "x", ["start", "end"]),
        ("2026-11-08", "2026-11-07 00:00", ["end"]),
        ("2027-01-01", "2027-01-02", ["start"]),
        ("2026-01-01", "2026-11-01", ["end"]),
    ],
)
def test_a_window_that_is_none_says_which_field(settings: Settings, start: str, end: str, fields: list[str]) -> None:
    with pytest.raises(Wrong) as fault:
        span.typed(settings, start, end, NOW)
    assert [one.place[0] for one in fault.value.mistakes] == fields
