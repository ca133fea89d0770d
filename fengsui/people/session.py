"""Sessions live in the store: the browser holds a random token, the table only its hash. The cookie is the dashboard's.

A session with a ``stage`` is half way in: it opens the form of that stage (``people.steps``) and no page.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, insert, or_, select, update

from fengsui.people import audit
from fengsui.people.editor import editor
from fengsui.people.fault import PersonFault
from fengsui.settings.model import SignIn
from fengsui.store.database import reading
from fengsui.store.tables import claim_link, person, session

LIFETIME = timedelta(hours=12)  # one shift and its handover
WALL_LIFETIME = timedelta(days=30)  # a wall has no keyboard to sign in with every day
HALF_LIFETIME = timedelta(minutes=15)  # to find the phone, or think of a password
PAUSE = timedelta(minutes=1)
"""What somebody does is noted so often at most."""
REF_CHARS = 16


@dataclass(frozen=True, slots=True)
class Session:
    """``ref`` names it without opening anything (the begin of its hash)."""

    ref: str
    person_id: str
    name: str
    role: str
    scope: tuple[str, ...]
    ip: str | None
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    idle_at: datetime | None


def start(
    conn: Connection,
    person_id: str,
    ip: str | None,
    now: datetime,
    lifetime: timedelta,
    *,
    stage: str | None = None,
    idle: timedelta | None = None,
) -> tuple[str, datetime]:
    """A new session: the token for the cookie (256 random bits) and when it ends."""
    token = secrets.token_urlsafe(32)
    expires_at = now + (HALF_LIFETIME if stage else lifetime)
    row = {"token_hash": token_hash(token), "person_id": person_id, "created_at": now, "expires_at": expires_at, "ip": ip}
    idle_at = now + idle if idle else None
    conn.execute(insert(session).values(**row, stage=stage, seen_at=now, idle_at=idle_at))
    return token, expires_at


def alive(now: datetime) -> ColumnElement[bool]:
    unused = or_(session.c.idle_at.is_(None), session.c.idle_at > now)
    return and_(session.c.revoked_at.is_(None), session.c.expires_at > now, unused)


def signed_in(token: str, now: datetime) -> ColumnElement[bool]:
    """The session of this token, all the way in."""
    return and_(session.c.token_hash == token_hash(token), session.c.stage.is_(None), alive(now))


def touch(reader: Engine, writer: Engine, token: str | None, policy: SignIn, now: datetime) -> None:
    """Its person has done something (a page that asks by itself is nobody's doing). Writes once a minute at most."""
    if not token:
        return
    columns = (session.c.seen_at, session.c.idle_at, person.c.role)
    query = select(*columns).join(person, person.c.person_id == session.c.person_id).where(signed_in(token, now))
    with reading(reader).connect() as conn:
        row = conn.execute(query).mappings().first()
    if row is None or (row["seen_at"] is not None and now - row["seen_at"] < PAUSE):
        return
    idle = policy.idle.get(row["role"]) if row["idle_at"] is not None else None
    with writer.begin() as conn:
        idle_at = now + idle if idle else row["idle_at"]
        conn.execute(update(session).where(signed_in(token, now)).values(seen_at=now, idle_at=idle_at))


def living(store: Engine, now: datetime, of: str | None = None, within: Sequence[str] = ()) -> tuple[Session, ...]:
    """The sessions that open pages now, of one person or of everybody inside ``within``; the newest first."""
    who = [person.c.name, person.c.role, person.c.scope]
    query = select(session, *who).join(person, person.c.person_id == session.c.person_id)
    query = query.where(alive(now), session.c.stage.is_(None), person.c.active)
    if of is not None:
        query = query.where(session.c.person_id == of)
    with reading(store).connect() as conn:
        rows = conn.execute(query.order_by(session.c.created_at.desc(), session.c.token_hash)).mappings().all()
    return tuple(
        Session(
            row["token_hash"][:REF_CHARS],
            row["person_id"],
            row["name"],
            row["role"],
            tuple(row["scope"]),
            row["ip"],
            row["created_at"],
            row["seen_at"] or row["created_at"],
            row["expires_at"],
            row["idle_at"],
        )
        for row in rows
        if inside(within, row["scope"])
    )


def end(store: Engine, ref: str, *, by: str, now: datetime, of: str | None = None, within: Sequence[str] = ()) -> None:
    """End one session, of ``of`` alone or of anybody inside ``within``; ``PersonFault`` where there is none such."""
    mine = session.c.token_hash.startswith(ref, autoescape=True) & alive(now)
    query = select(session.c.token_hash, session.c.person_id, person.c.scope)
    query = query.join(person, person.c.person_id == session.c.person_id).where(mine)
    with store.begin() as conn:
        row = conn.execute(query).mappings().first() if len(ref) == REF_CHARS else None
        bound = within if of is not None and of == by else editor(conn, by, within)
        if row is None or (of is not None and row["person_id"] != of) or not inside(bound, row["scope"]):
            raise PersonFault("people.fault.no_session")
        conn.execute(update(session).where(session.c.token_hash == row["token_hash"]).values(revoked_at=now))
        audit.record(conn, by, "session.revoke", {"person": row["person_id"], "session": ref}, now)


def sign_out(store: Engine, token: str, now: datetime) -> None:
    """End this session; a token that is none changes nothing."""
    mine = (session.c.token_hash == token_hash(token)) & session.c.revoked_at.is_(None)
    with store.begin() as conn:
        whose = conn.scalar(select(session.c.person_id).where(mine))
        if whose is not None:
            conn.execute(update(session).where(mine).values(revoked_at=now))
            audit.record(conn, whose, "session.end", {}, now)


def revoke_all(conn: Connection, person_id: str, now: datetime, but: str | None = None) -> None:
    """End every session of a person (but the one of a token), and the links in notices sent to them."""
    theirs = (session.c.person_id == person_id) & session.c.revoked_at.is_(None)
    if but is not None:
        theirs &= session.c.token_hash != token_hash(but)
    conn.execute(update(session).where(theirs).values(revoked_at=now))
    conn.execute(delete(claim_link).where(claim_link.c.person_id == person_id))


def inside(within: Sequence[str], scope: Sequence[str]) -> bool:
    """Whether all of ``scope`` lies in the organisations ``within``; without any there is no bound. Who sees the whole
    centre lies in no part of it."""
    if not within:
        return True
    return bool(scope) and all(any(one == place or one.startswith(f"{place}/") for place in within) for one in scope)


def token_hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
