"""The audit as a question: who did what, when. Read only; rows are appended where things are done and never changed.

A reader of some organisations sees what was done by people who lie inside them, and nothing of the machine's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, String, and_, cast, false, or_, select, true

from fengsui.board.export import Table
from fengsui.board.scope import Scope
from fengsui.people import inside
from fengsui.people.person import RESERVED
from fengsui.store.database import reading
from fengsui.store.tables import audit, person

ROLES = frozenset({"admin", "auditor"})
MACHINE = (*RESERVED, "retention")
"""Sign rows that no person wrote."""
GROUPS: Mapping[str, tuple[str, ...]] = {
    "seen": ("customer.", "text.", "export", "definitions.export"),
    "people": ("person.", "second.", "link.", "rota."),
    "signin": ("session.",),
    "rules": ("definition.", "definitions."),
    "alerts": ("alert.", "task.", "silence.", "shift.", "drill."),
    "data": ("request.", "ingest.", "typed", "deadline.", "label.", "topic.", "model.", "keys.", "engine."),
}
"""What is asked for together: the actions that begin like this."""


@dataclass(frozen=True, slots=True)
class Question:
    """``by``: a person_id; ``group``: of ``GROUPS``; the window is half-open; ``about``: words in the action or its params."""

    by: str | None = None
    group: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    about: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """``name``: of the person, or ``by`` where no person signs."""

    audit_id: int
    at: datetime
    by: str
    name: str
    action: str
    params: Mapping[str, Any]


def entries(store: Engine, scope: Scope, question: Question, most: int, before: int | None = None) -> tuple[Entry, ...]:
    """The newest ``most`` rows, or those older than the row ``before``."""
    query = select(audit, person.c.name).outerjoin(person, person.c.person_id == audit.c.by)
    query = query.where(_asked(question)).order_by(audit.c.audit_id.desc()).limit(most)
    if before is not None:
        query = query.where(audit.c.audit_id < before)
    with reading(store).connect() as conn:
        theirs = _theirs(conn.execute(select(person.c.person_id, person.c.scope)).tuples().all(), scope)
        if theirs is not None:
            query = query.where(audit.c.by.in_(theirs) if theirs else false())
        rows = conn.execute(query).mappings().all()
    return tuple(
        Entry(row["audit_id"], row["at"], row["by"], row["name"] or row["by"], row["action"], row["params"]) for row in rows
    )


def table(title: str, about: str, columns: tuple[str, ...], found: tuple[Entry, ...]) -> Table:
    """As it is exported: the machine's own words, so that it can be compared with the store."""
    rows = [(one.audit_id, one.at, one.by, one.name, one.action, _flat(one.params)) for one in found]
    return Table("audit", title, about, columns, rows, timed=(1,))


def _theirs(known: Any, scope: Scope) -> list[str] | None:
    return [id_ for id_, theirs in known if inside(scope, theirs)] if scope else None


def _asked(question: Question) -> ColumnElement[bool]:
    wanted: list[ColumnElement[bool]] = []
    if question.by is not None:
        wanted.append(audit.c.by == question.by)
    if question.group is not None:
        wanted.append(or_(*(audit.c.action.startswith(start, autoescape=True) for start in GROUPS[question.group])))
    if question.start is not None:
        wanted.append(audit.c.at >= question.start)
    if question.end is not None:
        wanted.append(audit.c.at < question.end)
    if question.about.strip():
        wanted.append(_mentions(question.about.strip()))
    return and_(true(), *wanted)


def _mentions(words: str) -> ColumnElement[bool]:
    return or_(audit.c.action.icontains(words, autoescape=True), cast(audit.c.params, String).icontains(words, autoescape=True))


def _flat(params: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}={value}" for name, value in params.items())
