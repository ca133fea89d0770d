"""Which cells a record touches: by the width of the measure and by the kind of cuboid."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fengsui.ingest.deltas import Deltas
from fengsui.metrics.measures import NO_BIN
from fengsui.store.slices import slice_id

AT = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
SLICES = ("all", "channel=电话", "channel=电话|org.1=华南")
COUNTED = frozenset({"channel|org.1"})


def touched(measure: str) -> set[int]:
    deltas = Deltas(AT + timedelta(days=1), COUNTED)
    deltas.add([(measure, NO_BIN, AT, 1)], SLICES, 1, "tickets", minutes=True)
    return {cell[1] for cell in deltas.cells()}


@pytest.mark.parametrize(
    ("measure", "slices"),
    [
        ("complaint.n", SLICES),  # every
        ("due.met", SLICES),
        ("response.d", SLICES[:2]),  # full: not where only counts are kept
        ("csat.n", SLICES[:2]),
        ("m.calls.den", SLICES[:2]),
        ("lag.d", SLICES[:2]),  # narrow: all and channel
    ],
)
def test_a_measure_is_counted_where_its_width_says(measure: str, slices: tuple[str, ...]) -> None:
    assert touched(measure) == {slice_id(key) for key in slices}


def test_without_count_cuboids_every_full_measure_is_everywhere() -> None:
    deltas = Deltas(AT)
    deltas.add([("response.d", 7, AT, 1)], SLICES, 1, "tickets", minutes=False)
    assert {cell[1] for cell in deltas.cells()} == {slice_id(key) for key in SLICES}


def test_what_cancels_out_is_not_written() -> None:
    deltas = Deltas(AT)
    deltas.add([("complaint.n", NO_BIN, AT, 1)], SLICES, 1, "tickets", minutes=True)
    deltas.add([("complaint.n", NO_BIN, AT, 1)], SLICES, -1, "tickets", minutes=True)
    assert deltas.cells() == []
