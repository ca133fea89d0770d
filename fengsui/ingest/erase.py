"""Erasure of a record or of a customer: one transaction, and nothing of it comes back.

The counts leave with the record (negative delta), and the tombstone keeps later deliveries out (docs/contracts.md §3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from fengsui.ingest import bulk
from fengsui.ingest.deltas import Deltas, Places, minutes_cut
from fengsui.ingest.fence import Fence
from fengsui.ingest.keys import KeyRing, Vault
from fengsui.metrics import blocks
from fengsui.metrics.measures import contributions
from fengsui.settings.model import Settings
from fengsui.store.tables import (
    audit,
    contact,
    customer,
    event,
    feedback,
    feedback_text,
    label,
    quarantine,
    reference,
    reminder,
    rule_record,
    sample,
    search_text,
    tombstone,
)
from fengsui.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class Erased:
    """``records`` went; ``rows``: table -> how many of its rows. ``raw``: texts among them that held the original words."""

    records: int
    rows: Mapping[str, int]
    raw: int


def erase(
    store: Engine,
    settings: Settings,
    keys: KeyRing,
    by: str,
    reason: str,
    now: datetime,
    fence: Fence,
    *,
    record_key: str | None = None,
    customer_ref: str | None = None,
) -> Erased:
    """Erase one record, or everything of a customer. An unknown record still gets its tombstone.

    ``customer_ref`` is the hash that pages show, or the source's own id. ``ValueError`` unless exactly one is given.
    """
    if (record_key is None) == (customer_ref is None):
        raise ValueError("name a record or a customer, not both")
    vault = Vault(keys)
    with store.begin() as conn:
        fence(conn)
        hashed = customer_ref
        if customer_ref is not None and not is_pseudonym(conn, customer_ref):
            hashed = vault.customer(customer_ref)
        found = [str(record_key)] if hashed is None else _records_of(conn, hashed)
        customers = {hashed} if hashed else _customers_of(conn, found)
        _uncount(conn, settings, found, now)
        raw = _raw(conn, found)
        gone = _drop(conn, found)
        rows = [{"record_key": key, "at": now, "by": by, "reason": reason} for key in found]
        upsert(conn, tombstone, rows)
        gone += _forget_customers(conn, {each for each in customers if each}, whole=hashed is not None)
        done = Erased(len(found), {name: n for name, n in sorted(gone.items()) if n}, raw)
        what: dict[str, Any] = {"records": len(found), "reason": reason, "customer": hashed is not None}
        conn.execute(insert(audit).values(at=now, by=by, action="ingest.erase", params={**what, "rows": done.rows, "raw": raw}))
    return done


def is_pseudonym(conn: Connection, given: str) -> bool:
    """Whether ``given`` is a customer's hash that stands anywhere (they may be left without a record), and no id of a source.
    Master data of other kinds keep the ids of their source, which may be a customer's, too."""
    places = (feedback.c.customer, customer.c.customer, quarantine.c.customer)
    asked = [select(column).where(column == given) for column in places]
    asked.append(select(reference.c.ref_id).where(reference.c.ref_id == given, reference.c.kind == "customer"))
    return any(conn.execute(query.limit(1)).first() for query in asked)


def _records_of(conn: Connection, hashed: str) -> list[str]:
    return list(conn.execute(select(feedback.c.record_key).where(feedback.c.customer == hashed)).scalars())


def _customers_of(conn: Connection, keys: Sequence[str]) -> set[str | None]:
    return set(conn.execute(select(feedback.c.customer).where(feedback.c.record_key.in_(keys))).scalars())


def _uncount(conn: Connection, settings: Settings, keys: Sequence[str], now: datetime) -> None:
    places = Places(settings.cuboids, settings.sparse)
    deltas = Deltas(minutes_cut(now, settings.retention.minute_rollups_days), settings.counts_only)
    for row in bulk.rows_in(conn, select(feedback), feedback.c.record_key, keys):
        slices = places.of_record(row["dims"])
        deltas.add(contributions(row), slices, -1, row["source"], minutes=row["pace"] != "batch")
    blocks.add(conn, deltas.blocks())


def _raw(conn: Connection, keys: Sequence[str]) -> int:
    """How many of the texts hold the original words."""
    held = feedback_text.c.raw.is_not(None)
    query = select(func.count()).select_from(feedback_text)
    parts = (query.where(held, feedback_text.c.record_key.in_(part)) for part in bulk.chunks(keys))
    return sum(int(conn.execute(part).scalar_one()) for part in parts)


def _drop(conn: Connection, keys: Sequence[str]) -> Counter[str]:
    """table -> rows that went."""
    gone: Counter[str] = Counter()
    for part in bulk.chunks(keys):
        for table in (event, feedback_text, search_text, label, sample, rule_record, reminder, quarantine, feedback):
            gone[table.name] += conn.execute(delete(table).where(table.c.record_key.in_(part))).rowcount
    gone[contact.name] += conn.execute(delete(contact).where(contact.c.customer.in_(keys))).rowcount  # that named nobody
    for key in keys:
        _succeed(conn, key)
    return gone


def _succeed(conn: Connection, root: str) -> None:
    """Of the records that repeated ``root`` the earliest is the first now: else one text would count as many."""
    heirs = select(feedback.c.record_key).where(feedback.c.repeat_of == root)
    heir = conn.execute(heirs.order_by(feedback.c.opened_at, feedback.c.record_key).limit(1)).scalar()
    if heir is None:
        return
    conn.execute(update(feedback).where(feedback.c.repeat_of == root).values(repeat_of=heir))
    conn.execute(update(feedback).where(feedback.c.record_key == heir).values(repeat_of=None, repeat_how=None))


def _forget_customers(conn: Connection, customers: set[str], *, whole: bool) -> Counter[str]:
    """The customer goes with their last record; with ``whole`` also master data and quarantined rows. table -> rows."""
    gone: Counter[str] = Counter()
    for hashed in sorted(customers):
        left = conn.execute(select(feedback.c.record_key).where(feedback.c.customer == hashed).limit(1)).first()
        if left is None:
            gone[customer.name] += conn.execute(delete(customer).where(customer.c.customer == hashed)).rowcount
            gone[contact.name] += conn.execute(delete(contact).where(contact.c.customer == hashed)).rowcount
        if whole:
            gone[quarantine.name] += conn.execute(delete(quarantine).where(quarantine.c.customer == hashed)).rowcount
            theirs = (reference.c.ref_id == hashed, reference.c.kind == "customer")
            gone[reference.name] += conn.execute(delete(reference).where(*theirs)).rowcount
    return gone
