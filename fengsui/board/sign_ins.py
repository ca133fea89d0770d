"""Who signed in when last, and whose password was wrong since when: read from the audit, so true of every dashboard."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, func, select

from fengsui.store.database import reading
from fengsui.store.tables import audit, session


def last(store: Engine) -> dict[str, datetime]:
    """By person: of the sessions that are still kept, the newest doing."""
    seen = func.max(func.coalesce(session.c.seen_at, session.c.created_at))
    query = select(session.c.person_id, seen).where(session.c.stage.is_(None)).group_by(session.c.person_id)
    with reading(store).connect() as conn:
        return dict(conn.execute(query).tuples().all())


def refused(store: Engine, since: datetime) -> dict[str, int]:
    """By person: wrong passwords and codes."""
    wrong = (audit.c.at >= since) & (audit.c.action == "session.refused")
    with reading(store).connect() as conn:
        return dict(conn.execute(select(audit.c.by, func.count()).where(wrong).group_by(audit.c.by)).tuples().all())
