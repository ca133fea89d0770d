"""Today's loop: what was raised, who took it, what is late, and whether people were reached at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from fengsui.board.alert import CLOSED
from fengsui.board.scope import EVERYTHING, Scope, sees
from fengsui.metrics.calendar import local_day
from fengsui.store.tables import episode, handling, outbox


def today(conn: Connection, zone: str, now: datetime, scope: Scope = EVERYTHING) -> dict[str, Any]:
    """Alerts that only explain another one are not counted: nobody takes them.

    ``raised, claimed, closed, overdue, claim_s`` (mean seconds to the claim; None: nobody claimed yet), ``undelivered``."""
    rows = [row for row in _of_day(conn, zone, now) if sees(scope, row.slice_key)]
    waits = [(row.claimed_at - row.opened_at).total_seconds() for row in rows if row.claimed_at]
    return {
        "raised": len(rows),
        "claimed": len(waits),
        "closed": sum(row.state in CLOSED for row in rows),
        "overdue": sum(_overdue(row, now) for row in rows),
        "claim_s": sum(waits) / len(waits) if waits else None,
        "undelivered": undelivered(conn, now),
    }


def undelivered(conn: Connection, now: datetime) -> int:
    """Notices that should have gone out a minute ago, or were given up."""
    late = (outbox.c.state == "failed") | ((outbox.c.state == "pending") & (outbox.c.tries > 0) & (outbox.c.due_at < now))
    return int(conn.execute(select(func.count()).select_from(outbox).where(late)).scalar_one())


def calm_since(conn: Connection) -> datetime | None:
    """When the last alert fell back; None when there never was one."""
    found: datetime | None = conn.execute(select(func.max(episode.c.cleared_at)).where(episode.c.mode == "on")).scalar_one()
    return found


def _of_day(conn: Connection, zone: str, now: datetime) -> Sequence[Any]:
    wanted = (episode.c.slice_key, episode.c.opened_at, episode.c.claim_due_at, episode.c.handle_due_at)
    query = (
        select(*wanted, handling.c.state, handling.c.claimed_at)
        .join(handling, handling.c.episode_id == episode.c.episode_id)
        .where(episode.c.day == local_day(now, zone), episode.c.mode == "on", episode.c.parent_id.is_(None))
    )
    return conn.execute(query).fetchall()


def _overdue(row: Any, now: datetime) -> bool:
    if row.state in CLOSED:
        return False
    due = row.handle_due_at if row.claimed_at else row.claim_due_at
    return due is not None and due < now
