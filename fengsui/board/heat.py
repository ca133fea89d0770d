"""Where it burns: complaints of the last hour per organisation and channel, beside what is usual at this hour.

Usual is the mean of the same hour on the same weekday of the last four weeks: a plain comparison that everybody can check,
not a detector's judgement. ``deviation`` is the difference over the square root of the usual count (Poisson), for shading.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from fengsui.board.scope import Scope, sees
from fengsui.metrics import cells
from fengsui.store.slices import NO_BIN, bucket, bucket_start
from fengsui.store.tables import slice_

CUBOID = "channel|org.1"
MEASURE = "complaint.n"
WEEKS = 4
ROWS, COLUMNS = 7, 6
_MINE = select(slice_.c.slice_id, slice_.c.slice_key).where(slice_.c.cuboid == CUBOID)


def observed(conn: Connection, now: datetime) -> dict[str, int]:
    """slice_key -> complaints of the last 60 minutes, cut to quarters of an hour like the usual ones."""
    return _counts(conn, now)


def usual(conn: Connection, now: datetime) -> dict[str, float]:
    """slice_key -> mean of the same hour in up to four weeks of history; empty while there is none."""
    weeks = [week for week in range(1, WEEKS + 1) if _known(conn, bucket(now - timedelta(weeks=week), 15) - 60)]
    sums: dict[str, float] = {}
    for week in weeks:
        for key, count in _counts(conn, now - timedelta(weeks=week)).items():
            sums[key] = sums.get(key, 0.0) + count
    return {key: total / len(weeks) for key, total in sums.items()}


def grid(conn: Connection, seen: dict[str, int], expected: dict[str, float], reading: bool = False) -> list[dict[str, Any]]:
    """All cells of the cuboid: ``{org, channel, slice_key, observed, expected, deviation}``; expected None without history,
    observed None where nothing was counted and history is still being read."""
    query = select(slice_.c.slice_key, slice_.c.dims).where(slice_.c.cuboid == CUBOID)
    all_ = [_cell(row.slice_key, row.dims, seen, expected, reading) for row in conn.execute(query)]
    return sorted(all_, key=lambda cell: (cell["org"], cell["channel"]))


def visible(cells: list[dict[str, Any]], scope: Scope) -> list[dict[str, Any]]:
    return [cell for cell in cells if sees(scope, cell["slice_key"])]


def busiest(cells: list[dict[str, Any]], axis: str, limit: int) -> list[str]:
    """The values of ``org`` or ``channel`` with the most expected complaints, most first."""
    weight: dict[str, float] = {}
    for cell in cells:
        weight[cell[axis]] = weight.get(cell[axis], 0.0) + (cell["expected"] or 0.0) + (cell["observed"] or 0) / 1000
    return sorted(weight, key=lambda value: (-weight[value], value))[:limit]


def _cell(key: str, dims: dict[str, str], seen: dict[str, int], expected: dict[str, float], reading: bool) -> dict[str, Any]:
    n = seen.get(key, 0)
    mean = expected.get(key, 0.0) if expected and not reading else None
    deviation = None if mean is None else (n - mean) / math.sqrt(max(mean, 1.0))
    return {
        "slice_key": key,
        "org": dims.get("org.1", ""),
        "channel": dims.get("channel", ""),
        "observed": None if reading and not n else n,
        "expected": mean,
        "deviation": deviation,
    }


def _counts(conn: Connection, end: datetime) -> dict[str, int]:
    """Slices first, then their cells: joined, SQLite walks the quarter-hours of every slice there is."""
    until = bucket_start(bucket(end, 15) + 15)
    keys = {row.slice_id: row.slice_key for row in conn.execute(_MINE)}
    found = cells.summed(conn, [MEASURE], keys, until - timedelta(hours=1), until)
    return {keys[slice_id]: sums[MEASURE][NO_BIN] for slice_id, sums in found.items()}


def _known(conn: Connection, at: int) -> bool:
    """Whether history reaches back to bucket ``at``: without that, nothing counted would look like nothing happened."""
    mine = list(conn.execute(select(slice_.c.slice_id).where(slice_.c.cuboid == CUBOID)).scalars())
    return cells.reaches(conn, [MEASURE], mine, bucket_start(at))
