"""What really happened, as somebody wrote it down: a CSV with ``start,end`` and perhaps ``name``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from fengsui.backtest.fault import BadSeries
from fengsui.backtest.series import moment, read_cells


@dataclass(frozen=True, slots=True)
class Event:
    """``[start, end)``, aware."""

    name: str
    start: datetime
    end: datetime


def read_events(path: Path, step: timedelta, zone: ZoneInfo) -> list[Event]:
    """In order of time. Without ``end`` an event lasts one step."""
    events = []
    for line, cells in read_cells(path, ("start",)):
        start = moment(path, line, "start", cells["start"], zone)
        ends = cells.get("end", "")
        end = moment(path, line, "end", ends, zone) if ends else start + step
        if end <= start:
            raise BadSeries("event_order", file=path.name, line=line, start=cells["start"], end=ends)
        events.append(Event(cells.get("name", "") or f"{start:%Y-%m-%d %H:%M}", start, end))
    if not events:
        raise BadSeries("empty", file=path.name)
    return sorted(events, key=lambda event: event.start)
