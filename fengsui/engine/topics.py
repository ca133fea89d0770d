"""Topics among the slices: which of them live, and since when all their records are counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from fengsui.settings.dimension import TOPIC
from fengsui.store.slices import flat, slice_levels
from fengsui.store.tables import topic

CUBOID: Final = TOPIC


@dataclass(frozen=True, slots=True)
class Topics:
    """``since``: value of the dimension -> when its past begins, of those that live, the surest sudden one first, watched
    phrases last; ``over``: values whose topic has ended, or has no past yet. Other values come from a source."""

    since: Mapping[str, datetime]
    over: frozenset[str]

    def watches(self, slice_key: str) -> bool:
        """A slice of a source's own is watched like any other."""
        return slice_levels(slice_key).get(TOPIC) not in self.over

    def place(self, slice_key: str) -> int | None:
        """Of a living topic: how many come before it."""
        value = slice_levels(slice_key).get(TOPIC, "")
        return list(self.since).index(value) if value in self.since else None


_ALIVE = (
    select(topic.c.shown, topic.c.marked_from)
    .where(topic.c.ended_at.is_(None), topic.c.marked_from.is_not(None))
    .order_by(topic.c.kind, topic.c.score.desc(), topic.c.topic_id)
)


def living(conn: Connection) -> list[tuple[str, datetime]]:
    """What is shown of each that lives, the surest sudden one first, and where its past begins."""
    return [(row.shown, row.marked_from) for row in conn.execute(_ALIVE)]


def load(conn: Connection) -> Topics:
    since: dict[str, datetime] = {}
    for shown, begins in living(conn):
        since.setdefault(flat(shown), begins)
    values = map(flat, conn.execute(select(topic.c.shown).distinct()).scalars())
    return Topics(since, frozenset(values) - since.keys())


def begins(conn: Connection, slice_key: str) -> datetime | None:
    """Since when a topic's records are all counted: before its first one nobody spoke of it. None: no living topic."""
    value = slice_levels(slice_key).get(TOPIC)
    return load(conn).since.get(value) if value is not None else None
