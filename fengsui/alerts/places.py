"""Places as the data name them. What people type is folded to what can be read; values of records are kept as they came, also
with full-width or no-break blanks and signs that do not show. So what is typed finds the value that reads the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, select

from fengsui.people.plain import plain, readable
from fengsui.store.slices import slice_id, slice_key, slice_levels
from fengsui.store.tables import slice_

WHERE = ("where", "when")
"""Parts of definitions that name places: level or dimension -> value or values."""


def stored(conn: Connection, level: str, value: str) -> str | None:
    """The value of a slice that ``value`` stands for: itself, else the first that reads the same; None where there is none.
    ``level``: ``org.2``, or its dimension."""
    if conn.scalar(select(slice_.c.slice_key).where(slice_.c.slice_id == slice_id(slice_key({level: value})))) is not None:
        return value
    read = plain(value)
    alike = {found for found in _values(conn, level.partition(".")[0]) if found == value or plain(found) == read}
    return value if value in alike else min(alike, default=None)


def as_stored(conn: Connection, where: Mapping[str, str]) -> dict[str, str]:
    """Level -> value, each as the data name it, else as it reads."""
    return {level: _kept(conn, level, value) for level, value in where.items()}


def legible(conn: Connection, body: Any) -> Any:
    """The body of a definition with every text as it reads, and every place as the data name it."""
    if isinstance(body, Mapping):
        return {readable(name): _part(conn, name, value) for name, value in body.items()}
    return [legible(conn, one) for one in body] if isinstance(body, list | tuple) else readable(body)


def _part(conn: Connection, name: str, value: Any) -> Any:
    if name in WHERE and isinstance(value, Mapping):
        return {readable(level): _named(conn, level, one) for level, one in value.items()}
    if name == "slice_key" and isinstance(value, str) and slice_key(slice_levels(value)) == value:
        return slice_key(as_stored(conn, slice_levels(value)))
    return legible(conn, value)


def _named(conn: Connection, level: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_named(conn, level, one) for one in value]
    return _kept(conn, level, value) if isinstance(value, str) else legible(conn, value)


def _kept(conn: Connection, level: str, value: str) -> str:
    found = stored(conn, level, value)
    return str(readable(value)) if found is None else found


def _values(conn: Connection, dimension: str) -> Iterator[str]:
    near = slice_.c.cuboid.contains(dimension, autoescape=True)
    for key in conn.scalars(select(slice_.c.slice_key).where(near)):
        yield from (value for level, value in slice_levels(key).items() if level.partition(".")[0] == dimension)
