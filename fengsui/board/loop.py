"""Today's loop: what was raised, who took it, what is late, and whether people were reached at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from fengsui.board import seen
from fengsui.board.alert import CLOSED, alerts, select_alerts
from fengsui.board.scope import EVERYTHING, Scope
from fengsui.metrics.calendar import local_day
from fengsui.notify.undelivered import undelivered
from fengsui.store.tables import episode, handling


def today(conn: Connection, zone: str, now: datetime, scope: Scope = EVERYTHING) -> dict[str, Any]:
    """Of the alerts that people see (``board.seen``), as the list has them.

    ``raised, claimed, closed`` and ``claim_s`` (mean seconds to the claim; None: nobody claimed yet): of those raised today.
    ``overdue``: of all that are open, as each row of the list says. ``undelivered``: notices."""
    of_day = episode.c.day == local_day(now, zone)
    found = alerts(conn, select_alerts().where(or_(of_day, _late(now))), scope)
    rows = seen.heads(conn, found, scope)
    raised = [row for row in rows if row.day == local_day(now, zone)]
    waits = [(row.claimed_at - row.opened_at).total_seconds() for row in raised if row.claimed_at]
    return {
        "raised": len(raised),
        "claimed": len(waits),
        "closed": sum(row.state in CLOSED for row in raised),
        "overdue": sum(row.overdue(now) for row in rows),
        "claim_s": sum(waits) / len(waits) if waits else None,
        "undelivered": undelivered(conn, now).n,
    }


def _late(now: datetime) -> ColumnElement[bool]:
    """What may be late, by what the store can say; ``Alert.overdue`` decides."""
    passed = or_(episode.c.claim_due_at < now, episode.c.handle_due_at < now)
    return and_(handling.c.state.not_in(CLOSED), passed)


def calm_since(conn: Connection) -> datetime | None:
    """When the last alert fell back; None when there never was one."""
    found: datetime | None = conn.execute(select(func.max(episode.c.cleared_at)).where(episode.c.mode == "on")).scalar_one()
    return found
