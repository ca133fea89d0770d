"""值班表: who is on duty when, by name, with the telephone extension, as the centre planned it.

A file takes the place of what was planned in the time that it covers, for the teams that it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select

from fengsui.people import audit
from fengsui.store.database import reading
from fengsui.store.slices import slice_levels
from fengsui.store.tables import rota_shift

ROLES = ("duty", "manager")
"""值班员, 值班主管."""


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


@dataclass(frozen=True, slots=True)
class Kept:
    """``added`` shifts, in the place of ``replaced``."""

    added: int
    replaced: int


def save_rota(store: Engine, shifts: Sequence[Shift], *, by: str, now: datetime) -> Kept:
    """All or nothing, audited. What was planned for the same teams and begins within the time of ``shifts`` goes."""
    if not shifts:
        return Kept(0, 0)
    start, end = min(one.start_at for one in shifts), max(one.end_at for one in shifts)
    teams = sorted({one.team for one in shifts})
    rows = [{name: getattr(one, name) for name in _COLUMNS} for one in dict.fromkeys(shifts)]
    same = rota_shift.c.team.in_(teams) & (rota_shift.c.start_at >= start) & (rota_shift.c.start_at < end)
    with store.begin() as conn:
        gone = conn.execute(delete(rota_shift).where(same)).rowcount
        conn.execute(insert(rota_shift), rows)
        span = {"start": start.isoformat(), "end": end.isoformat()}
        audit.record(conn, by, "rota.save", {"n": len(rows), "replaced": gone, "teams": teams, **span}, now)
    return Kept(len(rows), gone)


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
    found = [one for one in rota(store, now, now) if one.start_at <= now < one.end_at]
    return tuple(sorted(found, key=lambda one: (ROLES.index(one.role), one.team, one.name)))


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


_COLUMNS = ("team", "role", "start_at", "name", "end_at", "extension", "person_id")


def _shift(row: Any) -> Shift:
    return Shift(**{name: row[name] for name in _COLUMNS})
