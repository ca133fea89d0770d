"""A person's word about tags: label rows and an audit row. The worker lays them over the records and learns from them.

Whoever confirms what a machine said labels too (``new`` equals ``old``): only so is it known how often machines are right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, Engine, delete, select

from fengsui.board import requests
from fengsui.board.scope import sees_org
from fengsui.people import NotAllowed, Person, audit
from fengsui.store.tables import feedback, label
from fengsui.store.upsert import upsert
from fengsui.text import taxonomy
from fengsui.text.tags import CORRECTABLE, SENTIMENTS, URGENCIES, source_of, sure_of

ROLES: Final = frozenset({"duty", "manager", "admin", "analyst"})
"""``analyst`` edits no alert, and a tag is none."""
MOST: Final = 200
"""Records in one bulk correction."""
Why: TypeAlias = Literal["chosen", "uncertain", "random"]


@dataclass(frozen=True, slots=True)
class Correction:
    """``new`` None: none of the values fits."""

    record_key: str
    tag: str
    new: str | None


@dataclass(frozen=True, slots=True)
class Corrected:
    """``changed``: labels written that say something else than before; ``confirmed``: that say the same; ``gone``: records
    that are not there (any more), or not in the person's scope; ``same``: said already by this person."""

    changed: int
    confirmed: int
    gone: int
    same: int


class NotAValue(Exception):
    """``tag`` has no such value. ``code`` and ``params`` for the catalogue."""

    def __init__(self, tag: str, value: str | None, allowed: Sequence[str]) -> None:
        super().__init__(tag, value)
        self.code = "board.correct.value"
        self.params = {"tag": tag, "value": (value or "")[:80], "allowed": list(allowed)[:40]}


def correct(store: Engine, corrections: Iterable[Correction], why: Why, who: Person, now: datetime) -> Corrected:
    """Write the labels, in one transaction. Raises ``NotAllowed``, ``NotAValue``, ``ValueError`` for more than ``MOST``."""
    if who.role not in ROLES:
        raise NotAllowed("people.fault.not_allowed", role=who.role, allowed=sorted(ROLES))
    wanted = list({(one.record_key, one.tag): one for one in corrections}.values())
    if len(wanted) > MOST:
        raise ValueError(f"{len(wanted)} corrections at once; at most {MOST}")
    with store.begin() as conn:
        allowed = values(conn, now)
        for one in wanted:
            if one.tag not in allowed or (one.new is not None and one.new not in allowed[one.tag]):
                raise NotAValue(one.tag, one.new, allowed.get(one.tag, CORRECTABLE))
        rows, gone, same = _rows(conn, wanted, why, who, now)
        upsert(conn, label, rows, update=())
        changed = sum(row["old"] != row["new"] for row in rows)
        if rows:
            what = {"records": len({row["record_key"] for row in rows}), "labels": len(rows), "changed": changed, "why": why}
            audit.record(conn, who.person_id, "label.correct", what, now)
    return Corrected(changed, len(rows) - changed, gone, same)


def undo(store: Engine, at: datetime, who: Person, now: datetime) -> int:
    """Take back what ``who`` said in one go at ``at``; how many words that were. They were a slip: nothing is measured from
    them, the audit keeps them, and the worker lets machines (or the word before) speak again. Raises ``NotAllowed``."""
    if who.role not in ROLES:
        raise NotAllowed("people.fault.not_allowed", role=who.role, allowed=sorted(ROLES))
    mine = (label.c.by == who.person_id) & (label.c.at == at)
    with store.begin() as conn:
        rows = conn.execute(select(label.c.record_key, label.c.tag, label.c.old, label.c.new).where(mine)).all()
        if not rows:
            return 0
        conn.execute(delete(label).where(mine))
        audit.record(conn, who.person_id, "label.undo", {"said_at": at.isoformat(), "words": [list(row) for row in rows]}, now)
        words = {"words": [[row.record_key, row.tag] for row in rows]}
        requests.put(conn, "unsay", words, who.person_id, now, at.isoformat())
    return len(rows)


def values(conn: Connection, now: datetime) -> Mapping[str, tuple[str, ...]]:
    """tag -> what may be chosen."""
    _, known = taxonomy.load(conn, now)
    listed = {tag: known.values(tag) for tag in ("issue", "department", "demand", "product", "region")}
    return {"sentiment": SENTIMENTS, "urgency": URGENCIES, **listed}


def _rows(
    conn: Connection, wanted: Sequence[Correction], why: Why, who: Person, now: datetime
) -> tuple[list[dict[str, Any]], int, int]:
    keys = sorted({one.record_key for one in wanted})
    query = select(feedback.c.record_key, feedback.c.tags, feedback.c.dims)
    held = {
        row.record_key: row
        for row in conn.execute(query.where(feedback.c.record_key.in_(keys), feedback.c.deleted_at.is_(None)))
    }
    before = latest(conn, keys)
    rows, gone, same = [], 0, 0
    for one in wanted:
        row = held.get(one.record_key)
        if row is None or not sees_org(who.scope, row.dims.get("org")):
            gone += 1
            continue
        said = before.get((one.record_key, one.tag))
        if said is not None and said["new"] == one.new and said["by"] == who.person_id:
            same += 1
            continue
        rows.append(_row(one, row.tags, said, why, who, now))
    return rows, gone, same


def _row(
    one: Correction, tags: Mapping[str, Any], said: Mapping[str, Any] | None, why: Why, who: Person, now: datetime
) -> dict[str, Any]:
    old = {"old": said["new"], "old_by": "person", "old_sure": 1.0} if said else {}
    machine = {"old": tags.get(one.tag), "old_by": source_of(tags, one.tag), "old_sure": sure_of(tags, one.tag)}
    identity = f"{one.record_key}\0{one.tag}\0{who.person_id}\0{now.isoformat()}"
    return {
        "label_id": blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest(),
        "record_key": one.record_key,
        "tag": one.tag,
        "at": now,
        "by": who.person_id,
        "new": one.new,
        "why": why,
        **machine,
        **old,
    }


def latest(conn: Connection, keys: Iterable[str]) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """(record_key, tag) -> the last label about it: also what the worker has not laid over the record yet."""
    query = select(label).where(label.c.record_key.in_(list(keys))).order_by(label.c.at, label.c.label_id)
    return {(row["record_key"], row["tag"]): dict(row) for row in conn.execute(query).mappings()}
