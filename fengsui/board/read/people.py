"""Who can take an alert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from fengsui.board.alert import CLOSED
from fengsui.board.scope import Scope, sees
from fengsui.store.tables import handling, person

HANDLERS = ("duty", "manager", "admin")
JUDGES = (*HANDLERS, "analyst")
"""Whom a consultation may ask, and who may have something to do."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """``load``: alerts that this person owns and has not finished."""

    person_id: str
    name: str
    role: str
    title: str | None
    load: int


def colleagues(store: Engine, slice_key: str, roles: Sequence[str] = HANDLERS) -> list[Colleague]:
    """Active people of ``roles`` (those who may handle an alert) who see ``slice_key``, the least busy first."""
    with store.connect() as conn:
        rows = conn.execute(select(person).where(person.c.active, person.c.role.in_(roles))).fetchall()
        busy = select(handling.c.owner, func.count()).where(handling.c.state.not_in(CLOSED)).group_by(handling.c.owner)
        load = {row[0]: row[1] for row in conn.execute(busy)}
    able = [row for row in rows if sees(_scope(row.scope), slice_key)]
    return sorted(
        (Colleague(row.person_id, row.name, row.role, row.title, load.get(row.person_id, 0)) for row in able),
        key=lambda colleague: (colleague.load, colleague.name),
    )


def _scope(stored: list[str] | None) -> Scope:
    return stored or ()
