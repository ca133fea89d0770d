"""The daily sign of life: a watcher that died is noticed because its morning notice is missing."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from fengsui.alerts.desk import Desk
from fengsui.alerts.tell import News
from fengsui.metrics import calendars
from fengsui.store.tables import episode

MONDAY, LAST_WEEK = 0, 7


def say_alive(desk: Desk, before: datetime | None) -> None:
    """Once a day, at the first advance after the hour of the policy. ``before``: when alerts last advanced."""
    today = _hour_of_today(desk)
    if not due_today(desk, before):
        return
    yesterday = today.date() - timedelta(days=1)
    events = (episode.c.day == yesterday) & episode.c.parent_id.is_(None)
    n = desk.conn.scalar(select(func.count()).select_from(episode).where(events)) or 0
    params = {"day": yesterday.isoformat(), "n": n}
    subject = today.date().isoformat()
    news = News("alive", subject, "machine", 0, 1, "alerts.notice.alive", params, episode=False, always=True)
    desk.tell(news, desk.book.policy.tiers["1"].tell)


def warn_of_calendar(desk: Desk, before: datetime | None) -> None:
    """From 45 days before the table of holidays ends: the administrators hear of it every Monday, and daily in the last week
    and afterwards. A store without a table has none that ends."""
    if not due_today(desk, before):
        return
    today = _hour_of_today(desk).date()
    end = calendars.ending(calendars.load(desk.conn, "none", desk.zone.key, desk.now).newest, today)
    if end is None or (end.days > LAST_WEEK and today.weekday() != MONDAY):
        return
    params = {"until": end.until.isoformat(), "days": end.days}
    news = News("calendar", today.isoformat(), "machine", 0, 1, "alerts.notice.calendar", params, episode=False)
    desk.tell(news, ("admin",))


def _hour_of_today(desk: Desk) -> datetime:
    return desk.now.astimezone(desk.zone).replace(hour=desk.book.policy.alive_hour, minute=0, second=0, microsecond=0)


def due_today(desk: Desk, before: datetime | None) -> bool:
    """The first advance after the hour of the policy."""
    today = _hour_of_today(desk)
    return desk.now >= today and (before is None or before < today)
