"""Who may make and change persons: an active administrator, as the table says at that moment, whatever a page believed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from fengsui.people.fault import NotAllowed
from fengsui.store.tables import person

ROLES = ("admin",)


def editor(conn: Connection, by: str, within: Sequence[str]) -> Sequence[str]:
    """The organisations that bound ``by``: ``within``, or those of the person. ``NotAllowed`` for any other person; a name that
    nobody has signs for the command line."""
    row = conn.execute(select(person.c.role, person.c.active, person.c.scope).where(person.c.person_id == by)).first()
    if row is None:
        return within
    if row.role not in ROLES or not row.active:
        raise NotAllowed("people.fault.not_allowed", role=row.role, allowed=list(ROLES))
    return within or tuple(row.scope)
