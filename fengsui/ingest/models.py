"""Fitted models as versioned rows: of each name at most one is in force, every change of that leaves an audit row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, update

from fengsui.store.tables import audit, model
from fengsui.text.model import readable

IN_FORCE, KEPT, REFUSED, WITHDRAWN = "in_force", "kept", "refused", "withdrawn"
STATES: Final = (IN_FORCE, KEPT, REFUSED, WITHDRAWN)
MOST_KEPT = 6
"""Bodies of older versions than these are emptied; their figures stay."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A new version, ready to be stored. ``body``: the base's bytes, made before the writer's lock is taken."""

    name: str
    body: bytes
    made_by: str
    labels_until: datetime
    labels_n: int
    taxonomy_version: int
    metrics: Mapping[str, Any]
    promote: bool


@dataclass(frozen=True, slots=True)
class InForce:
    """The version that speaks now."""

    name: str
    version: int
    labels_until: datetime
    taxonomy_version: int
    metrics: Mapping[str, Any]
    body: bytes


def in_force(conn: Connection) -> list[InForce]:
    wanted = [model.c[name] for name in ("name", "version", "labels_until", "taxonomy_version", "metrics", "body")]
    rows = conn.execute(select(*wanted).where(model.c.state == IN_FORCE).order_by(model.c.name))
    return [InForce(**row._mapping) for row in rows]


def unreadable(conn: Connection, name: str) -> frozenset[int]:
    """Versions that speak or could again, but for a program that this one is not. Only heads are unpacked."""
    wanted = (model.c.name == name) & model.c.state.in_((IN_FORCE, KEPT)) & (func.length(model.c.body) > 0)
    rows = conn.execute(select(model.c.version, model.c.body).where(wanted))
    return frozenset(row.version for row in rows if not readable(row.body))


def save(conn: Connection, fitted: Fitted, now: datetime) -> int:
    """Store it, in force or refused; returns its version."""
    newest = conn.execute(select(func.max(model.c.version)).where(model.c.name == fitted.name)).scalar() or 0
    if fitted.promote:
        _turn(conn, fitted.name, IN_FORCE, KEPT, now, fitted.made_by)
    row = {
        "name": fitted.name,
        "version": newest + 1,
        "state": IN_FORCE if fitted.promote else REFUSED,
        "made_at": now,
        "made_by": fitted.made_by,
        "labels_until": fitted.labels_until,
        "labels_n": fitted.labels_n,
        "taxonomy_version": fitted.taxonomy_version,
        "metrics": dict(fitted.metrics),
        "body": fitted.body,
        "changed_at": now,
        "changed_by": fitted.made_by,
    }
    conn.execute(insert(model).values(**row))
    old = (model.c.name == fitted.name) & (model.c.version <= newest + 1 - MOST_KEPT) & (model.c.state != IN_FORCE)
    conn.execute(update(model).where(old).values(body=b""))
    what = {"name": fitted.name, "version": newest + 1, "state": row["state"]}
    conn.execute(insert(audit).values(at=now, by=fitted.made_by, action="model.fitted", params=what))
    return newest + 1


def roll_back(conn: Connection, name: str, seen_version: int, by: str, now: datetime) -> int | None:
    """Withdraw version ``seen_version`` of ``name`` if it is in force; the last one that was before it, and that this program
    can read, speaks again.

    Returns that one's version, 0 where the rules speak again, None where ``seen_version`` was not in force (a second click).
    """
    current = conn.execute(select(model.c.version).where(model.c.name == name, model.c.state == IN_FORCE)).scalar()
    if current is None or current != seen_version:
        return None
    _turn(conn, name, IN_FORCE, WITHDRAWN, now, by)
    older = (model.c.name == name) & (model.c.state == KEPT) & (model.c.version < current) & (func.length(model.c.body) > 0)
    kept = conn.execute(select(model.c.version, model.c.body).where(older).order_by(model.c.version.desc()))
    before = next((row.version for row in kept if readable(row.body)), None)
    if before is not None:
        mine = (model.c.name == name) & (model.c.version == before)
        conn.execute(update(model).where(mine).values(state=IN_FORCE, changed_at=now, changed_by=by))
    what = {"name": name, "withdrawn": current, "in_force": before or 0}
    conn.execute(insert(audit).values(at=now, by=by, action="model.rolled_back", params=what))
    return int(before or 0)


def _turn(conn: Connection, name: str, state: str, to: str, now: datetime, by: str) -> None:
    mine = (model.c.name == name) & (model.c.state == state)
    conn.execute(update(model).where(mine).values(state=to, changed_at=now, changed_by=by))
