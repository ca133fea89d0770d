"""What stands between a right password and a session: the code of the second factor, a password of one's own, a second factor.

Each step ends the half session that came and starts the next one, so that a token never gains rights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from fengsui.people import audit, password, second
from fengsui.people.editor import editor
from fengsui.people.fault import NotSignedIn, PersonFault, SignInRefused
from fengsui.people.person import Person, person_of
from fengsui.people.session import alive, inside, revoke_all, token_hash
from fengsui.people.signin import SignedIn, go_on, note_failure, still
from fengsui.people.tries import Tries
from fengsui.settings.keys import Keys
from fengsui.settings.model import SignIn
from fengsui.store.database import reading
from fengsui.store.tables import person, session


def halfway(store: Engine, token: str | None, now: datetime) -> tuple[Person, str]:
    """Whose half session this is, and its stage. ``NotSignedIn`` for any other token."""
    with reading(store).connect() as conn:
        row = _row(conn, token, now)
    return person_of(row), row["stage"]


def prove(
    store: Engine, keys: Keys, tries: Tries, token: str | None, code: str, ip: str | None, now: datetime, policy: SignIn
) -> SignedIn:
    """With a code of the app or a recovery code. ``SignInRefused``, ``NotSignedIn``."""
    who, _ = halfway(store, token, now)
    _count(tries, who.person_id, now)
    with store.begin() as conn:
        row = _row(conn, token, now, "code")
        right = second.passes(conn, keys, who.person_id, code, now)
        if right:
            tries.forget_code(conn, who.person_id)
            return _open(conn, row, token, ip, now, policy, proved=True)
    note_failure(store, who.person_id, ip, now)
    raise SignInRefused("people.fault.wrong_code")


def choose(store: Engine, token: str | None, new: str, ip: str | None, now: datetime, policy: SignIn) -> SignedIn:
    """A password of one's own, for one that somebody else chose. ``PersonFault`` says what is wrong with it."""
    who, _ = halfway(store, token, now)
    secret = password.hashed(new, who.person_id, policy.password_least)
    with store.begin() as conn:
        row = _row(conn, token, now, "change")
        if password.matches(row["password"], new):
            raise PersonFault("people.fault.password_same")
        _set(conn, who.person_id, secret)
        revoke_all(conn, who.person_id, now, but=token)
        audit.record(conn, who.person_id, "person.password", {"person": who.person_id}, now)
        return _open(conn, {**row, "must_change": False}, token, ip, now, policy, proved=True)


def enrol(
    store: Engine, keys: Keys, tries: Tries, token: str | None, code: str, ip: str | None, now: datetime, policy: SignIn
) -> tuple[SignedIn, tuple[str, ...]]:
    """The first code of a new second factor: a session, and the recovery codes."""
    who, _ = halfway(store, token, now)
    _count(tries, who.person_id, now)
    with store.begin() as conn:
        row = _row(conn, token, now, "enrol")
        codes = second.confirm(conn, keys, who.person_id, code, now)
        if codes is None:
            raise SignInRefused("people.fault.wrong_code")
        tries.forget_code(conn, who.person_id)
        return _open(conn, row, token, ip, now, policy, proved=True), codes


def release(store: Engine, tries: Tries, person_id: str, *, by: str, now: datetime, within: Sequence[str] = ()) -> None:
    """Whoever waited after too many wrong passwords may try again."""
    with store.begin() as conn:
        scope = conn.scalar(select(person.c.scope).where(person.c.person_id == person_id))
        if scope is None or not inside(editor(conn, by, within), scope):
            raise PersonFault("people.fault.unknown", value=person_id[:64])
        tries.release(conn, person_id)
        audit.record(conn, by, "person.release", {"person": person_id}, now)


# --- of somebody who is signed in ------------------------------------------------------------------------------------


def change_own_password(
    store: Engine, tries: Tries, who: Person, token: str, old: str, new: str, ip: str | None, now: datetime, policy: SignIn
) -> None:
    """The old one is asked for: a screen left open is not enough. Every other session of the person ends."""
    stored = check_own_password(store, tries, who, old, ip, now)
    if old == new:
        raise PersonFault("people.fault.password_same")
    secret = password.hashed(new, who.person_id, policy.password_least)
    with store.begin() as conn:
        if still(conn, who.person_id, stored) is None:  # reset while the hashes were made: the reset stands
            raise SignInRefused("people.fault.wrong_old")
        _set(conn, who.person_id, secret)
        revoke_all(conn, who.person_id, now, but=token)
        audit.record(conn, who.person_id, "person.password", {"person": who.person_id}, now)


def enrol_own(store: Engine, keys: Keys, tries: Tries, who: Person, code: str, now: datetime) -> tuple[str, ...]:
    _count(tries, who.person_id, now)
    with store.begin() as conn:
        codes = second.confirm(conn, keys, who.person_id, code, now)
        if codes is None:
            raise SignInRefused("people.fault.wrong_code")
        tries.forget_code(conn, who.person_id)
    return codes


def renew_own_codes(store: Engine, keys: Keys, tries: Tries, who: Person, code: str, now: datetime) -> tuple[str, ...]:
    """For a right code, ten new recovery codes."""
    _count(tries, who.person_id, now)
    with store.begin() as conn:
        if second.passes(conn, keys, who.person_id, code, now):
            tries.forget_code(conn, who.person_id)
            return second.renew_codes(conn, who.person_id, now)
    raise SignInRefused("people.fault.wrong_code")


def check_own_password(store: Engine, tries: Tries, who: Person, secret: str, ip: str | None, now: datetime) -> str:
    """That whoever sits there is who signed in; gives back the stored hash that was right. ``SignInRefused``."""
    wait_s = tries.take(who.person_id, ip, now)
    if wait_s:
        raise SignInRefused("people.fault.too_many", wait_s=wait_s)
    with reading(store).connect() as conn:
        stored = conn.scalar(select(person.c.password).where(person.c.person_id == who.person_id))
    if not password.matches(stored, secret):
        note_failure(store, who.person_id, ip, now)
        raise SignInRefused("people.fault.wrong_old")
    with store.begin() as conn:
        tries.forget(conn, who.person_id, ip, now)
    return str(stored)


def _row(conn: Connection, token: str | None, now: datetime, stage: str | None = None) -> Mapping[Any, Any]:
    mine = (session.c.token_hash == token_hash(token or "")) & alive(now) & person.c.active
    mine &= session.c.stage.is_not(None) if stage is None else session.c.stage == stage
    query = select(person, session.c.stage).join(session, session.c.person_id == person.c.person_id)
    row = conn.execute(query.where(mine)).mappings().first() if token else None
    if row is None:
        raise NotSignedIn
    return row


def _open(
    conn: Connection, row: Mapping[Any, Any], token: str | None, ip: str | None, now: datetime, policy: SignIn, *, proved: bool
) -> SignedIn:
    used = (session.c.token_hash == token_hash(token or "")) & session.c.revoked_at.is_(None)
    if not conn.execute(update(session).where(used).values(revoked_at=now)).rowcount:
        raise NotSignedIn  # pressed twice: the first one counts
    return go_on(conn, row, ip, now, policy, proved=proved)


def _set(conn: Connection, person_id: str, secret: str) -> None:
    conn.execute(update(person).where(person.c.person_id == person_id).values(password=secret, must_change=False))


def _count(tries: Tries, person_id: str, now: datetime) -> None:
    wait_s = tries.take_code(person_id, now)
    if wait_s:
        raise SignInRefused("people.fault.too_many", wait_s=wait_s)
