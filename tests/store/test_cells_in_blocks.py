"""The upgrade that lays roll-up cells in blocks: every cell and every figure of a BI tool is what it was, on both databases."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, insert, text

from fengsui.metrics import cells
from fengsui.store import migrate
from fengsui.store import tables as t
from fengsui.store.database import open_store
from fengsui.store.slices import NO_BIN, bucket, bucket_start, slice_id
from tests import rollups

NOW = datetime(2026, 11, 18, 6, 7, tzinfo=UTC)
KEYS = ("all", "channel=电话", "topic=积分清零")
FIGURES = "select cuboid, slice_key, measure, cast(start_at as text) as start_at, cast(value as bigint) as value from bi_figure"


@pytest.fixture
def older(store_url: str) -> Iterator[Engine]:
    """A store of the version before, with slices."""
    engine = open_store(store_url)
    with engine.begin() as conn:
        command.upgrade(migrate.config(conn), "0025")
        rows = [{"slice_id": slice_id(key), "cuboid": key.partition("=")[0], "slice_key": key} for key in KEYS]
        conn.execute(insert(t.slice_), [row | {"dims": {}, "first_at": NOW} for row in rows])
    yield engine
    engine.dispose()


def old_cells() -> list[rollups.Cell]:
    """Of three days at odd times, in bins and without, up to the largest sum that a source may deliver, down to nothing and
    below."""
    rng, found = random.Random(3), dict[tuple[Any, ...], rollups.Cell]()
    for _ in range(4000):
        grain, key = rng.choice((1, 15)), slice_id(rng.choice(KEYS))
        measure = rng.choice(("complaint.n", "response.d", "m.calls.num"))
        bin_ = rng.randrange(601) if measure == "response.d" else NO_BIN
        value = 2**53 if measure == "m.calls.num" else rng.choice((-1, 0, 1, 2, 40))
        at = bucket(NOW, 1) - rng.randrange(3 * 1440)
        cell = rollups.Cell(grain, key, measure, bin_, at - at % grain, value)
        found[cell[:5]] = cell
    return list(found.values())


def figures(conn: Connection) -> list[tuple[Any, ...]]:
    """What came to nothing has no row any more."""
    return sorted(tuple(row) for row in conn.execute(text(FIGURES)) if row.value)


def test_every_cell_and_every_figure_is_what_it_was(older: Engine) -> None:
    before = old_cells()
    with older.begin() as conn:
        names = ", ".join(rollups.Cell._fields)
        marks = ", ".join(f":{name}" for name in rollups.Cell._fields)
        conn.execute(text(f"insert into rollup ({names}) values ({marks})"), [cell._asdict() for cell in before])
        seen = figures(conn)
        if conn.dialect.name == "postgresql":
            conn.execute(text("grant select on bi_figure to public"))
    migrate.upgrade(older)
    with older.connect() as conn:
        assert rollups.stored(conn) == sorted(cell for cell in before if cell.value)
        assert figures(conn) == seen and seen
        if conn.dialect.name == "postgresql":
            assert conn.execute(text("select has_table_privilege('public', 'bi_figure', 'select')")).scalar_one()
        measures, last = ["complaint.n", "response.d"], bucket_start(bucket(NOW, 15) + 15)
        for start in (datetime(2026, 11, 17, 5, 45, tzinfo=UTC), datetime(2026, 11, 16, 23, 0, tzinfo=UTC)):
            found = cells.by_step(conn, measures, [slice_id("all")], start, last, 10**7 * 60)
            total = {
                name: sum(c.value for c in before if c[:3] == (15, slice_id("all"), name) and c.bucket >= bucket(start, 15))
                for name in measures
            }
            assert {name: sum(found[slice_id("all")][0][name].values()) for name in measures} == total


def test_what_is_added_after_the_upgrade_adds_up(older: Engine) -> None:
    """The blocks that were filled are those that are appended to."""
    cell = rollups.Cell(15, slice_id("all"), "response.d", 77, bucket(NOW, 15), 3)
    with older.begin() as conn:
        conn.execute(text("insert into rollup values (:grain, :slice_id, :measure, :bucket, :bin, :value)"), cell._asdict())
    migrate.upgrade(older)
    with older.begin() as conn:
        rollups.put(conn, [cell._asdict()])
        assert rollups.stored(conn) == [cell._replace(value=6)]
        assert conn.execute(text("select count(*) from rollup")).scalar_one() == 1


def test_who_asks_for_one_measure_of_one_slice_reads_no_other(older: Engine) -> None:
    migrate.upgrade(older)
    asked = "select sum(value) from bi_figure where slice_key = 'all' and measure = 'complaint.n'"
    if older.dialect.name == "sqlite":
        with older.connect() as conn:
            plan = [str(row[-1]) for row in conn.execute(text(f"explain query plan {asked}"))]
        assert any("SEARCH r" in step and "grain=? AND slice_id=? AND measure=?" in step for step in plan), plan
        return
    with older.connect() as conn:
        plan = [str(row[0]) for row in conn.execute(text(f"explain verbose {asked}"))]
    apart = "Output: (string_to_array(r.cells, ','::text))::bigint[]"
    assert apart in [step.strip() for step in plan], "a step of its own: once for a row, not for each of its cells"
