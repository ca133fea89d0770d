"""The centre's calendar, in its versions: days and opening hours, a definition of kind ``calendar``.

Seeded from the ``holidays`` library and edited by people. Deadlines go by a version from the moment it was saved; what kind of
day it is, from the next local day on, so that a day never changes its kind while detectors learn it. The first version counts
for everything before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from sqlalchemy import Connection, func, insert, select

from fengsui.metrics.business import BusinessClock
from fengsui.metrics.calendar import DayType, day_type, exceptions, local_day, plain, published_until
from fengsui.metrics.calendar_body import DEFAULT, CalendarBody
from fengsui.store.tables import audit, definition

KIND, ID = "calendar", "default"
SEED = "seed"
YEARS_BACK, YEARS_AHEAD = 12, 2
FOREVER = datetime(1970, 1, 1, tzinfo=UTC)
WARN_DAYS = 45
"""So long before the table ends people are told: the State Council publishes the next year in November."""


@dataclass
class Calendar:
    """One version."""

    version: int
    valid_from: datetime
    body: CalendarBody
    zone: ZoneInfo
    _clocks: dict[str, BusinessClock] = field(default_factory=dict)

    def day_type(self, day: date) -> DayType:
        """Never raises: outside the years of the table a day is what the library guesses."""
        known = self.body.days.get(day)
        if known is not None:
            return known
        return plain(day) if day.year in self._years else day_type(day, self.body.code)

    @cached_property
    def _years(self) -> frozenset[int]:
        return frozenset(day.year for day in self.body.days)

    def confirmed(self, day: date) -> bool:
        """False: the table does not reach so far, and ``day`` may turn out to be another kind of day."""
        return self.body.until is None or day <= self.body.until

    def clock(self, queue: str | None = None) -> BusinessClock:
        """Of a queue (技能组) or the queue above it (``信用卡/投诉`` -> ``信用卡``); else the centre's."""
        name = self._hours_of(queue or DEFAULT)
        if name not in self._clocks:
            self._clocks[name] = BusinessClock(self.body.hours[name], self.day_type, self.zone)
        return self._clocks[name]

    @property
    def always(self) -> bool:
        """Every queue is open day and night: business time is plain time."""
        return all(self.clock(name).always for name in self.body.hours)

    def _hours_of(self, queue: str) -> str:
        while queue and queue not in self.body.hours:
            queue = queue.rpartition("/")[0]
        return queue or DEFAULT


class Calendars:
    """All versions, oldest first."""

    def __init__(self, versions: Sequence[Calendar]) -> None:
        self.versions = tuple(versions)
        self.plain = all(one.always for one in self.versions)
        self._numbered = {one.version: one for one in self.versions}

    def numbered(self, version: int | None) -> Calendar | None:
        return self._numbered.get(version) if version is not None else None

    def at(self, moment: datetime) -> Calendar:
        """The version in force at ``moment``."""
        known = [one for one in self.versions if one.valid_from <= moment]
        return known[-1] if known else self.versions[0]

    def on(self, day: date) -> Calendar:
        """The version by which a local day has its kind: the one in force as it began."""
        return self.at(datetime.combine(day, time(), self.versions[0].zone))

    def day_type(self, day: date) -> DayType:
        return self.on(day).day_type(day)

    @property
    def newest(self) -> Calendar:
        return self.versions[-1]


@dataclass(frozen=True, slots=True)
class Ending:
    """The table ends (or has ended, where ``days`` is negative) and somebody must enter what was published since."""

    until: date
    days: int


def ending(calendar: Calendar, today: date) -> Ending | None:
    """From 45 days before the end of the table on."""
    until = calendar.body.until
    if until is None or (until - today).days > WARN_DAYS:
        return None
    return Ending(until, (until - today).days)


def published(code: str, zone: str, year: int) -> Calendars:
    """What the library knows, looking from ``year``: for a store that has no table yet, and for invented data."""
    return Calendars([Calendar(0, FOREVER, seeded(code, year), ZoneInfo(zone))])


def seeded(code: str, year: int) -> CalendarBody:
    """The table of a new centre: its days from twelve years ago to two years ahead, and hours without end."""
    years = range(year - YEARS_BACK, year + YEARS_AHEAD + 1)
    days = {day: kind for each in years for day, kind in sorted(exceptions(code, each).items())}
    return CalendarBody(code=code, until=published_until(code, year), days=days)


def version_of(conn: Connection) -> int:
    """Cheap: changes with every version."""
    mine = (definition.c.kind == KIND) & (definition.c.id == ID)
    return int(conn.scalar(select(func.max(definition.c.version)).where(mine)) or 0)


def load(conn: Connection, code: str, zone: str, now: datetime) -> Calendars:
    """Every version in the store; what is published for ``code`` where there is none. One that lies ahead of ``now`` counts
    from its own day."""
    mine = (definition.c.kind == KIND) & (definition.c.id == ID)
    rows = conn.execute(select(definition).where(mine).order_by(definition.c.valid_from, definition.c.version)).all()
    if not rows:
        return published(code, zone, local_day(now, zone).year)
    here = ZoneInfo(zone)
    return Calendars([Calendar(row.version, row.valid_from, _body(row.body), here) for row in rows])


def seed(conn: Connection, code: str, zone: str, now: datetime) -> None:
    """Version 1 where there is none; afterwards a version that adds the years published since, and only these. Where settings
    name another country, its days take the place of the old ones; hours stay."""
    mine = (definition.c.kind == KIND) & (definition.c.id == ID)
    row = conn.execute(select(definition).where(mine).order_by(definition.c.version.desc()).limit(1)).first()
    fresh = seeded(code, local_day(now, zone).year)
    body = fresh if row is None else _renewed(_body(row.body), fresh)
    if row is not None and body == _body(row.body):
        return
    version = 1 if row is None else row.version + 1
    values = {"kind": KIND, "id": ID, "version": version, "valid_from": now, "by": SEED}
    conn.execute(insert(definition).values(**values, body=plain_json(body)))
    if row is not None:
        params = {"kind": KIND, "id": ID, "version": version}
        conn.execute(insert(audit).values(at=now, by=SEED, action="definition.save", params=params))


def plain_json(body: BaseModel) -> dict[str, Any]:
    """A body as it is stored."""
    found: dict[str, Any] = body.model_dump(mode="json")
    return found


def _renewed(old: CalendarBody, fresh: CalendarBody) -> CalendarBody:
    if old.code != fresh.code:
        return fresh.model_copy(update={"hours": old.hours})
    if fresh.until is None:
        added = {day: kind for day, kind in fresh.days.items() if day > max(old.days, default=date.min)}
        return old.model_copy(update={"days": {**old.days, **added}}) if added else old
    if old.until is None or fresh.until <= old.until:
        return old
    known = {day: kind for day, kind in old.days.items() if day <= old.until}
    new = {day: kind for day, kind in fresh.days.items() if day > old.until}
    return old.model_copy(update={"days": known | new, "until": fresh.until})


def _body(body: Mapping[str, Any]) -> CalendarBody:
    return CalendarBody.model_validate(body)
