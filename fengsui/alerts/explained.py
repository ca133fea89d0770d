"""Which parts make a deviation: of a count by people, of a share or duration by rate and by mix.

A whole share moves because its parts got worse (RATE) or because the bad parts became more of it (MIX). With the part's
weight w and its level r, now and in the week before (0), and the whole's level R0 then:

    part = w (r - r0)  +  (w - w0) (r0 - R0)        summed over a cuboid: R - R0 exactly
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp
from typing import Any, TypeAlias

from sqlalchemy import select

from fengsui.alerts.desk import Desk, Row
from fengsui.alerts.family import contains
from fengsui.alerts.sight import Sight
from fengsui.alerts.voices import Crowd
from fengsui.alerts.window import LONGEST
from fengsui.metrics import cells, logbins
from fengsui.metrics.catalogue import Metric
from fengsui.metrics.measures import NO_BIN
from fengsui.store.slices import cuboid_slice, slice_id, slice_levels
from fengsui.store.tables import slice_

USUAL = timedelta(days=7)
PARTS = 6
WORTH_NAMING = 0.1
"""Share of the whole deviation below which a part explains nothing."""
SPOKEN = ("complaints", "contacts", "negatives")
"""Counts of records, where a crowd tells how many people they are."""

Part: TypeAlias = dict[str, Any]
Parts: TypeAlias = Mapping[int, str]
"""slice id -> slice key"""


@dataclass(frozen=True, slots=True)
class Level:
    """``value``: of a share, or the mean logarithm of a duration; ``n``: cases it rests on."""

    value: float
    n: float


def explained(desk: Desk, row: Row, sight: Sight, crowd: Crowd | None = None) -> list[Part]:
    """The parts one step finer than the whole, largest share of the deviation first; ``[]`` where none can be named.

    ``{slice_key, observed, expected, share, usual_share}``: share of the deviation, usual share of the volume; of shares and
    durations also ``rate`` and ``mix``, the two summands of ``share``.
    """
    metric = desk.metrics.get(row["metric"])
    parts = _parts(desk, row["slice_key"]) if metric is not None and metric.measures() else {}
    if metric is None or not parts:
        return []
    if metric.shape == "count" and not metric.total:
        found = _of_count(desk, metric, row, sight, parts, crowd)
    elif metric.shape in ("share", "duration"):
        found = _of_level(desk, metric, row, sight, parts)
    else:
        found = []
    found = [part for part in found if part["share"] >= WORTH_NAMING]
    return sorted(found, key=lambda part: (-part["share"], part["slice_key"]))[:PARTS]


def _parts(desk: Desk, whole: str) -> Parts:
    """Slices one step finer than ``whole`` that lie inside it."""
    wanted = _depth(slice_levels(whole)) + 1
    rows = desk.conn.execute(select(slice_.c.slice_id, slice_.c.slice_key))
    return {
        int(row.slice_id): str(row.slice_key)
        for row in rows
        if _depth(slice_levels(row.slice_key)) == wanted and contains(whole, row.slice_key)
    }


def _depth(levels: Mapping[str, str]) -> int:
    """``all`` 0, ``channel`` 1, ``org.2`` 2, ``channel|org.1`` 2."""
    return sum(int(level.partition(".")[2] or 1) for level in levels)


# --- counts ----------------------------------------------------------------------------------------------------------


def _of_count(desk: Desk, metric: Metric, row: Row, sight: Sight, parts: Parts, crowd: Crowd | None) -> list[Part]:
    """Observed against the part's usual share of what was expected of the whole."""
    if sight.expected is None or not sight.excess:
        return []
    ids = [*parts, row["slice_id"]]
    usual = _counts(desk, metric, ids, sight.window_start - USUAL, sight.window_start)
    people = _people(sight, metric, parts, crowd)
    now = people or _counts(desk, metric, ids, sight.window_start, sight.end)
    excess = people[row["slice_id"]] - sight.expected if people else sight.excess
    whole = usual.get(row["slice_id"], 0)
    if excess * sight.excess <= 0:
        return []  # copies of one voice: no part has more people than usual
    shares = {id_: usual.get(id_, 0) / whole if whole else 0.0 for id_ in parts}
    return [_counted(key, now.get(id_, 0), shares[id_], sight.expected, excess) for id_, key in parts.items()]


def _counted(key: str, observed: float, usual_share: float, whole: float, excess: float) -> Part:
    expected = usual_share * whole
    return {
        "slice_key": key,
        "observed": observed,
        "expected": round(expected, 3),
        "share": round((observed - expected) / excess, 3),
        "usual_share": round(usual_share, 4),
    }


def _people(sight: Sight, metric: Metric, parts: Parts, crowd: Crowd | None) -> dict[int, int]:
    """Distinct voices of the whole and of each part; empty where the crowd is not all that was counted."""
    whole_window = sight.direction == "up" and sight.end - sight.window_start <= LONGEST
    if crowd is None or not whole_window or metric.id not in SPOKEN or not 0 < crowd.n == len(crowd.heard):
        return {}
    found = {slice_id(sight.slice_key): crowd.voices()}
    by_cuboid = {"|".join(slice_levels(key)) for key in parts.values()}
    for cuboid in by_cuboid:
        voices: dict[str, set[str]] = {}
        for one in crowd.heard:
            voices.setdefault(cuboid_slice(one.dims, cuboid), set()).add(one.voice)
        found |= {slice_id(key): len(heard) for key, heard in voices.items()}
    return found


def _counts(desk: Desk, metric: Metric, ids: Iterable[int], start: datetime, end: datetime) -> dict[int, int]:
    sums = cells.summed(desk.conn, metric.measures(), ids, start, end)
    return {id_: sum(bins.get(NO_BIN, 0) for bins in found.values()) for id_, found in sums.items()}


# --- shares and durations --------------------------------------------------------------------------------------------


def _of_level(desk: Desk, metric: Metric, row: Row, sight: Sight, parts: Parts) -> list[Part]:
    """The window against the week before it. Nothing where the whole did not move as the alert says."""
    ids = [*parts, row["slice_id"]]
    now = _levels(desk, metric, ids, sight.window_start, sight.end)
    then = _levels(desk, metric, ids, sight.window_start - USUAL, sight.window_start)
    whole, before = now.get(row["slice_id"]), then.get(row["slice_id"])
    if whole is None or before is None:
        return []
    moved = whole.value - before.value
    if moved == 0 or (moved > 0) is not (sight.direction == "up"):
        return []
    shown = exp if metric.shape == "duration" else float
    found = []
    for id_, key in parts.items():
        if (part := now.get(id_)) is not None:
            old = then.get(id_, Level(before.value, 0.0))  # a new part: what it adds beyond the usual level is its own
            rate = part.n / whole.n * (part.value - old.value) / moved
            mix = (part.n / whole.n - old.n / before.n) * (old.value - before.value) / moved
            found.append(
                {
                    "slice_key": key,
                    "observed": round(shown(part.value), 4),
                    "expected": round(shown(old.value), 4),
                    "share": round(rate + mix, 3),
                    "usual_share": round(old.n / before.n, 4),
                    "rate": round(rate, 3),
                    "mix": round(mix, 3),
                }
            )
    return found


def _levels(desk: Desk, metric: Metric, ids: Iterable[int], start: datetime, end: datetime) -> dict[int, Level]:
    sums = cells.summed(desk.conn, metric.measures(), ids, start, end)
    found = {id_: _level(metric, one) for id_, one in sums.items()}
    return {id_: level for id_, level in found.items() if level is not None}


def _level(metric: Metric, sums: cells.Sums) -> Level | None:
    if metric.shape == "duration":
        mean, n = logbins.mean_log(sums.get(metric.value[0], {}))
        return Level(mean, n) if n else None
    hits, n = (sum(sums.get(name, {}).get(NO_BIN, 0) for name in names) for names in (metric.value, metric.exposure))
    return Level(hits / n, n) if n > 0 else None
