"""One customer's data on their own demand: find, hand out as a file, erase. For administrators of the whole centre, for a
reason, with a receipt: what a customer said is not of one organisation.

What is asked for is the customer's id in the channel's own system, or the pseudonym that pages show. Only the pseudonym is
written anywhere: requests, audit and receipts name nobody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection, Engine, func, select

from fengsui.board import requests
from fengsui.board.requests import Asked
from fengsui.board.wrong import Mistake, Wrong
from fengsui.ingest.erase import is_pseudonym
from fengsui.ingest.keys import Vault, canonical
from fengsui.people import NotAllowed, Person, audit, whole_centre
from fengsui.people.plain import plain
from fengsui.settings import Settings, open_keys
from fengsui.store.tables import contact, customer, event, feedback, feedback_text, label, quarantine
from fengsui.text.masks import mask

ROLES = frozenset({"admin"})
REASON_MIN, REASON_MAX, ID_MAX = 4, 200, 200
_HIDDEN = ("content_hash", "seq", "customer")


@dataclass(frozen=True, slots=True)
class Found:
    """What is held of a customer. ``held``: rows in quarantine; ``known``: their own id is kept, sealed."""

    customer: str
    records: int
    first_at: datetime | None
    last_at: datetime | None
    sources: Mapping[str, int]
    held: int
    known: bool

    @property
    def nothing(self) -> bool:
        return not (self.records or self.held or self.known)


@dataclass(frozen=True, slots=True)
class Handed:
    name: str
    content: bytes
    records: int


def find(store: Engine, settings: Settings, given: str, who: Person) -> Found:
    """Raises ``NotAllowed``; ``Wrong`` for an id that can be none."""
    allowed(who)
    wanted = given.strip()
    if not wanted or len(wanted) > ID_MAX:
        code, params = ("board.wrong.missing", {}) if not wanted else ("board.wrong.long", {"limit": ID_MAX})
        raise Wrong([Mistake(("customer",), code, params)])
    vault = Vault(open_keys(settings))
    with store.connect() as conn:
        hashed = wanted if is_pseudonym(conn, wanted) else vault.customer(wanted)
        return _found(conn, hashed)


def hand_out(store: Engine, settings: Settings, hashed: str, reason: str, who: Person, now: datetime) -> Handed:
    """Everything held of the customer as JSON, once the audit row is stored. Raises ``NotAllowed``, ``Wrong``."""
    said = _reason(who, reason)
    vault = Vault(open_keys(settings))
    with store.begin() as conn:
        if _found(conn, hashed).nothing:
            raise Wrong([Mistake(("customer",), "board.wrong.no_customer")])
        body = _everything(conn, vault, hashed)
        n = len(body["records"])
        params = {"customer": hashed, "records": n, "held": len(body["quarantine"]), "reason": said}
        audit.record(conn, who.person_id, "customer.export", params, now)
    about = {"exported_at": now.isoformat(), "exported_by": who.person_id, "reason": said, "centre": settings.centre.name}
    content = json.dumps({**about, **body}, ensure_ascii=False, indent=2, default=_plain).encode("utf-8", "backslashreplace")
    return Handed(f"fengsui_customer_{hashed[:8]}_{now:%Y%m%d_%H%M%S}.json", content, n)


def erase(store: Engine, hashed: str, reason: str, who: Person, now: datetime) -> str:
    """Ask the worker to erase everything of the customer; the request's id. A second press within the minute asks once."""
    said = _reason(who, reason)
    with store.connect() as conn:
        if _found(conn, hashed).nothing:
            raise Wrong([Mistake(("customer",), "board.wrong.no_customer")])
    params = {"customer_ref": hashed, "reason": said}
    return requests.ask(store, "erase", params, who, now, key=f"{now:%Y%m%d%H%M}")


def erasures(store: Engine, who: Person, limit: int = 10) -> list[Asked]:
    """The newest first; only those of customers. Raises ``NotAllowed``."""
    allowed(who)
    return [one for one in requests.recent(store, "erase", limit) if one.params.get("customer_ref")]


def receipt(asked: Asked, settings: Settings) -> Handed:
    """What was erased (rows of each table, as counted when they went), when, by whom and why: no word of the customer's is in
    it."""
    result = asked.result or {}
    records = int(result.get("records", 0))
    body = {
        "receipt": asked.request_id,
        "centre": settings.centre.name,
        "customer": asked.params.get("customer_ref"),
        "asked_at": asked.at.isoformat(),
        "asked_by": asked.by,
        "reason": asked.params.get("reason"),
        "state": asked.state,
        "finished_at": asked.finished_at.isoformat() if asked.finished_at else None,
        "records_erased": records,
        "rows_erased": result.get("rows", {}),
        "original_words_erased": result.get("raw"),
        "kept": ["tombstones of record keys, so that the data do not return", "this receipt and the audit"],
    }
    content = json.dumps(body, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace")
    return Handed(f"fengsui_erasure_{asked.request_id[:8]}.json", content, records)


def allowed(who: Person) -> None:
    """Raises ``NotAllowed``."""
    if who.role not in ROLES:
        raise NotAllowed("people.fault.not_allowed", role=who.role, allowed=sorted(ROLES))
    whole_centre(who)


def _reason(who: Person, reason: str) -> str:
    allowed(who)
    said = mask(plain(reason))
    if not REASON_MIN <= len(said) <= REASON_MAX:
        raise Wrong([Mistake(("reason",), "board.wrong.reason", {"least": REASON_MIN, "most": REASON_MAX})])
    return said


def _found(conn: Connection, hashed: str) -> Found:
    mine = feedback.c.customer == hashed
    per = conn.execute(select(feedback.c.source, func.count()).where(mine).group_by(feedback.c.source)).all()
    ends = conn.execute(select(func.min(feedback.c.opened_at), func.max(feedback.c.opened_at)).where(mine)).one()
    held = conn.execute(select(func.count()).where(quarantine.c.customer == hashed)).scalar_one()
    known = conn.execute(select(customer.c.customer).where(customer.c.customer == hashed)).first() is not None
    return Found(hashed, sum(n for _, n in per), ends[0], ends[1], {str(name): int(n) for name, n in per}, int(held), known)


def _everything(conn: Connection, vault: Vault, hashed: str) -> dict[str, Any]:
    rows = conn.execute(select(feedback).where(feedback.c.customer == hashed).order_by(feedback.c.opened_at)).mappings().all()
    keys = [row["record_key"] for row in rows]
    own = conn.execute(select(customer).where(customer.c.customer == hashed)).one_or_none()
    held = conn.execute(select(quarantine).where(quarantine.c.customer == hashed)).mappings().all()
    contacts = conn.execute(select(contact).where(contact.c.customer == hashed)).mappings().all()
    return {
        "customer": hashed,
        "own_id": _opened(vault, own.source_id, own.key_id, hashed) if own is not None and own.source_id else None,
        "records": [_record(conn, vault, dict(row)) for row in rows],
        "labels": [dict(row) for row in _of(conn, label, keys)],
        "contacts": [dict(row) for row in contacts],
        "quarantine": [
            {
                "source": row["source"],
                "code": row["code"],
                "first_at": row["first_at"],
                "content": _opened(vault, row["raw"], row["key_id"], row["quarantine_id"]),
            }
            for row in held
        ],
    }


def _record(conn: Connection, vault: Vault, row: Mapping[str, Any]) -> dict[str, Any]:
    key = row["record_key"]
    said = conn.execute(select(feedback_text).where(feedback_text.c.record_key == key)).one_or_none()
    events = conn.execute(select(event).where(event.c.record_key == key).order_by(event.c.at)).mappings()
    return {
        **{name: value for name, value in row.items() if name not in _HIDDEN and value is not None},
        "text": said.text if said is not None else None,
        "words_as_they_came": _opened(vault, said.raw, said.key_id, key) if said is not None and said.raw else None,
        "events": [{name: one[name] for name in ("kind", "at", "actor", "data")} for one in events],
    }


def _of(conn: Connection, table: Any, keys: Sequence[str]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for start in range(0, len(keys), 500):
        rows = conn.execute(select(table).where(table.c.record_key.in_(keys[start : start + 500]))).mappings()
        found += [dict(row) for row in rows]
    return found


def _opened(vault: Vault, sealed: bytes | None, key_id: str | None, bound_to: str) -> str | None:
    """None where nothing is kept, or its key is gone."""
    if sealed is None or key_id is None:
        return None
    try:
        return vault.open(sealed, key_id, bound_to).decode("utf-8", "surrogatepass")
    except (KeyError, InvalidTag):
        return None


def _plain(value: Any) -> Any:
    return json.loads(canonical(value))
