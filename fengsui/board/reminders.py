"""超时预警响应率: of the reminders that departments had of tickets due soon or overdue, those they answered.

The rule of the due cohort, for ourselves: a reminder whose four hours ended in the window and after which nobody did anything
on the ticket by then is not answered, acted on later or not at all. What counts is an event of a person on the record (a reply,
a hand-over, a pause, the solution …); a customer's message or an automatic reply is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, and_, select

from fengsui.board.scope import Scope, sees_org
from fengsui.metrics.intervals import wilson
from fengsui.metrics.metric import Metric
from fengsui.metrics.read import Kpi, State
from fengsui.store.members import in_slice
from fengsui.store.tables import event, feedback, reminder

WITHIN = timedelta(hours=4)
ACTS = ("assigned", "human_reply", "answered", "transferred", "paused", "resumed", "solved", "told", "archived")
RESPONSE = Metric(
    "due_response", "share", {"zh_CN": "超时预警响应率", "en": "Overdue warnings answered"}, "pct", "up", target=1.0, min_n=5
)


@dataclass(frozen=True, slots=True)
class Answered:
    """Of one department's reminders: how many, and how many answered in time."""

    n: int
    met: int

    @property
    def share(self) -> float | None:
        return self.met / self.n if self.n else None


def response(conn: Connection, place: str, start: datetime, end: datetime, now: datetime) -> Kpi:
    """Over the reminders of the tickets of ``place`` whose time to answer ended in ``[start, end)``."""
    found = _found(conn, start, min(end, now), place)
    n, met = len(found), sum(one for _, _, one in found)
    if n == 0:
        return Kpi(None, 0, None, None, "no_data", RESPONSE.version, RESPONSE.target)
    state: State = "few" if n < RESPONSE.min_n else "ok"
    return Kpi(met / n, n, *wilson(met, n), state, RESPONSE.version, RESPONSE.target)


def departments(store: Engine, scope: Scope, start: datetime, now: datetime) -> Mapping[str | None, Answered]:
    """Department (None: nobody's) -> its reminders whose time to answer ended in ``[start, now)``."""
    with store.connect() as conn:
        found = _found(conn, start, now, "all")
    counts: dict[str | None, Answered] = {}
    for department, org, met in found:
        if sees_org(scope, org):
            before = counts.get(department, Answered(0, 0))
            counts[department] = Answered(before.n + 1, before.met + met)
    return counts


def _found(conn: Connection, start: datetime, end: datetime, place: str) -> list[tuple[str | None, str | None, bool]]:
    """(department, organisation, answered in time) of each reminder."""
    mine = and_(
        reminder.c.at >= start - WITHIN,
        reminder.c.at < end - WITHIN,
        feedback.c.deleted_at.is_(None),
        feedback.c.state != "cancelled",
        in_slice(place),
    )
    held = select(reminder, feedback.c.dims, feedback.c.solved_at).join(
        feedback, feedback.c.record_key == reminder.c.record_key
    )
    acts = (
        select(reminder.c.record_key, reminder.c.name, reminder.c.at, event.c.at.label("acted"))
        .join(feedback, feedback.c.record_key == reminder.c.record_key)
        .join(event, event.c.record_key == reminder.c.record_key)
        .where(mine, event.c.kind.in_(ACTS), event.c.at > reminder.c.at)
    )
    answered = {(row.record_key, row.name) for row in conn.execute(acts) if row.acted <= row.at + WITHIN}
    return [
        (row.department, row.dims.get("org"), (row.record_key, row.name) in answered or _solved(row.solved_at, row.at))
        for row in conn.execute(held.where(mine))
    ]


def _solved(solved_at: datetime | None, at: datetime) -> bool:
    return solved_at is not None and at < solved_at <= at + WITHIN
