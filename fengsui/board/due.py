"""即将超时 / 已超时: open tickets by time left, each with the chance that it will be late, and how departments stand.

Ages and chances are in the clock of each ticket's queue. Curves are those of the last four weeks (``metrics.breach``); they
move slowly and are handed in, so that a page makes them once for all its visitors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, func, literal_column, select

from fengsui.board.scope import Scope, sees_org
from fengsui.ingest.policy import REGULATOR
from fengsui.metrics import calendars
from fengsui.metrics.backlog import Backlog, Open, backlog
from fengsui.metrics.breach import Risk, Risks, Watched, brier, expected, reliability, risks
from fengsui.metrics.calendars import Calendars
from fengsui.settings import Settings
from fengsui.store.tables import feedback

BACK, LEARNED = timedelta(days=30), timedelta(days=28)
MOST_OPEN, MOST_LEARNED = 5_000, 20_000
SOON = timedelta(hours=4)
LIKELY = 0.5
RATE_S = 86_400
"""Closing rate of the last day, for the work-off time."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One open ticket. ``confirmed`` False: its deadline lies beyond the table of holidays."""

    record_key: str
    department: str | None  # organisation of the first level
    org: str | None
    channel: str | None
    category: str | None
    priority: str | None
    opened_at: datetime
    due_at: datetime
    regulator: bool
    confirmed: bool
    url: str | None
    risk: Risk

    def overdue(self, now: datetime) -> bool:
        return self.due_at < now


@dataclass(frozen=True, slots=True)
class Department:
    """``soon``: due within four hours; ``expected``: breaches to be expected among those not overdue."""

    name: str | None
    open: int
    overdue: int
    soon: int
    expected: float


@dataclass(frozen=True, slots=True)
class DueList:
    """``tickets`` by deadline. ``older``: open for so long past their deadline (30 days) that they are only counted; ``cut``:
    more tickets than one page reads."""

    tickets: tuple[Ticket, ...]
    departments: tuple[Department, ...]
    backlog: Backlog
    older: int
    cut: bool

    def overdue(self, now: datetime) -> int:
        return sum(ticket.overdue(now) for ticket in self.tickets)


@dataclass(frozen=True, slots=True)
class Calibration:
    """``brier``: of the stated chances; ``plain``: of always saying the share that was late; ``bins``: mean chance, share that
    was late, n. None and empty without tickets."""

    n: int
    brier: float | None
    plain: float | None
    bins: tuple[tuple[float, float, int], ...]


def learned(store: Engine, settings: Settings, now: datetime) -> Risks:
    """The curves of tickets opened in the last four weeks, as they stood at ``now``."""
    with store.connect() as conn:
        known = _calendars(conn, settings, now)
        return risks(_watched(row, known, now) for row in conn.execute(_opened(now)))


def calibrated(store: Engine, settings: Settings, now: datetime) -> Calibration:
    """The chances stated in the last four weeks beside what came: every ticket that was open when half of its limit had gone,
    by the curves of the four weeks before (nothing of the future), against whether it was late."""
    before = now - LEARNED
    curves, pairs = learned(store, settings, before), []
    with store.connect() as conn:
        known = _calendars(conn, settings, now)
        for row in conn.execute(_opened(now)):
            clock, half = _clock(row, known), row.opened_at + (row.due_at - row.opened_at) / 2
            if row.due_at > now or row.due_at <= row.opened_at or (row.solved_at is not None and row.solved_at <= half):
                continue
            age, limit = (clock.elapsed(row.opened_at, at).total_seconds() for at in (half, row.due_at))
            if (p := curves.of(_queue(row), _urgency(row), age, limit).p) is not None:
                pairs.append((p, row.solved_at is None or row.solved_at > row.due_at))
    late = sum(came for _, came in pairs) / len(pairs) if pairs else 0.0
    plain = brier([(late, came) for _, came in pairs])
    return Calibration(len(pairs), brier(pairs), plain, tuple(reliability(pairs)))


def _opened(now: datetime) -> Any:
    columns = (feedback.c[name] for name in ("opened_at", "due_at", "solved_at", "resolution_s", "dims", "extra", "source"))
    mine = (feedback.c.opened_at >= now - LEARNED) & (feedback.c.opened_at <= now) & feedback.c.due_at.is_not(None)
    kept = feedback.c.deleted_at.is_(None) & (feedback.c.state != "cancelled")
    return select(*columns).where(mine, kept).order_by(feedback.c.opened_at.desc()).limit(MOST_LEARNED)


def due_list(store: Engine, settings: Settings, scope: Scope, curves: Risks, now: datetime) -> DueList:
    """Tickets of ``scope`` that are open at ``now``, and what they come to."""
    with store.connect() as conn:
        known = _calendars(conn, settings, now)
        rows = conn.execute(_open().where(feedback.c.due_at >= now - BACK).limit(MOST_OPEN)).fetchall()
        older = conn.scalar(_counted(feedback.c.due_at < now - BACK)) or 0 if not scope else 0
        closed = _closed(conn, scope, now)
    mine = [row for row in rows if sees_org(scope, row.dims.get("org"))]
    tickets = tuple(_ticket(row, known, curves, now) for row in mine)
    stock = [_aged(row, known, now) for row in mine]
    return DueList(tickets, tuple(_departments(tickets, now)), backlog(stock, closed, RATE_S), older, len(rows) == MOST_OPEN)


def _calendars(conn: Connection, settings: Settings, now: datetime) -> Calendars:
    return calendars.load(conn, settings.centre.calendar, settings.centre.zone, now)


_IS_OPEN = feedback.c.state == literal_column("'open'")  # written out: so the index of open tickets is used


def _open() -> Any:
    names = "record_key source opened_at due_at due_source dims extra customer url"
    kept = feedback.c.deleted_at.is_(None)
    return select(*(feedback.c[name] for name in names.split())).where(_IS_OPEN, kept).order_by(feedback.c.due_at)


def _counted(*more: Any) -> Any:
    return select(func.count()).select_from(feedback).where(_IS_OPEN, feedback.c.deleted_at.is_(None), *more)


def _closed(conn: Connection, scope: Scope, now: datetime) -> int:
    """Tickets solved in the last day, looked for among those opened in the last 30."""
    lately = (feedback.c.opened_at >= now - BACK) & (feedback.c.solved_at >= now - timedelta(seconds=RATE_S))
    mine = (lately, feedback.c.solved_at <= now, feedback.c.due_at.is_not(None), feedback.c.deleted_at.is_(None))
    if not scope:
        return int(conn.scalar(select(func.count()).select_from(feedback).where(*mine)) or 0)
    return sum(sees_org(scope, row.dims.get("org")) for row in conn.execute(select(feedback.c.dims).where(*mine)))


def _watched(row: Any, known: Calendars, now: datetime) -> Watched:
    ended = row.solved_at is not None and row.solved_at <= now
    lasted = row.resolution_s if ended else _clock(row, known).elapsed(row.opened_at, now).total_seconds()
    return Watched(_queue(row), _urgency(row), max(float(lasted or 0), 0.0), ended)


def _ticket(row: Any, known: Calendars, curves: Risks, now: datetime) -> Ticket:
    aged, dims = _aged(row, known, now), row.dims
    day = row.due_at.astimezone(known.newest.zone).date()
    return Ticket(
        record_key=row.record_key,
        department=str(dims["org"]).partition("/")[0] if dims.get("org") else None,
        org=dims.get("org"),
        channel=dims.get("channel"),
        category=dims.get("category"),
        priority=_priority(row),
        opened_at=row.opened_at,
        due_at=row.due_at,
        regulator=str(row.due_source or "").endswith(REGULATOR),
        confirmed=known.newest.confirmed(day),
        url=row.url,
        risk=curves.of(_queue(row), _urgency(row), aged.age_s, aged.limit_s),
    )


def _aged(row: Any, known: Calendars, now: datetime) -> Open:
    clock = _clock(row, known)
    age, limit = (clock.elapsed(row.opened_at, at).total_seconds() for at in (now, row.due_at))
    return Open(age, limit, row.customer)


def _clock(row: Any, known: Calendars) -> Any:
    return known.newest.clock(row.dims.get("queue"))


def _queue(row: Any) -> str:
    """Tickets that no queue holds are like others of their source, not like calls and chats."""
    return str(row.dims.get("queue") or row.source)


def _priority(row: Any) -> str | None:
    found = row.dims.get("priority") or row.extra.get("priority")
    return str(found) if found else None


def _departments(tickets: Sequence[Ticket], now: datetime) -> Iterable[Department]:
    """Most overdue first, then most expected breaches."""
    groups: dict[str | None, list[Ticket]] = {}
    for ticket in tickets:
        groups.setdefault(ticket.department, []).append(ticket)
    found = [_department(name, group, now) for name, group in groups.items()]
    return sorted(found, key=lambda one: (-one.overdue, -one.expected, -one.open, one.name is None, one.name))


def _department(name: str | None, group: Sequence[Ticket], now: datetime) -> Department:
    late = [ticket for ticket in group if ticket.overdue(now)]
    left = [ticket for ticket in group if not ticket.overdue(now)]
    soon = sum(ticket.due_at <= now + SOON for ticket in left)
    return Department(name, len(group), len(late), soon, expected(ticket.risk for ticket in left))


def counts(found: DueList, now: datetime) -> Mapping[str, float]:
    """What the head of the page says."""
    left = [ticket for ticket in found.tickets if not ticket.overdue(now)]
    return {
        "open": len(found.tickets),
        "overdue": found.overdue(now),
        "soon": sum(ticket.due_at <= now + SOON for ticket in left),
        "likely": sum(ticket.risk.p is not None and ticket.risk.p >= LIKELY for ticket in left),
        "regulator": sum(ticket.regulator for ticket in found.tickets),
    }


def _urgency(row: Any) -> str:
    """The priority; where none is told, the limit says as much: those with four hours are worked on before those with a day."""
    limit = round((row.due_at - row.opened_at).total_seconds() / 3600)
    return _priority(row) or f"{limit} h"
