"""One command, one short transaction: read, decide, compare-and-set, append, audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, delete, insert, select, update

from fengsui.alerts.commands.answer import Done, Refused
from fengsui.alerts.commands.decide import decide
from fengsui.alerts.commands.handling import (
    KEEP_PUT_OFF,
    NAMED,
    Command,
    Handling,
    Last,
    Person,
    Same,
    Somebody,
    Step,
    put_off_until,
)
from fengsui.alerts.commands.scope import within
from fengsui.alerts.commands.table import DUTY, MACHINE
from fengsui.alerts.tell import tell_of_command
from fengsui.store.tables import assessment, audit, episode, handling, person, snooze, transition, watermark
from fengsui.store.upsert import upsert
from fengsui.text.clean import clean
from fengsui.text.masks import mask

Row: TypeAlias = Mapping[str, Any]
COLUMNS = {"state", "owner", "verdict", "tier", "machine_tier", "tier_reason", "claimed_at", "resolved_at", "reviewed_at"}
TRIES = 16
DRILL = "drill"
FREE = ("reason", "cause", "lesson", "change")
"""Answers that may be typed: masked like a note."""
LONGEST = 1000
LISTS = {"participants", "plan_done"}


def carry_out(
    store: Engine, episode_id: str, command: Command, by: Person, now: datetime, target: str | None = None
) -> Done | Refused:
    """``target``: id of the person the command names. A lost race is decided again on what the winner left: most commands
    are then refused with the winner's name, notes and ticks go on. Words are masked before they are compared or stored."""
    command = _masked(command)
    if (wrong := _too_long(command)) is not None:
        return wrong
    with store.begin() as conn:
        if target is not None:
            somebody = _somebody(conn, target, by)
            if somebody is None:
                return Refused("alerts.refused.unknown_person", {"person": target})
            command = replace(command, target=somebody)
        if command.name == "consult":
            invited = _consulted(conn, episode_id, command, by)
            if isinstance(invited, Refused):
                return invited
            command = invited
        for _ in range(TRIES):
            answer = _once(conn, episode_id, command, by, now)
            if answer is not None:
                return answer
    return Refused("alerts.refused.crowded")


def give_back_untouched(conn: Connection, episode_id: str, now: datetime) -> Done | None:
    """A claim that lapsed, decided like a command of the house itself within the caller's transaction. None: people were
    faster, and there is nothing to give back."""
    row = _episode(conn, episode_id)
    version = int(row["handling_version"]) if row is not None else 0
    answer = _once(conn, episode_id, Command("lapse", version), HOUSE, now) if row is not None else None
    return answer if isinstance(answer, Done) else None


HOUSE = Somebody("machine", "", MACHINE)


def _consulted(conn: Connection, episode_id: str, command: Command, by: Person) -> Command | Refused:
    """The people it names, with their names: each is there, and may see the place."""
    place = conn.scalar(select(episode.c.slice_key).where(episode.c.episode_id == episode_id))
    found = {}
    asked = [one["person"] for one in command.params["assessors"]]
    for id_ in [*asked, *([command.params["decider"]] if command.params["decider"] else [])]:
        one = _somebody(conn, id_, by)
        if one is None or one.role not in (*DUTY, "analyst"):
            return Refused("alerts.refused.unknown_person", {"person": id_})
        if place is not None and not within(one.scope, place):
            return Refused("alerts.refused.target_scope", {"who": one.name, "scope": list(one.scope)})
        found[id_] = one.name
    assessors = [{**one, "name": found[one["person"]]} for one in command.params["assessors"]]
    named = {"assessors": assessors, "decider_name": found.get(command.params["decider"])}
    return replace(command, params={**command.params, **named})


def _masked(command: Command) -> Command:
    """A note is a text like any other: no phone number, card or address of a customer is kept in it, and nothing that does not
    show. Order numbers survive."""
    free = {name: _shown(value) for name, value in command.params.items() if name in FREE and isinstance(value, str)}
    note = _shown(command.note) if command.note is not None else None
    return replace(command, note=note, params={**command.params, **free})


def _shown(text: str) -> str:
    return mask(clean(text, LONGEST + 1))


def _too_long(command: Command) -> Refused | None:
    texts = {"note": command.note or "", **{name: command.params.get(name) for name in FREE}}
    for field, text in texts.items():
        if isinstance(text, str) and len(text) > LONGEST:
            return Refused("alerts.refused.value", {"field": field, "value": len(text), "allowed": [f"<= {LONGEST}"]})
    return None


def _once(conn: Connection, episode_id: str, command: Command, by: Person, now: datetime) -> Done | Refused | None:
    """None: somebody wrote between our read and our write (PostgreSQL; on SQLite the writer's lock rules it out)."""
    row = _episode(conn, episode_id)
    refusal = _gone(conn, row, episode_id, command, by)
    if row is None or refusal is not None:
        return refusal
    current = _handling(conn, row)
    step = decide(current, command, by, now)
    if isinstance(step, Refused):
        return step
    if isinstance(step, Same):
        return Done(current.version)
    if not _set(conn, episode_id, current.version, step):
        return None
    _append(conn, row, current, step, by, now)
    return Done(current.version + 1)


def _gone(conn: Connection, row: Row | None, episode_id: str, command: Command, by: Person) -> Refused | None:
    if row is None:
        return Refused("alerts.refused.gone", {"episode": episode_id})
    if not within(by.scope, row["slice_key"]):
        return Refused("alerts.refused.scope", {"scope": list(by.scope)})
    if command.target is not None and not within(command.target.scope, row["slice_key"]):
        return Refused("alerts.refused.target_scope", {"who": command.target.name, "scope": list(command.target.scope)})
    if command.name == "end_drill" and row["mode"] != DRILL:
        return Refused("alerts.refused.no_drill")
    into = command.params.get("into")
    mixed = row["mode"] == DRILL  # an exercise ends on its own, and leaves no word on a real alert
    if command.name == "merge_into" and into and (mixed or into == episode_id or not _can_take(conn, into, by)):
        return Refused("alerts.refused.into", {"into": into})
    return None


def _can_take(conn: Connection, episode_id: str, by: Person) -> bool:
    """An alert that is itself reviewed (so also one merged away) takes no others in: no rings. Nor does one that ``by`` cannot
    see: another organisation's, or one in shadow."""
    row = _episode(conn, episode_id)
    return row is not None and row["state"] != "reviewed" and row["mode"] == "on" and within(by.scope, row["slice_key"])


def _episode(conn: Connection, episode_id: str) -> Row | None:
    machine = (episode.c.tier.label("episode_tier"), episode.c.slice_key, episode.c.metric, episode.c.day, episode.c.day_n)
    columns = (*machine, episode.c.explained, episode.c.mode, episode.c.claim_due_at, snooze.c.until_at.label("snoozed_until"))
    joined = handling.join(episode, episode.c.episode_id == handling.c.episode_id).outerjoin(
        snooze, snooze.c.episode_id == handling.c.episode_id
    )
    query = select(handling, *columns).select_from(joined)
    row = conn.execute(query.where(handling.c.episode_id == episode_id)).mappings().one_or_none()
    return {str(name): value for name, value in row.items()} if row is not None else None


def _handling(conn: Connection, row: Row) -> Handling:
    return Handling(
        **{name: row[name] for name in COLUMNS},
        version=row["handling_version"],
        owner_name=_name(conn, row["owner"]),
        participants=tuple(row["participants"]),
        plan_done=tuple(row["plan_done"]),
        episode_tier=row["episode_tier"],
        claim_due_at=row["claim_due_at"],
        snoozed_until=row["snoozed_until"],
        last=_last(conn, row["episode_id"], row["handling_version"]),
        **_consultation(conn, row["episode_id"]),
    )


def _consultation(conn: Connection, episode_id: str) -> dict[str, Any]:
    """Everybody who was ever invited; the newest one who was named decides."""
    mine = (transition.c.episode_id == episode_id) & (transition.c.axis == "person") & (transition.c.code == "consult")
    rows = conn.scalars(select(transition.c.params).where(mine).order_by(transition.c.n)).all()
    invited = {one["person"]: one["role"] for params in rows for one in params["assessors"]}
    last = rows[-1] if rows else {"decider": None, "decider_name": None}
    return {"invited": invited, "decider": last["decider"], "decider_name": last["decider_name"]}


def _last(conn: Connection, episode_id: str, n: int) -> Last | None:
    mine = (transition.c.episode_id == episode_id) & (transition.c.axis == "person") & (transition.c.n == n)
    row = conn.execute(select(transition).where(mine)).mappings().one_or_none()
    if row is None:
        return None
    params = dict(row["params"])
    name = params.pop("who", row["by"])
    params.pop(NAMED, None)
    return Last(row["by"], name, row["code"], row["at"], params, row["note"])


def _name(conn: Connection, person_id: str | None) -> str | None:
    if person_id is None:
        return None
    return conn.scalar(select(person.c.name).where(person.c.person_id == person_id)) or person_id


def _somebody(conn: Connection, person_id: str, by: Person) -> Somebody | None:
    query = select(person).where(person.c.person_id == person_id, person.c.active)
    row = conn.execute(query).mappings().one_or_none()
    if row is None:  # the demo visitor has no row
        return Somebody(by.person_id, by.name, by.role, tuple(by.scope)) if person_id == by.person_id else None
    return Somebody(row["person_id"], row["name"], row["role"], tuple(row["scope"]))


def _set(conn: Connection, episode_id: str, version: int, step: Step) -> bool:
    """The compare-and-set: only people raise handling_version, so machine updates never make a click stale."""
    values = {name: value for name, value in step.changes.items() if name in COLUMNS}
    values |= {name: list(value) for name, value in step.changes.items() if name in LISTS}
    here = (handling.c.episode_id == episode_id) & (handling.c.handling_version == version)
    return conn.execute(update(handling).where(here).values(**values, handling_version=version + 1)).rowcount == 1


def _append(conn: Connection, row: Row, before: Handling, step: Step, by: Person, now: datetime) -> None:
    episode_id, n = row["episode_id"], before.version + 1
    conn.execute(
        insert(transition).values(
            episode_id=episode_id,
            axis="person",
            n=n,
            decision_seq=_decision_seq(conn, now),
            at=now,
            by=by.person_id,
            for_person=step.for_person,
            code=step.code,
            before=before.state,
            after=step.changes.get("state", before.state),
            params={**step.params, **_named(row, step), "who": by.name},
            note=step.note,
        )
    )
    if step.code == "assess":
        _keep_opinion(conn, episode_id, before.invited[by.person_id], step, by, now)
    _put_off(conn, episode_id, before, step, by, now)
    _audit(conn, episode_id, n, step, by, now)
    tell_of_command(conn, row, step.code, step.params, n, by.name, now)


def _named(row: Row, step: Step) -> dict[str, list[str]]:
    """What whoever has it now was shown: what is named later is news to them (``alerts.widened``)."""
    return {NAMED: [part["slice_key"] for part in row["explained"]]} if step.changes.get("state") == "claimed" else {}


def _put_off(conn: Connection, episode_id: str, before: Handling, step: Step, by: Person, now: datetime) -> None:
    """Put off by this step, or back by it: whoever decides anything has it before their eyes again."""
    if step.code == "snooze":
        until = put_off_until(step)
        row = {"episode_id": episode_id, "until_at": until, "tier": before.gravest, "by": by.person_id, "at": now}
        upsert(conn, snooze, [{**row, "reason": str(step.params["reason"])}])
    elif before.snoozed_until is not None and step.code not in KEEP_PUT_OFF:
        conn.execute(delete(snooze).where(snooze.c.episode_id == episode_id))


def _keep_opinion(conn: Connection, episode_id: str, role: str, step: Step, by: Person, now: datetime) -> None:
    levels = {name: step.params[name] for name in ("likelihood", "impact", "loss")}
    row = {"episode_id": episode_id, "person": by.person_id, "at": now, "role": role, **levels, "opinion": step.note}
    upsert(conn, assessment, [row])


def _audit(conn: Connection, episode_id: str, n: int, step: Step, by: Person, now: datetime) -> None:
    params: Mapping[str, Any] = {"episode_id": episode_id, "n": n, **step.params}
    conn.execute(insert(audit).values(at=now, by=by.person_id, action=f"alert.{step.code}", params=params))


def _decision_seq(conn: Connection, now: datetime) -> int:
    """One number line over all alerts; the row lock keeps it without gaps and in the order of commits."""
    upsert(conn, watermark, [{"name": "decision", "seq": 0}], update=())
    raised = update(watermark).where(watermark.c.name == "decision").values(seq=watermark.c.seq + 1, at=now)
    return int(conn.execute(raised.returning(watermark.c.seq)).scalar_one())
