"""值班表 as a page shows it: a week by team and day with its gaps, who is away, what is asked, and what a file would change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, select

from fengsui.alerts.commands.table import DUTY, MANAGER
from fengsui.alerts.duty_gaps import AHEAD, Gaps, gaps
from fengsui.board.rota_change import AHEAD as PLANNED
from fengsui.board.rota_change import ASKED, DONE, Who, decides, known, manages, owner
from fengsui.board.rota_file import rows_of
from fengsui.board.scope import Scope, inside
from fengsui.people import Person
from fengsui.people.rota import Preview, Shift, planned, preview, teams_of
from fengsui.people.rota_file import RotaMistakes, RowMistake, read_rows
from fengsui.settings import Settings
from fengsui.store.database import reading
from fengsui.store.tables import person, rota_change

DAYS = 7
MISSED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Slot:
    """One shift of a day, or a gap (``shift`` None). ``mine``: of who asks."""

    start_at: datetime
    end_at: datetime
    shift: Shift | None
    mine: bool = False


@dataclass(frozen=True, slots=True)
class Team:
    """``days``: the slots that begin on each day, in order. ``team`` empty: the whole centre."""

    team: str
    days: tuple[tuple[Slot, ...], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One row of ``rota_change``. ``decides``: who looks may agree and refuse; ``own``: may take it back."""

    change_id: str
    kind: str
    name: str
    start_at: datetime
    end_at: datetime
    other: str | None
    other_start_at: datetime | None
    reason: str
    by: str
    state: str
    decides: bool
    own: bool


@dataclass(frozen=True, slots=True)
class Week:
    """``gaps``: of the coming seven days, whatever week is shown. ``away``: leaves of the week."""

    days: tuple[date, ...]
    teams: tuple[Team, ...]
    gaps: tuple[Gaps, ...]
    away: tuple[Change, ...]
    asked: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class FilePreview:
    """``refused``: rows with their reason; while there are any, nothing of the file counts. ``warned``: what should be looked
    at. ``preview`` None: nothing could be read."""

    shifts: tuple[Shift, ...]
    preview: Preview | None
    refused: tuple[RowMistake, ...]
    warned: tuple[RowMistake, ...]


def week(store: Engine, who: Person, zone: ZoneInfo, first: date, now: datetime) -> Week:
    """Seven days from ``first``. A scope sees its own teams and those of the whole centre."""
    start, end = _at(first, zone), _at(first + timedelta(days=DAYS), zone)
    with reading(store).connect() as conn:
        shifts = [one for one in planned(conn, start, end) if one.start_at >= start and _sees(who.scope, one.team)]
        teams = [one for one in teams_of(conn, min(start, now) - MISSED) if _sees(who.scope, one)]
        open_ = [one for one in gaps(conn, zone, max(start, now), end, now) if _sees(who.scope, one.team)] if end > now else []
        ahead = tuple(one for one in gaps(conn, zone, now, now + AHEAD, now) if _sees(who.scope, one.team))
        _, persons = known(conn, now)
        mine = {one for one in shifts if owner(one, persons).person_id == who.person_id}
        changes = _changes(conn, who, persons, now)
    days = tuple(first + timedelta(days=n) for n in range(DAYS))
    shown = tuple(_team(team, shifts, open_, days, zone, mine) for team in teams)
    away = tuple(one for one in changes if one.state == DONE and one.start_at < end and one.end_at > start)
    return Week(days, shown, ahead, away, tuple(one for one in changes if one.state == ASKED and one.end_at > now))


def choices(store: Engine, who: Person, now: datetime) -> tuple[tuple[Shift, ...], tuple[Shift, ...], tuple[Who, ...]]:
    """Shifts ahead that this person may give away, all others to swap with, and who can be away or stand in."""
    with reading(store).connect() as conn:
        people, persons = known(conn, now)
        ahead = [one for one in planned(conn, now, now + PLANNED) if one.start_at > now and _sees(who.scope, one.team)]
        own = {one for one in ahead if owner(one, persons).person_id == who.person_id}
    managed = {one for one in ahead if who.role in MANAGER and manages(who.scope, one.team)}
    return tuple(one for one in ahead if one in own | managed), tuple(ahead), people


def of_file(store: Engine, settings: Settings, who: Person, name: str, content: bytes, now: datetime) -> FilePreview:
    """What ``rota_change.take_over`` would do with an uploaded file; stores nothing."""
    try:
        read = read_rows(rows_of(name, content), settings.centre.zone)
    except RotaMistakes as fault:
        return FilePreview((), None, tuple(fault.mistakes), ())
    outside = [
        RowMistake(n, "board.rota.team_row", {"team": one.team, "scope": list(who.scope)})
        for n, one in read.shifts
        if not manages(who.scope, one.team)
    ]
    refused = tuple(sorted((*read.mistakes, *outside), key=lambda one: one.row))
    shifts = tuple(one for _, one in read.shifts)
    if not shifts:
        return FilePreview((), None, refused, ())
    with reading(store).connect() as conn:
        _, persons = known(conn, now)
        found = preview(conn, shifts)
        leaves = _leaves(conn, min(one.start_at for one in shifts), max(one.end_at for one in shifts))
    accounts = {one.person_id for one in persons}
    return FilePreview(shifts, found, refused, tuple(_warnings(read.shifts, found, leaves, accounts, persons)))


def waiting(conn: Connection, who: Person, now: datetime) -> tuple[Change, ...]:
    """What somebody asks of this person, or what only a manager can decide."""
    if who.role not in DUTY:
        return ()
    _, persons = known(conn, now)
    return tuple(one for one in _changes(conn, who, persons, now) if one.state == ASKED and one.decides and not one.own)


def _warnings(
    rows: Sequence[tuple[int, Shift]], found: Preview, leaves: Sequence[Any], accounts: set[str], persons: Sequence[Person]
) -> list[RowMistake]:
    warned = []
    for n, one in rows:
        who = owner(one, persons)
        for away in leaves:
            same = who.person_id == away.person_id if away.person_id else one.name == away.name
            if same and one.start_at < away.end_at and one.end_at > away.start_at:
                params = {"name": one.name, "start": away.start_at, "end": away.end_at, "other": away.other_name or ""}
                warned.append(RowMistake(n, f"board.rota.warn.away{'' if away.other_name else '_alone'}", params))
        if one.person_id and one.person_id not in accounts:
            warned.append(RowMistake(n, "board.rota.warn.account", {"value": one.person_id[:40]}))
    for before in (*found.removed, *(before for before, _ in found.changed)):
        if before.instead_of:
            params = {"name": before.name, "for": before.instead_of, "at": before.start_at}
            warned.append(RowMistake(0, "board.rota.warn.undone", params))
    return warned


def _team(
    team: str, shifts: Sequence[Shift], open_: Sequence[Gaps], days: Sequence[date], zone: ZoneInfo, mine: set[Shift]
) -> Team:
    slots = [Slot(one.start_at, one.end_at, one, one in mine) for one in shifts if one.team == team]
    spans = [span for one in open_ if one.team == team for span in one.spans]
    slots += [Slot(start, end, None) for span in spans for start, end in _by_day(*span, zone)]
    slots.sort(key=lambda one: (one.start_at, one.shift is not None and one.shift.role == "manager", one.end_at))
    by_day = {day: [one for one in slots if one.start_at.astimezone(zone).date() == day] for day in days}
    return Team(team, tuple(tuple(by_day[day]) for day in days))


def _by_day(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """A gap of several days stands on each of them."""
    while start < end:
        midnight = _at(start.astimezone(zone).date() + timedelta(days=1), zone)
        yield start, min(midnight, end)
        start = midnight


def _changes(conn: Connection, who: Person, persons: Sequence[Person], now: datetime) -> list[Change]:
    """What is asked of the coming time, and every leave that was granted, of teams that ``who`` sees."""
    fresh = rota_change.c.end_at > now - PLANNED
    wanted = rota_change.c.state.in_((ASKED, DONE)) & fresh
    rows = conn.execute(select(rota_change).where(wanted).order_by(rota_change.c.start_at, rota_change.c.change_id)).all()
    names = {one.person_id: one.name for one in conn.execute(select(person.c.person_id, person.c.name))}
    by_id = {one.person_id: one for one in persons}
    asked = [row._asdict() for row in rows if row.state == ASKED and who.role in DUTY]
    may = {row["change_id"] for row in asked if decides(conn, row, who, now)}
    shown = (_change(row, who, by_id, names, may=row.change_id in may) for row in rows)
    return [one for one in shown if one is not None]


def _change(row: Any, who: Person, by_id: dict[str, Person], names: dict[str, str], *, may: bool) -> Change | None:
    involved = who.person_id in (row.by, row.person_id, row.other_id)
    if row.state == DONE and row.kind != "leave":
        return None
    if not involved and not may and not (row.state == DONE and _covers(who.scope, row, by_id)):
        return None
    asked = row.state == ASKED
    return Change(
        row.change_id,
        row.kind,
        row.name,
        row.start_at,
        row.end_at,
        row.other_name,
        row.other_start_at,
        row.reason,
        names.get(row.by, row.by),
        row.state,
        may,
        asked and who.person_id == row.by,
    )


def _covers(scope: Scope, row: Any, by_id: dict[str, Person]) -> bool:
    """A leave that was granted, by the organisations of who is away."""
    if not scope:
        return True
    away = by_id.get(row.person_id or "")
    return away is not None and bool(away.scope) and all(any(inside(own, one) for own in scope) for one in away.scope)


def _leaves(conn: Connection, start: datetime, end: datetime) -> list[Any]:
    granted = (rota_change.c.kind == "leave") & (rota_change.c.state == DONE)
    there = (rota_change.c.start_at < end) & (rota_change.c.end_at > start)
    return list(conn.execute(select(rota_change).where(granted, there).order_by(rota_change.c.start_at)))


def _sees(scope: Scope, team: str) -> bool:
    return not scope or not team or any(inside(part, team) for part in scope)


def _at(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
