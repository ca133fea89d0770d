"""INSERT … ON CONFLICT on both databases, in bulk.

On SQLite whole rows go straight to ``executemany`` as tuples, by a statement that is compiled once: SQLAlchemy's own way costs
2.7 times as much. On PostgreSQL many rows go by COPY. Types are converted by the table's own column types, so that both stores
hold what Core would write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import JSON, Connection, Dialect, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from fengsui.store import copying
from fengsui.store.types import UtcDateTime, dumps

_EMPTY: Mapping[type[Any], str] = {dict: "{}", list: "[]"}
Convert: TypeAlias = Callable[[list[Any]], list[Any]] | None
"""A column of values to what the driver takes; None: as they are."""
Step: TypeAlias = Callable[[Connection], object]
"""A statement that waits for its transaction."""


def upsert(
    conn: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    update: Iterable[str] | Mapping[str, Any] | None = None,
) -> None:
    """Insert ``rows`` (all with the same keys); on a primary-key conflict set the columns of ``update``.

    ``update`` None: every column of the row that is not in the key. An empty one: leave the old row. A mapping: column ->
    expression over ``table.c`` and ``excluded(conn, table)``.
    """
    if not rows:
        return
    if conn.dialect.name == "sqlite" and not update and not isinstance(update, Mapping):
        put_step(conn.dialect, table, rows, keep=update is not None)(conn)
    else:
        _upsert(conn, table, rows, update)


def _upsert(
    conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]], update: Iterable[str] | Mapping[str, Any] | None
) -> None:
    statement = insert_for(conn, table)
    keys = [column.name for column in table.primary_key]
    if update is None:
        update = [name for name in rows[0] if name not in keys]
    values = dict(update) if isinstance(update, Mapping) else {name: statement.excluded[name] for name in update}
    bound = (
        statement.on_conflict_do_update(index_elements=keys, set_=values)
        if values
        else statement.on_conflict_do_nothing(index_elements=keys)
    )
    conn.execute(bound, list(rows))


def put_step(dialect: Dialect, table: Table, rows: Sequence[Mapping[str, Any]], *, keep: bool = False) -> Step:
    """``put`` of at least one row, converted now and run later."""
    if dialect.name != "sqlite":
        return _postgres_step(dialect, table, rows, keep)
    statement, order, converts = _sqlite_put(table, tuple(rows[0]), keep, dialect)
    tuples = _tuples(rows, order, converts)
    return lambda conn: conn.exec_driver_sql(statement, tuples)


def _postgres_step(dialect: Dialect, table: Table, rows: Sequence[Mapping[str, Any]], keep: bool) -> Step:
    """By COPY where there are many; a row that comes twice is written once, as the last one says."""

    def one_by_one(conn: Connection) -> None:
        _upsert(conn, table, rows, () if keep else None)

    if len(rows) < copying.FEWEST:
        return one_by_one
    names, keys = tuple(rows[0]), [column.name for column in table.primary_key]
    once = rows if keep else list({tuple(row[key] for key in keys): row for row in rows}.values())
    tuples = _tuples(once, names, tuple(_convert(table.c[name].type, dialect) for name in names))
    updates = [] if keep else [f"{name} = excluded.{name}" for name in map(_quoted(dialect), names) if name not in keys]
    does = f"DO UPDATE SET {', '.join(updates)}" if updates else "DO NOTHING"
    conflict = f"({', '.join(map(_quoted(dialect), keys))}) {does}"
    return lambda conn: copying.put(conn, table, names, tuples, conflict) if copying.may(conn) else one_by_one(conn)


def _quoted(dialect: Dialect) -> Callable[[str], str]:
    return dialect.identifier_preparer.quote


def insert_for(conn: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """The dialect's own INSERT, which knows ON CONFLICT."""
    return sqlite.insert(table) if conn.dialect.name == "sqlite" else postgresql.insert(table)


@lru_cache(maxsize=256)
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
        return _sqlite_times if dialect.name == "sqlite" else _aware
    if isinstance(kind, JSON):
        return _documents
    own = kind.dialect_impl(dialect).bind_processor(dialect)
    return None if own is None else lambda values: [own(value) for value in values]


def _documents(values: list[Any]) -> list[str | None]:
    return [None if value is None else dumps(value) if value else _EMPTY.get(type(value)) or dumps(value) for value in values]


def _sqlite_times(values: list[datetime | None]) -> list[str | None]:
    """Each value as SQLite holds it; runs of the same object (``stored_at``, a bare column) are written once."""
    written, last, text = [], None, None
    for at in values:
        if at is not last:
            last, text = at, _sqlite_time(at)
        written.append(text)
    return written


def _aware(values: list[datetime | None]) -> list[datetime | None]:
    """As PostgreSQL takes them; a naive time is refused as in the type."""
    for at in values:
        if at is not None and at.tzinfo is None:
            raise ValueError(f"naive datetime {at!r}: times in the store are aware UTC")
    return values


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
