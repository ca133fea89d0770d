"""A series as people keep it: a CSV with ``timestamp,value`` and, where it matters, ``exposure``."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fengsui.backtest.fault import BadSeries

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
LARGEST = 1e9


class Row(NamedTuple):
    """One step. ``start``: aware; ``local``: its wall clock; ``value`` None where the cell is empty; ``text``: the time as it
    stands in the file."""

    line: int
    text: str
    start: datetime
    local: datetime
    value: float | None
    exposure: float | None


def check_interval(step: timedelta) -> None:
    """A divisor of a day from a minute on, or a week; else ``BadSeries``."""
    fits = step == WEEK or (timedelta(minutes=1) <= step <= DAY and DAY % step == timedelta())
    if not fits or step.microseconds:
        raise BadSeries("interval", interval=f"{step.total_seconds():g}s")


def read_rows(path: Path, kind: str, step: timedelta, zone: ZoneInfo) -> list[Row]:
    """Every step of the file in order. ``BadSeries`` names the first line that cannot be what it should be."""
    check_interval(step)
    rows: list[Row] = []
    wanted = ("timestamp", "value", "exposure") if kind == "share" else ("timestamp", "value")
    for line, cells in read_cells(path, wanted):
        row = _row(path, line, cells, kind, step, zone)
        if rows:
            _follows(path, rows[-1], row, step)
        rows.append(row)
    if not rows:
        raise BadSeries("empty", file=path.name)
    return rows


def read_cells(path: Path, wanted: tuple[str, ...]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Line number and cells by the names of the head, trimmed. Empty lines are passed over."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            head = [name.strip() for name in next(reader, [])]
            width = len(head)
            for name in wanted:
                if name not in head:
                    if name == "exposure":
                        raise BadSeries("no_exposure", file=path.name)
                    raise BadSeries("column", file=path.name, column=name, allowed=head)
            for cells in reader:
                if cells:
                    some = [cell.strip() for cell in cells[:width]]
                    yield reader.line_num, dict(zip(head, [*some, *[""] * (width - len(some))], strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        why = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
        raise BadSeries("unreadable", file=path.name, why=why) from None


def moment(path: Path, line: int, column: str, text: str, zone: ZoneInfo) -> datetime:
    """An ISO 8601 time; on the zone's wall clock where it has no offset."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadSeries("time", file=path.name, line=line, column=column, value=text) from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _row(path: Path, line: int, cells: Mapping[str, str], kind: str, step: timedelta, zone: ZoneInfo) -> Row:
    at = moment(path, line, "timestamp", cells["timestamp"], zone)
    local = at.astimezone(zone).replace(tzinfo=None)
    value = _number(path, line, "value", cells["value"])
    exposure = _number(path, line, "exposure", cells.get("exposure", ""))
    if value is not None and value < 0:
        raise BadSeries("negative", file=path.name, line=line, column="value", value=cells["value"])
    if exposure is not None and exposure < 0:
        raise BadSeries("negative", file=path.name, line=line, column="exposure", value=cells["exposure"])
    if kind == "share" and value is not None and value > (0.0 if exposure is None else exposure):
        raise BadSeries("share", file=path.name, line=line, value=cells["value"], exposure=cells.get("exposure", ""))
    # Days and weeks are cut on the wall clock, where every day has the same length.
    start = local.replace(tzinfo=UTC) if step >= DAY else at.astimezone(UTC)
    return Row(line, cells["timestamp"], start, local, value, exposure)


def _number(path: Path, line: int, column: str, text: str) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > LARGEST:
        raise BadSeries("number", file=path.name, line=line, column=column, value=text)
    return number


def _follows(path: Path, before: Row, row: Row, step: timedelta) -> None:
    if row.start <= before.start:
        raise BadSeries("order", file=path.name, line=row.line, value=row.text, before=before.text)
    if (row.start - before.start) % step:
        raise BadSeries("grid", file=path.name, line=row.line, value=row.text, interval_s=step.total_seconds())
