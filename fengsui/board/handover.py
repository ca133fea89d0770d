"""交接班: what one shift leaves and the next one takes, as it stood, signed by both; kept for ever.

Two different people sign. Who takes a shift becomes the owner of what the other has in hand, by that one's own transfer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from fengsui.alerts import commands
from fengsui.alerts.commands import Done, Refused
from fengsui.alerts.commands.table import DUTY
from fengsui.alerts.commands.words import words
from fengsui.board import seen, todo
from fengsui.board.alert import CLOSED, Alert, alerts, select_alerts, still_open
from fengsui.board.scope import Scope, inside
from fengsui.notify.undelivered import undelivered
from fengsui.people import Person
from fengsui.people.person import person_of
from fengsui.store.tables import audit, handling, handover, person

SHIFT_ENDS = "shift_ends"


@dataclass(frozen=True, slots=True)
class Handover:
    """``alerts``, ``tasks``: plain rows as they stood. ``taken_at`` None: the next shift has not signed."""

    id: str
    given_by: str
    given_name: str
    given_at: datetime
    taken_by: str | None
    taken_name: str | None
    taken_at: datetime | None
    scope: tuple[str, ...]
    note: str
    reply: str | None
    alerts: Sequence[Mapping[str, Any]]
    tasks: Sequence[Mapping[str, Any]]
    undelivered: int


def collect(store: Engine, scope: Scope, now: datetime) -> dict[str, Any]:
    """What is open now: one row for each event, promises and actions, and how many notices did not get through."""
    with store.connect() as conn:
        return _collect(conn, scope, now)


def give(store: Engine, by: Person, now: datetime, note: str) -> Done | Refused:
    """The leaving shift signs. One at a time: what nobody has taken yet must be taken or called back first."""
    kept = words("note", note, needed=False)
    if by.role not in DUTY:
        return _role(by, "give_shift")
    if isinstance(kept, Refused):
        return kept
    handover_id = blake2b(f"{by.person_id}{now.isoformat()}".encode(), digest_size=8).hexdigest()
    with store.begin() as conn:
        waiting = select(handover.c.handover_id).where(handover.c.given_by == by.person_id, handover.c.taken_at.is_(None))
        if conn.scalar(waiting) is not None:
            return Refused("board.handover.waits")
        body = _collect(conn, by.scope, now)
        row = {"given_by": by.person_id, "given_at": now, "scope": list(by.scope), "note": kept, "body": body}
        conn.execute(insert(handover).values(handover_id=handover_id, **row))
        counts = {"alerts": len(body["alerts"]), "tasks": len(body["tasks"])}
        _audit(conn, "shift.give", {"handover": handover_id, **counts}, by, now)
    return Done(1)


def call_back(store: Engine, handover_id: str, by: Person, now: datetime) -> Done | Refused:
    """Who gave it, before somebody took it."""
    if by.role not in DUTY:
        return _role(by, "give_shift")
    with store.begin() as conn:
        mine = (handover.c.handover_id == handover_id) & (handover.c.given_by == by.person_id) & handover.c.taken_at.is_(None)
        if conn.execute(delete(handover).where(mine)).rowcount == 0:
            return Refused("board.handover.gone")
        _audit(conn, "shift.call_back", {"handover": handover_id}, by, now)
    return Done(1)


def take(store: Engine, handover_id: str, by: Person, now: datetime, reply: str) -> Done | Refused:
    """The next shift signs; what the other has in hand is theirs now. ``Done.version``: how many alerts and tasks."""
    kept = words("reply", reply, needed=False)
    if by.role not in DUTY:
        return _role(by, "take_shift")
    if isinstance(kept, Refused):
        return kept
    with store.begin() as conn:
        row = conn.execute(select(handover).where(handover.c.handover_id == handover_id)).one_or_none()
        if row is None:
            return Refused("board.handover.gone")
        if row.given_by == by.person_id:
            return Refused("board.handover.same")
        if not covers(by.scope, row.scope):
            return Refused("alerts.refused.scope", {"scope": list(by.scope)})
        mine = (handover.c.handover_id == handover_id) & handover.c.taken_at.is_(None)
        signed = update(handover).where(mine).values(taken_by=by.person_id, taken_at=now, reply=kept or None)
        if conn.execute(signed).rowcount == 0:
            return Refused("board.handover.taken")
        _audit(conn, "shift.take", {"handover": handover_id, "from": row.given_by}, by, now)
        giver = conn.execute(select(person).where(person.c.person_id == row.given_by)).mappings().one_or_none()
    return Done(_pass_on(store, person_of(giver), by, now) if giver is not None else 0)


def archive(store: Engine, scope: Scope, limit: int = 60) -> list[Handover]:
    """The newest first; those that nobody has taken before all others."""
    joined = handover.outerjoin(person, person.c.person_id == handover.c.given_by)
    query = select(handover, person.c.name).select_from(joined).order_by(handover.c.given_at.desc()).limit(limit)
    with store.connect() as conn:
        rows = [row for row in conn.execute(query) if covers(scope, row.scope)]
        takers = {row.taken_by for row in rows if row.taken_by}
        named = conn.execute(select(person.c.person_id, person.c.name).where(person.c.person_id.in_(takers)))
        names = {row.person_id: row.name for row in named}
    found = [_handover(row, names) for row in rows]
    return sorted(found, key=lambda one: one.taken_at is not None)


def covers(scope: Scope, given: Sequence[str]) -> bool:
    """Whoever sees ``scope`` sees all of ``given``."""
    return not scope or (bool(given) and all(any(inside(own, one) for own in scope) for one in given))


def _pass_on(store: Engine, giver: Person, taker: Person, now: datetime) -> int:
    """In the giver's name, whose signature it is; what meanwhile changed hands or was closed is refused and stays."""
    mine = select_alerts(drills=True).where(handling.c.owner == giver.person_id, handling.c.state.not_in(CLOSED))
    with store.connect() as conn:
        owned = alerts(conn, mine, giver.scope)
        tasks = [one for one in todo.open_tasks(conn, ()) if one.owner == giver.person_id and one.kind == "promise"]
    answers = [
        commands.transfer(store, one.episode_id, one.handling_version, giver, now, person=taker.person_id, reason=SHIFT_ENDS)
        for one in owned
    ]
    answers += [commands.hand_task(store, one.task_id, one.version, giver, now, owner=taker.person_id) for one in tasks]
    return sum(isinstance(answer, Done) for answer in answers)


def _collect(conn: Connection, scope: Scope, now: datetime) -> dict[str, Any]:
    rows = seen.heads(conn, alerts(conn, still_open(drills=True), scope, now), scope)
    tasks = todo.open_tasks(conn, scope)
    return {
        "alerts": [_alert(one) for one in rows],
        "tasks": [_task(one) for one in tasks],
        "undelivered": undelivered(conn, now).n,
    }


def _alert(one: Alert) -> dict[str, Any]:
    return {
        "id": one.episode_id,
        "number": one.number,
        "tier": one.tier,
        "title": [one.title[0], dict(one.title[1])],
        "names": dict(one.names),
        "metric": one.metric,
        "slice": one.slice_key,
        "state": one.state,
        "silent": one.silent,
        "put_off": one.put_off,
        "owner": one.owner_name,
        "since": one.started_at.isoformat(),
        "due": one.due_at.isoformat() if one.due_at else None,
    }


def _task(one: todo.Task) -> dict[str, Any]:
    about = {"kind": one.kind, "text": one.text, "owner": one.owner_name, "due": one.due_at.isoformat(), "number": one.number}
    return {"id": one.task_id, **about}


def _handover(row: Any, names: Mapping[str, str]) -> Handover:
    return Handover(
        row.handover_id,
        row.given_by,
        row.name or row.given_by,
        row.given_at,
        row.taken_by,
        names.get(row.taken_by, row.taken_by),
        row.taken_at,
        tuple(row.scope),
        row.note,
        row.reply,
        row.body["alerts"],
        row.body["tasks"],
        row.body["undelivered"],
    )


def _role(by: Person, command: str) -> Refused:
    return Refused("alerts.refused.role", {"role": by.role, "allowed": list(DUTY), "command": command})


def _audit(conn: Connection, action: str, params: Mapping[str, Any], by: Person, now: datetime) -> None:
    conn.execute(insert(audit).values(at=now, by=by.person_id, action=action, params=dict(params)))
