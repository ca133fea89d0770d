"""Links without an account, of one scope, revocable; the store keeps a hash of the token. One kind opens a wall, read-only; the
other opens the form of 一线上报 and nothing else.

Behind each link stands a person of role ``wall`` who has no password: sessions, scope and masks are those of any wall screen.
Whoever reports by a link has no session at all: the token in the address is all there is.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, Select, insert, select, update

from fengsui.people import audit, session
from fengsui.people.editor import editor
from fengsui.people.fault import LinkRefused, PersonFault
from fengsui.people.person import Person, check_within, insert_person, person_of
from fengsui.people.plain import plain
from fengsui.people.session import token_hash
from fengsui.people.signin import SignedIn
from fengsui.store.database import reading
from fengsui.store.tables import person, wall_link
from fengsui.store.tables import session as sessions

START, REPORT = "wall-", "report-"
TOKEN_CHARS = 64
LONGEST = timedelta(days=400)
"""As long as a browser keeps a cookie. A screen that opens its link once a day or a month never comes near it."""


@dataclass(frozen=True, slots=True)
class Link:
    """``addresses``: networks from which it opens; empty: from everywhere."""

    person: Person
    created_at: datetime
    expires_at: datetime | None
    addresses: tuple[str, ...]
    used_at: datetime | None
    revoked_at: datetime | None

    def expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def opens(self, now: datetime) -> bool:
        return self.person.active and self.revoked_at is None and not self.expired(now)


def make_link(
    store: Engine,
    name: str,
    *,
    by: str,
    now: datetime,
    scope: Sequence[str] = (),
    expires_at: datetime | None = None,
    addresses: Sequence[str] = (),
    views: Sequence[str] = (),
    turn_s: int = 0,
    start: str = START,
    within: Sequence[str] = (),
) -> tuple[Link, str]:
    """A new link and its token, which is told here and never again. ``start``: of its id, which says what it opens.
    ``within``: the organisations of who makes it, where its scope must lie. ``PersonFault`` for an empty name or no address."""
    networks = [_network(each) for each in addresses]
    screen = Person(f"{start}{secrets.token_hex(4)}", plain(name), "wall", tuple(scope))
    token = secrets.token_urlsafe(32)
    row: dict[str, Any] = {"token_hash": token_hash(token), "expires_at": expires_at, "addresses": networks}
    row |= {"views": list(views), "turn_s": turn_s}
    with store.begin() as conn:
        check_within(editor(conn, by, within), screen.scope)
        insert_person(conn, screen, None, now)
        conn.execute(insert(wall_link).values(person_id=screen.person_id, **row))
        until = expires_at.isoformat() if expires_at else None
        told = {"link": screen.person_id, "name": name, "scope": list(scope), "addresses": networks, "expires_at": until}
        audit.record(conn, by, "link.make", told, now)
    return Link(screen, now, expires_at, tuple(networks), None, None), token


def every_link(store: Engine, start: str = "") -> tuple[Link, ...]:
    """All (of the kind ``start``), the revoked ones too, the oldest first."""
    with reading(store).connect() as conn:
        mine = _links().where(person.c.person_id.startswith(start))
        rows = conn.execute(mine.order_by(person.c.created_at, person.c.person_id)).mappings()
        return tuple(_link(row) for row in rows)


def reporter(store: Engine, token: str, now: datetime) -> Person | None:
    """Who reports by this link; None for one that opens no form (any more). Asks the table each time."""
    if len(token) > TOKEN_CHARS:
        return None
    with reading(store).connect() as conn:
        row = conn.execute(_links().where(wall_link.c.token_hash == token_hash(token))).mappings().first()
    link = _link(row) if row else None
    return link.person if link is not None and link.opens(now) and link.person.person_id.startswith(REPORT) else None


def link_views(store: Engine, token: str) -> tuple[tuple[str, ...], int]:
    """The set of views that a link carries, and for how many seconds each stays; empty and 0 where it says nothing."""
    mine = wall_link.c.token_hash == token_hash(token)
    with reading(store).connect() as conn:
        row = conn.execute(select(wall_link.c.views, wall_link.c.turn_s).where(mine)).first()
    return (tuple(row.views), row.turn_s) if row else ((), 0)


def revoke_link(store: Engine, link_id: str, *, by: str, now: datetime, within: Sequence[str] = ()) -> None:
    """From now on it opens nothing, and the screens that it opened show nothing more. For good: make another one instead."""
    with store.begin() as conn:
        mine = (wall_link.c.person_id == link_id) & wall_link.c.revoked_at.is_(None)
        scope = conn.execute(select(person.c.scope).where(person.c.person_id == link_id)).scalar()
        check_within(editor(conn, by, within), tuple(scope or ()))
        if not conn.execute(update(wall_link).where(mine).values(revoked_at=now)).rowcount:
            raise PersonFault("people.fault.no_link", value=link_id[:64])
        conn.execute(update(person).where(person.c.person_id == link_id).values(active=False))
        session.revoke_all(conn, link_id, now)
        audit.record(conn, by, "link.revoke", {"link": link_id}, now)


def enter(store: Engine, token: str, ip: str | None, now: datetime, held: str | None = None) -> SignedIn | None:
    """A session for whoever shows the token of a link; None where the session ``held`` is one of this link already.

    ``LinkRefused``: unknown, expired and revoked are one answer; another address is a second."""
    with store.begin() as conn:
        row = conn.execute(_links().where(wall_link.c.token_hash == token_hash(token))).mappings().first()
        link = _link(row) if row else None
        if link is None or not link.opens(now) or not link.person.person_id.startswith(START):
            raise LinkRefused("people.fault.link")
        if not _inside(link.addresses, ip):
            raise LinkRefused("people.fault.link_address", ip=ip or "—")
        if held and _holder(conn, held, now) == link.person.person_id:
            return None
        return _open(conn, link, ip, now)


def admitted(store: Engine, held: str | None, ip: str | None) -> bool:
    """Whether a browser at ``ip`` may show this session's token: a session of a link with addresses moves to no other one."""
    if not held:
        return True
    mine = sessions.c.token_hash == token_hash(held)
    query = select(wall_link.c.addresses).join(sessions, sessions.c.person_id == wall_link.c.person_id).where(mine)
    with reading(store).connect() as conn:
        return _inside(conn.execute(query).scalar() or (), ip)


def _open(conn: Connection, link: Link, ip: str | None, now: datetime) -> SignedIn:
    longest = link.expires_at - now if link.expires_at else LONGEST
    told, expires_at = session.start(conn, link.person.person_id, ip, now, min(LONGEST, longest))
    mine = wall_link.c.person_id == link.person.person_id
    if link.used_at is None:
        conn.execute(update(wall_link).where(mine).values(used_at=now))
        audit.record(conn, link.person.person_id, "link.first_use", {"link": link.person.person_id, "ip": ip}, now)
    audit.record(conn, link.person.person_id, "session.start", {"ip": ip}, now)
    return SignedIn(told, link.person, expires_at)


def _holder(conn: Connection, held: str, now: datetime) -> str | None:
    living = sessions.c.revoked_at.is_(None) & (sessions.c.expires_at > now)
    found: str | None = conn.execute(
        select(sessions.c.person_id).where(living & (sessions.c.token_hash == token_hash(held)))
    ).scalar()
    return found


def _network(text: str) -> str:
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError:
        raise PersonFault("people.fault.address", value=text[:64]) from None


def _inside(addresses: Sequence[str], ip: str | None) -> bool:
    if not addresses:
        return True
    try:
        at = ip_address(ip or "")
    except ValueError:
        return False
    at = getattr(at, "ipv4_mapped", None) or at
    return any(at in ip_network(each) for each in addresses)


def _links() -> Select[Any]:
    columns = [wall_link.c[name] for name in ("expires_at", "addresses", "used_at", "revoked_at")]
    return select(person, *columns).join(wall_link, wall_link.c.person_id == person.c.person_id)


def _link(row: RowMapping) -> Link:
    ends = (row["expires_at"], tuple(row["addresses"]), row["used_at"], row["revoked_at"])
    return Link(person_of(row), row["created_at"], *ends)
