"""From name and password to a session."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine, select, update

from fengsui.people import audit, password, session
from fengsui.people.fault import NotAllowed, SignInRefused
from fengsui.people.person import Person, person_of
from fengsui.people.tries import Tries
from fengsui.settings import Settings
from fengsui.store.database import reading
from fengsui.store.tables import person
from fengsui.store.upsert import upsert

DEMO = "demo"
NOBODY = "nobody"
"""Signs the refusals of names that nobody has."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """``token`` belongs into an HttpOnly cookie that ends at ``expires_at``."""

    token: str = field(repr=False)
    person: Person
    expires_at: datetime


def sign_in(store: Engine, tries: Tries, person_id: str, secret: str, ip: str | None, now: datetime) -> SignedIn:
    """A session, or ``SignInRefused``: which of name and password was wrong is never told, not even by the time it takes."""
    name = person_id.strip().casefold()
    wait_s = tries.take(name, ip, now)
    if wait_s:
        raise SignInRefused("people.fault.too_many", wait_s=wait_s)
    with reading(store).connect() as conn:
        row = conn.execute(select(person).where(person.c.person_id == name)).mappings().first()
    stored = row["password"] if row and row["active"] else None
    if not password.matches(stored, secret) or row is None or stored is None:
        _note_failure(store, name if row else NOBODY, ip, now)
        raise SignInRefused("people.fault.wrong")
    tries.forget(name, ip)
    return _open(store, person_of(row), ip, now, password.rehashed(secret) if password.outdated(stored) else None)


def visit(store: Engine, settings: Settings, ip: str | None, now: datetime) -> SignedIn:
    """The visitor of a demo centre is ``demo``, who may see and try everything; everywhere else this is ``NotAllowed``."""
    if not settings.centre.demo:
        raise NotAllowed("people.fault.no_demo")
    with store.begin() as conn:
        values = {"person_id": DEMO, "name": "演示访客", "role": "admin", "scope": [], "active": True, "created_at": now}
        upsert(conn, person, [values], update=())
        row = conn.execute(select(person).where(person.c.person_id == DEMO)).mappings().one()
    return _open(store, person_of(row), ip, now, None)


def _open(store: Engine, who: Person, ip: str | None, now: datetime, stronger: str | None) -> SignedIn:
    lifetime = session.WALL_LIFETIME if who.role == "wall" else session.LIFETIME
    with store.begin() as conn:
        if stronger:
            conn.execute(update(person).where(person.c.person_id == who.person_id).values(password=stronger))
        token, expires_at = session.start(conn, who.person_id, ip, now, lifetime)
        audit.record(conn, who.person_id, "session.start", {"ip": ip}, now)
    return SignedIn(token, who, expires_at)


def _note_failure(store: Engine, person_id: str, ip: str | None, now: datetime) -> None:
    """A commit for invented names, too: without it the answer is quicker and tells who exists. What was typed is not kept
    (people type passwords there), and ``Tries`` bounds how many rows an address can make."""
    with store.begin() as conn:
        audit.record(conn, person_id, "session.refused", {"ip": ip}, now)
