"""静默: said by a person with a reason, ended by itself or by a person, both in the audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update

from fengsui.alerts.commands.answer import Done, Refused
from fengsui.alerts.commands.handling import Person
from fengsui.alerts.commands.scope import within
from fengsui.alerts.commands.table import DUTY, MANAGER
from fengsui.alerts.commands.words import place, words
from fengsui.alerts.silence import Weekly
from fengsui.store.slices import slice_key
from fengsui.store.tables import audit, silence

LONGEST, LONGEST_WEEKLY, ALONE = timedelta(days=30), timedelta(days=366), timedelta(days=1)
SEVERE = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """``weekly``: {"days", "start", "end"} in the centre's zone, or None for the whole stretch."""

    rule_id: str | None
    where: Mapping[str, str]
    tier: int
    start_at: datetime
    end_at: datetime
    weekly: Mapping[str, Any] | None
    reason: str


def add_silence(store: Engine, by: Person, now: datetime, wanted: Wanted) -> Done | Refused:
    """One that begins in the past begins now. Duty officers keep silent what is below severe, for a day; longer and severe ones
    are a manager's. The same click twice is once."""
    kept, where = words("reason", wanted.reason), _place(store, wanted.where)
    if isinstance(where, Refused):
        return where
    wanted = replace(wanted, where=where)
    refusal = _wrong(by, wanted, now) or (kept if isinstance(kept, Refused) else None)
    if refusal is not None:
        return refusal
    weekly = Weekly.of(wanted.weekly).body() if wanted.weekly else None
    body = {"rule_id": wanted.rule_id, "where": dict(wanted.where), "tier": wanted.tier, "weekly": weekly}
    span = {"start_at": max(wanted.start_at, now), "end_at": wanted.end_at, "reason": kept}
    asked = (*body.values(), wanted.start_at, wanted.end_at, by.person_id)
    with store.begin() as conn:
        silence_id = _free_id(conn, asked)
        if silence_id is None:
            return Done(1)
        conn.execute(insert(silence).values(silence_id=silence_id, **body, **span, by=by.person_id, at=now))
        told = {**body, "silence": silence_id, "until": wanted.end_at.isoformat(), "reason": kept}
        conn.execute(insert(audit).values(at=now, by=by.person_id, action="silence.add", params=told))
    return Done(1)


def _place(store: Engine, where: Mapping[str, str]) -> dict[str, str] | Refused:
    with store.connect() as conn:
        return place(conn, where)


def end_silence(store: Engine, silence_id: str, by: Person, now: datetime) -> Done | Refused:
    """Before its time: what still burns is told by the next tick. Ending it twice is once."""
    if by.role not in DUTY:
        return Refused("alerts.refused.role", {"role": by.role, "allowed": list(DUTY), "command": "end_silence"})
    with store.begin() as conn:
        row = conn.execute(select(silence).where(silence.c.silence_id == silence_id)).one_or_none()
        if row is None:
            return Refused("alerts.refused.no_silence")
        if not _inside(by, row.where):
            return Refused("alerts.refused.scope", {"scope": list(by.scope)})
        if row.ended_at is None and row.end_at > now:
            mine = silence.c.silence_id == silence_id
            conn.execute(update(silence).where(mine).values(ended_at=now, ended_by=by.person_id))
            params = {"silence": silence_id}
            conn.execute(insert(audit).values(at=now, by=by.person_id, action="silence.end", params=params))
    return Done(2)


def _wrong(by: Person, wanted: Wanted, now: datetime) -> Refused | None:
    if by.role not in DUTY:
        return Refused("alerts.refused.role", {"role": by.role, "allowed": list(DUTY), "command": "add_silence"})
    if not _inside(by, wanted.where):
        return Refused("alerts.refused.scope", {"scope": list(by.scope)})
    if wanted.tier not in (1, 2, 3):
        return Refused("alerts.refused.value", {"field": "tier", "value": wanted.tier, "allowed": [1, 2, 3]})
    try:
        weekly = Weekly.of(wanted.weekly) if wanted.weekly else None
    except (KeyError, TypeError, ValueError):
        return Refused("alerts.refused.silence_weekly")
    most = _longest(wanted.tier, weekly)
    begin = max(wanted.start_at, now)
    if not timedelta() < wanted.end_at - begin <= most:
        return Refused("alerts.refused.silence_span", {"days": most.days})
    if by.role not in MANAGER and (wanted.tier >= SEVERE or wanted.end_at - begin > ALONE):
        return Refused("alerts.refused.silence_manager")
    return None


def _free_id(conn: Connection, asked: tuple[object, ...]) -> str | None:
    """The id of such a silence; None where one holds: it is the same click. After one that was ended early comes another."""
    while True:
        silence_id = blake2b("\x1f".join(map(str, asked)).encode(), digest_size=8).hexdigest()
        row = conn.execute(select(silence.c.ended_at).where(silence.c.silence_id == silence_id)).one_or_none()
        if row is None:
            return silence_id
        if row.ended_at is None:
            return None
        asked = (*asked, row.ended_at)


def longest(tier: int, weekly: Mapping[str, Any] | None, *, manages: bool) -> timedelta:
    """How long such a silence of who asks may last; hours that are none count as all."""
    try:
        hours = Weekly.of(weekly) if weekly else None
    except (KeyError, TypeError, ValueError):
        hours = Weekly(frozenset(range(7)), 0, 0)
    return _longest(tier, hours) if manages else min(ALONE, _longest(tier, hours))


def _longest(tier: int, weekly: Weekly | None) -> timedelta:
    """A year only for what is told between: not for severe alerts, nor for a pattern without a gap."""
    return LONGEST if weekly is None or tier >= SEVERE or weekly.always else LONGEST_WEEKLY


def _inside(by: Person, where: Mapping[str, str]) -> bool:
    return within(by.scope, slice_key(where))
