"""The second factor of a person: offered, confirmed with a first code, asked for at every sign-in, taken away.

The secret is encrypted under the deployment's data key and bound to its person; of recovery codes the store keeps hashes.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Engine, delete, func, insert, or_, select, update

from fengsui.people import audit, totp
from fengsui.people.editor import editor
from fengsui.people.fault import PersonFault
from fengsui.people.session import inside, revoke_all
from fengsui.settings.keys import Keys
from fengsui.store.database import reading
from fengsui.store.tables import person, recovery_code, second_factor

CODES, CODE_BYTES, NONCE = 10, 10, 12
OFFER_LASTS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Offer:
    """``typed``: the key for typing; ``address``: what the QR code says."""

    typed: str = field(repr=False)
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Factor:
    """A confirmed one; ``codes_left``: recovery codes not used yet."""

    confirmed_at: datetime
    codes_left: int


def factor_of(store: Engine, person_id: str) -> Factor | None:
    return every_factor(store, [person_id]).get(person_id)


def every_factor(store: Engine, person_ids: Sequence[str]) -> dict[str, Factor]:
    wanted = list(person_ids)
    with reading(store).connect() as conn:
        left = select(recovery_code.c.person_id, func.count()).where(
            recovery_code.c.person_id.in_(wanted), recovery_code.c.used_at.is_(None)
        )
        codes: dict[str, int] = dict(conn.execute(left.group_by(recovery_code.c.person_id)).tuples().all())
        confirmed = select(second_factor.c.person_id, second_factor.c.confirmed_at).where(
            second_factor.c.person_id.in_(wanted), second_factor.c.confirmed_at.is_not(None)
        )
        return {id_: Factor(at, codes.get(id_, 0)) for id_, at in conn.execute(confirmed).tuples()}


def confirmed(conn: Connection, person_id: str) -> bool:
    mine = (second_factor.c.person_id == person_id) & second_factor.c.confirmed_at.is_not(None)
    return conn.scalar(select(second_factor.c.person_id).where(mine)) is not None


def offer(store: Engine, keys: Keys, person_id: str, issuer: str, now: datetime) -> Offer:
    """A secret to put into the app; the same one for an hour, so that a page loaded again does not undo the scan.

    ``PersonFault`` where a second factor is confirmed already."""
    with store.begin() as conn:
        row = conn.execute(select(second_factor).where(second_factor.c.person_id == person_id)).mappings().first()
        if row is not None and row["confirmed_at"] is not None:
            raise PersonFault("people.fault.second_there")
        known = _opened(keys, row["secret"], row["key_id"], person_id) if row else None
        if row is None or known is None or now - row["made_at"] > OFFER_LASTS:
            known = totp.new_secret()
            conn.execute(delete(second_factor).where(second_factor.c.person_id == person_id))
            sealed = {"secret": _sealed(keys, known, person_id), "key_id": keys.data_key_id}
            conn.execute(insert(second_factor).values(person_id=person_id, **sealed, made_at=now))
    return Offer(totp.typed(known), totp.address(known, issuer, person_id))


def confirm(conn: Connection, keys: Keys, person_id: str, code: str, now: datetime) -> tuple[str, ...] | None:
    """The recovery codes, told here and never again; None for a wrong code."""
    row = conn.execute(select(second_factor).where(second_factor.c.person_id == person_id).with_for_update()).mappings().first()
    if row is None or row["confirmed_at"] is not None:
        raise PersonFault("people.fault.second_there" if row else "people.fault.second_gone")
    if now - row["made_at"] > OFFER_LASTS:
        raise PersonFault("people.fault.offer_over")
    step = _step(keys, row["secret"], row["key_id"], person_id, code, now)
    if step is None:
        return None
    mine = second_factor.c.person_id == person_id
    conn.execute(update(second_factor).where(mine).values(confirmed_at=now, last_step=step))
    audit.record(conn, person_id, "second.confirm", {"person": person_id}, now)
    return _new_codes(conn, person_id)


def renew_codes(conn: Connection, person_id: str, now: datetime) -> tuple[str, ...]:
    """Ten new recovery codes; the old ones open nothing any more."""
    audit.record(conn, person_id, "second.codes", {"person": person_id}, now)
    return _new_codes(conn, person_id)


def passes(conn: Connection, keys: Keys, person_id: str, typed: str, now: datetime) -> bool:
    """Whether this code, of the app or for recovery, is right and was never used before; it is used up now."""
    code = "".join(typed.split()).replace("-", "").upper()
    if len(code) == totp.DIGITS and code.isascii() and code.isdigit():
        return _passes_app(conn, keys, person_id, code, now)
    mine = (recovery_code.c.person_id == person_id) & (recovery_code.c.code_hash == _hash(person_id, code))
    used = update(recovery_code).where(mine & recovery_code.c.used_at.is_(None)).values(used_at=now)
    if not conn.execute(used).rowcount:
        return False
    audit.record(conn, person_id, "second.recovery", {"person": person_id}, now)
    return True


def remove(store: Engine, person_id: str, *, by: str, now: datetime, within: Sequence[str] = ()) -> None:
    """The phone is lost: from now on the password is enough, until another one is set up. Every session ends."""
    with store.begin() as conn:
        scope = conn.scalar(select(person.c.scope).where(person.c.person_id == person_id))
        if scope is None or not inside(editor(conn, by, within), scope) or not confirmed(conn, person_id):
            raise PersonFault("people.fault.second_gone")
        conn.execute(delete(second_factor).where(second_factor.c.person_id == person_id))
        conn.execute(delete(recovery_code).where(recovery_code.c.person_id == person_id))
        revoke_all(conn, person_id, now)
        audit.record(conn, by, "second.remove", {"person": person_id}, now)


def _passes_app(conn: Connection, keys: Keys, person_id: str, code: str, now: datetime) -> bool:
    mine = second_factor.c.person_id == person_id
    row = conn.execute(select(second_factor).where(mine & second_factor.c.confirmed_at.is_not(None))).mappings().first()
    step = None if row is None else _step(keys, row["secret"], row["key_id"], person_id, code, now)
    if step is None:
        return False
    newer = or_(second_factor.c.last_step.is_(None), second_factor.c.last_step < step)
    return bool(conn.execute(update(second_factor).where(mine & newer).values(last_step=step)).rowcount)


def _step(keys: Keys, sealed: bytes, key_id: str, person_id: str, code: str, now: datetime) -> int | None:
    secret = _opened(keys, sealed, key_id, person_id)
    return None if secret is None else totp.step_of_code(secret, "".join(code.split()), now)


def _new_codes(conn: Connection, person_id: str) -> tuple[str, ...]:
    codes = [base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode() for _ in range(CODES)]
    conn.execute(delete(recovery_code).where(recovery_code.c.person_id == person_id))
    conn.execute(insert(recovery_code), [{"person_id": person_id, "code_hash": _hash(person_id, code)} for code in codes])
    return tuple("-".join(code[n : n + 4] for n in range(0, len(code), 4)) for code in codes)


def _hash(person_id: str, code: str) -> str:
    return sha256(f"recovery\0{person_id}\0{code}".encode("utf-8", "replace")).hexdigest()


def _sealed(keys: Keys, secret: bytes, person_id: str) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(keys.data).encrypt(nonce, secret, _bound(person_id))


def _opened(keys: Keys, sealed: bytes, key_id: str, person_id: str) -> bytes | None:
    """None where the key is gone or the row was moved: no code is right then, and an administrator takes the factor away."""
    try:
        return AESGCM(keys.by_id(key_id)).decrypt(sealed[:NONCE], sealed[NONCE:], _bound(person_id))
    except (KeyError, InvalidTag):
        return None


def _bound(person_id: str) -> bytes:
    return f"second_factor\0{person_id}".encode()
