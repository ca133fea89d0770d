"""Roll-up cells put into a store and read from it, as tests speak of them: the only helper that does, whatever their layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, delete

from fengsui.metrics import blocks, cells
from fengsui.store.tables import rollup


class Cell(NamedTuple):
    """One cell that does not stand at 0."""

    grain: int
    slice_id: int
    measure: str
    bin: int
    bucket: int
    value: int


def put(conn: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add cells, each with the six numbers and names of ``Cell``."""
    blocks.add_cells(conn, [tuple(row[name] for name in Cell._fields) for row in rows])  # type: ignore[misc]


def stored(store: Engine | Connection) -> list[Cell]:
    """All of them, in order."""
    if isinstance(store, Engine):
        with store.connect() as conn:
            return stored(conn)
    return sorted(Cell(*cell) for grain in (1, 15) for cell in cells.every(store, grain))


def forget(conn: Connection, grain: int | None = None, since: int = 0, before: int = 1 << 26) -> None:
    """Take cells away: of a grain (None: both), in the buckets from ``since`` on and before ``before``."""
    kept = [cell for cell in stored(conn) if (grain is not None and cell.grain != grain) or not since <= cell.bucket < before]
    conn.execute(delete(rollup))
    blocks.add_cells(conn, kept)
