"""Versioned definitions: what is in force now, and how a person saves the next version.

Reads are cached per store: the table is small and rarely changes, a replay asks for it every virtual minute.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, func, insert, select

from fengsui.alerts.bodies import ADAPTERS, CHECKED, Floor, Matrix, Plan, Rule, TierPolicy, Weights
from fengsui.alerts.places import legible
from fengsui.metrics import catalogue
from fengsui.metrics.catalogue import Metric
from fengsui.people.plain import plain
from fengsui.store.tables import audit, definition

log = logging.getLogger(__name__)


class BadDefinition(ValueError):
    """A body that does not fit its kind. ``mistakes``: (field, what is wrong, the value found), all of them."""

    def __init__(self, kind: str, id_: str, mistakes: Sequence[tuple[str, str, Any]]) -> None:
        super().__init__(f"{kind} {id_}: " + "; ".join(f"{field}: {text}" for field, text, _ in mistakes))
        self.kind, self.id, self.mistakes = kind, id_, tuple(mistakes)
        self.code = "alerts.definition.bad"
        self.params = {"kind": kind, "id": id_, "fields": [field for field, _, _ in mistakes]}


@dataclass(frozen=True, slots=True)
class Held:
    """One definition in force."""

    id: str
    version: int
    body: Any


@dataclass(frozen=True, slots=True)
class Book:
    """Everything alerts decide by, at one instant."""

    rules: Mapping[str, Held]
    matrix: Matrix
    floors: Mapping[str, Floor]
    weights: Weights
    policy: TierPolicy
    plans: Mapping[str, Plan]

    def rule(self, rule_id: str) -> Rule | None:
        held = self.rules.get(rule_id)
        return held.body if held else None


def check(kind: str, id_: str, body: Mapping[str, Any]) -> Any:
    """The body as a type; ``BadDefinition`` lists every mistake. Kinds of other rooms pass as they are."""
    adapter = CHECKED.get(kind)
    if adapter is None:
        return dict(body)
    try:
        return adapter.validate_python(body, strict=False)
    except ValidationError as fault:
        raise BadDefinition(kind, id_, [_mistake(error) for error in fault.errors()]) from None


def _mistake(error: Any) -> tuple[str, str, Any]:
    return ".".join(str(part) for part in error["loc"]) or "body", error["msg"], error.get("input")


def save(
    conn: Connection,
    kind: str,
    id_: str,
    body: Mapping[str, Any],
    by: str,
    now: datetime,
    *,
    valid_from: datetime | None = None,
    reason: str = "",
) -> int:
    """Write the next version, in force from ``valid_from`` (now) on; returns it. Audited; never changes an older version, but
    one that has not begun yet never will. Texts are kept as they are read, places as the data name them."""
    body, reason = legible(conn, dict(body)), plain(reason)
    check(kind, id_, body)
    mine = (definition.c.kind == kind) & (definition.c.id == id_)
    version = (conn.scalar(select(func.max(definition.c.version)).where(mine)) or 0) + 1
    conn.execute(insert(definition).values(kind=kind, id=id_, version=version, valid_from=valid_from or now, by=by, body=body))
    params = {"kind": kind, "id": id_, "version": version, **({"reason": reason} if reason else {})}
    conn.execute(insert(audit).values(at=now, by=by, action="definition.save", params=params))
    return version


def in_force(conn: Connection, kind: str, now: datetime) -> dict[str, Held]:
    """id -> the newest version valid at ``now``, checked."""
    return {id_: held for (found, id_), held in _all(conn, now).items() if found == kind}


def versions(conn: Connection, kind: str, id_: str) -> list[tuple[datetime, Any]]:
    """(from when, body) of each version that can be carried out, in their order: at an instant the last that had begun."""
    return [(valid_from, held.body) for valid_from, held in _shelf(conn, None).versions.get((kind, id_), [])]


def passed_over(conn: Connection, now: datetime) -> list[str]:
    """``kind/id vN`` of definitions whose newest version cannot be carried out: the one before it is in force."""
    shelf = _shelf(conn, None)
    newest: dict[tuple[str, str], tuple[int, bool]] = {}
    for good, versions in ((True, shelf.versions), (False, shelf.refused)):
        for key, some in versions.items():
            begun = [(held.version, good) for valid_from, held in some if valid_from <= now]
            newest[key] = max([*begun, newest.get(key, (0, True))])
    return sorted(f"{kind}/{id_} v{version}" for (kind, id_), (version, good) in newest.items() if not good)


def book(conn: Connection, now: datetime, stamp: Stamp | None = None) -> Book:
    """All that alerts need. Raises ``NotSeeded`` where ``alerts.seed`` has not run. ``stamp``: where it was read already."""
    held = _all(conn, now, stamp)
    if ("matrix", "default") not in held:
        raise NotSeeded("no matrix in force: alerts.seed has not run in this store")
    return Book(
        rules={id_: one for (kind, id_), one in held.items() if kind == "rule"},
        matrix=held["matrix", "default"].body,
        floors={id_: one.body for (kind, id_), one in held.items() if kind == "floor"},
        weights=held["weights", "default"].body,
        policy=held["tier_policy", "default"].body,
        plans={id_: one.body for (kind, id_), one in held.items() if kind == "plan"},
    )


class NotSeeded(LookupError):
    """The store has no alert definitions yet."""


Stamp: TypeAlias = tuple[int, datetime | None]
"""How many rows there are and the newest date: rows are only ever added, so they say whether a cache is still right."""
STAMP = (
    select(func.count()).select_from(definition).scalar_subquery(),
    select(func.max(definition.c.valid_from)).scalar_subquery(),
)
_Versions: TypeAlias = dict[tuple[str, str], list[tuple[datetime, Held]]]


@dataclass(frozen=True, slots=True)
class _Shelf:
    """``refused``: versions that nothing can be decided by; their bodies as they are stored."""

    versions: _Versions
    refused: _Versions


_shelves: WeakKeyDictionary[Engine, tuple[Stamp, _Shelf]] = WeakKeyDictionary()
_metrics: WeakKeyDictionary[Engine, tuple[Stamp, dict[str, Metric]]] = WeakKeyDictionary()


def metrics_of(conn: Connection, now: datetime, stamp: Stamp) -> dict[str, Metric]:
    """``catalogue.load``, asked again only when a definition was added. One that lies ahead is not kept."""
    known = _metrics.get(conn.engine)
    if known is not None and known[0] == stamp:
        return known[1]
    found = catalogue.load(conn, now)
    if stamp[1] is None or stamp[1] <= now:
        _metrics[conn.engine] = (stamp, found)
    return found


def _all(conn: Connection, now: datetime, stamp: Stamp | None = None) -> dict[tuple[str, str], Held]:
    found = {}
    for key, versions in _shelf(conn, stamp).versions.items():
        valid = [held for valid_from, held in versions if valid_from <= now]
        if valid:
            found[key] = valid[-1]
    return found


def _shelf(conn: Connection, stamp: Stamp | None) -> _Shelf:
    """A version that was stored when more was allowed, and that nothing can be decided by, is passed over: the one before it
    goes on, the log says which and why, and 系统告警 that it is so. Alerts must not stop for it."""
    mine = definition.c.kind.in_(tuple(ADAPTERS))
    stamp = stamp or conn.execute(select(*STAMP)).one()._tuple()
    known = _shelves.get(conn.engine)
    if known is not None and known[0] == stamp:
        return known[1]
    shelf = _Shelf({}, {})
    rows = conn.execute(select(definition).where(mine).order_by(definition.c.version)).mappings()
    for row in rows:
        kept, body = shelf.versions, row["body"]
        try:
            body = check(row["kind"], row["id"], body)
        except BadDefinition as fault:
            log.error("version %d is not in force, the one before it is: %s", row["version"], fault)
            kept = shelf.refused
        held = Held(row["id"], row["version"], body)
        kept.setdefault((row["kind"], row["id"]), []).append((row["valid_from"], held))
    _shelves[conn.engine] = (stamp, shelf)
    return shelf
