"""Master data joined to records: what tier a customer has, where a branch belongs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, select

from connectors.base import BadRecord, Feedback, Reference
from fengsui.ingest.bulk import rows_in
from fengsui.ingest.keys import Vault
from fengsui.ingest.pending import Pending
from fengsui.ingest.slices import LONGEST
from fengsui.metrics.calendar import local_day
from fengsui.store.tables import reference

PATHS = {"organisation": "org", "product": "product"}
"""kind of reference -> the dimension whose value it explains: ``attrs["path"]`` takes the place of the bare id."""


CUSTOMER = "customer"
Row: TypeAlias = Mapping[str, Any]
_COLUMNS = select(reference.c.kind, reference.c.ref_id, reference.c.valid_from, reference.c.valid_to, reference.c.attrs)


@dataclass(slots=True)
class Counts:
    new: int = 0
    changed: int = 0
    same: int = 0


def store(
    conn: Connection, pending: Pending, records: Iterable[Reference], vault: Vault
) -> tuple[Counts, list[Row], list[BadRecord]]:
    """Make references ready, newest last; a customer's id as its hash. Also what is new of them, to be joined at once, and
    those that cannot be kept."""
    rows: dict[tuple[str, str, date], Row] = {}
    bad: list[BadRecord] = []
    for record in records:
        ref_id = vault.customer(record.ref_id) if record.kind == CUSTOMER else record.ref_id
        if len(ref_id) > LONGEST:
            bad.append(_long(record))
            continue
        rows[record.kind, ref_id, record.valid_from] = {
            "kind": record.kind,
            "ref_id": ref_id,
            "valid_from": record.valid_from,
            "valid_to": record.valid_to,
            "attrs": dict(record.attrs),
        }
    old = {(row["kind"], row["ref_id"], row["valid_from"]): row for row in _stored(conn, {key[1] for key in rows})}
    other = {key: row for key, row in rows.items() if old.get(key) != row}
    pending.put(reference, list(other.values()))
    changed = len(other.keys() & old.keys())
    return Counts(len(other) - changed, changed, len(rows) - len(other)), list(other.values()), bad


def _long(record: Reference) -> BadRecord:
    raw = {"kind": record.kind, "ref_id": record.ref_id, "attrs": dict(record.attrs), "valid_from": record.valid_from}
    return BadRecord("ingest.bad.long", raw, field="id", allowed=LONGEST)


def _stored(conn: Connection, ref_ids: Iterable[str]) -> Iterable[Mapping[str, Any]]:
    return rows_in(conn, select(reference), reference.c.ref_id, ref_ids)


class References:
    """The references that a batch can need, read once; a later row takes the place of one with the same key. Their days are
    those of ``zone``."""

    def __init__(self, rows: Iterable[Row], zone: str) -> None:
        self._zone = zone
        self._by_id: dict[tuple[str, str], list[Row]] = {}
        for row in {(row["kind"], row["ref_id"], row["valid_from"]): row for row in rows}.values():
            self._by_id.setdefault((row["kind"], row["ref_id"]), []).append(row)

    def attrs(self, kind: str, ref_id: str | None, at: datetime) -> Mapping[str, str]:
        """What was valid on the day of ``at``; of several the one that began last."""
        day = local_day(at, self._zone)
        valid = [row for row in self._by_id.get((kind, ref_id or ""), ()) if _covers(row, day)]
        return max(valid, key=lambda row: row["valid_from"])["attrs"] if valid else {}

    def dims(self, feedback: Feedback, customer: str | None) -> dict[str, str]:
        """A record's dims with what references add; the source's own word on a customer's tier and type wins."""
        dims = {name: value for name, value in feedback.dims.items() if value}
        if not self._by_id:
            return dims
        attrs = self.attrs("customer", customer, feedback.opened_at)
        for name in ("tier", "type"):
            if attrs.get(name):
                dims.setdefault(f"customer_{name}", attrs[name])
        for kind, dimension in PATHS.items():
            path = self.attrs(kind, dims.get(dimension), feedback.opened_at).get("path")
            if path:
                dims[dimension] = path
        return dims


@dataclass(frozen=True, slots=True)
class Places:
    """All products and organisations (they are few), and whether anything is known of customers."""

    rows: Sequence[Row]
    any_customer: bool


def places(conn: Connection) -> Places:
    rows = [dict(row) for row in conn.execute(_COLUMNS.where(reference.c.kind != CUSTOMER)).mappings()]
    some = conn.execute(select(reference.c.ref_id).where(reference.c.kind == CUSTOMER).limit(1)).first()
    return Places(rows, some is not None)


def load(conn: Connection, known: Places, customers: Sequence[str]) -> list[Row]:
    """The rows of ``known``, and those of these customers."""
    asked = customers if known.any_customer else ()
    return [*known.rows, *rows_in(conn, _COLUMNS.where(reference.c.kind == CUSTOMER), reference.c.ref_id, asked)]


def _covers(row: Mapping[str, Any], day: date) -> bool:
    return bool(row["valid_from"] <= day and (row["valid_to"] is None or day < row["valid_to"]))
