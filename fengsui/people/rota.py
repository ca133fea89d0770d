"""值班表: who is on duty when, by name, with the telephone extension, as the centre planned it.

A file takes the place of what was planned in the time that it covers, for the teams that it names.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, insert, select

from fengsui.people import audit
from fengsui.people.fault import RotaFault
from fengsui.people.person import Person
from fengsui.store.database import reading
from fengsui.store.in_turn import in_turn
from fengsui.store.slices import slice_levels
from fengsui.store.tables import rota_shift

ROLES = ("duty", "manager")
"""值班员, 值班主管."""
IN_TURN = "rota"
"""Whoever changes shifts reads what the one before wrote (``store.in_turn``)."""


@dataclass(frozen=True, slots=True)
class Shift:
    """``[start_at, end_at)``, aware. ``team``: an organisation path, empty for the whole centre; ``person_id``: the sign-in
    name, where the person has one."""

    role: str
    name: str
    start_at: datetime
    end_at: datetime
    team: str = ""
    extension: str | None = None
    person_id: str | None = None
    instead_of: str | None = None
    """Whose shift the file planned, where somebody else stands in."""

    @property
    def place(self) -> tuple[str, str, datetime, datetime]:
        """Where and when, whoever it is."""
        return (self.team, self.role, self.start_at, self.end_at)


@dataclass(frozen=True, slots=True)
class Kept:
    """``added`` shifts, in the place of ``replaced``."""

    added: int
    replaced: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What ``save_rota`` would do. ``changed``: another person, extension or account at the same time, before and after;
    ``seen``: names what stands there now."""

    added: tuple[Shift, ...]
    changed: tuple[tuple[Shift, Shift], ...]
    removed: tuple[Shift, ...]
    same: int
    seen: str


def save_rota(store: Engine, shifts: Sequence[Shift], *, by: str, now: datetime, seen: str | None = None) -> Kept:
    """All or nothing, audited. What was planned for the same teams and begins within the time of ``shifts`` goes.

    ``seen``: of the preview that was looked at; ``RotaFault`` where something else stands there by now."""
    if not shifts:
        return Kept(0, 0)
    start, end = min(one.start_at for one in shifts), max(one.end_at for one in shifts)
    teams = sorted({one.team for one in shifts})
    rows = [{name: getattr(one, name) for name in _COLUMNS} for one in dict.fromkeys(shifts)]
    with store.begin() as conn:
        in_turn(conn, IN_TURN)
        if seen is not None and fingerprint(_standing(conn, shifts)) != seen:  # only this is asked while others wait to write
            raise RotaFault("people.rota.moved")
        gone = conn.execute(delete(rota_shift).where(_replaced(shifts))).rowcount
        conn.execute(insert(rota_shift), rows)
        span = {"start": start.isoformat(), "end": end.isoformat()}
        audit.record(conn, by, "rota.save", {"n": len(rows), "replaced": gone, "teams": teams, **span}, now)
    return Kept(len(rows), gone)


def preview(conn: Connection, shifts: Sequence[Shift]) -> Preview:
    """``shifts`` beside what stands in their place."""
    new = set(shifts)
    old = _standing(conn, shifts) if new else set()
    there: dict[tuple[str, str, datetime, datetime], deque[Shift]] = defaultdict(deque)
    for one in _in_order(old - new):
        there[one.place].append(one)
    changed, added = [], []
    for one in _in_order(new - old):
        if there[one.place]:
            changed.append((there[one.place].popleft(), one))
        else:
            added.append(one)
    gone = _in_order(one for left in there.values() for one in left)
    return Preview(tuple(added), tuple(changed), tuple(gone), len(old & new), fingerprint(old))


def _standing(conn: Connection, shifts: Sequence[Shift]) -> set[Shift]:
    """What ``shifts`` would take the place of."""
    return {_shift(row) for row in conn.execute(select(rota_shift).where(_replaced(shifts))).mappings()}


def fingerprint(shifts: Iterable[Shift]) -> str:
    return blake2b(repr(_in_order(shifts)).encode(), digest_size=16).hexdigest()


def _in_order(shifts: Iterable[Shift]) -> list[Shift]:
    return sorted(shifts, key=lambda one: (one.start_at, one.team, one.role, one.name, one.end_at))


def _replaced(shifts: Sequence[Shift]) -> ColumnElement[bool]:
    start, end = min(one.start_at for one in shifts), max(one.end_at for one in shifts)
    mine = rota_shift.c.team.in_(sorted({one.team for one in shifts}))
    return mine & (rota_shift.c.start_at >= start) & (rota_shift.c.start_at < end)


def rota(store: Engine, start: datetime, end: datetime) -> tuple[Shift, ...]:
    """The shifts that touch ``[start, end)``, in order."""
    with reading(store).connect() as conn:
        return planned(conn, start, end)


def planned(conn: Connection, start: datetime, end: datetime) -> tuple[Shift, ...]:
    """``rota`` within a transaction."""
    mine = (rota_shift.c.start_at < end) & (rota_shift.c.end_at > start)
    query = select(rota_shift).where(mine).order_by(rota_shift.c.start_at, rota_shift.c.role, rota_shift.c.name)
    return tuple(_shift(row) for row in conn.execute(query).mappings())


def teams_of(conn: Connection, since: datetime) -> tuple[str, ...]:
    """The teams that were planned for at any time after ``since``."""
    query = select(rota_shift.c.team).where(rota_shift.c.end_at > since).distinct()
    return tuple(conn.scalars(query.order_by(rota_shift.c.team)))


def responsible(shifts: Sequence[Shift], slice_key: str | None) -> tuple[Shift, ...]:
    """Those of the team nearest to a place, or of the whole centre; news of no place are for all."""
    if slice_key is None:
        return tuple(shifts)
    places = [value for level, value in slice_levels(slice_key).items() if level.partition(".")[0] == "org"]
    near = [one.team for one in shifts if one.team and any(f"{place}/".startswith(f"{one.team}/") for place in places)]
    team = max(near, key=len, default="")
    return tuple(one for one in shifts if one.team == team)


def on_duty(store: Engine, now: datetime) -> tuple[Shift, ...] | None:
    """Who is on duty now, officers before managers; None where no shift was ever planned: then nobody can be missing."""
    with reading(store).connect() as conn:
        if conn.execute(select(rota_shift.c.name).limit(1)).first() is None:
            return None
    found = [one for one in rota(store, now, now + timedelta(seconds=1)) if one.start_at <= now < one.end_at]
    return tuple(sorted(found, key=lambda one: (ROLES.index(one.role), one.team, one.name)))


def stands(shift: Shift, one: Person, names: Mapping[str, int]) -> bool:
    """By account; a shift without one names a person that nobody else is called like (``names``: how many are)."""
    if shift.person_id:
        return one.person_id == shift.person_id
    return one.name == shift.name and names.get(shift.name) == 1


def replace(conn: Connection, gone: Sequence[Shift], come: Sequence[Shift]) -> None:
    """Shifts in the place of others, all or nothing: ``RotaFault`` where one of ``gone`` is not there any more, or somebody
    would stand twice at the same time."""
    for one in gone:
        if conn.execute(delete(rota_shift).where(_is(one))).rowcount != 1:
            raise RotaFault("people.rota.moved")
    for one in come:
        other = conn.execute(select(rota_shift).where(_beside(one))).mappings().first()
        if other is not None:
            raise RotaFault("people.rota.twice", name=one.name, at=one.start_at)
        conn.execute(insert(rota_shift).values({name: getattr(one, name) for name in _COLUMNS}))


def _is(one: Shift) -> ColumnElement[bool]:
    mine = [rota_shift.c[name] == getattr(one, name) for name in _KEY]
    same = rota_shift.c.end_at == one.end_at
    account = rota_shift.c.person_id.is_(None) if one.person_id is None else rota_shift.c.person_id == one.person_id
    return and_(*mine, same, account)


def _beside(one: Shift) -> ColumnElement[bool]:
    """The same person for the same team in the same role, at the same time."""
    who = rota_shift.c.name == one.name
    if one.person_id:
        who |= rota_shift.c.person_id == one.person_id
    time = (rota_shift.c.start_at < one.end_at) & (rota_shift.c.end_at > one.start_at)
    return and_(who, time, rota_shift.c.team == one.team, rota_shift.c.role == one.role)


def unmanned(
    store: Engine, start: datetime, end: datetime, role: str = "duty", team: str = ""
) -> tuple[tuple[datetime, datetime], ...]:
    """The parts of ``[start, end)`` in which nobody of ``role`` is named for ``team`` or for the whole centre."""
    mine = [one for one in rota(store, start, end) if one.role == role and one.team in ("", team)]
    gaps, at = [], start
    for one in mine:
        if one.start_at > at:
            gaps.append((at, one.start_at))
        at = max(at, one.end_at)
    return tuple([*gaps, (at, end)] if at < end else gaps)


_KEY = ("team", "role", "start_at", "name")
_COLUMNS = (*_KEY, "end_at", "extension", "person_id", "instead_of")


def _shift(row: Any) -> Shift:
    return Shift(**{name: row[name] for name in _COLUMNS})
