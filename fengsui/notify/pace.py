"""How many notices a channel may carry: read from the tier policy in force, so that people can change it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from fengsui.store.tables import definition


@dataclass(frozen=True, slots=True)
class Pace:
    storm_n: int = 10
    storm_s: int = 300
    per_minute: int = 20


def pace_of(conn: Connection, now: datetime) -> Pace:
    """The policy's; the defaults where none is stored."""
    mine = (definition.c.kind == "tier_policy") & (definition.c.id == "default") & (definition.c.valid_from <= now)
    body = conn.scalar(select(definition.c.body).where(mine).order_by(definition.c.version.desc()).limit(1)) or {}
    names = ("storm_n", "storm_s", "per_minute")
    return Pace(**{name: int(body[name]) for name in names if name in body})
