"""系统告警 as pages show them: what lasts, and what was over the last thirty days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, or_, select

from fengsui.store.tables import system_alert

BACK = timedelta(days=30)
MOST = 200


@dataclass(frozen=True, slots=True)
class SystemAlert:
    """``subjects``: all that it touches or touched. ``cleared_at`` None: it lasts."""

    kind: str
    since_at: datetime
    opened_at: datetime
    cleared_at: datetime | None
    subjects: tuple[str, ...]
    params: Mapping[str, Any]

    @property
    def lasts(self) -> bool:
        return self.cleared_at is None


def system_alerts(store: Engine, now: datetime) -> list[SystemAlert]:
    """What people were told of: what lasts first, then the newest."""
    told = system_alert.c.opened_at.is_not(None)
    fresh = or_(system_alert.c.cleared_at.is_(None), system_alert.c.cleared_at > now - BACK)
    query = select(system_alert).where(told, fresh).order_by(system_alert.c.since_at.desc()).limit(MOST)
    with store.connect() as conn:
        found = [
            SystemAlert(row.kind, row.since_at, row.opened_at, row.cleared_at, tuple(row.subjects), row.params)
            for row in conn.execute(query)
        ]
    return sorted(found, key=lambda one: not one.lasts)


def lasting(store: Engine) -> list[SystemAlert]:
    """Those that last now."""
    query = select(system_alert).where(system_alert.c.opened_at.is_not(None), system_alert.c.cleared_at.is_(None))
    with store.connect() as conn:
        rows = conn.execute(query.order_by(system_alert.c.since_at)).all()
    return [SystemAlert(row.kind, row.since_at, row.opened_at, None, tuple(row.subjects), row.params) for row in rows]
