"""Machines are corrected more often than they were: whoever can refit, roll back or mend the taxonomy hears of it once."""

from __future__ import annotations

from datetime import datetime

from fengsui.alerts.alive import due_today
from fengsui.alerts.desk import Desk
from fengsui.alerts.tell import News
from fengsui.text.drift import drifts

TO = ("manager", "admin")


def warn_of_drift(desk: Desk, before: datetime | None) -> None:
    """Asked once a day; one notice for each tag and change."""
    if not due_today(desk, before):
        return
    for one in drifts(desk.conn, desk.now):
        params = {"at": one.at.isoformat(), "before": one.before, "after": one.now, "n": one.n}
        subject = f"{one.tag}:{one.at.isoformat()}"
        desk.tell(News("drift", subject, "machine", 0, 1, f"alerts.notice.drift.{one.tag}", params, episode=False), TO)
