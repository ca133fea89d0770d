"""A new data key: everything that an older one sealed is sealed again, so that the older one can be taken out of settings.

Each row is opened under its own key and bound to the same row as before. What cannot be opened (its key is gone, or the row was
tampered with) is left as it is and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from cryptography.exceptions import InvalidTag
from sqlalchemy import Column, Engine, Table, func, insert, select, update

from fengsui.ingest.fence import Fence
from fengsui.ingest.keys import Vault
from fengsui.store.database import reading
from fengsui.store.tables import audit, customer, feedback_text, inbox, quarantine, second_factor

AT_ONCE: Final = 500
PAGE: Final = 5000
Turn: TypeAlias = tuple[datetime, Fence]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of ciphertexts; ``bound`` gives what a row's is bound to, by its key."""

    table: Table
    key: Column[str]
    column: Column[bytes]
    bound: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Turned:
    """A part of the work."""

    table: str
    sealed: int
    unopened: int


def _itself(key: str) -> str:
    return key


SEALED: Final = (
    Sealed(feedback_text, feedback_text.c.record_key, feedback_text.c.raw, _itself),
    Sealed(customer, customer.c.customer, customer.c.source_id, _itself),
    Sealed(quarantine, quarantine.c.quarantine_id, quarantine.c.raw, _itself),
    Sealed(second_factor, second_factor.c.person_id, second_factor.c.secret, lambda key: f"second_factor\0{key}"),
    Sealed(inbox, inbox.c.inbox_id, inbox.c.body, lambda key: f"inbox:{key}"),
)


def rotate(store: Engine, vault: Vault, by: str, turn: Callable[[], Turn]) -> Iterator[Turned]:
    """Seal what older keys sealed under the present one, some hundred rows in a transaction. Begun again after a crash, it goes
    on with what is left. ``turn``: asked before each transaction."""
    total, lost = 0, 0
    for one in SEALED:
        last = ""
        while True:
            now, fence = turn()
            with reading(store).connect() as conn:
                rows = conn.execute(_old(one, vault.key_id, last)).all()
            done, shut = _again(rows, one, vault)
            with store.begin() as conn:
                fence(conn)
                for key, sealed, old in done:
                    mine = (one.key == key) & (one.table.c.key_id == old)
                    conn.execute(update(one.table).where(mine).values({one.column.name: sealed, "key_id": vault.key_id}))
            total, lost = total + len(done), lost + shut
            yield Turned(one.table.name, len(done), shut)
            if len(rows) < AT_ONCE:
                break
            last = rows[-1][0]
    if not total:
        return
    now, fence = turn()
    with store.begin() as conn:
        fence(conn)
        what = {"key_id": vault.key_id, "sealed": total, "unopened": lost}
        conn.execute(insert(audit).values(at=now, by=by, action="keys.rotate", params=what))


def needed(store: Engine, key_ids: Collection[str]) -> Iterator[bool]:
    """Whether a row still needs one of ``key_ids``, page by page: False so long as none was found; ends at the first."""
    for one in SEALED:
        last = ""
        while True:
            page = select(one.key, one.table.c.key_id, one.column.is_not(None)).where(one.key > last).order_by(one.key)
            with reading(store).connect() as conn:
                rows = conn.execute(page.limit(PAGE)).all()
            if any(sealed and key_id in key_ids for _, key_id, sealed in rows):
                yield True
                return
            yield False
            if len(rows) < PAGE:
                break
            last = rows[-1][0]


def sealed_by(store: Engine) -> Counter[str]:
    """key id -> rows that only this key opens."""
    found: Counter[str] = Counter()
    with reading(store).connect() as conn:
        for one in SEALED:
            query = select(one.table.c.key_id, func.count()).where(one.column.is_not(None)).group_by(one.table.c.key_id)
            for key_id, n in conn.execute(query):
                found[str(key_id)] += int(n)
    return found


def _old(one: Sealed, key_id: str, last: str) -> Any:
    wanted = one.column.is_not(None) & (one.table.c.key_id != key_id) & (one.key > last)
    return select(one.key, one.column, one.table.c.key_id).where(wanted).order_by(one.key).limit(AT_ONCE)


def _again(rows: Iterable[Any], one: Sealed, vault: Vault) -> tuple[list[tuple[str, bytes, str]], int]:
    done, shut = [], 0
    for key, sealed, key_id in rows:
        try:
            plain = vault.open(sealed, key_id, one.bound(key))
        except (KeyError, InvalidTag, ValueError):
            shut += 1
            continue
        done.append((key, vault.seal(plain, one.bound(key)), key_id))
    return done, shut
