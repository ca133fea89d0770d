"""Rows that could not be read: kept apart, encrypted, counted once, replayable.

The same bad row delivered again is the same quarantine row (``seen_n`` rises). Parameters name the field and what is allowed;
the payload is only in the sealed ``raw``.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection, select, update

from connectors.base import BadRecord
from fengsui.ingest.bulk import chunks, rows_in
from fengsui.ingest.keys import Vault, canonical
from fengsui.ingest.pending import Pending
from fengsui.store.tables import quarantine, tombstone

log = logging.getLogger(__name__)

HELD, REPLAYED, DISMISSED, PURGED = "held", "replayed", "dismissed", "purged"
_IDENTITY = ("source_id", "customer")


def hold(
    conn: Connection, pending: Pending, source: str, bad: Iterable[BadRecord], vault: Vault, now: datetime, *, owner: str
) -> tuple[int, set[str]]:
    """Make bad rows ready; how many of them were never seen before, and the ids of all. ``owner``: the source whose records
    they speak of (``belongs_to``), by which an erasure finds them."""
    seen: dict[str, list[BadRecord]] = {}
    for record in _not_erased(conn, list(bad), vault, owner):
        seen.setdefault(quarantine_id(source, record, vault), []).append(record)
    old = {row["quarantine_id"]: row for row in rows_in(conn, select(quarantine), quarantine.c.quarantine_id, seen)}
    pending.put(quarantine, [_row(id_, (source, owner), same, old.get(id_), vault, now) for id_, same in seen.items()])
    return len(seen.keys() - old.keys()), set(seen)


def _not_erased(conn: Connection, bad: Sequence[BadRecord], vault: Vault, owner: str) -> list[BadRecord]:
    """A row of an erased record is not kept either, whatever is wrong with it."""
    keys = [_record_key(record, vault, owner) for record in bad]
    asked = rows_in(conn, select(tombstone.c.record_key), tombstone.c.record_key, {key for key in keys if key})
    erased = {row["record_key"] for row in asked}
    return [record for record, key in zip(bad, keys, strict=True) if key not in erased]


def _record_key(record: BadRecord, vault: Vault, owner: str) -> str | None:
    source_id = record.params.get("source_id")
    return f"{owner}:{vault.own_id(_storable(str(source_id)))}" if source_id else None


def quarantine_id(source: str, record: BadRecord, vault: Vault) -> str:
    return vault.hashed("quarantine", canonical([source, record.code, _packed(record.raw)]))


def held(conn: Connection, source: str, ids: Sequence[str] | None, vault: Vault) -> dict[str, Mapping[str, Any] | str | bytes]:
    """The raw rows that wait for replay, by id; ``ids`` None: all of the source. Purged ones have nothing left."""
    query = select(quarantine).where(quarantine.c.source == source, quarantine.c.state == HELD, quarantine.c.raw.is_not(None))
    rows = conn.execute(query.order_by(quarantine.c.first_at, quarantine.c.quarantine_id))
    wanted = None if ids is None else set(ids)
    opened = {row.quarantine_id: _opened(row, vault) for row in rows if wanted is None or row.quarantine_id in wanted}
    return {id_: raw for id_, raw in opened.items() if raw is not None}


def _opened(row: Any, vault: Vault) -> Mapping[str, Any] | str | bytes | None:
    """None where its key is no longer named or it is not what we sealed: it stays held, and the others go on."""
    try:
        return _unpacked(vault.open(row.raw, row.key_id, row.quarantine_id))
    except (KeyError, InvalidTag):
        log.warning("quarantined row %s cannot be opened with key %s", row.quarantine_id, row.key_id)
        return None


def mark(pending: Pending, ids: Iterable[str], state: str, now: datetime) -> None:
    for part in chunks(ids):
        pending.run(update(quarantine).where(quarantine.c.quarantine_id.in_(part)).values(state=state, last_at=now))


def _row(
    id_: str, sources: tuple[str, str], same: Sequence[BadRecord], old: Mapping[str, Any] | None, vault: Vault, now: datetime
) -> dict[str, Any]:
    first, (source, owner) = same[0], sources
    customer = first.params.get("customer")
    return {
        "quarantine_id": id_,
        "source": source,
        "code": first.code,
        "params": _params(first),
        "record_key": _record_key(first, vault, owner),
        "customer": vault.customer(str(customer)) if customer else None,
        "first_at": old["first_at"] if old else now,
        "last_at": now,
        "seen_n": (old["seen_n"] if old else 0) + len(same),
        "raw": old["raw"] if old and old["raw"] else vault.seal(_packed(first.raw).encode("utf-8", "surrogatepass"), id_),
        "key_id": old["key_id"] if old and old["raw"] else vault.key_id,
        "state": old["state"] if old and old["state"] == DISMISSED else HELD,
    }


def _params(record: BadRecord) -> Any:
    """What the message needs; a half surrogate or a NUL, which no store takes, as it is written in a program."""
    shown = {name: value for name, value in record.params.items() if name not in _IDENTITY}
    return _plain(json.loads(canonical(shown)))


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return {_storable(name): _plain(each) for name, each in value.items()} if isinstance(value, dict) else value


def _storable(text: str) -> str:
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


def _packed(raw: Mapping[str, Any] | str | bytes) -> str:
    """The raw form with its type, as JSON."""
    kind = "bytes" if isinstance(raw, bytes) else "str" if isinstance(raw, str) else "row"
    return canonical({kind: raw})


def _unpacked(packed: bytes) -> Mapping[str, Any] | str | bytes:
    found: dict[str, Any] = json.loads(packed)
    kind, raw = next(iter(found.items()))
    return bytes.fromhex(raw) if kind == "bytes" else raw
