"""Whom a tier policy or a plan names: somebody who hears it, or it cannot be saved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from sqlalchemy import Connection, select

from fengsui.alerts.commands.table import DUTY
from fengsui.board.wrong import Mistake
from fengsui.store.tables import person

Place: TypeAlias = tuple[str, ...]
MUST: Mapping[str, tuple[Place, ...]] = MappingProxyType(
    {
        "tier_policy": (("tiers", "3", "tell"), ("tiers", "2", "tell"), ("escalate_to",), ("system", "tell")),
        "plan": (("owner_role",),),
    }
)
"""Where somebody must be named."""
MAY: Mapping[str, tuple[Place, ...]] = MappingProxyType({"tier_policy": (("tiers", "1", "tell"), ("departments",))})
ONE, DEPARTMENT = "person:", "org:"
_NAMED = re.compile(rf"{ONE}[\w.@-]{{1,64}}|{DEPARTMENT}\S.{{0,119}}")


def nobody(kind: str, body: Mapping[str, Any]) -> list[Mistake]:
    """Each is a role of the desk or the administrators, ``person:`` with an account, or ``org:`` with a department: a slip of
    the pen would tell nobody, and whoever only looks (the wall, an auditor) handles nothing."""
    named = {place: _named(body, place) for place in (*MUST.get(kind, ()), *MAY.get(kind, ()))}
    empty = [Mistake(place, "board.wrong.missing") for place in MUST.get(kind, ()) if not any(named[place])]
    return empty + [
        Mistake(place, "board.wrong.choice", {"value": one[:40], "allowed": [*DUTY, f"{ONE}…", f"{DEPARTMENT}…"]})
        for place, names in named.items()
        for one in names
        if one and one not in DUTY and not _NAMED.fullmatch(one)
    ]


def strangers(conn: Connection, kind: str, body: Mapping[str, Any]) -> list[Mistake]:
    """Persons without an account in use; where somebody must be named, departments of which nobody has one, too."""
    found = conn.execute(select(person.c.person_id, person.c.scope).where(person.c.active, person.c.role != "wall")).all()
    accounts, scopes = {row.person_id for row in found}, [part for row in found for part in row.scope]

    def heard(one: str, must: bool) -> bool:
        if one.startswith(ONE):
            return one.removeprefix(ONE) in accounts
        place = one.removeprefix(DEPARTMENT)
        return not must or place == one or any(place == part or place.startswith(f"{part}/") for part in scopes)

    return [
        Mistake(place, "board.wrong.no_account", {"value": one[:40]})
        for places, must in ((MUST, True), (MAY, False))
        for place in places.get(kind, ())
        for one in _named(body, place)
        if not heard(one, must)
    ]


def _named(body: Mapping[str, Any], place: Place) -> list[str]:
    """Of a name, a list of names, or a list for each department."""
    inner: Any = body
    for part in place:
        inner = (inner or {}).get(part) if isinstance(inner, Mapping) else None
    if isinstance(inner, Mapping):
        return [str(one) for listed in inner.values() for one in listed]
    return [inner] if isinstance(inner, str) else [str(one) for one in inner or ()]
