"""换班, 请假, 代班 and a new roster. A change is asked by who stands there and agreed by whoever it needs; a manager of the
place does it at once. What is agreed stands in the shifts themselves, in the same transaction: notices and 今日值班 follow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update

from fengsui.alerts.commands import Done, Refused
from fengsui.alerts.commands.table import DUTY, MANAGER
from fengsui.alerts.commands.words import words
from fengsui.alerts.definitions import NotSeeded, book
from fengsui.alerts.tell import News, tell
from fengsui.board.scope import Scope, inside
from fengsui.people import Person, audit
from fengsui.people.fault import RotaFault
from fengsui.people.person import person_of
from fengsui.people.rota import IN_TURN, Shift, planned, save_rota, stands
from fengsui.people.rota import replace as replace_shifts
from fengsui.store.in_turn import in_turn
from fengsui.store.tables import person, rota_change

AHEAD = timedelta(days=93)
LONGEST = timedelta(days=93)
TIER = 2
KIND = "rota"
ASKED, DONE, NO, BACK = "asked", "done", "refused", "withdrawn"


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody of the roster; ``person_id``: the account, where there is one."""

    name: str
    person_id: str | None = None
    extension: str | None = None


def known(conn: Connection, now: datetime) -> tuple[tuple[Who, ...], tuple[Person, ...]]:
    """Everybody who can stand in: active persons of the desk, then names of the roster without an account; and all active
    persons, by whom names are read."""
    rows = conn.execute(select(person).where(person.c.active).order_by(person.c.person_id)).mappings()
    persons = tuple(person_of(row) for row in rows)
    listed = planned(conn, now - timedelta(days=30), now + AHEAD)
    by_name = {one.name: one.extension for one in listed if one.extension}
    desk = [one for one in persons if one.role in DUTY]
    found = {one.person_id: Who(one.name, one.person_id, one.extension or by_name.get(one.name)) for one in desk}
    names = {one.name for one in persons}
    others = {one.name: Who(one.name, None, one.extension) for one in listed if not one.person_id and one.name not in names}
    return (*found.values(), *(others[name] for name in sorted(others))), persons


def owner(shift: Shift, persons: Sequence[Person]) -> Who:
    """Who stands in a shift, with the account that the name means."""
    names = Counter(one.name for one in persons)
    mine = next((one for one in persons if stands(shift, one, names)), None)
    return Who(shift.name, mine.person_id if mine else shift.person_id, shift.extension)


# --- asking ----------------------------------------------------------------------------------------------------------


def swap(store: Engine, mine: Shift, other: Shift, by: Person, now: datetime, *, reason: str) -> Done | Refused:
    """``mine`` against ``other``: done at once by a manager of their team, else asked of whoever stands in ``other``.
    ``Done.version``: 1 done, 0 asked."""
    kept = _may(by, words("reason", reason, needed=False))
    if isinstance(kept, Refused):
        return kept

    def ask(conn: Connection) -> Done | Refused:
        _, persons = known(conn, now)
        giver, taker = owner(mine, persons), owner(other, persons)
        managed = _manages(by, [mine, other])
        if not managed and giver.person_id != by.person_id:
            return Refused("board.rota.not_yours", {"who": giver.name})
        if (wrong := _swappable(mine, other, giver, taker, now)) is not None:
            return wrong
        row = {"kind": "swap", "team": mine.team, "role": mine.role, **_span(mine.start_at, mine.end_at), **_of(giver)}
        row |= {"other_name": taker.name, "other_id": taker.person_id, "other_start_at": other.start_at, "reason": kept}
        return _put(conn, row, by, now, at_once=managed)

    return _carried_out(store, ask)


def leave(
    store: Engine, who: Who, start: datetime, end: datetime, deputy: Who | None, by: Person, now: datetime, *, reason: str
) -> Done | Refused:
    """``who`` is away in ``[start, end)``; ``deputy`` stands in for every shift of theirs in that time, or nobody does. Done
    at once by a manager of those shifts, else asked of the deputy, or of a manager where there is none."""
    kept = _may(by, words("reason", reason, needed=False))
    if isinstance(kept, Refused):
        return kept
    begin = max(start, now.replace(second=0, microsecond=0))  # who was there stays written
    if not begin < end <= now + AHEAD or end - begin > LONGEST:
        return Refused("board.rota.span", {"days": AHEAD.days})

    def ask(conn: Connection) -> Done | Refused:
        people, persons = known(conn, now)
        away = next((one for one in people if (one.name, one.person_id) == (who.name, who.person_id)), None)
        stand = deputy and next((one for one in people if (one.name, one.person_id) == (deputy.name, deputy.person_id)), None)
        if away is None or (deputy is not None and stand is None):
            return Refused("board.rota.nobody", {"who": (who if away is None else deputy or who).name[:40]})
        if stand == away:
            return Refused("board.rota.same", {"who": away.name})
        shifts = _theirs(conn, away, persons, begin, end)
        managed = _manages(by, shifts)
        if not managed and away.person_id != by.person_id:
            return Refused("board.rota.not_yours", {"who": away.name})
        row = {"kind": "leave", "team": "", "role": None, **_span(begin, end), **_of(away), "other_start_at": None}
        row |= {"other_name": stand.name if stand else None, "other_id": stand.person_id if stand else None, "reason": kept}
        return _put(conn, row, by, now, at_once=managed)

    return _carried_out(store, ask)


# --- deciding --------------------------------------------------------------------------------------------------------


def agree(store: Engine, change_id: str, by: Person, now: datetime) -> Done | Refused:
    """By whoever was asked, or by a manager of every shift it touches."""

    def decide(conn: Connection) -> Done | Refused:
        row = _asked(conn, change_id)
        if row is None:
            return Refused("board.rota.over")
        gone, _ = _shifts(conn, row, now)
        if not (_meant(row, by) or _manages(by, gone)):
            return Refused("board.rota.not_asked", {"who": row["other_name"] or ""})
        return _do(conn, row, by, now)

    return _carried_out(store, decide)


def decides(conn: Connection, row: Mapping[str, Any], by: Person, now: datetime) -> bool:
    """Whether ``agree`` would hear this person; by the shifts themselves, whatever organisation their owner is of."""
    return _meant(row, by) or _manages(by, _touched(conn, row, now))


def decline(store: Engine, change_id: str, by: Person, now: datetime) -> Done | Refused:
    """By whoever was asked or a manager; by who asked it is withdrawn. Shifts that are no more there hinder nobody."""

    def decide(conn: Connection) -> Done | Refused:
        row = _asked(conn, change_id)
        if row is None:
            return Refused("board.rota.over")
        own = row["by"] == by.person_id
        if not (own or decides(conn, row, by, now)):
            return Refused("board.rota.not_asked", {"who": row["other_name"] or ""})
        state = BACK if own else NO
        if not _settle(conn, row, state, by, now):
            return Refused("board.rota.over")
        _audit(conn, f"rota.{'withdraw' if own else 'refuse'}", row, by, now)
        if not own:
            _tell(conn, "refused", row, [f"person:{row['by']}"], by, now)
        return Done(1)

    return _carried_out(store, decide)


def take_over(store: Engine, shifts: Sequence[Shift], seen: str, by: Person, now: datetime) -> Done | Refused:
    """A new roster in the place of what stood in its time, as its preview showed it. ``Done.version``: how many shifts."""
    if by.role not in MANAGER:
        return Refused("alerts.refused.role", {"role": by.role, "allowed": list(MANAGER), "command": "rota"})
    if not _manages(by, shifts):
        return Refused("board.rota.team", {"scope": list(by.scope)})
    try:
        return Done(save_rota(store, shifts, by=by.person_id, now=now, seen=seen).added)
    except RotaFault as fault:
        return Refused(fault.code, fault.params)


# --- parts -----------------------------------------------------------------------------------------------------------


def _carried_out(store: Engine, act: Callable[[Connection], Done | Refused]) -> Done | Refused:
    """One transaction; a shift that moved meanwhile undoes all of it."""
    try:
        with store.begin() as conn:
            in_turn(conn, IN_TURN)  # of two who grant at one moment the second reads what the first did
            answer = act(conn)
            if isinstance(answer, Refused):
                raise _Undone(answer)
            return answer
    except RotaFault as fault:
        return Refused(fault.code, fault.params)
    except _Undone as fault:
        return fault.answer


class _Undone(Exception):
    def __init__(self, answer: Refused) -> None:
        super().__init__(answer)
        self.answer = answer


def _may(by: Person, kept: str | Refused) -> str | Refused:
    if by.role not in DUTY:
        return Refused("alerts.refused.role", {"role": by.role, "allowed": list(DUTY), "command": "rota"})
    return kept


def _manages(by: Person, shifts: Sequence[Shift]) -> bool:
    """A change without shifts is for who sees the whole centre."""
    return by.role in MANAGER and (bool(shifts) or not by.scope) and all(manages(by.scope, one.team) for one in shifts)


def manages(scope: Scope, team: str) -> bool:
    """Whoever is bound to some organisations plans their teams, and nobody of the whole centre."""
    return not scope or (bool(team) and any(inside(part, team) for part in scope))


def _swappable(mine: Shift, other: Shift, giver: Who, taker: Who, now: datetime) -> Refused | None:
    if (mine.team, mine.role) != (other.team, other.role):
        return Refused("board.rota.unlike")
    if (giver.name, giver.person_id) == (taker.name, taker.person_id):
        return Refused("board.rota.same", {"who": giver.name})
    if min(mine.start_at, other.start_at) <= now:
        return Refused("board.rota.begun")
    return None


def _of(who: Who) -> dict[str, Any]:
    return {"name": who.name, "person_id": who.person_id}


def _span(start: datetime, end: datetime) -> dict[str, Any]:
    return {"start_at": start, "end_at": end}


def _put(conn: Connection, row: dict[str, Any], by: Person, now: datetime, *, at_once: bool) -> Done | Refused:
    """Asked, or asked and done. The same wish that still waits is not asked twice."""
    text = "\x1f".join(str(row[name]) for name in ("kind", "team", "role", "name", "start_at", "end_at", "other_name"))
    change_id = blake2b(f"{text}\x1f{row['other_start_at']}\x1f{now.isoformat()}".encode(), digest_size=12).hexdigest()
    same = [rota_change.c[name] == row[name] for name in ("kind", "name", "start_at", "end_at")]
    waits = select(rota_change.c.change_id).where(rota_change.c.state == ASKED, *same).limit(1)
    if not at_once and conn.scalar(waits) is not None:
        return Refused("board.rota.waits")
    if conn.scalar(select(rota_change.c.state).where(rota_change.c.change_id == change_id)) is not None:  # in the same instant
        return Refused("people.rota.moved") if row["kind"] == "swap" else Refused("board.rota.granted", {"who": row["name"]})
    row |= {"change_id": change_id, "by": by.person_id, "at": now, "state": ASKED}
    conn.execute(insert(rota_change).values(**row))
    if at_once:
        return _do(conn, row, by, now)
    gone, _ = _shifts(conn, row, now)  # what cannot be done is not asked either
    if (needless := _needless(conn, row, gone)) is not None:
        return needless
    _audit(conn, "rota.ask", row, by, now)
    asked = [row["other_id"]] if row["other_id"] else _deciders(conn, gone, now)
    _tell(conn, "asked", row, [f"person:{one}" for one in asked if one != by.person_id], by, now)
    return Done(0)


def _deciders(conn: Connection, shifts: Sequence[Shift], now: datetime) -> list[str]:
    """Every manager who may agree, on shift or not; administrators where there is none."""
    able = [one for one in known(conn, now)[1] if _manages(one, shifts)]
    return [one.person_id for one in able if one.role == "manager"] or [one.person_id for one in able]


def _needless(conn: Connection, row: Mapping[str, Any], gone: Sequence[Shift]) -> Refused | None:
    """A leave that changes no shift: granted before (a second click, a faster colleague), or nothing to stand in for."""
    if row["kind"] != "leave" or gone:
        return None
    leaves = [rota_change.c.kind == "leave", rota_change.c.state == DONE, rota_change.c.change_id != row["change_id"]]
    who = [rota_change.c.name == row["name"], rota_change.c.person_id.is_not_distinct_from(row["person_id"])]
    whole = (rota_change.c.start_at <= row["start_at"]) & (rota_change.c.end_at >= row["end_at"])
    if conn.scalar(select(rota_change.c.change_id).where(*leaves, *who, whole).limit(1)) is not None:
        return Refused("board.rota.granted", {"who": row["name"]})
    return Refused("people.rota.moved") if row["other_name"] else None


def _do(conn: Connection, row: Mapping[str, Any], by: Person, now: datetime) -> Done | Refused:
    if not _settle(conn, row, DONE, by, now):
        return Refused("board.rota.over")
    gone, come = _shifts(conn, row, now)
    if (needless := _needless(conn, row, gone)) is not None:
        return needless
    _fit(conn, row, come)
    replace_shifts(conn, gone, come)
    _audit(conn, f"rota.{row['kind']}", {**row, "shifts": len(gone)}, by, now)
    told = {one for one in (row["by"], row["person_id"], row["other_id"]) if one and one != by.person_id}
    _tell(conn, "done", row, [f"person:{one}" for one in sorted(told)], by, now)
    return Done(1)


def _settle(conn: Connection, row: Mapping[str, Any], state: str, by: Person, now: datetime) -> bool:
    mine = (rota_change.c.change_id == row["change_id"]) & (rota_change.c.state == ASKED)
    values = {"state": state, "decided_by": by.person_id, "decided_at": now}
    return conn.execute(update(rota_change).where(mine).values(**values)).rowcount == 1


def _asked(conn: Connection, change_id: str) -> dict[str, Any] | None:
    mine = (rota_change.c.change_id == change_id) & (rota_change.c.state == ASKED)
    row = conn.execute(select(rota_change).where(mine)).mappings().first()
    return {str(name): value for name, value in row.items()} if row is not None else None


def _meant(row: Mapping[str, Any], by: Person) -> bool:
    return row["other_id"] is not None and row["other_id"] == by.person_id and by.role in DUTY


def _touched(conn: Connection, row: Mapping[str, Any], now: datetime) -> list[Shift]:
    try:
        return _shifts(conn, row, now)[0]
    except RotaFault:
        return []


def _shifts(conn: Connection, row: Mapping[str, Any], now: datetime) -> tuple[list[Shift], list[Shift]]:
    """What goes and what comes, as the roster stands now. ``RotaFault`` where a shift is not there any more."""
    _, persons = known(conn, now)
    away, other = Who(row["name"], row["person_id"]), Who(row["other_name"] or "", row["other_id"])
    if row["kind"] == "leave":
        gone = _theirs(conn, away, persons, max(row["start_at"], now.replace(second=0, microsecond=0)), row["end_at"])
        stand = next((one for one in known(conn, now)[0] if one.name == other.name and one.person_id == other.person_id), None)
        if row["other_name"] and stand is None:
            raise RotaFault("people.rota.moved")
        begin = max(row["start_at"], now.replace(second=0, microsecond=0))
        return gone, [part for one in gone for part in _cut(one, begin, row["end_at"], stand)]
    mine = _one(conn, away, persons, row, row["start_at"])
    theirs = _one(conn, other, persons, row, row["other_start_at"])
    if min(mine.start_at, theirs.start_at) <= now:
        raise RotaFault("board.rota.begun")
    return [mine, theirs], [
        _handed(mine, replace(owner(theirs, persons), extension=theirs.extension)),
        _handed(theirs, replace(owner(mine, persons), extension=mine.extension)),
    ]


def _one(conn: Connection, who: Who, persons: Sequence[Person], row: Mapping[str, Any], start: datetime) -> Shift:
    for one in _theirs(conn, who, persons, start, start + timedelta(seconds=1)):
        if (one.team, one.role, one.start_at) == (row["team"], row["role"], start):
            return one
    raise RotaFault("people.rota.moved")


def _theirs(conn: Connection, who: Who, persons: Sequence[Person], start: datetime, end: datetime) -> list[Shift]:
    found = planned(conn, start, end)
    if who.person_id is None:
        return [one for one in found if one.name == who.name and owner(one, persons).person_id is None]
    return [one for one in found if owner(one, persons).person_id == who.person_id]


def _handed(shift: Shift, to: Who) -> Shift:
    planned_for = shift.instead_of or shift.name
    instead = None if planned_for == to.name else planned_for
    return replace(shift, name=to.name, person_id=to.person_id, extension=to.extension, instead_of=instead)


def _cut(shift: Shift, start: datetime, end: datetime, deputy: Who | None) -> list[Shift]:
    """Before the leave, in it, after it."""
    parts = []
    if shift.start_at < start:
        parts.append(replace(shift, end_at=start))
    if deputy is not None:
        inner = replace(shift, start_at=max(shift.start_at, start), end_at=min(shift.end_at, end))
        parts.append(_handed(inner, deputy))
    if shift.end_at > end:
        parts.append(replace(shift, start_at=end))
    return parts


def _fit(conn: Connection, row: Mapping[str, Any], come: Sequence[Shift]) -> None:
    """Nobody stands for a place that is not theirs: notices would not reach them."""
    ids = {one.person_id for one in come if one.person_id}
    rows = conn.execute(select(person.c.person_id, person.c.name, person.c.scope).where(person.c.person_id.in_(ids)))
    scopes = {one.person_id: (one.name, one.scope) for one in rows}
    for shift in come:
        name, scope = scopes.get(shift.person_id or "", ("", []))
        if scope and not manages(scope, shift.team):
            raise RotaFault("board.rota.elsewhere", who=name, scope=list(scope))


def _audit(conn: Connection, action: str, row: Mapping[str, Any], by: Person, now: datetime) -> None:
    """Who for whom and when; never the reason, which may tell of an illness."""
    told = {"change": row["change_id"], "name": row["name"], "other": row["other_name"]}
    times = {name: row[name].isoformat() if row[name] else None for name in ("start_at", "end_at", "other_start_at")}
    more = {"shifts": row["shifts"]} if "shifts" in row else {}
    audit.record(conn, by.person_id, action, {**told, **times, **more}, now)


def _tell(conn: Connection, what: str, row: Mapping[str, Any], whom: Sequence[str], by: Person, now: datetime) -> None:
    if not whom:
        return
    try:
        policy = book(conn, now).policy
    except NotSeeded:  # a store without rules has nobody to tell
        return
    params = {"who": by.name, "name": row["name"], "other": row["other_name"] or "", "start": row["start_at"].isoformat()}
    alone = "_alone" if row["kind"] == "leave" and not row["other_name"] and what != "refused" else ""
    code = f"board.rota.notice.{row['kind']}_{what}{alone}"
    news = News(KIND, row["change_id"], what, 1, TIER, code, params, episode=False)
    tell(conn, policy, news, whom, now)
