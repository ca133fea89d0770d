"""Roll-up cells in blocks: what is appended in any order and by anybody is its sum, and nothing is lost by summing it up."""

from __future__ import annotations

import random
import threading
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Engine, select

from fengsui.metrics import blocks, cells
from fengsui.metrics.blocks import Cell
from fengsui.metrics.measures import BY_ID, VERSION
from fengsui.store.slices import NO_BIN, bucket_start
from fengsui.store.tables import rollup
from tests import rollups

AT = 29_000_000 - 29_000_000 % 1440


def some(rng: random.Random, n: int) -> list[Cell]:
    """Cells around one place, so that most come more than once."""
    found = []
    for _ in range(n):
        grain, measure = rng.choice((1, 15)), rng.choice(("complaint.n", "response.d", "m.calls.num"))
        bin_ = rng.randrange(4) if measure == "response.d" else NO_BIN
        bucket = AT + rng.randrange(-3, 100) * 15
        value = rng.choice((-(2**53), 2**53)) if measure == "m.calls.num" else rng.choice((-1, 1, 1, 5))
        found.append((grain, rng.choice((-(2**63), 2**63 - 1)), measure, bin_, bucket, value))
    return found


def added(found: list[Cell]) -> list[Cell]:
    total: Counter[Any] = Counter()
    for *key, value in found:
        total[tuple(key)] += value
    return sorted((*key, value) for key, value in total.items() if value)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_added_in_any_parts_is_its_sum(store: Engine, seed: int) -> None:
    rng = random.Random(seed)
    all_of_them: list[Cell] = []
    for _ in range(40):
        part = some(rng, rng.randrange(40))
        all_of_them += part
        with store.begin() as conn:
            blocks.add_cells(conn, part)
    assert rollups.stored(store) == added(all_of_them)
    with store.begin() as conn:
        keys = [tuple(row) for row in conn.execute(select(*rollup.primary_key.columns))]
        blocks.sum_up(conn, keys)
        assert rollups.stored(conn) == added(all_of_them)
        kept = conn.execute(select(rollup)).all()
    assert sum((row.cells.count(",") + 1) // 3 for row in kept) == len(added(all_of_them)), "each cell once"


def test_rows_that_are_written_often_stay_short(store: Engine) -> None:
    cell = (15, 1, "complaint.n", NO_BIN, AT, 1)
    with store.begin() as conn:
        for _ in range(3000):
            blocks.add_cells(conn, [cell])
    with store.connect() as conn:
        (text,) = conn.execute(select(rollup.c.cells)).scalars()
    assert text.count(",") < 3 * 16 * blocks.TURNS, "it has its turn by chance: so late once in ten million runs"
    assert rollups.stored(store) == [(*cell[:5], 3000)]


def test_what_comes_to_nothing_leaves_no_row_once_it_is_summed_up(store: Engine) -> None:
    with store.begin() as conn:
        for value in (3, -2, -1):
            blocks.add_cells(conn, [(1, 7, "complaint.n", NO_BIN, AT, value)])
        blocks.sum_up(conn, [(1, 7, "complaint.n", AT)])
        assert conn.execute(select(rollup)).all() == []
        blocks.sum_up(conn, [(1, 7, "complaint.n", AT)])


def test_two_writers_lose_nothing_of_each_other(store: Engine) -> None:
    """Nothing is held by a fence here: rows are appended to and summed up by both at once."""
    each = [(15, 1, measure, NO_BIN, AT + at, 1) for measure in ("complaint.n", "feedback.n") for at in range(0, 150, 15)]
    faults: list[BaseException] = []

    def write() -> None:
        try:
            for _ in range(60):
                with store.begin() as conn:
                    blocks.add_cells(conn, each)
        except BaseException as fault:
            faults.append(fault)
            raise

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert faults == []
    assert rollups.stored(store) == [(*cell[:5], 120) for cell in sorted(each)]


def test_a_row_that_is_no_cells_is_a_fault(store: Engine) -> None:
    with pytest.raises((ValueError, DeprecationWarning)):
        blocks.unpacked(15, [AT], ["1,2"])


def test_the_first_bucket_may_lie_in_a_shorter_block_that_begins_later(store: Engine) -> None:
    late, early = (15, 1, "feedback.n", NO_BIN, AT + 1200, 1), (15, 1, "response.d", 3, AT + 375, 1)
    with store.begin() as conn:
        blocks.add_cells(conn, [late, early])
        assert cells.begins(conn, ["feedback.n", "response.d"], [1]) == cells.begins(conn, None, None) == AT + 375
        assert cells.begins(conn, ["feedback.n", "response.d"], [1], AT + 390) == AT + 1200
        assert cells.begins(conn, ["feedback.n", "response.d"], [1], AT + 1215) is None


@pytest.mark.parametrize("at_once", [1, 7])
def test_what_is_read_in_parts_is_what_is_read_at_once(store: Engine, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    rng = random.Random(5)
    with store.begin() as conn:
        blocks.add_cells(conn, [(*key, abs(value)) for *key, value in some(rng, 2000)])
    wanted = ["complaint.n", "response.d"], [-(2**63), 2**63 - 1], bucket_start(AT - 60), bucket_start(AT + 1500)

    def read() -> list[Any]:
        with store.connect() as conn:
            return [cells.by_step(conn, *wanted, 7200), cells.stepped(conn, *wanted, 900), cells.summed(conn, *wanted)]

    whole = read()
    assert any(whole)
    monkeypatch.setattr(cells, "AT_ONCE", at_once)
    assert read() == whole


def test_stored_rows_lie_as_they_are_looked_for() -> None:
    """Other lengths of blocks, or a measure that gets bins: raise ``measures.VERSION``, so that roll-ups are made anew."""
    binned = sorted(id_ for id_, measure in BY_ID.items() if measure.bin is not None or measure.each is not None)
    assert (VERSION, blocks._SPANS, binned) == (
        9,
        {(1, False): 120, (1, True): 60, (15, False): 1440, (15, True): 360},
        ["ack.d", "gross.d", "lag.d", "net.d", "next.d", "resolution.d", "response.d", "wait.d"],
    )
