"""结论: what was found out about an alert, pinned to it: the chart, slices with their figures, records by their key.

One definition of kind ``conclusion`` for each alert, so every change is a version with a name and an audit row. Figures are
kept as they were seen, with all that brings them again; a record is kept by its key only, so that erasing it erases it here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import IntegrityError

from fengsui.alerts import definitions
from fengsui.alerts.commands.answer import Done, Refused
from fengsui.alerts.commands.handling import Person
from fengsui.alerts.commands.scope import within
from fengsui.store.tables import definition, episode

KIND = "conclusion"
KINDS = ("chart", "slice", "record")
ROLES = ("duty", "manager", "admin", "analyst")
MOST, MOST_BYTES = 24, 20_000


def pin(
    store: Engine, by: Person, now: datetime, episode_id: str, kind: str, key: str, about: Mapping[str, Any]
) -> Done | Refused:
    """``key``: the slice or record; ``about``: the question and, of charts and slices, the figures (plain JSON). What is
    pinned already changes nothing."""
    size = len(json.dumps(dict(about), ensure_ascii=False))
    if kind not in KINDS or size > MOST_BYTES:
        return Refused("alerts.refused.value", {"field": "kind", "value": kind, "allowed": list(KINDS)})
    id_ = blake2b(f"{kind}\0{key}\0{json.dumps(about.get('question'), sort_keys=True)}".encode(), digest_size=6).hexdigest()
    item = {"id": id_, "kind": kind, "key": key, "about": dict(about), "by": by.person_id, "at": now.isoformat()}

    def changed(pins: list[dict[str, Any]]) -> list[dict[str, Any]] | Refused:
        if any(one["id"] == id_ for one in pins):
            return pins
        if len(pins) >= MOST:
            return Refused("alerts.refused.pins", {"limit": MOST})
        return [*pins, item]

    return _change(store, by, now, episode_id, changed)


def unpin(store: Engine, by: Person, now: datetime, episode_id: str, pin_id: str) -> Done | Refused:
    """Taken off; the version before still has it. Twice is once."""
    return _change(store, by, now, episode_id, lambda pins: [one for one in pins if one["id"] != pin_id])


def _change(store: Engine, by: Person, now: datetime, episode_id: str, changed: Any) -> Done | Refused:
    if by.role not in ROLES:
        return Refused("alerts.refused.role", {"role": by.role, "allowed": list(ROLES), "command": "pin"})
    try:
        with store.begin() as conn:
            place = conn.scalar(select(episode.c.slice_key).where(episode.c.episode_id == episode_id))
            if place is None or not within(by.scope, place):  # the two look the same on purpose
                return Refused("alerts.refused.scope", {"scope": list(by.scope)})
            version, pins = _newest(conn, episode_id)
            after = changed(pins)
            if isinstance(after, Refused) or after == pins:
                return after if isinstance(after, Refused) else Done(version)
            return Done(definitions.save(conn, KIND, episode_id, {"pins": after}, by.person_id, now))
    except IntegrityError:  # two at the same moment: the key of a version is there once
        return Refused("alerts.refused.crowded")


def _newest(conn: Connection, episode_id: str) -> tuple[int, list[dict[str, Any]]]:
    mine = (definition.c.kind == KIND) & (definition.c.id == episode_id)
    last = select(func.max(definition.c.version)).where(mine).scalar_subquery()
    row = conn.execute(select(definition.c.version, definition.c.body).where(mine, definition.c.version == last)).first()
    return (0, []) if row is None else (row.version, list(row.body.get("pins", [])))
