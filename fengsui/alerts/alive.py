"""The daily sign of life: a watcher that died is noticed because its morning notice is missing."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from fengsui.alerts.desk import Desk
from fengsui.alerts.tell import News
from fengsui.store.tables import episode


def say_alive(desk: Desk, before: datetime | None) -> None:
    """Once a day, at the first advance after the hour of the policy. ``before``: when alerts last advanced."""
    today = desk.now.astimezone(desk.zone).replace(hour=desk.book.policy.alive_hour, minute=0, second=0, microsecond=0)
    if desk.now < today or (before is not None and before >= today):
        return
    yesterday = today.date() - timedelta(days=1)
    events = (episode.c.day == yesterday) & episode.c.parent_id.is_(None)
    n = desk.conn.scalar(select(func.count()).select_from(episode).where(events)) or 0
    params = {"day": yesterday.isoformat(), "n": n}
    subject = today.date().isoformat()
    news = News("alive", subject, "machine", 0, 1, "alerts.notice.alive", params, episode=False, always=True)
    desk.tell(news, desk.book.policy.tiers["1"].tell)
