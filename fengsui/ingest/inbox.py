"""Pushed deliveries between their arrival and the take: sealed by the dashboard, opened by the worker, settled with the rows.

A delivery is one row of ``inbox``. It is ``new`` until the transaction that stores its last record, which also empties it;
so a worker that dies in between finds it again, and nothing is taken twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection, select, update

from connectors.base import Receipt
from fengsui.ingest.keys import Vault
from fengsui.store.tables import inbox

NEW, TAKEN, BAD = "new", "taken", "bad"
UNOPENED, DEEP = "worker.inbox.unopened", "worker.inbox.deep"
_SHUT = (UNOPENED, DEEP)
"""Why not a word of a delivery was read: it keeps its sealed content until it is cleared away."""


class Unopened(Exception):
    """The key of this delivery is not named, or its bytes are not what was sealed, or it is nested too deep: ``code`` says."""

    def __init__(self, inbox_id: str, code: str = UNOPENED) -> None:
        super().__init__(inbox_id)
        self.code = code


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery that waits, without its content."""

    inbox_id: str
    received_at: datetime
    rows_n: int


def seal(vault: Vault, inbox_id: str, rows: Sequence[Any]) -> bytes:
    return vault.seal(json.dumps(rows).encode(), _bound(inbox_id))


def waiting(conn: Connection, source: str, limit: int) -> list[Letter]:
    """The oldest ``limit`` deliveries that wait, in the order of their arrival."""
    mine = (inbox.c.source == source) & (inbox.c.state == NEW)
    query = select(inbox.c.inbox_id, inbox.c.received_at, inbox.c.rows_n).where(mine)
    rows = conn.execute(query.order_by(inbox.c.received_at, inbox.c.inbox_id).limit(limit))
    return [Letter(row.inbox_id, row.received_at, row.rows_n) for row in rows]


def opened(conn: Connection, inbox_id: str, vault: Vault) -> list[Any]:
    """The rows of a delivery. Raises ``Unopened``."""
    row = conn.execute(select(inbox.c.body, inbox.c.key_id).where(inbox.c.inbox_id == inbox_id)).one()
    try:
        found: list[Any] = json.loads(vault.open(row.body, row.key_id, _bound(inbox_id)))
    except (KeyError, InvalidTag, TypeError, ValueError):
        raise Unopened(inbox_id) from None
    except RecursionError:
        raise Unopened(inbox_id, DEEP) from None
    return found


def settle(conn: Connection, receipts: Iterable[Receipt], now: datetime) -> None:
    """These deliveries are used up: the words go, the count stays. One of which nothing could be read is ``bad``."""
    for one in receipts:
        state = BAD if one.code in _SHUT or (one.rows and one.bad >= one.rows) else TAKEN
        empty = {} if one.code in _SHUT else {"body": None, "key_id": None}
        done = update(inbox).where(inbox.c.inbox_id == one.inbox_id, inbox.c.state == NEW)
        conn.execute(done.values(state=state, bad_n=one.bad, fault_code=one.code, taken_at=now, **empty))


def revive(conn: Connection, vault: Vault) -> None:
    """Deliveries whose key is named again wait again."""
    shut = (inbox.c.fault_code == UNOPENED) & inbox.c.body.is_not(None)
    missed = conn.execute(select(inbox.c.key_id).where(shut).distinct()).scalars().all()
    named = [key_id for key_id in missed if vault.knows(key_id)]
    if named:
        again = {"state": NEW, "bad_n": 0, "fault_code": None, "taken_at": None}
        conn.execute(update(inbox).where(shut, inbox.c.key_id.in_(named)).values(**again))


def _bound(inbox_id: str) -> str:
    return f"inbox:{inbox_id}"
