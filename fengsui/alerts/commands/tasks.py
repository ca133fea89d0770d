"""承诺 and 改进项: what a named person does by a certain time. A promise belongs to the alert while it is handled, an action to
what was learned from it."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, insert, select, update

from fengsui.alerts.commands.answer import Done, Refused
from fengsui.alerts.commands.handling import Person
from fengsui.alerts.commands.scope import within
from fengsui.alerts.commands.table import DUTY, MANAGER
from fengsui.alerts.commands.words import words
from fengsui.alerts.definitions import NotSeeded, book
from fengsui.alerts.tell import News, tell
from fengsui.store.slices import ALL
from fengsui.store.tables import audit, episode, person, task

KINDS = ("promise", "action")
LONGEST = timedelta(days=366)
FIRST = 1
Row: TypeAlias = dict[str, Any]


def add_task(
    store: Engine,
    by: Person,
    now: datetime,
    *,
    kind: str,
    text: str,
    owner: str,
    due_at: datetime,
    episode_id: str | None = None,
) -> Done | Refused:
    """``owner`` does ``text`` by ``due_at`` and is told, unless they say it themselves. The same click twice is once."""
    kept = words("text", text)
    wrong = _wrong(by, kind, due_at, now) or (kept if isinstance(kept, Refused) else None)
    if wrong is not None:
        return wrong
    with store.begin() as conn:
        place = _place(conn, episode_id)
        if place is None:
            return Refused("alerts.refused.gone", {"episode": episode_id})
        refusal = _seen(by, place) if episode_id else None
        refusal = refusal or _able(conn, owner, place, bound=episode_id is not None)
        if refusal is not None:
            return refusal
        row = {"kind": kind, "episode_id": episode_id, "slice_key": place, "text": kept, "owner": owner, "due_at": due_at}
        task_id = blake2b("\x1f".join(map(str, (*row.values(), by.person_id))).encode(), digest_size=16).hexdigest()
        if _row(conn, task_id) is not None:
            return Done(FIRST)
        conn.execute(insert(task).values(task_id=task_id, **row, by=by.person_id, at=now, state="open", version=FIRST))
        _audit(conn, "task.add", {"task": task_id, "kind": kind, "owner": owner, "episode_id": episode_id}, by, now)
        _tell(conn, {**row, "task_id": task_id, "version": FIRST}, by, now)
    return Done(FIRST)


def hand_task(store: Engine, task_id: str, seen: int, by: Person, now: datetime, *, owner: str) -> Done | Refused:
    """Somebody else does it, and is told. By its owner, by whoever asked for it, or by a manager."""
    with store.begin() as conn:
        row = _row(conn, task_id)
        refusal = _open(row, seen, by) if row is not None else Refused("alerts.refused.no_task", {"task": task_id})
        if refusal is None and row is not None:
            refusal = _able(conn, owner, row["slice_key"], bound=row["episode_id"] is not None)
        if refusal is not None or row is None:
            return refusal or Refused("alerts.refused.no_task", {"task": task_id})
        if not _change(conn, task_id, seen, owner=owner):
            return Refused("alerts.refused.task_stale")
        _audit(conn, "task.hand", {"task": task_id, "from": row["owner"], "owner": owner}, by, now)
        _tell(conn, {**row, "owner": owner, "version": seen + 1}, by, now)
    return Done(seen + 1)


def close_task(
    store: Engine, task_id: str, seen: int, by: Person, now: datetime, *, result: str, dropped: bool = False
) -> Done | Refused:
    """Done, or given up, and what came of it. By its owner, by whoever asked for it, or by a manager."""
    kept = words("result", result)
    if isinstance(kept, Refused):
        return kept
    with store.begin() as conn:
        row = _row(conn, task_id)
        refusal = _open(row, seen, by) if row is not None else Refused("alerts.refused.no_task", {"task": task_id})
        if refusal is not None:
            return refusal
        state = "dropped" if dropped else "done"
        if not _change(conn, task_id, seen, state=state, closed_at=now, closed_by=by.person_id, result=kept):
            return Refused("alerts.refused.task_stale")
        _audit(conn, "task.close", {"task": task_id, "state": state}, by, now)
    return Done(seen + 1)


def _wrong(by: Person, kind: str, due_at: datetime, now: datetime) -> Refused | None:
    if by.role not in DUTY:
        return Refused("alerts.refused.role", {"role": by.role, "allowed": list(DUTY), "command": "add_task"})
    if kind not in KINDS:
        return Refused("alerts.refused.value", {"field": "kind", "value": kind, "allowed": list(KINDS)})
    if not now < due_at <= now + LONGEST:
        allowed = [f"{(now + timedelta(minutes=1)).isoformat()} …"]
        return Refused("alerts.refused.value", {"field": "due", "value": due_at.isoformat(), "allowed": allowed})
    return None


def _place(conn: Connection, episode_id: str | None) -> str | None:
    """The scope of the alert; the whole centre where there is none. None: no such alert."""
    if episode_id is None:
        return ALL
    mine = (episode.c.episode_id == episode_id) & (episode.c.mode == "on")
    found: str | None = conn.scalar(select(episode.c.slice_key).where(mine))
    return found


def _seen(by: Person, place: str) -> Refused | None:
    return None if within(by.scope, place) else Refused("alerts.refused.scope", {"scope": list(by.scope)})


def _able(conn: Connection, owner: str, place: str, *, bound: bool) -> Refused | None:
    """``bound``: it belongs to an alert, which the owner must see."""
    row = conn.execute(select(person).where(person.c.person_id == owner, person.c.active)).mappings().one_or_none()
    if row is None:
        none = conn.scalar(select(person.c.person_id).limit(1)) is None  # the demo visitor has no row
        return None if none else Refused("alerts.refused.unknown_person", {"person": owner})
    if row["role"] not in (*DUTY, "analyst"):
        return Refused("alerts.refused.target_role", {"who": row["name"], "allowed": [*DUTY, "analyst"]})
    if bound and not within(row["scope"], place):
        return Refused("alerts.refused.target_scope", {"who": row["name"], "scope": list(row["scope"])})
    return None


def _open(row: Row, seen: int, by: Person) -> Refused | None:
    if by.role not in (*DUTY, "analyst"):
        return Refused("alerts.refused.role", {"role": by.role, "allowed": [*DUTY, "analyst"], "command": "close_task"})
    own = by.person_id in (row["owner"], row["by"])
    if not own and not (by.role in MANAGER and within(by.scope, row["slice_key"])):
        return Refused("alerts.refused.not_owner", {"who": row["owner"], "command": "close_task"})
    if row["state"] != "open" or row["version"] != seen:
        return Refused("alerts.refused.task_stale")
    return None


def _row(conn: Connection, task_id: str) -> Row | None:
    row = conn.execute(select(task).where(task.c.task_id == task_id)).mappings().one_or_none()
    return {str(name): value for name, value in row.items()} if row is not None else None


def _change(conn: Connection, task_id: str, seen: int, **values: Any) -> bool:
    here = (task.c.task_id == task_id) & (task.c.version == seen) & (task.c.state == "open")
    return conn.execute(update(task).where(here).values(**values, version=seen + 1)).rowcount == 1


def _audit(conn: Connection, action: str, params: Row, by: Person, now: datetime) -> None:
    """Never the words."""
    conn.execute(insert(audit).values(at=now, by=by.person_id, action=action, params=params))


def _tell(conn: Connection, row: Row, by: Person, now: datetime) -> None:
    if row["owner"] == by.person_id:
        return
    try:
        policy = book(conn, now).policy
    except NotSeeded:  # a store without rules has nobody to tell
        return
    params = {"who": by.name, "due": row["due_at"].isoformat(), "what": row["kind"]}
    news = News("task", row["task_id"], "person", row["version"], 1, "alerts.notice.task", params, episode=False, always=True)
    tell(conn, policy, news, (f"person:{row['owner']}",), now)
