"""The seam every page passes: who is behind this token, and may they be here. Asks the table each time, never a cache."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Engine, select

from fengsui.people.fault import NotAllowed, NotSignedIn
from fengsui.people.person import ROLES, Person, person_of
from fengsui.people.session import signed_in
from fengsui.store.database import reading
from fengsui.store.slices import slice_levels
from fengsui.store.tables import person, session

_LADDER = ("wall", "duty", "manager", "admin")


def at_least(role: str) -> frozenset[str]:
    """``wall`` opens a page to everybody, ``duty`` to duty, manager and admin. Whoever else may read (``analyst``) is named
    beside it: ``at_least("duty") | {"analyst"}``."""
    return frozenset(ROLES) if role == "wall" else frozenset(_LADDER[_LADDER.index(role) :])


def require_role(store: Engine, token: str | None, roles: Collection[str], now: datetime) -> Person:
    """The person of a living session whose role is one of ``roles``; ``NotSignedIn`` or ``NotAllowed``."""
    found = _who(store, token, now) if token else None
    if found is None:
        raise NotSignedIn
    if found.role not in roles:
        raise NotAllowed("people.fault.not_allowed", role=found.role, allowed=[role for role in ROLES if role in roles])
    return found


def whole_centre(who: Person) -> None:
    """``NotAllowed`` for whoever is bound to some organisations: what counts for the whole centre is not theirs to change."""
    if who.scope:
        raise NotAllowed("people.fault.part", scope=list(who.scope))


def _who(store: Engine, token: str, now: datetime) -> Person | None:
    query = select(person).join(session, session.c.person_id == person.c.person_id)
    query = query.where(signed_in(token, now), person.c.active)
    with reading(store).connect() as conn:
        row = conn.execute(query).mappings().first()
        return person_of(row) if row else None


def in_scope(who: Person, slice_key: str) -> bool:
    """Whether a slice has an ``org`` level inside the person's scope (contracts §9). An empty scope sees everything, a
    scoped person never sees the whole centre."""
    if not who.scope:
        return True
    places = [value for level, value in slice_levels(slice_key).items() if level.partition(".")[0] == "org"]
    return any(place == part or place.startswith(f"{part}/") for place in places for part in who.scope)
