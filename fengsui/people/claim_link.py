"""Personal links in notices: whoever opens one is shown the alert, and may claim it once as the person it was sent to.

The message holds a random token, the table only its hash, as with sessions. It ends after a day, when it was used, when the
person's rights change or their password is set anew.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, insert, select, update

from fengsui.people.person import Person, person_of
from fengsui.people.session import token_hash
from fengsui.store.database import reading
from fengsui.store.tables import claim_link, person

LIFETIME = timedelta(hours=24)
TOKEN_CHARS = 64


@dataclass(frozen=True, slots=True)
class ClaimLink:
    """``used``: its one claim was made; it goes on showing the alert until it ends."""

    person: Person
    episode_id: str
    used: bool


def make_claim_link(conn: Connection, person_id: str, episode_id: str, notice_id: str, now: datetime) -> str:
    """The token for the address of the link (256 random bits)."""
    token = secrets.token_urlsafe(32)
    row = {"token_hash": token_hash(token), "person_id": person_id, "episode_id": episode_id, "notice_id": notice_id}
    conn.execute(insert(claim_link).values(**row, made_at=now, expires_at=now + LIFETIME))
    return token


def open_claim_link(store: Engine, token: str, now: datetime) -> ClaimLink | None:
    """Asks the table each time: a person who was switched off a second ago opens nothing."""
    if len(token) > TOKEN_CHARS:
        return None
    living = (claim_link.c.token_hash == token_hash(token)) & (claim_link.c.expires_at > now) & person.c.active
    query = select(person, claim_link.c.episode_id, claim_link.c.used_at)
    query = query.join(claim_link, claim_link.c.person_id == person.c.person_id).where(living)
    with reading(store).connect() as conn:
        row = conn.execute(query).mappings().first()
    return ClaimLink(person_of(row), row["episode_id"], row["used_at"] is not None) if row else None


def use_claim_link(store: Engine, token: str, now: datetime) -> None:
    with store.begin() as conn:
        mine = (claim_link.c.token_hash == token_hash(token)) & claim_link.c.used_at.is_(None)
        conn.execute(update(claim_link).where(mine).values(used_at=now))
