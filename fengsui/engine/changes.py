"""Whether anything that the engine reads once has changed: two statements a minute, where reading it all would be ten.

Definitions are only ever added, and count from their day on, so their numbers tell of a change; so do those of slices and of
finished work that changes the past, and the topics that live.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, bindparam, func, select

from fengsui.engine import plan, topics
from fengsui.store.tables import definition, request, slice_, watermark

Stamp: TypeAlias = tuple[Any, ...]
_NOW = bindparam("now", type_=definition.c.valid_from.type)
_PLAN = select(watermark).where(watermark.c.name == plan.NAME).subquery()
_OVER = request.c.finished_at.is_not(None) & (request.c.finished_at <= _NOW)
_ASKED = select(
    select(func.count()).select_from(definition).scalar_subquery(),
    select(func.count()).select_from(definition).where(definition.c.valid_from <= _NOW).scalar_subquery(),
    select(func.count()).select_from(slice_).scalar_subquery(),
    select(func.count()).select_from(request).where(request.c.kind == "retag", _OVER).scalar_subquery(),
    select(_PLAN.c.tag).scalar_subquery(),
    select(_PLAN.c.at).scalar_subquery().label("planned_at"),
)


def stamp(conn: Connection, now: datetime) -> Stamp | None:
    """Equal stamps: nothing has changed. ``None``: plan anew in any case."""
    row = conn.execute(_ASKED, {"now": now}).one()
    if row.planned_at is None or now - row.planned_at >= plan.DAILY:
        return None
    return (*row, tuple(topics.living(conn)))
