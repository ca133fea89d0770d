"""Customers behind an alert, masked, the most affected first, and what came of contact with each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from fengsui.store.tables import contact, person


@dataclass(frozen=True, slots=True)
class Touch:
    """The newest contact with a customer."""

    at: datetime
    by: str
    way: str
    outcome: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Affected:
    """``customer``: the hash that the store knows, or a record's key where the record names nobody (``known`` False).
    ``record_key``, ``url``, ``text``: of the newest of ``n`` records."""

    customer: str
    known: bool
    tier: str | None
    channel: str | None
    n: int
    last_at: datetime
    record_key: str
    url: str | None
    text: str | None
    touch: Touch | None = None

    @property
    def tail(self) -> str:
        """What a page shows of who it is."""
        return self.customer[-4:]


@dataclass(frozen=True, slots=True)
class Customers:
    """``told``, ``reached``: how many of ``all`` know the result, were reached at all."""

    rows: tuple[Affected, ...]

    @property
    def told(self) -> int:
        return sum(one.touch is not None and one.touch.outcome == "told" for one in self.rows)

    @property
    def reached(self) -> int:
        return sum(one.touch is not None and one.touch.outcome != "not_reached" for one in self.rows)


def affected(conn: Connection, episode_id: str, rows: Sequence[Any]) -> Customers:
    """``rows``: records behind the alert, newest first, as ``board.read.records`` reads them."""
    groups: dict[str, list[Any]] = {}
    for row in rows:
        groups.setdefault(row.customer or row.record_key, []).append(row)
    touches = _touches(conn, episode_id)
    found = [_affected(key, group, touches) for key, group in groups.items()]
    return Customers(tuple(sorted(found, key=lambda one: (one.touch is not None, -one.n, -one.last_at.timestamp()))))


def _affected(key: str, group: Sequence[Any], touches: Mapping[str, Touch]) -> Affected:
    newest = group[0]
    tier = next((row.customer_tier for row in group if row.customer_tier), None)
    return Affected(
        key,
        newest.customer is not None,
        tier,
        newest.dims.get("channel"),
        len(group),
        newest.opened_at,
        newest.record_key,
        newest.url,
        newest.text,
        touches.get(key),
    )


def _touches(conn: Connection, episode_id: str) -> dict[str, Touch]:
    joined = contact.outerjoin(person, person.c.person_id == contact.c.by)
    query = select(contact, person.c.name).select_from(joined).where(contact.c.episode_id == episode_id)
    rows = conn.execute(query.order_by(contact.c.at))
    return {row.customer: Touch(row.at, row.name or row.by, row.way, row.outcome, row.note) for row in rows}
