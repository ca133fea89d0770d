"""无人值班: a week ahead the managers are told where the rota has gaps; an hour without anybody on duty is told at once.

Only teams that were planned for are asked about, each in the hours it works (of its queue in the calendar, or the centre's).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from fengsui.alerts.alive import due_today
from fengsui.alerts.desk import Desk
from fengsui.alerts.tell import News, rings
from fengsui.metrics import calendars
from fengsui.metrics.business import Span, less, union
from fengsui.people.rota import planned, teams_of

AHEAD, HOUR, BACK = timedelta(days=7), timedelta(hours=1), timedelta(days=8)
SHORT = timedelta(minutes=5)
"""Shifts that do not quite meet are no gap."""
TO = ("manager", "admin")
KNOWN = timedelta(days=30)
"""A team that was planned for since then is missed."""
DUTY = "duty"


@dataclass(frozen=True, slots=True)
class Gaps:
    """Of a team (empty: the whole centre), in order, none shorter than ``SHORT``."""

    team: str
    spans: tuple[Span, ...]


def gaps(conn: Connection, zone: ZoneInfo, start: datetime, end: datetime, now: datetime) -> tuple[Gaps, ...]:
    """Where no duty officer is named in the window; teams without gaps are left out. Whoever is named for the whole centre is
    there for every team; for the whole centre anybody will do."""
    teams = teams_of(conn, now - KNOWN)
    if not teams:
        return ()
    known = [one for one in planned(conn, start, end) if one.role == DUTY]
    table = calendars.load(conn, "none", zone.key, now).newest
    found = []
    for team in teams:
        mine = [(one.start_at, one.end_at) for one in known if not team or one.team in ("", team)]
        open_ = less(_hours(table, team, start, end, zone), mine)
        found.append(Gaps(team, tuple((a, b) for a, b in open_ if b - a >= SHORT)))
    return tuple(one for one in found if one.spans)


def warn_of_gaps(desk: Desk, before: datetime | None) -> None:
    """Once a day, one notice a team: the first gap of the coming week, and how many there are."""
    if not due_today(desk, before):
        return
    today = desk.now.astimezone(desk.zone).date().isoformat()
    for one in gaps(desk.conn, desk.zone, desk.now, desk.now + AHEAD, desk.now):
        start, end = one.spans[0]
        hours = sum(((b - a) for a, b in one.spans), timedelta()) / HOUR
        params: dict[str, Any] = {
            "team": _named(one.team),
            "start": start.isoformat(),
            "end": end.isoformat(),
        }
        params |= {"n": len(one.spans), "hours": hours}
        subject = f"{today}:{one.team}"
        desk.tell(News("rota", subject, "machine", 0, 1, "alerts.notice.rota_gap", params, episode=False), TO)


def cry_for_nobody(desk: Desk, before: datetime | None) -> None:
    """A team that works now and had nobody for an hour: told after 1, 2, 4, 8 … hours. Asked once a minute."""
    if before is None:
        return
    for one in gaps(desk.conn, desk.zone, desk.now - BACK, desk.now, desk.now):
        start, end = one.spans[-1]
        if end < desk.now:
            continue
        hours, told = int((desk.now - start) / HOUR), int((before - start) / HOUR)
        n = next((n for n in range(hours, max(told, 0), -1) if rings(n)), 0)
        if not n:
            continue
        params = {
            "team": _named(one.team),
            "since": start.isoformat(),
            "late": int((desk.now - start).total_seconds()),
        }
        subject = f"{start.isoformat()}:{one.team}"
        news = News("rota", subject, "machine", n, 2, "alerts.notice.rota_empty", params, episode=False, always=True)
        desk.tell(news, TO)


def _hours(table: calendars.Calendar, team: str, start: datetime, end: datetime, zone: ZoneInfo) -> list[Span]:
    """When the team works in the window: the hours of the queue of its name in the calendar, or else the centre's."""
    clock, day, last = table.clock(team or None), start.astimezone(zone).date(), end.astimezone(zone).date()
    found: list[Span] = []
    while day <= last:
        found += [(max(a, start), min(b, end)) for a, b in clock.spans(day) if b > start and a < end]
        day += timedelta(days=1)
    return union(found)


def _named(team: str) -> str:
    return f" {team}" if team else ""
