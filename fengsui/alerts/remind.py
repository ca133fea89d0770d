"""即将超时 / 已超时, told to the department that holds the tickets: at each full hour what came since, one notice a class.

A ticket is told at most twice: when it has four hours left (or is opened with less), and when its deadline has passed. One that
is delivered late is told in the hour in which it came. Each is kept (``reminder``): whether it was answered is a figure. The
hours of a stopped worker are caught up, at most a day of them.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import literal_column, select

from fengsui.alerts.desk import Desk
from fengsui.alerts.tell import News
from fengsui.store.tables import feedback, reminder
from fengsui.store.upsert import upsert

SOON, BACK, CAUGHT_UP = timedelta(hours=4), timedelta(days=30), timedelta(days=1)
MOST = 20_000
NOBODY = "manager"
"""Hears of tickets that no department holds."""
_OPEN = feedback.c.state == literal_column("'open'")  # written out: so the index of open tickets is used


def remind(desk: Desk, before: datetime | None) -> None:
    """``before``: when alerts last advanced; the first time ever nothing is told, for nobody knows what is new."""
    until = _hour(desk.now)
    if before is None or before >= until:
        return
    since = max(_hour(before), until - CAUGHT_UP)
    groups: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    reminded = []
    for row in _tickets(desk, until):
        department = str(row.dims.get("org") or "").partition("/")[0]
        for name in _classes(row, since, until):
            groups[name, department].append(row.due_at)
            about = {"record_key": row.record_key, "name": name}
            reminded.append({**about, "at": desk.now, "department": department or None})
    upsert(desk.conn, reminder, reminded, update=())
    for (name, department), due in sorted(groups.items()):
        params = {"department": department or None, "n": len(due), "first": min(due).isoformat()}
        code = f"alerts.notice.{name}"
        news = News("due", f"{name}:{department}", "machine", int(until.timestamp()) // 3600, 1, code, params, episode=False)
        desk.tell(news, (f"org:{department}" if department else NOBODY,))


def _tickets(desk: Desk, until: datetime) -> Any:
    mine = (_OPEN, feedback.c.deleted_at.is_(None), feedback.c.due_at > until - BACK, feedback.c.due_at <= until + SOON)
    columns = (feedback.c.record_key, feedback.c.dims, feedback.c.due_at, feedback.c.opened_at, feedback.c.first_stored_at)
    return desk.conn.execute(select(*columns).where(*mine).order_by(feedback.c.due_at).limit(MOST))


def _classes(row: Any, since: datetime, until: datetime) -> list[str]:
    """Which it has entered in ``(since, until]``."""
    if row.due_at <= until:
        return ["due_over"] if since < max(row.due_at, row.first_stored_at) else []
    entered = max(row.due_at - SOON, row.opened_at, row.first_stored_at)
    return ["due_soon"] if since < entered <= until else []


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
