"""How far the detectors are: head series that are ready, and the engine's own clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from fengsui.store.tables import series, watermark

READY_SHARE = 0.9
"""From here on the centre is watched: one new or thin series must not keep the whole wall in doubt."""


def learning(conn: Connection) -> dict[str, Any]:
    """``ready`` of ``all`` active head series; ``learning`` while none exists or too few are ready; ``engine_at`` ISO."""
    query = select(func.count(), func.sum(series.c.ready.cast(_INTEGER))).where(series.c.active, series.c.role == "head")
    total, ready = conn.execute(query).one()
    at: datetime | None = conn.execute(select(watermark.c.at).where(watermark.c.name == "engine")).scalar()
    ready_n = int(ready or 0)
    return {
        "ready": ready_n,
        "all": int(total),
        "learning": total == 0 or ready_n < total * READY_SHARE,
        "engine_at": at.isoformat() if at else None,
    }


_INTEGER = watermark.c.tick.type
