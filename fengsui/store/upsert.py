"""INSERT … ON CONFLICT on both databases, in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


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


def add_to(conn: Connection, table: Table, column: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add each row's ``column`` to what is stored (signed deltas); a missing row starts at 0."""
    if not rows:
        return
    statement = insert_for(conn, table)
    total: ColumnElement[Any] = table.c[column] + statement.excluded[column]
    keys = [key.name for key in table.primary_key]
    conn.execute(statement.on_conflict_do_update(index_elements=keys, set_={column: total}), list(rows))


def insert_for(conn: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """The dialect's own INSERT, which knows ON CONFLICT."""
    return sqlite.insert(table) if conn.dialect.name == "sqlite" else postgresql.insert(table)
