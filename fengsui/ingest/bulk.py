"""Many keys or values in one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, Select, String, Table, any_, bindparam, delete, func, literal, select

CHUNK = 500


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
    """``query`` where the text ``column`` is one of ``values``, as dictionaries."""
    listed = list(values)
    if not listed:
        return
    for row in conn.execute(query.where(among(conn, column, listed))).mappings():
        yield dict(row)


def among(conn: Connection, column: Any, values: Sequence[str]) -> ColumnElement[bool]:
    """Whether the text ``column`` is one of ``values``. One parameter holds them all: an IN list of hundreds is compiled anew
    for each batch, which costs more than the reading."""
    match: ColumnElement[bool]
    if conn.dialect.name == "sqlite":
        each = func.json_each(json.dumps(values)).table_valued("value")
        match = column.in_(select(each.c.value))
    else:
        match = column == any_(literal(values, ARRAY(String)))
    return match
