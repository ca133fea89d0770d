"""How far a series is complete: the slowest of the sources that feed it, and which of them were left out.

A source's watermark is its own clock at the last complete poll less its lateness (docs/contracts.md §2). A series waits for
the sources in ``slice_source`` and for no other; one that is behind by more than its stall limit is left out, so that one
broken channel does not silence the rest, and readings after its watermark say that they are not complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection, select

from fengsui.metrics.catalogue import Metric, metric_of
from fengsui.store.tables import slice_source, source_state

MINUTE_S = 60
QUARTER_S = 900
CHUNK = 500
_MARKED = select(source_state.c.source, source_state.c.watermark).where(source_state.c.watermark.is_not(None))


class SourcePace(Protocol):
    """What a clock needs of a source's settings; ``fengsui.settings`` fills ``stall`` (3 x cadence + lateness)."""

    @property
    def pace(self) -> str: ...
    @property
    def stall(self) -> timedelta: ...


@dataclass(frozen=True, slots=True)
class Mark:
    """``at``: steps that end at or before it are closed. ``complete_until``: those that end after it lack a source.

    ``left_out``: the sources that were behind by more than their stall limit.
    """

    at: datetime
    complete_until: datetime
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceMark:
    """One source now: its watermark, seconds behind ``now``, and whether series go on without it."""

    source: str
    watermark: datetime
    behind_s: float
    left_out: bool
    pace: str


def of_sources(conn: Connection, now: datetime, sources: Mapping[str, SourcePace]) -> dict[str, SourceMark]:
    """Every source of ``sources`` that has a watermark; the others hold nothing up and are absent."""
    rows = conn.execute(_MARKED)
    return {
        row.source: _source_mark(row.source, row.watermark, now, sources[row.source]) for row in rows if row.source in sources
    }


def of_series(
    conn: Connection,
    metric: str | Metric,
    slice_ids: Iterable[int],
    now: datetime,
    sources: Mapping[str, SourcePace],
    step_s: int = MINUTE_S,
) -> dict[int, Mark]:
    """The mark of each slice of ``metric``; a slice that no source with a watermark feeds is absent (nothing is closed).

    ``step_s`` below 900 leaves batch sources out of account, for they write no minute cells. Where every source is behind,
    the mark is the newest of their watermarks and stays there.
    """
    known = of_sources(conn, now, sources)
    return of_fed(feeding(conn, metric_of(metric).measures(), list(slice_ids)), known, step_s)


def of_fed(fed: Mapping[int, frozenset[str]], known: Mapping[str, SourceMark], step_s: int) -> dict[int, Mark]:
    """``of_series`` for a caller that knows what feeds each slice (``feeding``) and where the sources are (``of_sources``)."""
    marks: dict[int, Mark] = {}
    alike: dict[frozenset[str], Mark | None] = {}
    for slice_id, names in fed.items():  # thousands of slices, a handful of sets of sources
        if names not in alike:
            fed_by = [known[name] for name in sorted(names) if name in known and _counts(known[name], step_s)]
            alike[names] = _mark(fed_by) if fed_by else None
        mark = alike[names]
        if mark is not None:
            marks[slice_id] = mark
    return marks


def feeding(conn: Connection, measures: Sequence[str], slice_ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """Which sources have delivered to any of ``measures`` of each slice."""
    found: dict[int, set[str]] = {}
    for start in range(0, len(slice_ids), CHUNK):
        query = (
            select(slice_source.c.slice_id, slice_source.c.source)
            .where(slice_source.c.slice_id.in_(slice_ids[start : start + CHUNK]), slice_source.c.measure.in_(measures))
            .distinct()
        )
        for slice_id, source in conn.execute(query):
            found.setdefault(slice_id, set()).add(source)
    return {slice_id: frozenset(names) for slice_id, names in found.items()}


def _source_mark(name: str, watermark: datetime, now: datetime, source: SourcePace) -> SourceMark:
    behind = now - watermark
    return SourceMark(name, watermark, behind.total_seconds(), behind > source.stall, source.pace)


def _counts(mark: SourceMark, step_s: int) -> bool:
    return step_s >= QUARTER_S or mark.pace != "batch"


def _mark(fed_by: Sequence[SourceMark]) -> Mark:
    waiting_for = [mark.watermark for mark in fed_by if not mark.left_out]
    at = min(waiting_for) if waiting_for else max(mark.watermark for mark in fed_by)
    complete = min(mark.watermark for mark in fed_by)
    return Mark(at, complete, tuple(mark.source for mark in fed_by if mark.left_out))
