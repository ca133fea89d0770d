"""Parent and child: a part that burns inside a whole explains it and is not told apart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from fengsui.alerts.desk import Desk, Row
from fengsui.store.slices import slice_levels


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
