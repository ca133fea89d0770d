"""Which cells a record touches: by the width of the measure and by the kind of cuboid."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fengsui.ingest import deltas as deltas_module
from fengsui.ingest.check import rollup_tag
from fengsui.ingest.deltas import Deltas, Places
from fengsui.metrics.measures import MEASURES, NO_BIN, VERSION
from fengsui.store.slices import slice_id
from tests.ingest.conftest import settings_of

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


@pytest.mark.parametrize("most", [1 << 27, 1 << 8])  # packed as they are, and by rank
def test_thousands_of_measures_in_one_batch_are_kept_apart(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(deltas_module, "_PAIRS", most)
    deltas = Deltas(AT)
    names = [f"m.number{n}.num" for n in range(1500)]
    for n, name in enumerate(names):
        deltas.add([(name, NO_BIN, AT, n + 1), ("response.d", n % 600, AT, 1)], SLICES, 1, "acd", minutes=False)
    cells = deltas.cells()
    assert cells == sorted(cells, key=lambda cell: (cell[0], cell[1], cell[2], cell[4], cell[3]))
    found = {(slice_, measure): value for _, slice_, measure, bin_, _, value in cells if bin_ == NO_BIN}
    assert found == {(slice_id(key), name): n + 1 for key in SLICES for n, name in enumerate(names)}
    bins = {bin_: value for _, slice_, _, bin_, _, value in cells if bin_ != NO_BIN and slice_ == slice_id("all")}
    assert bins == {bin_: 3 if bin_ < 300 else 2 for bin_ in range(600)}
    assert {measure for measure, _ in deltas.fed()} == {*names, "response.d"}


def test_records_without_a_topic_are_a_slice_only_where_the_file_names_topics(tmp_path: Path) -> None:
    """The trap: a centre that fills topics by itself, and whose records without one vanish from its 未填."""
    channel = {"name": "channel", "title": {"zh_CN": "渠道", "en": "Channel"}}
    topic = {"name": "topic", "title": {"zh_CN": "专题", "en": "Subject"}}
    cuboids = ["all", "channel|topic", "topic"]
    own, named = (settings_of(tmp_path, cuboids=cuboids, dimension=given) for given in ([channel], [channel, topic]))
    for settings, empty in ((own, ()), (named, ("channel=电话|topic=未填", "topic=未填"))):
        places = Places(settings.cuboids, settings.sparse)
        assert places.of_record({"channel": "电话"}) == ("all", *empty)
        assert places.of_record({"channel": "电话", "topic": "闪退"}) == ("all", "channel=电话|topic=闪退", "topic=闪退")
    assert rollup_tag(own) != rollup_tag(named), "what is stored was counted otherwise"


COUNTED_SINCE = {9: "59d8f931a3c7a519"}
"""What is counted where, by version of the measures. Another digest needs another version, or stored roll-ups stay as they were
counted before."""


def test_what_is_counted_where_does_not_change_without_a_new_version(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    places = Places(settings.cuboids, settings.sparse)
    said = [f"{one.id} {one.width} {one.minutes}" for one in MEASURES]
    said += [repr(places.of_record(dims)) for dims in ({}, {"channel": "电话"}, {"org": "华南/广东", "topic": "闪退"})]
    assert hashlib.sha256("\n".join(said).encode()).hexdigest()[:16] == COUNTED_SINCE.get(VERSION)
