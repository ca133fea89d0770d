"""Roll-up cells read in bulk: per step, and summed over a window. The only file that knows the key of ``rollup``."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import ColumnElement, Connection, and_, func, select

from fengsui.metrics.measures import BY_ID
from fengsui.store.slices import bucket
from fengsui.store.tables import rollup

MINUTE, QUARTER = 1, 15
NARROW = ("all", "channel")
"""The cuboids that keep measures of width ``narrow``."""
CHUNK = 500

Bins: TypeAlias = dict[int, int]
Sums: TypeAlias = dict[str, Bins]
"""measure -> bin -> sum; plain counts are in bin ``NO_BIN``"""
Span: TypeAlias = tuple[int, int, int]
"""(grain, first bucket, bucket after the last)"""


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
    span = grain, bucket(start, grain), bucket(end, grain)
    first, width = span[1], step_s // 60
    query = select(rollup.c.slice_id, rollup.c.measure, rollup.c.bin, rollup.c.bucket, rollup.c.value)
    found: dict[int, dict[int, Sums]] = {}
    for where in _wheres(measures, list(slice_ids), span):
        for slice_id, measure, bin_, at, value in conn.execute(query.where(where)):
            if value:
                bins = found.setdefault(slice_id, {}).setdefault(at - (at - first) % width, {}).setdefault(measure, {})
                bins[bin_] = bins.get(bin_, 0) + value
    return found


def summed(
    conn: Connection, measures: Sequence[str], slice_ids: Iterable[int], start: datetime | None, end: datetime
) -> dict[int, Sums]:
    """slice -> sums over ``[start, end)``; None: from the beginning. Quarter-hours inside, minutes at both ends where the
    measures have them.

    Minutes live 8 days and batch sources write none: an older window is cut to whole quarter-hours at its ends.
    """
    query = select(rollup.c.slice_id, rollup.c.measure, rollup.c.bin, func.sum(rollup.c.value).label("total"))
    found: dict[int, Sums] = {}
    ids = list(slice_ids)
    for span in spans(start, end, minutes=has_minutes(measures)):
        for where in _wheres(measures, ids, span):
            for slice_id, measure, bin_, total in conn.execute(query.where(where).group_by(*query.selected_columns[:3])):
                bins = found.setdefault(slice_id, {}).setdefault(measure, {})
                bins[bin_] = bins.get(bin_, 0) + int(total)
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
    """slice -> number of the step from ``start`` on -> sums, added up by the database: for long windows in wide steps.
    ``after_s``: of each step only what lies so long after its start."""
    first, width = bucket(start, QUARTER), step_s // 60
    step = ((rollup.c.bucket - first) // width).label("step")
    query = select(rollup.c.slice_id, step, rollup.c.measure, rollup.c.bin, func.sum(rollup.c.value))
    found: dict[int, dict[int, Sums]] = {}
    for where in _wheres(measures, list(slice_ids), (QUARTER, first, bucket(end, QUARTER))):
        late = [(rollup.c.bucket - first) % width >= after_s // 60] if after_s else []
        grouped = query.where(where, *late).group_by(rollup.c.slice_id, step, rollup.c.measure, rollup.c.bin)
        for slice_id, at, measure, bin_, total in conn.execute(grouped):
            if total:
                found.setdefault(slice_id, {}).setdefault(int(at), {}).setdefault(measure, {})[bin_] = int(total)
    return found


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


def _wheres(measures: Sequence[str], slice_ids: Sequence[int], span: Span) -> Iterator[ColumnElement[bool]]:
    grain, first, last = span
    for start in range(0, len(slice_ids), CHUNK):
        yield and_(
            rollup.c.grain == grain,
            rollup.c.slice_id.in_(slice_ids[start : start + CHUNK]),
            rollup.c.measure.in_(measures),
            rollup.c.bucket >= first,
            rollup.c.bucket < last,
        )
