"""Hold the transitions of a replay against the labelled events."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from fengsui.store.slices import slice_levels

TIERS = {0: "-", 1: "● general", 2: "▲ important", 3: "◆ severe"}
RISES = ("opened", "raised", "refired")
AFTER = timedelta(hours=1)
"""An alert this long after the end of an event still speaks of it: the last windows close then."""
ECHO = timedelta(days=1)
"""Alerts this long after an event are not counted as outside of events."""
SILENT = timedelta(days=8)
"""The first days of a file are not counted as quiet weeks: detectors are silent or careful."""


@dataclass(frozen=True, slots=True)
class Event:
    event_id: str
    dataset: str
    start: datetime
    end: datetime
    kind: str
    column: str
    pattern: str
    what: str
    suggested: str
    plain: datetime | None  # the hour whose count first passed the plain 4-sigma line


@dataclass(frozen=True, slots=True)
class Seen:
    """``first``: the first alert on the event's slice or a whole that holds it. ``tier``, ``grade``: highest in the event."""

    event: Event
    first: Mapping[str, str] | None
    tier: int
    grade: int
    ready: bool


def read_events(folder: Path, zones: Mapping[str, str]) -> list[Event]:
    with (folder / "events.csv").open(encoding="utf-8", newline="") as file:
        return [_event(row, zones.get(row["dataset"], "UTC")) for row in csv.DictReader(file)]


def see(event: Event, transitions: Iterable[Mapping[str, str]]) -> Seen:
    mine = [row for row in transitions if _inside(event, row) and _concerns(event, row["slice"])]
    rises = [row for row in mine if row["change"] in RISES and row["rule"].startswith(("complaints", "calls", "sla", "resp"))]
    tiers = [int(row["tier"] or 0) for row in rises]
    grades = [int(row["grade"] or 0) for row in rises]
    ready = any(row["ready"] == "True" for row in rises)
    return Seen(event, rises[0] if rises else None, max(tiers, default=0), max(grades, default=0), ready)


def outside(
    transitions: Sequence[Mapping[str, str]], events: Sequence[Event], first: datetime, last: datetime
) -> dict[int, float]:
    """Alerts a week by the tier they reached, of those that opened outside of every event and are no part of another."""
    begin = first + SILENT
    spans = [(event.start - AFTER, event.end + ECHO) for event in events]
    tiers: dict[str, int] = {}
    for row in transitions:
        at = datetime.fromisoformat(row["detected_at"])
        if row["parent"] or at < begin or any(a <= at < b for a, b in spans):
            continue
        if row["change"] in RISES:
            tiers[row["episode"]] = max(tiers.get(row["episode"], 0), int(row["tier"] or 0))
    covered = sum((min(b, last) - max(a, begin) for a, b in spans if b > begin and a < last), timedelta())
    weeks = max((last - begin - covered) / timedelta(weeks=1), 1e-9)
    return {tier: sum(reached >= tier for reached in tiers.values()) / weeks for tier in (1, 2, 3)}


def _inside(event: Event, row: Mapping[str, str]) -> bool:
    return event.start <= datetime.fromisoformat(row["detected_at"]) < event.end + AFTER


def _concerns(event: Event, slice_key: str) -> bool:
    """The whole, another dimension, or a value of the event's own column that its pattern names."""
    value = slice_levels(slice_key).get(event.column.replace("product", "channel"))
    return value is None or event.column == "text" or re.search(event.pattern, value) is not None


def _event(row: Mapping[str, str], zone: str) -> Event:
    local = ZoneInfo(zone)

    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=local if row["time_zone_of_start_end"] != "UTC" else ZoneInfo("UTC"))

    plain = row["first_hour_over_4sigma"]
    return Event(
        event_id=row["event_id"],
        dataset=row["dataset"],
        start=at(row["start"]),
        end=at(row["end"]),
        kind=row["kind"],
        column=row["slice_column"],
        pattern=row["slice_regex"],
        what=row["what_happened"],
        suggested=row["suggested_tier"],
        plain=at(plain) if plain else None,
    )
