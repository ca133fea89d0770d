"""The slot through which deliveries come in: sealed, counted, written in one short transaction, and left to the worker.

Nothing is mapped here. A delivery is known by its source and the sender's key: the same one again is answered as the first
time and makes no second row.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DataError, DBAPIError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from fengsui.ingest.inbox import NEW, seal
from fengsui.ingest.keys import Vault
from fengsui.settings import Settings, open_keys
from fengsui.store.in_turn import in_turn
from fengsui.store.tables import inbox
from fengsui.store.upsert import upsert

AGAIN_S = 5
FULL_AGAIN_S = 30
_TICK = timedelta(microseconds=1)


class NotTaken(Exception):
    """Nothing was written: ``code`` and ``params`` for the catalogue, the HTTP ``status``, and seconds after which to try
    again where that helps."""

    def __init__(self, status: int, code: str, again_s: int | None = None, **params: Any) -> None:
        super().__init__(code, params)
        self.status, self.code, self.again_s, self.params = status, code, again_s, params


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a sender hands over. ``key``: of the sender, unique among its deliveries. ``content``: what a repetition must have
    in common with the first time, where that is less than the rows (they carry a clock of ours)."""

    source: str
    kind: str
    by: str
    key: str
    rows: Sequence[Any]
    content: Any = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A delivery that is safe: it is answered with these two, the first time and every time."""

    inbox_id: str
    rows: int


class Slot:
    """Writes deliveries. Reads the keys of the deployment once."""

    def __init__(self, store: Engine, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._vault = Vault(open_keys(settings))

    def put(self, delivery: Delivery, now: datetime) -> Kept:
        """Committed when it returns. Raises ``NotTaken``: 422 (the key was used for something else), 429 (too many wait), 503
        (the store does not answer or has no room)."""
        inbox_id = delivery_id(delivery.source, delivery.key)
        row = self._row(delivery, inbox_id, now)
        try:
            with self._store.begin() as conn:
                return self._kept(conn, delivery, row)
        except (DataError, ProgrammingError):
            raise
        except (DBAPIError, PoolTimeout):
            raise NotTaken(503, "board.inbox.unavailable", AGAIN_S) from None

    def _row(self, delivery: Delivery, inbox_id: str, now: datetime) -> dict[str, Any]:
        content = json.dumps(delivery.content or delivery.rows, sort_keys=True, separators=(",", ":"))
        return {
            "inbox_id": inbox_id,
            "source": delivery.source,
            "kind": delivery.kind,
            "received_at": now,
            "by": delivery.by,
            "body": seal(self._vault, inbox_id, delivery.rows),
            "body_hash": self._vault.hashed("inbox", content),
            "key_id": self._vault.key_id,
            "rows_n": len(delivery.rows),
            "state": NEW,
        }

    def _kept(self, conn: Connection, delivery: Delivery, row: dict[str, Any]) -> Kept:
        in_turn(conn, f"inbox:{delivery.source}")
        known = _known(conn, row["inbox_id"])
        if known is None:
            self._refuse_flood(conn, delivery.source)
            newest = conn.scalar(select(func.max(inbox.c.received_at)).where(inbox.c.source == delivery.source))
            row["received_at"] = max(row["received_at"], newest + _TICK) if newest else row["received_at"]
            upsert(conn, inbox, [row], update=())
            known = _known(conn, row["inbox_id"])  # of two at once one is first, and both get its answer
        if known is None or known.body_hash != row["body_hash"]:
            raise NotTaken(422, "board.inbox.key_reused", key=delivery.key[:80])
        return Kept(row["inbox_id"], known.rows_n)

    def _refuse_flood(self, conn: Connection, source: str) -> None:
        most = self._settings.limits.push_waiting
        mine = (inbox.c.source == source) & (inbox.c.state == NEW)
        if conn.execute(select(func.count()).select_from(inbox).where(mine)).scalar_one() >= most:
            raise NotTaken(429, "board.inbox.full", FULL_AGAIN_S, waiting=most)


def delivery_id(source: str, key: str) -> str:
    return blake2b(f"{source}\0{key}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _known(conn: Connection, inbox_id: str) -> Any:
    return conn.execute(select(inbox.c.body_hash, inbox.c.rows_n).where(inbox.c.inbox_id == inbox_id)).one_or_none()
