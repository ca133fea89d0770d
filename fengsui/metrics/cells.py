"""Roll-up cells read in bulk: per step, and summed over a window; how they lie in the store is known to ``blocks``."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, Row, Select, func, select

from fengsui.metrics import blocks
from fengsui.metrics.blocks import Cell, Cells, Ints
from fengsui.metrics.measures import BY_ID
from fengsui.store.slices import bucket
from fengsui.store.tables import rollup

MINUTE, QUARTER = blocks.MINUTE, blocks.QUARTER
NARROW = ("all", "channel")
"""The cuboids that keep measures of width ``narrow``."""
CHUNK = 500
AT_ONCE = 2_000

Bins: TypeAlias = dict[int, int]
Sums: TypeAlias = dict[str, Bins]
"""measure -> bin -> sum; plain counts are in bin ``NO_BIN``"""
Span: TypeAlias = tuple[int, int, int]
"""(grain, first bucket, bucket after the last)"""
Place: TypeAlias = tuple[int, str]
"""(slice, measure)"""
Found: TypeAlias = tuple[list[Place], Cells]
"""the place of each row, and the cells of all"""


def stepped(
    conn: Connection, measures: Sequence[str], slice_ids: Iterable[int], start: datetime, end: datetime, step_s: int
) -> dict[int, dict[int, Sums]]:
    """slice -> start of step (minutes since the epoch) -> sums, for steps of ``step_s`` laid from ``start`` on.

    Steps of a quarter of an hour and more read the quarter-hour grain. Empty steps are absent. ``ValueError`` where the
    step does not fit its grain: half a bucket cannot be read.
    """
    grain = grain_of(step_s)
    if grain == MINUTE:
        _need_minutes(measures)
    first, width = bucket(start, grain), step_s // 60
    span = grain, first, bucket(end, grain)
    found: dict[int, dict[int, Sums]] = {}
    for rows, read in _read(conn, measures, slice_ids, span):
        for slice_id, at, measure, bin_, value in _added(rows, read, read.bucket - (read.bucket - first) % width):
            bins = found.setdefault(slice_id, {}).setdefault(at, {}).setdefault(measure, {})
            bins[bin_] = bins.get(bin_, 0) + value
    return found


def summed(
    conn: Connection, measures: Sequence[str], slice_ids: Iterable[int], start: datetime | None, end: datetime
) -> dict[int, Sums]:
    """slice -> sums over ``[start, end)``; None: from the beginning. Quarter-hours inside, minutes at both ends where the
    measures have them.

    Minutes live 8 days and batch sources write none: an older window is cut to whole quarter-hours at its ends.
    """
    found: dict[int, Sums] = {}
    ids = list(slice_ids)
    for span in spans(start, end, minutes=has_minutes(measures)):
        for rows, read in _read(conn, measures, ids, span):
            for slice_id, _, measure, bin_, value in _added(rows, read, np.zeros_like(read.bucket)):
                bins = found.setdefault(slice_id, {}).setdefault(measure, {})
                bins[bin_] = bins.get(bin_, 0) + value
    return found


def by_step(
    conn: Connection,
    measures: Sequence[str],
    slice_ids: Iterable[int],
    start: datetime,
    end: datetime,
    step_s: int,
    after_s: int = 0,
) -> dict[int, dict[int, Sums]]:
    """slice -> number of the step from ``start`` on -> sums of quarter-hours: for long windows in wide steps. ``after_s``: of
    each step only what lies so long after its start."""
    first, width = bucket(start, QUARTER), step_s // 60
    found: dict[int, dict[int, Sums]] = {}
    for rows, read in _read(conn, measures, slice_ids, (QUARTER, first, bucket(end, QUARTER))):
        late = read.where((read.bucket - first) % width >= after_s // 60) if after_s else read
        for slice_id, step, measure, bin_, value in _added(rows, late, (late.bucket - first) // width):
            bins = found.setdefault(slice_id, {}).setdefault(step, {}).setdefault(measure, {})
            bins[bin_] = bins.get(bin_, 0) + value
    return found


def begins(conn: Connection, measures: Sequence[str] | None, slice_ids: Sequence[int] | None, since: int = 0) -> int | None:
    """The first quarter-hour from bucket ``since`` on in which any of ``measures`` (None: all) was counted in any of the slices
    (None: all)."""
    kept = [rollup.c.grain == QUARTER]
    if measures is not None:
        kept.append(rollup.c.measure.in_(measures))
    if slice_ids is not None:
        kept.append(rollup.c.slice_id.in_(slice_ids))
    longest = blocks.reach(QUARTER, measures or ())
    at = since - longest + 1
    while True:
        block = conn.scalar(select(func.min(rollup.c.block)).where(*kept, rollup.c.block >= at))
        if block is None:
            return None
        after = block + longest  # blocks are of several lengths: a shorter one that begins later may hold an earlier bucket
        query = select(rollup.c.block, rollup.c.cells).where(*kept, rollup.c.block >= block, rollup.c.block < after)
        rows = conn.execute(query).all()
        cells = blocks.summed(blocks.unpacked(QUARTER, [row.block for row in rows], [row.cells for row in rows]))
        buckets = cells.bucket[cells.bucket >= since]
        if len(buckets):
            return int(buckets.min())
        at = after


def reaches(conn: Connection, measures: Sequence[str], slice_ids: Sequence[int], at: datetime) -> bool:
    """Whether any of ``measures`` was counted in any of the slices in the quarter-hour of ``at`` or before."""
    first = begins(conn, measures, slice_ids)
    return first is not None and first <= bucket(at, QUARTER)


def every(conn: Connection, grain: int, since: int = 0) -> Iterator[Cell]:
    """Every cell of a grain from bucket ``since`` on, in no order, each once; those that come to nothing are left out."""
    query = select(rollup).where(rollup.c.grain == grain)
    for some in conn.execute(query.execution_options(yield_per=AT_ONCE)).partitions():
        cells = blocks.summed(blocks.unpacked(grain, [row.block for row in some], [row.cells for row in some]))
        cells = cells.where(cells.bucket >= since)
        columns = (cells.row.tolist(), blocks.plain_bins(cells.bin).tolist(), cells.bucket.tolist(), cells.value.tolist())
        for row, bin_, at, value in zip(*columns, strict=True):
            yield grain, some[row].slice_id, some[row].measure, bin_, at, value


def grain_of(step_s: int) -> int:
    """15 from a quarter of an hour on, else 1 (minutes)."""
    grain = QUARTER if step_s >= QUARTER * 60 else MINUTE
    if step_s <= 0 or step_s % (grain * 60):
        raise ValueError(f"step_s={step_s}: whole minutes below 900, multiples of 900 from there on")
    return grain


def has_minutes(measures: Iterable[str]) -> bool:
    """Whether all of them are kept by the minute; what sources aggregate themselves never is."""
    return all(measure in BY_ID and BY_ID[measure].minutes for measure in measures)


def is_kept(measure: str, cuboid: str, counts_only: Container[str]) -> bool:
    """Whether cells of ``measure`` are written for slices of ``cuboid``; what sources aggregate lies wherever they name it."""
    if measure not in BY_ID or BY_ID[measure].width == "every":
        return True
    return cuboid in NARROW if BY_ID[measure].width == "narrow" else cuboid not in counts_only


def _need_minutes(measures: Sequence[str]) -> None:
    """Minutes that nobody writes would read as silence."""
    if not has_minutes(measures):
        raise ValueError(f"{', '.join(measures)}: kept by the quarter-hour only; use a step of 900 s or a multiple")


def spans(start: datetime | None, end: datetime, *, minutes: bool = True) -> list[Span]:
    """``[start, end)`` as quarter-hours and the minutes left over at either end; without ``minutes`` the quarter-hours that
    ``start`` and ``end`` fall into are taken whole (nothing that has happened lies after ``end``)."""
    if not minutes:
        return [(QUARTER, 0 if start is None else bucket(start, QUARTER), -(-bucket(end, MINUTE) // QUARTER) * QUARTER)]
    last = bucket(end, MINUTE)
    last_quarter = bucket(end, QUARTER)
    first = 0 if start is None else bucket(start, MINUTE)
    first_quarter = -(-first // QUARTER) * QUARTER
    if first_quarter >= last_quarter:
        return [(MINUTE, first, last)] if first < last else []
    parts = [(MINUTE, first, first_quarter), (QUARTER, first_quarter, last_quarter), (MINUTE, last_quarter, last)]
    return [part for part in parts if part[1] < part[2]]


def _read(conn: Connection, measures: Sequence[str], slice_ids: Iterable[int], span: Span) -> Iterator[Found]:
    """The cells of ``span``: one may come more than once, and those that came to nothing, too."""
    grain, first, last = span
    ids = list(slice_ids)
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        for rows in _rows(conn, _query(measures, some, span), len(some) * len(measures) * ((last - first) // 360 + 2)):
            slices, names, starts, texts = zip(*rows, strict=True)
            cells = blocks.unpacked(grain, starts, texts)
            yield list(zip(slices, names, strict=True)), cells.where((cells.bucket >= first) & (cells.bucket < last))


def _rows(conn: Connection, query: Select[Any], most: int) -> Iterator[Sequence[Row[Any]]]:
    """Few at once, years of many slices in parts: a million cells are a hundred megabytes while they are added up."""
    if most <= AT_ONCE:
        rows = conn.execute(query).all()
        if rows:
            yield rows
        return
    yield from conn.execute(query.execution_options(yield_per=AT_ONCE)).partitions()


def _query(measures: Sequence[str], slice_ids: Sequence[int], span: Span) -> Select[Any]:
    grain, first, last = span
    return select(rollup.c.slice_id, rollup.c.measure, rollup.c.block, rollup.c.cells).where(
        rollup.c.grain == grain,
        rollup.c.slice_id.in_(slice_ids),
        rollup.c.measure.in_(measures),
        rollup.c.block > first - blocks.reach(grain, measures),
        rollup.c.block < last,
    )


def _added(rows: Sequence[Place], cells: Cells, step: Ints) -> Iterator[tuple[int, int, str, int, int]]:
    """(slice, step, measure, bin, sum) of what is not 0."""
    if not len(cells.row):
        return
    number = {place: n for n, place in enumerate(dict.fromkeys(rows))}
    place = np.array([number[row] for row in rows], dtype=np.int64)[cells.row]
    low = int(step.min())
    total = blocks.summed(Cells(place, step - low, cells.bin, cells.value))
    columns = (total.row, total.bucket + low, blocks.plain_bins(total.bin), total.value)
    names = list(number)
    for of, at, bin_, value in zip(*(column.tolist() for column in columns), strict=True):
        slice_id, measure = names[of]
        yield slice_id, at, measure, bin_, value
