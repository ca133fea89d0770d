"""Who stands behind a recipient: a role is who is on duty for the place now, or everybody who has it and may see the place;
``person:ID`` is one, ``org:NAME`` are those of that department."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from fengsui.people.person import Person, person_of
from fengsui.people.reach import NOWHERE, Reach, reach_of
from fengsui.people.role import in_scope
from fengsui.people.rota import ROLES as ON_ROTA
from fengsui.people.rota import Shift, planned, responsible, stands
from fengsui.store.tables import person

ONE, DEPARTMENT, AT = "person:", "org:", "to:"
"""``to:ADDRESS`` is an address that the settings name, and nobody's."""


@dataclass(frozen=True, slots=True)
class Addressee:
    person_id: str
    name: str
    reach: Reach = NOWHERE

    @property
    def wecom(self) -> str | None:
        return self.reach.wecom

    @property
    def dingtalk(self) -> str | None:
        return self.reach.dingtalk

    @property
    def feishu(self) -> str | None:
        return self.reach.feishu

    @property
    def mobile(self) -> str | None:
        return self.reach.mobile


@dataclass(frozen=True, slots=True)
class People:
    """All who may be told anything, read once per delivery."""

    persons: tuple[Person, ...]
    reach: Mapping[str, Reach]
    on_duty: tuple[Shift, ...] = ()

    def behind(self, recipient: str, slice_key: str | None, *, wide: bool = False) -> tuple[Addressee, ...]:
        """By person_id; nobody whose organisations do not include the place the news is of. ``wide``: whoever is on duty did
        not help, or has no address here: everybody of the role."""
        may = [one for one in self.persons if not slice_key or in_scope(one, slice_key)]
        found = [one for one in may if _meant(one, recipient)]
        if recipient in ON_ROTA and not wide:
            there = responsible([one for one in self.on_duty if one.role == recipient], slice_key)
            names = Counter(one.name for one in self.persons)
            found = [one for one in may if any(stands(shift, one, names) for shift in there)] or found
        return tuple(Addressee(one.person_id, one.name, self.reach.get(one.person_id, NOWHERE)) for one in found)

    def one(self, recipient: str) -> Addressee | None:
        found = self.behind(recipient, None) if recipient.startswith(ONE) else ()
        return found[0] if found else None


def everybody(conn: Connection, now: datetime) -> People:
    rows = conn.execute(select(person).where(person.c.active).order_by(person.c.person_id)).mappings()
    persons = tuple(person_of(row) for row in rows)
    on_duty = tuple(one for one in planned(conn, now, now + timedelta(seconds=1)) if one.start_at <= now < one.end_at)
    return People(persons, reach_of(conn, [one.person_id for one in persons]), on_duty)


def climbed(row: Mapping[str, Any]) -> bool:
    """The second call and later ones go to everybody of the role."""
    return int(row["params"].get("step") or 0) > 1


def slice_of(row: Mapping[str, Any]) -> str | None:
    place = row["params"].get("slice")
    return place if isinstance(place, str) else None


def union(groups: Iterable[Iterable[Addressee]]) -> tuple[Addressee, ...]:
    found = {one.person_id: one for group in groups for one in group}
    return tuple(found[name] for name in sorted(found))


def _meant(one: Person, recipient: str) -> bool:
    if recipient.startswith(DEPARTMENT):
        place = recipient.removeprefix(DEPARTMENT)
        return any(place == part or place.startswith(f"{part}/") for part in one.scope)
    return one.person_id == recipient.removeprefix(ONE) if recipient.startswith(ONE) else one.role == recipient
