"""The conclusion of an alert as it is read: what people pinned to it, with names, and records in their masked words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select

from fengsui.alerts.commands.pin import KIND
from fengsui.board import persons
from fengsui.board.persons import NOBODY, Persons
from fengsui.board.scope import Scope, sees, sees_org
from fengsui.settings import Settings
from fengsui.store.tables import definition, episode, feedback, feedback_text, person


@dataclass(frozen=True, slots=True)
class Pinned:
    """``about``: the question and the figures as they were. Of a record: its words, None where it is gone or another's."""

    id: str
    kind: str
    key: str
    about: Mapping[str, Any]
    by: str
    at: datetime
    text: str | None = None
    channel: str | None = None
    opened_at: datetime | None = None


def pins(store: Engine, settings: Settings, episode_id: str, scope: Scope, seen: Persons = NOBODY) -> list[Pinned]:
    """In the order in which they were pinned; without figures of persons whom the reader may not look at."""
    mine = (definition.c.kind == KIND) & (definition.c.id == episode_id)
    with store.connect() as conn:
        place = conn.scalar(select(episode.c.slice_key).where(episode.c.episode_id == episode_id))
        row = conn.execute(select(definition.c.body).where(mine).order_by(definition.c.version.desc()).limit(1)).scalar()
        if place is None or row is None or not sees(scope, place):
            return []
        items = [one for one in row["pins"] if persons.open_to(settings, seen, *_places(one))]
        names = {one.person_id: one.name for one in conn.execute(select(person.c.person_id, person.c.name))}
        keys = [one["key"] for one in items if one["kind"] == "record"]
        wanted = select(feedback.c.record_key, feedback.c.dims, feedback.c.opened_at, feedback_text.c.text)
        joined = wanted.join(feedback_text, feedback_text.c.record_key == feedback.c.record_key, isouter=True)
        found = conn.execute(joined.where(feedback.c.record_key.in_(keys), feedback.c.deleted_at.is_(None)))
        records = {one.record_key: one for one in found if sees_org(scope, one.dims.get("org"))}
    return [_pinned(one, names, records) for one in items]


def _places(item: Mapping[str, Any]) -> list[str]:
    """Slices that a pin names: its own, and those of the question it came from."""
    asked = item["about"].get("question") or {}
    mine = [item["key"]] if item["kind"] != "record" else []
    return [key for key in (*mine, asked.get("at"), *(asked.get("out") or ())) if key]


def _pinned(item: Mapping[str, Any], names: Mapping[str, str], records: Mapping[str, Any]) -> Pinned:
    at = datetime.fromisoformat(item["at"])
    about = (item["id"], item["kind"], item["key"], item["about"], names.get(item["by"], item["by"]), at)
    record = records.get(item["key"]) if item["kind"] == "record" else None
    if record is None:
        return Pinned(*about)
    return Pinned(*about, record.text, record.dims.get("channel"), record.opened_at)
