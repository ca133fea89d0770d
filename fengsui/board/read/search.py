"""The newest records that hold some words (``text.search``)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, literal, select

from fengsui.store.tables import feedback
from fengsui.text.search import holding

MOST: Final = 5_000


def search(conn: Connection, query: str, limit: int = 50, before: ColumnElement[bool] | None = None) -> list[str]:
    """Keys of the records found, the newest first; ``before``: further conditions on ``feedback``."""
    wanted = holding(conn, query)
    if wanted is None:
        return []
    keep = and_(wanted, feedback.c.deleted_at.is_(None), before if before is not None else literal(True))
    newest = select(feedback.c.record_key).where(keep).order_by(feedback.c.opened_at.desc(), feedback.c.record_key)
    return list(conn.execute(newest.limit(min(limit, MOST))).scalars())
