"""From name and password to a session: all the way in, or to the next step (``people.steps``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from fengsui.people import audit, password, session
from fengsui.people.fault import NotAllowed, SignInRefused
from fengsui.people.person import Person, person_of
from fengsui.people.second import confirmed
from fengsui.people.tries import Tries
from fengsui.settings import Settings
from fengsui.settings.model import SignIn
from fengsui.store.database import reading
from fengsui.store.tables import person
from fengsui.store.upsert import upsert

DEMO = "demo"
NOBODY = "nobody"
"""Signs the refusals of names that nobody has."""
USUAL = SignIn()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """``token`` belongs into an HttpOnly cookie that ends at ``expires_at``. ``stage``: what is still asked, None: nothing."""

    token: str = field(repr=False)
    person: Person
    expires_at: datetime
    stage: str | None = None


def sign_in(
    store: Engine, tries: Tries, person_id: str, secret: str, ip: str | None, now: datetime, policy: SignIn = USUAL
) -> SignedIn:
    """A session, or ``SignInRefused``: which of name and password was wrong is never told, not even by the time it takes."""
    name = person_id.strip().casefold()
    wait_s = tries.take(name, ip, now)
    if wait_s:
        raise SignInRefused("people.fault.too_many", wait_s=wait_s)
    with reading(store).connect() as conn:
        row = conn.execute(select(person).where(person.c.person_id == name)).mappings().first()
    stored = row["password"] if row and row["active"] else None
    if password.matches(stored, secret) and stored is not None:
        with store.begin() as conn:
            fresh = still(conn, name, stored)
            if fresh is not None:
                tries.forget(conn, name, ip, now)
                if password.outdated(stored):
                    conn.execute(update(person).where(person.c.person_id == name).values(password=password.rehashed(secret)))
                return go_on(conn, fresh, ip, now, policy, proved=False)
    note_failure(store, name if row else NOBODY, ip, now)
    raise SignInRefused("people.fault.wrong")


def still(conn: Connection, name: str, stored: str) -> Mapping[Any, Any] | None:
    """The person as it is now, held until the session is written. None: reset or switched off while the hash was checked."""
    row = conn.execute(select(person).where(person.c.person_id == name).with_for_update()).mappings().first()
    return row if row and row["active"] and row["password"] == stored else None


def visit(store: Engine, settings: Settings, ip: str | None, now: datetime) -> SignedIn:
    """The visitor of a demo centre is ``demo``, who may see and try everything; everywhere else this is ``NotAllowed``."""
    if not settings.centre.demo:
        raise NotAllowed("people.fault.no_demo")
    with store.begin() as conn:
        values = {"person_id": DEMO, "name": "演示访客", "role": "admin", "scope": [], "active": True, "created_at": now}
        upsert(conn, person, [values], update=())
        who = person_of(conn.execute(select(person).where(person.c.person_id == DEMO)).mappings().one())
        token, expires_at = session.start(conn, DEMO, ip, now, session.LIFETIME)
        audit.record(conn, DEMO, "session.start", {"ip": ip}, now)
    return SignedIn(token, who, expires_at)


def go_on(conn: Connection, row: Mapping[Any, Any], ip: str | None, now: datetime, policy: SignIn, *, proved: bool) -> SignedIn:
    """The session for whoever has come so far: of the next stage, or the real one. ``row``: of person, as it is now;
    ``proved``: the code was right."""
    who = person_of(row)
    stage = _next(conn, row, policy, proved)
    lifetime = session.WALL_LIFETIME if who.role == "wall" else session.LIFETIME
    idle = None if stage else policy.idle.get(who.role)  # type: ignore[call-overload]
    token, expires_at = session.start(conn, who.person_id, ip, now, lifetime, stage=stage, idle=idle)
    action, params = ("session.step", {"stage": stage}) if stage else ("session.start", {})
    audit.record(conn, who.person_id, action, {"ip": ip, **params}, now)
    return SignedIn(token, who, expires_at, stage)


def _next(conn: Connection, row: Mapping[Any, Any], policy: SignIn, proved: bool) -> str | None:
    """code, then change, then enrol. Nobody changes a password who has not proved the second factor."""
    has = confirmed(conn, row["person_id"])
    if has and not proved:
        return "code"
    if row["must_change"]:
        return "change"
    return "enrol" if row["role"] in policy.second_factor and not has else None


def note_failure(store: Engine, person_id: str, ip: str | None, now: datetime) -> None:
    """A commit for invented names, too: without it the answer is quicker and tells who exists. What was typed is not kept
    (people type passwords there), and ``Tries`` bounds how many rows an address can make."""
    with store.begin() as conn:
        audit.record(conn, person_id, "session.refused", {"ip": ip}, now)
