"""How roll-up cells lie in the store: a block of them in one row. The only file that knows the layout of ``rollup``.

``cells`` of a row is text, ``offset,bin,value`` three by three: the offset in buckets from the block's start, bin 0 for a plain
count and one more than its number for a log bin. One offset and bin may stand there several times; what counts is their sum. So
a change is appended, without reading what is there: two writers cannot lose each other's, and a batch writes a row where it
would write thirty cells. Of all that is appended to, one row in ``TURNS`` is summed up.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection

from fengsui.metrics.measures import BY_ID
from fengsui.store import copying
from fengsui.store.slices import NO_BIN
from fengsui.store.tables import rollup

MINUTE, QUARTER = 1, 15
_SPANS: Final[Mapping[tuple[int, bool], int]] = {
    (MINUTE, False): 120,
    (MINUTE, True): 60,
    (QUARTER, False): 1440,
    (QUARTER, True): 360,
}
"""(grain, whether in log bins) -> minutes of a block: a day of one measure in a small slice is some ten cells, and six hours of
durations in the largest are no more than some kilobytes, which each poll writes anew."""
TURNS: Final = 16
_turn = random.Random(1)

Ints: TypeAlias = NDArray[np.int64]
Cell: TypeAlias = tuple[int, int, str, int, int, int]
"""(grain, slice_id, measure, bin, bucket, value)"""
Key: TypeAlias = tuple[int, int, str, int]
"""(grain, slice_id, measure, block): the primary key; the block's start in minutes since the epoch"""
Block: TypeAlias = tuple[int, int, str, int, str]
"""a key and its cells"""


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells side by side; ``row`` says of which of the rows given each one is, ``bin`` is as stored."""

    row: Ints
    bucket: Ints
    bin: Ints
    value: Ints

    def where(self, mask: NDArray[np.bool_]) -> Cells:
        return Cells(self.row[mask], self.bucket[mask], self.bin[mask], self.value[mask])


def span(grain: int, measure: str) -> int:
    """Minutes of a block of ``measure``."""
    known = BY_ID.get(measure)
    return _SPANS[grain, known is not None and (known.bin is not None or known.each is not None)]


def reach(grain: int, measures: Iterable[str]) -> int:
    """Cells of a bucket lie in a block that starts less than so many minutes before it."""
    return max((span(grain, measure) for measure in measures), default=_SPANS[grain, False])


def ended(grain: int, before: int) -> ColumnElement[bool]:
    """Rows of a grain of which every bucket lies before bucket ``before``."""
    return (rollup.c.grain == grain) & (rollup.c.block <= before - _SPANS[grain, False])


def packed(grain: int, keys: Sequence[tuple[int, str]], key: Ints, bucket: Ints, bins: Ints, value: Ints) -> list[Block]:
    """Rows to add, of cells in the order of ``key`` (a place in ``keys``: slice and measure), bucket and stored bin."""
    if not len(key):
        return []
    width = np.array([span(grain, measure) for _, measure in keys], dtype=np.int64)[key]
    start = bucket - bucket % width
    texts = _texts((bucket - start) // grain, bins, value)
    edges = np.flatnonzero(np.concatenate([[True], (key[1:] != key[:-1]) | (start[1:] != start[:-1])]))
    ends = [*edges[1:].tolist(), len(texts)]
    heads = zip(edges.tolist(), ends, key[edges].tolist(), start[edges].tolist(), strict=True)
    return [(grain, *keys[of], block, ",".join(texts[begin:end])) for begin, end, of, block in heads]


def unpacked(grain: int, blocks: Sequence[int], cells: Sequence[str]) -> Cells:
    """The cells of rows that begin at ``blocks``, as they stand there: the same one may come more than once."""
    if not blocks:
        nothing = np.zeros(0, dtype=np.int64)
        return Cells(nothing, nothing, nothing, nothing)
    sizes = [(text.count(",") + 1) // 3 for text in cells]
    numbers = np.fromstring(",".join(cells), dtype=np.int64, sep=",").reshape(-1, 3)
    row = np.repeat(np.arange(len(sizes)), sizes)
    start = np.repeat(np.asarray(blocks, dtype=np.int64), sizes)
    return Cells(row, start + numbers[:, 0] * grain, numbers[:, 1], numbers[:, 2])


def summed(cells: Cells) -> Cells:
    """Each cell once, in order of row, bucket and bin, without those that come to nothing."""
    if not len(cells.row):
        return cells
    packed_ = cells.row << 37 | cells.bucket << 10 | cells.bin
    order = np.argsort(packed_, kind="stable")
    packed_ = packed_[order]
    first = np.flatnonzero(np.concatenate([[True], packed_[1:] != packed_[:-1]]))
    value = np.add.reduceat(cells.value[order], first)
    kept = value != 0
    which = order[first[kept]]
    return Cells(cells.row[which], cells.bucket[which], cells.bin[which], value[kept])


def plain_bins(bins: Ints) -> Ints:
    """Bins as everybody else knows them: ``NO_BIN`` for a plain count."""
    return np.where(bins == 0, NO_BIN, bins - 1)


def add_cells(conn: Connection, cells: Iterable[Cell]) -> None:
    """Add each cell's value to what is stored; one that is not there starts at 0."""
    rows: list[Block] = []
    ordered = sorted(cells, key=lambda cell: (cell[0], cell[1], cell[2], cell[4], cell[3]))
    for grain, same in groupby(ordered, key=lambda cell: cell[0]):
        some = list(same)
        keys = list(dict.fromkeys((cell[1], cell[2]) for cell in some))
        number = {key: n for n, key in enumerate(keys)}
        table = [(number[cell[1], cell[2]], cell[4], 0 if cell[3] == NO_BIN else cell[3] + 1, cell[5]) for cell in some]
        of, bucket, bins, value = np.array(table, dtype=np.int64).reshape(-1, 4).T
        rows += packed(grain, keys, of, bucket, bins, value)
    add(conn, rows)


def add(conn: Connection, rows: Sequence[Block]) -> None:
    """Append to the rows that are there, in the open transaction. ``rows``: no key twice, in the order of the key."""
    if not rows:
        return
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(_ADD_SQLITE, list(rows))
    elif len(rows) >= copying.FEWEST and copying.may(conn):
        copying.put(conn, rollup, rollup.columns.keys(), rows, _APPENDED)
    else:
        conn.exec_driver_sql(_ADD_POSTGRES, _columns(rows))
    sum_up(conn, _in_turn([row[:4] for row in rows]))


def _in_turn(keys: list[Key]) -> list[Key]:
    """Of many rows one in ``TURNS``; of the few that a poll writes all of them, but in one of ``TURNS`` polls. By chance:
    whoever writes every second time, or every tenth, gets as many turns as anybody."""
    place = _turn.randrange(TURNS)
    if len(keys) >= _MANY:
        return keys[place::TURNS]
    return [] if place else keys


def sum_up(conn: Connection, keys: Sequence[Key]) -> None:
    """Write the rows of ``keys`` anew, each cell once; a row without any goes. Holds them until the transaction ends."""
    stored = list(_held(conn, keys))
    rewritten: list[tuple[str, int, int, str, int]] = []
    empty: list[Key] = []
    for grain, same in groupby(stored, key=lambda row: row[0]):
        rows = list(same)
        cells = summed(unpacked(grain, [row[3] for row in rows], [row[4] for row in rows]))
        texts = _texts((cells.bucket - np.array([row[3] for row in rows])[cells.row]) // grain, cells.bin, cells.value)
        ends = np.searchsorted(cells.row, np.arange(len(rows) + 1)).tolist()
        for n, row in enumerate(rows):
            text = ",".join(texts[ends[n] : ends[n + 1]])
            if not text:
                empty.append(row[:4])
            elif len(text) < len(row[4]):
                rewritten.append((text, *row[:4]))
    mark = "?" if conn.dialect.name == "sqlite" else "%s"
    which = f"WHERE grain = {mark} AND slice_id = {mark} AND measure = {mark} AND block = {mark}"
    if rewritten:
        conn.exec_driver_sql(f"UPDATE rollup SET cells = {mark} {which}", rewritten)
    if empty:
        conn.exec_driver_sql(f"DELETE FROM rollup {which}", empty)


def _held(conn: Connection, keys: Sequence[Key]) -> Iterator[Any]:
    """The rows of ``keys`` as they are, those of a grain together; on PostgreSQL nobody else appends to them meanwhile."""
    for start in range(0, len(keys), _AT_ONCE):
        some = sorted(keys[start : start + _AT_ONCE])
        if conn.dialect.name == "sqlite":
            marks = ",".join(["(?,?,?,?)"] * len(some))
            query = f"WITH k (grain, slice_id, measure, block) AS (VALUES {marks}) {_HELD_SQLITE}"
            yield from conn.exec_driver_sql(query, tuple(each for key in some for each in key))
        else:
            yield from conn.exec_driver_sql(_HELD_POSTGRES, _columns(some))


def _columns(rows: Sequence[Sequence[Any]]) -> tuple[list[Any], ...]:
    return tuple(list(column) for column in zip(*rows, strict=True))


def _texts(offset: Ints, bins: Ints, value: Ints) -> list[str]:
    """``offset,bin,value`` of each cell. Most are a small count at one of a hundred places, which has been written before."""
    if len(value) and int(np.abs(value).max()) >= 1 << 40:
        return [f"{o},{b},{v}" for o, b, v in zip(offset.tolist(), bins.tolist(), value.tolist(), strict=True)]
    if len(_WRITTEN) > _MOST_WRITTEN:
        _WRITTEN.clear()
    return list(map(_WRITTEN.__getitem__, (value << 18 | offset << 10 | bins).tolist()))


class _Written(dict[int, str]):
    """The text of a cell, by its three numbers in one."""

    def __missing__(self, key: int) -> str:
        text = self[key] = f"{key >> 10 & 0xFF},{key & 0x3FF},{key >> 18}"
        return text


_WRITTEN: Final = _Written()
_MOST_WRITTEN: Final = 100_000
_AT_ONCE: Final = 1_000
_MANY: Final = 1_000
_ADD_SQLITE: Final = (
    "INSERT INTO rollup (grain, slice_id, measure, block, cells) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (grain, slice_id, measure, block) DO UPDATE SET cells = cells || ',' || excluded.cells"
)
_APPENDED: Final = "(grain, slice_id, measure, block) DO UPDATE SET cells = rollup.cells || ',' || excluded.cells"
_ADD_POSTGRES: Final = (
    "INSERT INTO rollup (grain, slice_id, measure, block, cells) "
    "SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::varchar[], %s::integer[], %s::text[]) "
    f"ON CONFLICT {_APPENDED}"
)
_HELD_SQLITE: Final = "SELECT rollup.* FROM k CROSS JOIN rollup USING (grain, slice_id, measure, block)"
"""In that order: SQLite would walk all of the table."""
_HELD_POSTGRES: Final = (
    "SELECT rollup.* FROM unnest(%s::smallint[], %s::bigint[], %s::varchar[], %s::integer[]) "
    "AS k (grain, slice_id, measure, block) JOIN rollup USING (grain, slice_id, measure, block) "
    "ORDER BY grain, slice_id, measure, block FOR UPDATE OF rollup"
)
