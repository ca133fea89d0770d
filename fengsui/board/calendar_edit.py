"""The calendar as an administrator edits it: a year of days, one or some days changed, the hours of a queue.

Works on a plain body (contracts §7, kind ``calendar``) and gives a new one; nothing is stored here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

from pydantic import ValidationError
from sqlalchemy import Engine

from fengsui.board.wrong import Mistake, Wrong, mistakes_of
from fengsui.metrics import calendars
from fengsui.metrics.calendar_body import DEFAULT, WEEKDAYS, CalendarBody
from fengsui.metrics.calendars import Calendar, Ending
from fengsui.settings import Settings

Body: TypeAlias = Mapping[str, Any]
FIELDS = (*WEEKDAYS, "holiday", "makeup")
KINDS = ("holiday", "makeup", "workday", "weekend")
LONGEST = 40
ALWAYS, CLOSED, AS_MONDAY = "00:00-24:00", "-", "="
"""As hours are typed: all day; closed; a make-up workday like a Monday."""
_DAYS = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})(?:\s*(?:~|～|至|到)\s*(\d{4}-\d{1,2}-\d{1,2}))?")
_EXTRA = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)\s*(?:~|～|至|到)\s*(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(?:\s+(.*))?")
_SEPARATORS = re.compile(r"[,，、;；\s]+")


@dataclass(frozen=True, slots=True)
class Day:
    """``named``: written in the table; else what its weekday says. ``confirmed`` False: beyond the table."""

    day: date
    kind: str
    named: bool
    confirmed: bool


def year(settings: Settings, body: Body, number: int) -> list[Day]:
    """Every day of a year as this body has it."""
    calendar = Calendar(0, calendars.FOREVER, CalendarBody.model_validate(body), settings.centre.tz)
    first = date(number, 1, 1)
    days = [first + timedelta(days=n) for n in range((date(number + 1, 1, 1) - first).days)]
    return [Day(one, calendar.day_type(one), one in calendar.body.days, calendar.confirmed(one)) for one in days]


def warning(store: Engine, settings: Settings, now: datetime) -> Ending | None:
    """The table ends soon, or has ended."""
    with store.connect() as conn:
        known = calendars.load(conn, settings.centre.calendar, settings.centre.zone, now)
    return calendars.ending(known.newest, now.astimezone(settings.centre.tz).date())


def with_days(body: Body, text: str, kind: str | None) -> dict[str, Any]:
    """``2027-02-05`` or ``2027-02-05 ~ 2027-02-11`` become ``kind``; None takes them out of the table. Raises ``Wrong``."""
    days = dict(body.get("days") or {})
    for one in _span(text):
        if kind is None:
            days.pop(one.isoformat(), None)
        else:
            days[one.isoformat()] = kind
    return {**body, "days": dict(sorted(days.items()))}


def with_until(body: Body, text: str) -> dict[str, Any]:
    """The last day that is certain; empty: no end."""
    return {**body, "until": _day(text.strip(), "until").isoformat() if text.strip() else None}


def with_hours(body: Body, queue: str, typed: Mapping[str, str], add: str, remove: str) -> dict[str, Any]:
    """The hours of a queue as they were typed; raises ``Wrong`` with every field that cannot be read."""
    name = queue.strip()
    wrong = [] if name else [Mistake(("queue",), "board.wrong.missing")]
    hours: dict[str, Any] = {day: spans(typed.get(day, "")) for day in FIELDS}
    for kind, text in (("add", add), ("remove", remove)):
        try:
            hours[kind] = _extras(text, kind)
        except Wrong as fault:
            wrong += fault.mistakes
    if wrong:
        raise Wrong(wrong)
    new = {**body, "hours": {**(body.get("hours") or {}), name: hours}}
    try:
        CalendarBody.model_validate(new)
    except ValidationError as fault:
        raise Wrong(mistakes_of(fault)) from None
    return new


def without_hours(body: Body, queue: str) -> dict[str, Any]:
    """The queue goes by those above it again; the centre's own stay."""
    left = {name: hours for name, hours in (body.get("hours") or {}).items() if name != queue or queue == DEFAULT}
    return {**body, "hours": left}


def spans(text: str) -> list[str] | None:
    """``09:00-12:00, 13:30-18:00``; ``-`` or nothing is closed; ``=`` is like a Monday (None)."""
    clean = text.strip().replace("：", ":").replace("—", "-").replace("–", "-")
    if clean in (AS_MONDAY, "＝"):
        return None
    return [] if clean in ("", CLOSED) else [part for part in _SEPARATORS.split(clean) if part]


def typed(found: Sequence[str] | None) -> str:
    """Hours as ``spans`` reads them."""
    if found is None:
        return AS_MONDAY
    return ", ".join(found) if found else CLOSED


def typed_extras(found: Sequence[Mapping[str, Any]]) -> str:
    lines = (f"{str(one['start'])[:16]} ~ {str(one['end'])[:16]} {one.get('note') or ''}" for one in found)
    return "\n".join(line.replace("T", " ").strip() for line in lines)


def _extras(text: str, kind: str) -> list[dict[str, str]]:
    found, wrong = [], []
    for n, line in enumerate((part.strip() for part in text.splitlines() if part.strip()), 1):
        match = _EXTRA.fullmatch(line)
        if match is None:
            wrong.append(Mistake((kind, n), "board.wrong.extra", {"value": line[:60]}))
            continue
        start, end = f"{match[1]}T{match[2]}:00", f"{match[3]}T{match[4]}:00"
        found.append({"start": start, "end": end, "note": match[5] or ""})
    if wrong:
        raise Wrong(wrong)
    return found


def _span(text: str) -> list[date]:
    match = _DAYS.fullmatch(text.strip())
    if match is None:
        raise Wrong([Mistake(("days",), "board.wrong.days", {"value": text.strip()[:40]})])
    first = _day(match[1], "days")
    last = _day(match[2], "days") if match[2] else first
    length = (last - first).days + 1
    if not 0 < length <= LONGEST:
        raise Wrong([Mistake(("days",), "board.wrong.days_length", {"limit": LONGEST})])
    return [first + timedelta(days=n) for n in range(length)]


def _day(text: str, place: str) -> date:
    try:
        year_, month, day = (int(part) for part in text.split("-"))
        return date(year_, month, day)
    except ValueError:
        raise Wrong([Mistake((place,), "board.wrong.date", {"value": text[:40]})]) from None


def nameless() -> list[Mistake]:
    """A queue without a name."""
    return [Mistake(("queue",), "board.wrong.missing")]
