"""Gauges: a value at a time (queue length, longest wait), kept as delivered and combined when read.

A slice takes the gauges delivered for exactly it; where there are none, those of its parts (a queue length of all channels is
the sum over channels), newest value of each. A value older than its limit is not carried on: the gauge is then stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, select

from fengsui.store.slices import level_value, slice_levels
from fengsui.store.tables import gauge

CARRY_S = 900
"""A gauge is carried on for a quarter of an hour; after that nobody knows."""


@dataclass(frozen=True, slots=True)
class Sample:
    slice_key: str
    source: str
    at: datetime
    value: float


def newest(conn: Connection, name: str, at: datetime, since: datetime | None = None) -> list[Sample]:
    """The newest sample at or before ``at`` of every (source, slice) that delivers gauge ``name``."""
    key = (gauge.c.source, gauge.c.slice_key)
    window = [gauge.c.name == name, gauge.c.at <= at] + ([gauge.c.at >= since] if since else [])
    latest = select(*key, func.max(gauge.c.at).label("at")).where(*window).group_by(*key).subquery()
    query = select(gauge).join(
        latest,
        and_(gauge.c.source == latest.c.source, gauge.c.slice_key == latest.c.slice_key, gauge.c.at == latest.c.at),
    )
    rows = conn.execute(query.where(gauge.c.name == name))
    return [Sample(row.slice_key, row.source, row.at, row.value) for row in rows]


def between(conn: Connection, name: str, start: datetime, end: datetime) -> list[Sample]:
    """Every sample in ``[start, end)``, oldest first."""
    query = select(gauge).where(gauge.c.name == name, gauge.c.at >= start, gauge.c.at < end)
    rows = conn.execute(query.order_by(gauge.c.at, gauge.c.source, gauge.c.slice_key))
    return [Sample(row.slice_key, row.source, row.at, row.value) for row in rows]


def combined(samples: Iterable[Sample], slice_key: str, how: str) -> float | None:
    """One value for ``slice_key`` from the newest samples; None where none of them belongs to it."""
    own = [sample for sample in samples if within(sample.slice_key, slice_key)]
    exact = [sample.value for sample in own if sample.slice_key == slice_key]
    values = exact or [sample.value for sample in own]
    if not values:
        return None
    return max(values) if how == "max" else sum(values)


def fresh(samples: Iterable[Sample], at: datetime, carry_s: float = CARRY_S) -> list[Sample]:
    """Those that may still be carried on at ``at``."""
    return [sample for sample in samples if at - sample.at <= timedelta(seconds=carry_s)]


def stepped(
    conn: Connection, name: str, slices: Mapping[int, str], start: datetime, end: datetime, step_s: int, how: str
) -> dict[int, dict[int, float]]:
    """slice -> start of step -> value at the end of the step; steps that nobody can tell are absent."""
    held = {(s.source, s.slice_key): s for s in newest(conn, name, start, start - timedelta(seconds=CARRY_S))}
    waiting = between(conn, name, start, end)[::-1]
    found: dict[int, dict[int, float]] = {slice_id: {} for slice_id in slices}
    width = timedelta(seconds=step_s)
    for n in range(int((end - start) / width)):
        closes = start + (n + 1) * width
        while waiting and waiting[-1].at < closes:
            sample = waiting.pop()
            held[sample.source, sample.slice_key] = sample
        alive = fresh(held.values(), closes)
        for slice_id, key in slices.items():
            value = combined(alive, key, how)
            if value is not None:
                found[slice_id][int((closes - width).timestamp()) // 60] = value
    return {slice_id: steps for slice_id, steps in found.items() if steps}


def within(delivered: str, slice_key: str) -> bool:
    """Whether a gauge delivered for ``delivered`` (whole dimensions) belongs to a slice of levels."""
    dims = slice_levels(delivered)
    wanted = slice_levels(slice_key)
    return all(level.partition(".")[0] in dims and level_value(dims, level) == value for level, value in wanted.items())
