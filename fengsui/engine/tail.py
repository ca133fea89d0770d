"""Why a parent fires: which of its children have more than their usual share of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from fengsui.engine import shares
from fengsui.metrics import cells
from fengsui.metrics.catalogue import metric_of
from fengsui.store.slices import slice_id
from fengsui.store.tables import series


@dataclass(frozen=True, slots=True)
class Explained:
    """One child in the window: what came, and what its usual share of the parent's expectation would be."""

    slice_key: str
    observed: float
    expected: float

    @property
    def excess(self) -> float:
        return self.observed - self.expected


def explain(conn: Connection, parent: str, start: datetime, end: datetime, expected: float) -> list[Explained]:
    """The children of series ``parent`` in ``[start, end)``, largest excess first.

    ``expected``: what the parent's verdict expected in that window. Empty for a parent that has published no shares.
    """
    body = shares.newest(conn, parent)
    metric = conn.execute(select(series.c.metric).where(series.c.series == parent)).scalar_one_or_none()
    if body is None or metric is None:
        return []
    measures = metric_of(metric).value
    keys = {slice_id(key): key for key in body["children"]}
    sums = cells.summed(conn, measures, keys, start, end)
    found = [
        Explained(
            key,
            float(sum(sum(sums.get(child, {}).get(measure, {}).values()) for measure in measures)),
            shares.share_of(body["children"][key]).mean * expected,
        )
        for child, key in keys.items()
    ]
    return sorted(found, key=lambda one: (-one.excess, one.slice_key))
