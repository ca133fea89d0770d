"""Sessions live in the store: the browser holds a random token, the table only its hash. The cookie is the dashboard's."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection, Engine, delete, insert, update

from fengsui.store.tables import claim_link, session

LIFETIME = timedelta(hours=12)  # one shift and its handover
WALL_LIFETIME = timedelta(days=30)  # a wall has no keyboard to sign in with every day


def start(conn: Connection, person_id: str, ip: str | None, now: datetime, lifetime: timedelta) -> tuple[str, datetime]:
    """A new session: the token for the cookie (256 random bits) and when it ends."""
    token = secrets.token_urlsafe(32)
    expires_at = now + lifetime
    row = {"token_hash": token_hash(token), "person_id": person_id, "created_at": now, "expires_at": expires_at, "ip": ip}
    conn.execute(insert(session).values(**row))
    return token, expires_at


def sign_out(store: Engine, token: str, now: datetime) -> None:
    """End this session; a token that is none changes nothing."""
    with store.begin() as conn:
        mine = (session.c.token_hash == token_hash(token)) & session.c.revoked_at.is_(None)
        conn.execute(update(session).where(mine).values(revoked_at=now))


def revoke_all(conn: Connection, person_id: str, now: datetime) -> None:
    """End every session of a person, and the links in notices sent to them."""
    theirs = (session.c.person_id == person_id) & session.c.revoked_at.is_(None)
    conn.execute(update(session).where(theirs).values(revoked_at=now))
    conn.execute(delete(claim_link).where(claim_link.c.person_id == person_id))


def token_hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
