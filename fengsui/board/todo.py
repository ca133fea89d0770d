"""我的待办: everything that waits for one person, with its deadline, the most pressing first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from fengsui.alerts.definitions import NotSeeded, book
from fengsui.alerts.nudge import report_due
from fengsui.board import rota
from fengsui.board.alert import CLOSED, Alert, alerts, select_alerts
from fengsui.board.scope import Scope, sees
from fengsui.people.person import person_of
from fengsui.store.slices import ALL
from fengsui.store.tables import assessment, episode, handling, handover, person, task, transition

KINDS = ("claim", "report", "assess", "conclude", "rota", "promise", "action", "review", "handover")


@dataclass(frozen=True, slots=True)
class Task:
    """A promise or an action. ``number``: of its alert, if it has one."""

    task_id: str
    kind: str
    text: str
    owner: str
    owner_name: str
    by: str
    by_name: str
    at: datetime
    due_at: datetime
    state: str
    version: int
    slice_key: str
    episode_id: str | None
    number: str | None
    closed_at: datetime | None
    result: str | None

    def overdue(self, now: datetime) -> bool:
        return self.state == "open" and self.due_at < now


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do. ``alert`` or ``task`` says what it is about; ``due_at`` None: no deadline."""

    kind: str
    due_at: datetime | None
    alert: Alert | None = None
    task: Task | None = None
    handover_id: str | None = None
    who: str = ""

    def overdue(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at < now


def todo(store: Engine, person_id: str, scope: Scope, now: datetime) -> list[Item]:
    """Open claims and their 续报, opinions and decisions of consultations, promises, actions, reviews, a shift to take over,
    changes of the roster to agree to."""
    with store.connect() as conn:
        owned = select_alerts(drills=True).where(handling.c.owner == person_id, handling.c.state.not_in(CLOSED))
        mine = alerts(conn, owned, scope)
        items = [
            *(Item("claim", one.handle_due_at, one) for one in mine),
            *_reports(conn, mine, now),
            *_consultations(conn, person_id, scope),
            *(Item(one.kind, one.due_at, task=one) for one in _tasks(conn, _OPEN & (task.c.owner == person_id), scope)),
            *_reviews(conn, person_id, scope),
            *_handovers(conn, person_id, scope),
            *_rota(conn, person_id, now),
        ]
    return sorted(items, key=lambda one: (one.due_at is None, one.due_at or now, KINDS.index(one.kind)))


def promised(store: Engine, person_id: str, scope: Scope) -> list[Task]:
    """What others do because this person asked them to."""
    with store.connect() as conn:
        return _tasks(conn, _OPEN & (task.c.by == person_id) & (task.c.owner != person_id), scope)


def open_tasks(conn: Connection, scope: Scope) -> list[Task]:
    """Of everybody; those of the whole centre for who sees it."""
    return [one for one in _tasks(conn, _OPEN, ()) if sees(scope, one.slice_key)]


def of_alert(conn: Connection, episode_id: str) -> list[Task]:
    """Of one alert, whose reader may see it already: those to do first, then what was done."""
    found = _tasks(conn, task.c.episode_id == episode_id, ())
    return sorted(found, key=lambda one: (one.state != "open", one.due_at))


_OPEN = task.c.state == "open"


def _tasks(conn: Connection, which: Any, scope: Scope) -> list[Task]:
    joined = task.outerjoin(episode, episode.c.episode_id == task.c.episode_id)
    query = (
        select(task, episode.c.day, episode.c.day_n).select_from(joined).where(which).order_by(task.c.due_at, task.c.task_id)
    )
    rows = conn.execute(query).fetchall()
    names = _names(conn, {id_ for row in rows for id_ in (row.owner, row.by)})
    return [_task(row, names) for row in rows if row.slice_key == ALL or sees(scope, row.slice_key)]


def _task(row: Any, names: dict[str, str]) -> Task:
    return Task(
        row.task_id,
        row.kind,
        row.text,
        row.owner,
        names.get(row.owner, row.owner),
        row.by,
        names.get(row.by, row.by),
        row.at,
        row.due_at,
        row.state,
        row.version,
        row.slice_key,
        row.episode_id,
        f"{row.day:%m%d}-{row.day_n:02d}" if row.day else None,
        row.closed_at,
        row.result,
    )


def _reports(conn: Connection, mine: Iterable[Alert], now: datetime) -> Iterator[Item]:
    severe = [one for one in mine if one.tier == 3 and not one.waiting]
    if not severe:
        return
    try:
        policy = book(conn, now).policy
    except NotSeeded:
        return
    notes = (transition.c.axis == "person") & (transition.c.code == "note")
    ids = [one.episode_id for one in severe]
    query = select(transition.c.episode_id, func.max(transition.c.at)).where(notes, transition.c.episode_id.in_(ids))
    last = {row[0]: row[1] for row in conn.execute(query.group_by(transition.c.episode_id))}
    for one in severe:
        due = report_due(one.tier, one.claimed_at, last.get(one.episode_id), policy)
        if due is not None:
            yield Item("report", due, one)


def _consultations(conn: Connection, person_id: str, scope: Scope) -> Iterator[Item]:
    """Those of open alerts in which this person was asked and has not answered, or decides and has not."""
    consulted = (transition.c.axis == "person") & transition.c.code.in_(("consult", "conclude"))
    living = select(handling.c.episode_id).where(handling.c.state != "reviewed")
    query = select(transition.c.episode_id, transition.c.code, transition.c.params, transition.c.at)
    rows = conn.execute(
        query.where(consulted, transition.c.episode_id.in_(living)).order_by(transition.c.decision_seq)
    ).fetchall()
    asked: dict[str, datetime] = {}
    decides: dict[str, str] = {}
    for row in rows:
        if row.code == "conclude":
            decides.pop(row.episode_id, None)
            asked.pop(row.episode_id, None)
            continue
        decides[row.episode_id] = row.params["decider"]
        if any(one["person"] == person_id for one in row.params["assessors"]):
            asked[row.episode_id] = row.at
    said = select(assessment.c.episode_id, func.max(assessment.c.at)).where(assessment.c.person == person_id)
    given = {row[0]: row[1] for row in conn.execute(said.group_by(assessment.c.episode_id))}
    opinions = {id_ for id_, at in asked.items() if given.get(id_) is None or given[id_] < at}
    decisions = {id_ for id_, who in decides.items() if who == person_id}
    found = alerts(conn, select_alerts(drills=True).where(episode.c.episode_id.in_(opinions | decisions)), scope)
    for one in found:
        if one.episode_id in opinions:
            yield Item("assess", one.due_at, one)
        if one.episode_id in decisions:
            yield Item("conclude", one.due_at, one)


def _reviews(conn: Connection, person_id: str, scope: Scope) -> Iterator[Item]:
    """Handled and not reviewed: of what was at least important."""
    query = select_alerts().where(handling.c.owner == person_id, handling.c.state == "resolved")
    for one in alerts(conn, query, scope):
        if one.tier >= 2:
            yield Item("review", None, one)


def _handovers(conn: Connection, person_id: str, scope: Scope) -> Iterator[Item]:
    """A shift that somebody gave and nobody has taken, of organisations that this person sees."""
    joined = handover.outerjoin(person, person.c.person_id == handover.c.given_by)
    query = select(handover, person.c.name).select_from(joined).where(handover.c.taken_at.is_(None))
    for row in conn.execute(query.order_by(handover.c.given_at)):
        if row.given_by != person_id and _covers(scope, row.scope):
            yield Item("handover", None, handover_id=row.handover_id, who=row.name or row.given_by)


def _rota(conn: Connection, person_id: str, now: datetime) -> Iterator[Item]:
    """``who``: whose shift or leave it is; to be answered before it begins."""
    row = conn.execute(select(person).where(person.c.person_id == person_id, person.c.active)).mappings().one_or_none()
    if row is not None:
        for one in rota.waiting(conn, person_of(row), now):
            yield Item("rota", one.start_at, who=one.name)


def _covers(scope: Scope, given: list[str]) -> bool:
    """Whoever takes a shift sees all that it was about."""
    return not scope or (bool(given) and all(any(one == own or one.startswith(f"{own}/") for own in scope) for one in given))


def _names(conn: Connection, ids: set[str]) -> dict[str, str]:
    rows = conn.execute(select(person.c.person_id, person.c.name).where(person.c.person_id.in_(ids)))
    return {row.person_id: row.name for row in rows}
