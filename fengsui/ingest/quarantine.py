"""Rows that could not be read: kept apart, encrypted, counted once, replayable.

The same bad row delivered again is the same quarantine row (``seen_n`` rises). Parameters name the field and what is allowed;
the payload is only in the sealed ``raw``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from connectors.base import BadRecord
from fengsui.ingest.bulk import chunks, rows_in
from fengsui.ingest.keys import Vault, canonical
from fengsui.ingest.pending import Pending
from fengsui.store.tables import quarantine

HELD, REPLAYED, DISMISSED, PURGED = "held", "replayed", "dismissed", "purged"
_IDENTITY = ("source_id", "customer")


def hold(
    conn: Connection, pending: Pending, source: str, bad: Iterable[BadRecord], vault: Vault, now: datetime, *, owner: str
) -> tuple[int, set[str]]:
    """Make bad rows ready; how many of them were never seen before, and the ids of all. ``owner``: the source whose records
    they speak of (``belongs_to``), by which an erasure finds them."""
    seen: dict[str, list[BadRecord]] = {}
    for record in bad:
        seen.setdefault(quarantine_id(source, record, vault), []).append(record)
    old = {row["quarantine_id"]: row for row in rows_in(conn, select(quarantine), quarantine.c.quarantine_id, seen)}
    pending.put(quarantine, [_row(id_, (source, owner), same, old.get(id_), vault, now) for id_, same in seen.items()])
    return len(seen.keys() - old.keys()), set(seen)


def quarantine_id(source: str, record: BadRecord, vault: Vault) -> str:
    return vault.hashed("quarantine", canonical([source, record.code, _packed(record.raw)]))


def held(conn: Connection, source: str, ids: Sequence[str] | None, vault: Vault) -> dict[str, Mapping[str, Any] | str | bytes]:
    """The raw rows that wait for replay, by id; ``ids`` None: all of the source. Purged ones have nothing left."""
    query = select(quarantine).where(quarantine.c.source == source, quarantine.c.state == HELD, quarantine.c.raw.is_not(None))
    rows = conn.execute(query.order_by(quarantine.c.first_at, quarantine.c.quarantine_id))
    wanted = None if ids is None else set(ids)
    return {
        row.quarantine_id: _unpacked(vault.open(row.raw, row.key_id, row.quarantine_id))
        for row in rows
        if wanted is None or row.quarantine_id in wanted
    }


def mark(pending: Pending, ids: Iterable[str], state: str, now: datetime) -> None:
    for part in chunks(ids):
        pending.run(update(quarantine).where(quarantine.c.quarantine_id.in_(part)).values(state=state, last_at=now))


def _row(
    id_: str, sources: tuple[str, str], same: Sequence[BadRecord], old: Mapping[str, Any] | None, vault: Vault, now: datetime
) -> dict[str, Any]:
    first, (source, owner) = same[0], sources
    source_id, customer = (first.params.get(name) for name in _IDENTITY)
    return {
        "quarantine_id": id_,
        "source": source,
        "code": first.code,
        "params": json.loads(canonical({name: value for name, value in first.params.items() if name not in _IDENTITY})),
        "record_key": f"{owner}:{vault.own_id(str(source_id))}" if source_id else None,
        "customer": vault.customer(str(customer)) if customer else None,
        "first_at": old["first_at"] if old else now,
        "last_at": now,
        "seen_n": (old["seen_n"] if old else 0) + len(same),
        "raw": old["raw"] if old and old["raw"] else vault.seal(_packed(first.raw).encode("utf-8", "surrogatepass"), id_),
        "key_id": old["key_id"] if old and old["raw"] else vault.key_id,
        "state": old["state"] if old and old["state"] == DISMISSED else HELD,
    }


def _packed(raw: Mapping[str, Any] | str | bytes) -> str:
    """The raw form with its type, as JSON."""
    kind = "bytes" if isinstance(raw, bytes) else "str" if isinstance(raw, str) else "row"
    return canonical({kind: raw})


def _unpacked(packed: bytes) -> Mapping[str, Any] | str | bytes:
    found: dict[str, Any] = json.loads(packed)
    kind, raw = next(iter(found.items()))
    return bytes.fromhex(raw) if kind == "bytes" else raw
