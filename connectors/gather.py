"""Outcomes of rows sorted into records and bad records: what every connector's batch is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from connectors.base import BadRecord, Event, Feedback, Measurement, Preview, Record, Reference
from connectors.mapper import Mapper, Outcome


def sort_out(outcomes: Iterable[Outcome]) -> tuple[tuple[Record, ...], tuple[BadRecord, ...]]:
    records: list[Record] = []
    bad: list[BadRecord] = []
    for outcome in outcomes:
        bad.append(outcome) if isinstance(outcome, BadRecord) else records.append(outcome)
    return tuple(records), tuple(bad)


def map_rows(mapper: Mapper, rows: Iterable[Mapping[str, Any]], now: datetime) -> Iterable[Outcome]:
    for row in rows:
        yield from mapper.apply(mapper.narrow(row), now)


def preview_of(mapper: Mapper, rows: Iterable[Mapping[str, Any]], columns: Iterable[str], now: datetime) -> Preview:
    """Raw rows (mapped columns only) beside their outcome; ``columns`` are all that the source has, by name."""
    raw = [mapper.narrow(row) for row in rows]
    pairs = [(row, outcome) for row in raw for outcome in mapper.apply(row, now)]
    return Preview(tuple(row for row, _ in pairs), tuple(outcome for _, outcome in pairs), tuple(columns))


def opened(record: Record) -> datetime | None:
    """When a record began, by which ``between`` selects; master data has no such time."""
    if isinstance(record, Feedback):
        return record.opened_at
    if isinstance(record, Event):
        return record.at
    return record.start if isinstance(record, Measurement) else None


def changed(record: Record) -> datetime | None:
    """When a record last changed, as far as it says."""
    if isinstance(record, Feedback):
        return record.updated_at
    if isinstance(record, Reference):
        return None
    return record.at if isinstance(record, Event) else record.updated_at or record.start
