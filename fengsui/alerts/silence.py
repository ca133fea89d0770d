"""静默: what is not told for a while, once or each week, in the centre's zone. Pure: all is decided from the rows and ``now``.

A silence keeps an alert from people, never from the record: it opens, is graded and clears as ever. What still burns when the
silence ends, or grows beyond the tier that it keeps silent, is told then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fengsui.store.slices import slice_key, slice_levels

DAY = timedelta(days=1)
MIDNIGHT = 24 * 60


@dataclass(frozen=True, slots=True)
class Weekly:
    """``days``: 0 is Monday, the day on which a stretch begins. ``start``, ``end``: minutes of the local day, half-open; an end
    that is not after the start lies on the next day."""

    days: frozenset[int]
    start: int
    end: int

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Weekly:
        """Raises ``ValueError`` for what is no such pattern."""
        days = frozenset(int(day) for day in body["days"])
        if not days or not days <= set(range(7)):
            raise ValueError(f"days {sorted(days)}: some of 0 (Monday) to 6")
        return cls(days, minutes(body["start"]), minutes(body["end"]))

    @property
    def always(self) -> bool:
        """Without a gap: each day's stretch reaches the next."""
        length = self.end - self.start + (0 if self.end > self.start else MIDNIGHT)
        return len(self.days) == 7 and length >= MIDNIGHT

    def body(self) -> dict[str, Any]:
        return {"days": sorted(self.days), "start": clock(self.start), "end": clock(self.end)}


@dataclass(frozen=True, slots=True)
class Silence:
    """``rule_id`` None: every rule. ``where`` empty: everywhere. ``tier``: the gravest that it keeps silent."""

    id: str
    rule_id: str | None
    where: Mapping[str, str]
    tier: int
    start_at: datetime
    end_at: datetime
    weekly: Weekly | None = None

    def until(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When the stretch that holds ``now`` ends; None outside of one."""
        if not self.start_at <= now < self.end_at:
            return None
        if self.weekly is None:
            return self.end_at
        today = now.astimezone(zone).date()
        for day in (today - DAY, today):
            if day.weekday() in self.weekly.days:
                begin, end = stretch(self.weekly, day, zone)
                if begin <= now < end:
                    return min(end, self.end_at)
        return None

    def covers(self, rule_id: str, key: str, tier: int) -> bool:
        """Whether it is about such an alert, whatever the time."""
        if tier > self.tier or (self.rule_id is not None and self.rule_id != rule_id):
            return False
        small = slice_levels(key)
        return slice_key(self.where) == key or all(_holds(level, value, small) for level, value in self.where.items())


def stretch(weekly: Weekly, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The stretch that begins on ``day``, as instants: the local clock counts, also where it is moved in that night."""
    last = day if weekly.end > weekly.start else day + DAY
    return _at(day, weekly.start, zone), _at(last, weekly.end, zone)


def hushed(
    silences: Iterable[Silence], rule_id: str, key: str, tier: int, now: datetime, zone: ZoneInfo
) -> tuple[Silence, datetime] | None:
    """The silence that lasts longest for such an alert now, and until when."""
    found = [(one, end) for one in silences if one.covers(rule_id, key, tier) and (end := one.until(now, zone)) is not None]
    return max(found, key=lambda pair: (pair[1], pair[0].id)) if found else None


def minutes(text: str) -> int:
    """``22:00`` -> 1320; ``24:00`` is allowed."""
    hour, _, minute = text.partition(":")
    if not (hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit() and len(minute) == 2):
        raise ValueError(f"{text!r} is no time like 22:00")
    found = int(hour) * 60 + int(minute)
    if int(minute) > 59 or found > MIDNIGHT:
        raise ValueError(f"{text!r} is no time like 22:00")
    return found


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def silence_of(row: Any) -> Silence:
    """A row of the table; one that was ended early ends there."""
    end = row.end_at if row.ended_at is None else min(row.ended_at, row.end_at)
    weekly = Weekly.of(row.weekly) if row.weekly else None
    return Silence(row.silence_id, row.rule_id, row.where, row.tier, row.start_at, end, weekly)


def _holds(level: str, value: str, part: Mapping[str, str]) -> bool:
    name = level.partition(".")[0]
    return any(
        other.partition(".")[0] == name and (found == value or found.startswith(f"{value}/")) for other, found in part.items()
    )


def _at(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """On the local clock; a time that a night skips is the instant after it."""
    extra = timedelta(days=minute // MIDNIGHT)
    return datetime.combine(day + extra, time(minute % MIDNIGHT // 60, minute % 60), zone)
