"""Parent and child: a part that burns inside a whole explains it and is not told apart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from fengsui.alerts.desk import Desk, Row
from fengsui.alerts.sight import Sight
from fengsui.metrics import cells
from fengsui.metrics.catalogue import Metric
from fengsui.metrics.measures import NO_BIN
from fengsui.store.slices import slice_levels
from fengsui.store.tables import slice_

USUAL = timedelta(days=7)
PARTS = 6
WORTH_NAMING = 0.1
"""Share of the whole excess below which a part explains nothing."""


def contains(whole: str, part: str) -> bool:
    """``channel=App`` contains ``channel=App|org.1=华南``, ``org.1=华南`` contains ``org.2=华南/广东``; none itself."""
    if whole == part:
        return False
    small = slice_levels(part)
    return all(_holds(level, value, small) for level, value in slice_levels(whole).items())


def _holds(level: str, value: str, part: Mapping[str, str]) -> bool:
    name = level.partition(".")[0]
    return any(
        other.partition(".")[0] == name and (found == value or found.startswith(f"{value}/")) for other, found in part.items()
    )


def parent_of(desk: Desk, row: Row) -> str | None:
    """The widest firing episode of the same metric around ``row``; shadow episodes have and are no parents."""
    if row["mode"] != "on":
        return None
    around = [one for one in desk.firing() if _may_lead(one) and one["metric"] == row["metric"]]
    wide = [one for one in around if contains(one["slice_key"], row["slice_key"])]
    return min(wide, key=lambda one: (len(slice_levels(one["slice_key"])), one["episode_id"]))["episode_id"] if wide else None


def _may_lead(row: Row) -> bool:
    return row["mode"] == "on" and row["condition"] == "firing" and row["parent_id"] is None and row["series"] is not None


def adopt(desk: Desk, whole: Row) -> None:
    """Parts that fired a little earlier than the whole become its children."""
    if not _may_lead(whole):
        return
    earliest = whole["last_at"] - timedelta(seconds=desk.book.policy.relate_s)
    for part in list(desk.firing()):
        related = part["metric"] == whole["metric"] and contains(whole["slice_key"], part["slice_key"])
        if related and part["parent_id"] is None and part["mode"] == "on" and part["last_at"] >= earliest:
            desk.change(part, parent_id=whole["episode_id"])


def spoken_for(desk: Desk, row: Row) -> bool:
    """Its whole burns and is at least as grave: one notice is enough."""
    parent = next((one for one in desk.firing() if one["episode_id"] == row["parent_id"]), None)
    return parent is not None and parent["tier"] >= row["tier"]


def explained(desk: Desk, row: Row, sight: Sight) -> list[dict[str, Any]]:
    """The parts that make the excess of ``sight``, from roll-ups: observed against the part's usual share of what was
    expected of the whole. Largest excess first; every cuboid one step finer than the whole is looked at.

    ``[{"slice_key", "observed", "expected", "share", "usual_share"}]``: share of the excess, usual share of the volume.
    """
    metric = desk.metrics.get(row["metric"])
    if metric is None or metric.shape != "count" or not sight.excess or sight.expected is None:
        return []
    parts = _parts(desk, row["slice_key"])
    if not parts:
        return []
    now = _counts(desk, metric, [*parts, row["slice_id"]], sight.window_start, sight.end)
    usual = _counts(desk, metric, [*parts, row["slice_id"]], sight.window_start - USUAL, sight.window_start)
    whole = usual.get(row["slice_id"], 0)
    found = [_part(key, now.get(id_, 0), usual.get(id_, 0) / whole if whole else 0.0, sight) for id_, key in parts.items()]
    found = [part for part in found if part["share"] >= WORTH_NAMING]
    return sorted(found, key=lambda part: (-part["share"], part["slice_key"]))[:PARTS]


def _part(key: str, observed: int, usual_share: float, sight: Sight) -> dict[str, Any]:
    expected = usual_share * (sight.expected or 0.0)
    return {
        "slice_key": key,
        "observed": observed,
        "expected": round(expected, 3),
        "share": round((observed - expected) / sight.excess, 3),
        "usual_share": round(usual_share, 4),
    }


def _parts(desk: Desk, whole: str) -> dict[int, str]:
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


def _counts(desk: Desk, metric: Metric, ids: list[int], start: Any, end: Any) -> dict[int, int]:
    sums = cells.summed(desk.conn, metric.measures(), ids, start, end)
    return {id_: sum(bins.get(NO_BIN, 0) for bins in found.values()) for id_, found in sums.items()}
