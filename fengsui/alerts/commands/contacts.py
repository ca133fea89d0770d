"""Customers behind an alert: who was asked, by which way, and who was told the result."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Engine, insert, select

from fengsui.alerts.commands.answer import Done, Refused
from fengsui.alerts.commands.handling import Person
from fengsui.alerts.commands.scope import within
from fengsui.alerts.commands.table import DUTY
from fengsui.alerts.commands.words import words
from fengsui.store.tables import audit, contact, episode
from fengsui.store.upsert import upsert

WAYS = ("call", "sms", "chat", "mail", "visit")
OUTCOMES = ("told", "reached", "not_reached")
"""``told``: reached, and the customer knows how it ended."""


def log_contact(
    store: Engine,
    episode_id: str,
    by: Person,
    now: datetime,
    *,
    customers: list[str],
    way: str,
    outcome: str,
    note: str | None = None,
) -> Done | Refused:
    """One row for each of ``customers``. ``Done.version``: how many. The same click twice (same second) is once."""
    kept = words("note", note, needed=False)
    if by.role not in DUTY:
        return Refused("alerts.refused.role", {"role": by.role, "allowed": list(DUTY), "command": "log_contact"})
    for field, value, allowed in (("way", way, WAYS), ("outcome", outcome, OUTCOMES)):
        if value not in allowed:
            lacks = Refused("alerts.refused.value", {"field": field, "value": value, "allowed": list(allowed)})
            return lacks if value else Refused("alerts.refused.needs", {"field": field})
    if not customers:
        return Refused("alerts.refused.needs", {"field": "customers"})
    if isinstance(kept, Refused):
        return kept
    with store.begin() as conn:
        place = conn.scalar(select(episode.c.slice_key).where(episode.c.episode_id == episode_id, episode.c.mode == "on"))
        if place is None:
            return Refused("alerts.refused.gone", {"episode": episode_id})
        if not within(by.scope, place):
            return Refused("alerts.refused.scope", {"scope": list(by.scope)})
        second = now.replace(microsecond=0)
        about = {"episode_id": episode_id, "by": by.person_id, "at": now, "way": way, "outcome": outcome, "note": kept or None}
        rows = [
            {"contact_id": _id(episode_id, one, by.person_id, second, way, outcome), "customer": one, **about}
            for one in sorted(set(customers))
        ]
        upsert(conn, contact, rows, update=())
        params = {"episode_id": episode_id, "customers": len(rows), "way": way, "outcome": outcome}
        conn.execute(insert(audit).values(at=now, by=by.person_id, action="alert.contact", params=params))
    return Done(len(rows))


def _id(*parts: object) -> str:
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).hexdigest()
