"""Measurements and gauges: what a source counted itself. Delivered again = update; the roll-ups take the difference."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, select, tuple_

from connectors.base import BadRecord, Measurement
from fengsui.ingest.bulk import chunks
from fengsui.ingest.deltas import Deltas, Places
from fengsui.ingest.pending import Pending
from fengsui.ingest.slices import LONGEST, longest
from fengsui.metrics.measures import of_measurement
from fengsui.store.slices import slice_key, slice_levels
from fengsui.store.tables import gauge, measurement

Key: TypeAlias = tuple[str, str, datetime]
"""(name, slice_key, start_at) within one source"""
_COUNTS = ("numerator", "denominator", "duration_sum", "n")
_VALUES = ("end_at", *_COUNTS)
KEY_BYTES = 1800
"""Of all dims together: with a name they are a key, and PostgreSQL's index holds 2704 bytes."""
MOST = 2**53
"""A larger count is a mistake, and its sums would leave the store's integers."""


class Aggregates:
    """Takes the measurements of one source in one part of a batch. ``conn`` only reads."""

    def __init__(self, conn: Connection, pending: Pending, source: str, source_now: datetime, places: Places) -> None:
        self._conn, self._pending, self._source, self._now, self._places = conn, pending, source, source_now, places
        self._dims: dict[str, frozenset[str]] = {}
        self.bad: list[BadRecord] = []
        self.new = self.changed = self.same = 0

    def take(self, items: Iterable[Measurement], deltas: Deltas) -> None:
        """Make ready aggregates and gauges; what changes in the roll-ups goes into ``deltas``."""
        fit = [item for item in items if self._fits(item)]
        self._gauges([item for item in fit if item.end is None], deltas)
        self._aggregates([item for item in fit if item.end is not None], deltas)

    def _fits(self, item: Measurement) -> bool:
        """One (source, name) has one set of dims: else its sums would count a queue and the total of queues together."""
        if item.start.tzinfo is None or (item.end is not None and (item.end.tzinfo is None or item.end <= item.start)):
            self.bad.append(_bad("ingest.bad.span", item))
            return False
        if item.end is None and (item.gauge is None or not math.isfinite(item.gauge)):
            self.bad.append(_bad("ingest.bad.gauge", item))
            return False
        if not all(0 <= getattr(item, name) <= MOST for name in _COUNTS):
            self.bad.append(_bad("ingest.bad.count", item))
            return False
        if len(item.name) > LONGEST or longest(item.dims) > LONGEST or len(slice_key(_dims(item)).encode()) > KEY_BYTES:
            self.bad.append(_bad("ingest.bad.long", item, allowed=LONGEST))
            return False
        dims = frozenset(name for name, value in item.dims.items() if value)
        known = self._dims.setdefault(item.name, self._stored_dims(item) or dims) if item.name not in self._dims else None
        if dims == (self._dims[item.name] if known is None else known):
            return True
        self.bad.append(_bad("ingest.bad.dims", item, got=sorted(dims), allowed=sorted(self._dims[item.name])))
        return False

    def _stored_dims(self, item: Measurement) -> frozenset[str] | None:
        table = gauge if item.end is None else measurement
        query = select(table.c.slice_key).where(table.c.source == self._source, table.c.name == item.name).limit(1)
        found = self._conn.execute(query).scalar()
        return None if found is None else frozenset(slice_levels(found))

    def _gauges(self, items: list[Measurement], deltas: Deltas) -> None:
        rows: dict[Key, dict[str, Any]] = {}
        for item in items:
            key = slice_key(_dims(item))
            rows[item.name, key, item.start] = {
                "source": self._source,
                "name": item.name,
                "slice_key": key,
                "at": item.start,
                "value": item.gauge,
            }
            deltas.feeds([f"g.{item.name}"], self._places.of_aggregate(_dims(item)), self._source)
        old = self._stored_gauges(rows)
        other = {key: row for key, row in rows.items() if old.get(key) != row["value"]}
        self._pending.put(gauge, list(other.values()))
        changed = len(other.keys() & old.keys())
        self.new, self.changed, self.same = (
            self.new + len(other) - changed,
            self.changed + changed,
            self.same + len(rows) - len(other),
        )

    def _aggregates(self, items: list[Measurement], deltas: Deltas) -> None:
        old = self._stored(items)
        now: dict[Key, dict[str, Any]] = {}
        for item in items:
            row = self._row(item)
            key = item.name, row["slice_key"], item.start
            before = now.get(key) or old.get(key)
            if before is None or _newer(row, before):
                now[key] = row
            else:
                self.same += 1
        for key, row in now.items():
            self._change(row, old.get(key), deltas)
        self._pending.put(measurement, list(now.values()))

    def _change(self, row: Mapping[str, Any], before: Mapping[str, Any] | None, deltas: Deltas) -> None:
        slices = self._places.of_aggregate(row["dims"])
        if before is None:
            self.new += 1
        else:
            self.changed += 1
            deltas.add(of_measurement(before), slices, -1, self._source, minutes=False)
        deltas.add(of_measurement(row), slices, 1, self._source, minutes=False)

    def _row(self, item: Measurement) -> dict[str, Any]:
        dims = _dims(item)
        return {
            "source": self._source,
            "name": item.name,
            "slice_key": slice_key(dims),
            "start_at": item.start,
            "end_at": item.end,
            "dims": dims,
            "numerator": item.numerator,
            "denominator": item.denominator,
            "duration_sum": item.duration_sum,
            "n": item.n,
            "updated_at": item.updated_at or self._now,
        }

    def _stored_gauges(self, keys: Iterable[Key]) -> dict[Key, float]:
        columns = tuple_(gauge.c.name, gauge.c.slice_key, gauge.c.at)
        found: dict[Key, float] = {}
        for part in chunks(sorted(keys), 200):
            for row in self._conn.execute(select(gauge).where(gauge.c.source == self._source, columns.in_(part))):
                found[row.name, row.slice_key, row.at] = row.value
        return found

    def _stored(self, items: list[Measurement]) -> dict[Key, Mapping[str, Any]]:
        keys = {(item.name, slice_key(_dims(item)), item.start) for item in items}
        columns = tuple_(measurement.c.name, measurement.c.slice_key, measurement.c.start_at)
        found: dict[Key, Mapping[str, Any]] = {}
        for part in chunks(sorted(keys), 200):
            query = select(measurement).where(measurement.c.source == self._source, columns.in_(part))
            for row in self._conn.execute(query):
                found[_key(row)] = dict(row._mapping)
        return found


def _dims(item: Measurement) -> dict[str, str]:
    return {name: value for name, value in item.dims.items() if value}


def _key(row: Row[Any]) -> Key:
    return row.name, row.slice_key, row.start_at


def _newer(row: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    if row["updated_at"] != before["updated_at"]:
        changed = any(row[name] != before[name] for name in _VALUES)
        return bool(row["updated_at"] > before["updated_at"]) and changed
    return any(row[name] != before[name] for name in _VALUES)


def _bad(code: str, item: Measurement, **params: Any) -> BadRecord:
    raw = {name: getattr(item, name) for name in item.__dataclass_fields__}
    return BadRecord(code, raw, field=item.name[:LONGEST], **params)
