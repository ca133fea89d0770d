"""视图: questions that a person keeps under a name. What is asked stands in the address, so a view is one; it is kept for its
owner, and whoever gets the link sees the same, as far as they may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Engine

from fengsui.alerts import definitions as writing
from fengsui.board import definitions
from fengsui.board.wrong import Mistake, Wrong
from fengsui.people import NotAllowed, Person
from fengsui.people.plain import plain

KIND = "question"
ROLES = ("duty", "manager", "admin", "analyst")
NAME_MAX, MOST, QUERY_MAX = 40, 30, 2000
ASKED = ("metric", "at", "from", "to", "zoom", "out", "alert", "with", "scale")
"""Of an address, what a view keeps."""


@dataclass(frozen=True, slots=True)
class View:
    id: str
    name: str
    query: Mapping[str, Sequence[str]]


def views(store: Engine, person_id: str) -> list[View]:
    """A person's own, by name."""
    with store.connect() as conn:
        found = definitions.newest(conn, KIND)
    mine = [View(id_, body["name"], body["query"]) for id_, (_, body) in found.items() if _is_mine(body, person_id)]
    return sorted(mine, key=lambda one: one.name)


def _is_mine(body: Mapping[str, object], person_id: str) -> bool:
    return body.get("owner") == person_id and not body.get("withdrawn")


def keep(store: Engine, who: Person, name: str, query: Mapping[str, Sequence[str]], now: datetime) -> None:
    """The same name again is its next version. Raises ``Wrong``."""
    _may(who)
    name = plain(name)
    kept = {key: list(values) for key, values in query.items() if key in ASKED and values}
    if not name:
        raise Wrong([Mistake(("name",), "board.wrong.missing")])
    if len(name) > NAME_MAX:
        raise Wrong([Mistake(("name",), "board.wrong.long", {"limit": NAME_MAX})])
    if sum(len(value) for values in kept.values() for value in values) > QUERY_MAX:
        raise Wrong([Mistake(("query",), "board.wrong.long", {"limit": QUERY_MAX})])
    mine = views(store, who.person_id)
    if len(mine) >= MOST and name not in [one.name for one in mine]:
        raise Wrong([Mistake(("name",), "board.views.full", {"limit": MOST})])
    body = {"owner": who.person_id, "name": name, "query": kept}
    with store.begin() as conn:
        writing.save(conn, KIND, _id(who.person_id, name), body, who.person_id, now)


def drop(store: Engine, who: Person, view_id: str, now: datetime) -> None:
    """Only one's own; twice is once."""
    _may(who)
    found = next((one for one in views(store, who.person_id) if one.id == view_id), None)
    if found is not None:
        body = {"owner": who.person_id, "name": found.name, "query": dict(found.query), "withdrawn": True}
        with store.begin() as conn:
            writing.save(conn, KIND, view_id, body, who.person_id, now)


def _may(who: Person) -> None:
    if who.role not in ROLES:
        raise NotAllowed("people.fault.not_allowed", role=who.role, allowed=list(ROLES))


def _id(person_id: str, name: str) -> str:
    return f"explore-{blake2b(f'{person_id}{chr(0)}{name}'.encode(), digest_size=6).hexdigest()}"
