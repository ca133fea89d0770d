"""Many rows in one statement, without an object for each (ENGINE §1.1: SQLAlchemy's own way costs 2.7 times as much).

SQLite takes tuples straight to ``executemany``; PostgreSQL takes arrays through ``unnest`` for roll-up cells and psycopg's
pipeline for the rest. Types are converted by the table's own column types, so that both stores hold what Core would write.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import ARRAY, JSON, Connection, Dialect, Select, String, Table, any_, bindparam, delete, func, literal, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine

from fengsui.store.types import UtcDateTime
from fengsui.store.upsert import upsert

CHUNK = 500
_EMPTY: Mapping[type[Any], str] = {dict: "{}", list: "[]"}
Convert: TypeAlias = Callable[[list[Any]], list[Any]] | None
"""A column of values to what the driver takes; None: as they are."""
Cell: TypeAlias = tuple[int, int, str, int, int, int]
"""(grain, slice_id, measure, bin, bucket, value)"""

Step: TypeAlias = Callable[[Connection], object]
"""A statement that waits for its transaction."""

_ADD_SQLITE = (
    "INSERT INTO rollup (grain, slice_id, measure, bin, bucket, value) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (grain, slice_id, measure, bin, bucket) DO UPDATE SET value = value + excluded.value"
)
_ADD_POSTGRES = (
    "INSERT INTO rollup (grain, slice_id, measure, bin, bucket, value) "
    "SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::varchar[], %s::smallint[], %s::integer[], %s::bigint[]) "
    "ON CONFLICT (grain, slice_id, measure, bin, bucket) DO UPDATE SET value = rollup.value + excluded.value"
)


def put(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, keep: bool = False) -> None:
    """Insert or replace ``rows``, all with the same columns. ``keep``: leave a row that is there."""
    if rows:
        put_step(conn.dialect, table, rows, keep=keep)(conn)


def put_step(dialect: Dialect, table: Table, rows: Sequence[Mapping[str, Any]], *, keep: bool = False) -> Step:
    """``put`` of at least one row, converted now and run later."""
    if dialect.name != "sqlite":
        return lambda conn: upsert(conn, table, rows, update=() if keep else None)
    statement, order, converts = _sqlite_put(table, tuple(rows[0]), keep, dialect)
    tuples = _tuples(rows, order, converts)
    return lambda conn: conn.exec_driver_sql(statement, tuples)


def add_cells(conn: Connection, cells: Sequence[Cell]) -> None:
    """Add each cell's value to what is stored; a missing cell starts at 0."""
    if not cells:
        return
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(_ADD_SQLITE, list(cells))
    else:
        conn.exec_driver_sql(_ADD_POSTGRES, tuple(list(column) for column in zip(*cells, strict=True)))


def remove(conn: Connection, table: Table, keys: Sequence[Mapping[str, Any]]) -> None:
    """Delete by primary key; each of ``keys`` names all its columns."""
    if keys:
        where = [table.c[name] == bindparam(f"_{name}") for name in keys[0]]
        conn.execute(delete(table).where(*where), [{f"_{name}": value for name, value in key.items()} for key in keys])


def chunks(values: Iterable[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """Lists of at most ``size``: databases bound the number of parameters."""
    listed = list(values)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def rows_in(conn: Connection, query: Select[Any], column: Any, values: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """``query`` where the text ``column`` is one of ``values``, as dictionaries.

    One parameter holds them all: an IN list of hundreds is compiled anew for each batch, which costs more than the reading.
    """
    listed = list(values)
    if not listed:
        return
    if conn.dialect.name == "sqlite":
        each = func.json_each(json.dumps(listed)).table_valued("value")
        match = column.in_(select(each.c.value))
    else:
        match = column == any_(literal(listed, ARRAY(String)))
    for row in conn.execute(query.where(match)).mappings():
        yield dict(row)


@lru_cache(maxsize=64)
def _sqlite_put(
    table: Table, names: tuple[str, ...], keep: bool, dialect: Dialect
) -> tuple[str, tuple[str, ...], tuple[Convert, ...]]:
    keys = [column.name for column in table.primary_key]
    insert = sqlite.insert(table).values({name: bindparam(name) for name in names})
    updates = {name: insert.excluded[name] for name in names if name not in keys}
    bound = insert.on_conflict_do_nothing(keys) if keep or not updates else insert.on_conflict_do_update(keys, set_=updates)
    compiled = bound.compile(dialect=dialect)
    order = tuple(compiled.positiontup or ())  # by the table's columns, not by ours
    converts = tuple(_convert(table.c[name].type, dialect) for name in order)
    return str(compiled), order, converts


def _convert(kind: TypeEngine[Any], dialect: Dialect) -> Convert:
    """The column type's own conversion, shortened for the two types that make up most of a row."""
    if isinstance(kind, UtcDateTime):
        return _sqlite_times
    own = kind.dialect_impl(dialect).bind_processor(dialect)
    if own is None:
        return None
    if isinstance(kind, JSON):
        return lambda values: [own(value) if value else _EMPTY.get(type(value)) or own(value) for value in values]
    return lambda values: [own(value) for value in values]


def _sqlite_times(values: list[datetime | None]) -> list[str | None]:
    """Each value as SQLite holds it; runs of the same object (``stored_at``, a bare column) are written once."""
    written, last, text = [], None, None
    for at in values:
        if at is not last:
            last, text = at, _sqlite_time(at)
        written.append(text)
    return written


def _sqlite_time(at: datetime | None) -> str | None:
    """What SQLAlchemy writes on SQLite: ``2026-11-18 06:32:06.000000`` in UTC; a naive time is refused as in the type."""
    if at is None:
        return None
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise ValueError(f"naive datetime {at!r}: times in the store are aware UTC")
        at = at.astimezone(UTC)
    return at.isoformat(" ", "microseconds")[:26]


def _tuples(rows: Sequence[Mapping[str, Any]], names: tuple[str, ...], converts: tuple[Convert, ...]) -> list[tuple[Any, ...]]:
    columns = []
    for name, convert in zip(names, converts, strict=True):
        values = [row[name] for row in rows]
        columns.append(values if convert is None else convert(values))
    return list(zip(*columns, strict=True))
