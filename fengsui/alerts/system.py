"""系统告警: trouble of the house itself, for its administrators: a source down or late, a disk nearly full, notices that do not
get through, ticks that come late, a definition that cannot be carried out. Rows of their own (``system_alert``): no customers'
alert, no figure.

One storm is one: however many sources fail together, they are one row with their names, told once, and again when one that
people were not told of has lasted its time; all that last are named then. What was well for the calm time and fails again
is new. Each kind waits its own pending time (``SystemPatience``) and clears by itself after calm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from fengsui.alerts.bodies import SystemPatience, TierPolicy
from fengsui.alerts.definitions import NotSeeded, book
from fengsui.alerts.tell import News, tell
from fengsui.store.tables import system_alert

KINDS = ("source", "disk", "undelivered", "tick", "definition")
TIER = 2
"""As grave as a notice of it is, for the channel."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is wrong now. ``subjects``: whom it touches (sources, channels); ``since``: known to have begun then, else now."""

    kind: str
    subjects: frozenset[str]
    params: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ill:
    """One subject's newest stretch of trouble. ``told``: people know of this stretch."""

    since: datetime
    seen: datetime
    told: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A row that is not cleared. ``subjects``: all that it is or was about; ``open``: people were told of it."""

    since: datetime
    seen: datetime
    subjects: Mapping[str, Ill]
    open: bool


@dataclass(frozen=True, slots=True)
class Step:
    """``code``: began, opened, grew, goes_on, cleared, forgotten."""

    code: str
    since: datetime


def decide(held: Held | None, look: Look | None, patience: timedelta, calm: timedelta, now: datetime) -> Step | None:
    """What happens to one kind of trouble. None: nothing."""
    if look is None:
        if held is None or now - held.seen < calm:
            return None
        return Step("cleared" if held.open else "forgotten", held.since)
    since = held.since if held is not None else min(look.since or now, now)
    if held is not None and held.open:
        ill = stand(held, look, calm, now)
        news = any(not ill[name].told and now - ill[name].since >= patience for name in look.subjects)
        return Step("grew" if news else "goes_on", since)
    if now - since >= patience:
        return Step("opened", since)
    return Step("goes_on" if held is not None else "began", since)


def stand(held: Held | None, look: Look, calm: timedelta, now: datetime) -> dict[str, Ill]:
    """All subjects after ``look``. One that was well for ``calm`` is forgotten as told: its next trouble is news."""
    was = held.subjects if held is not None else {}
    known = {name: one if now - one.seen < calm else replace(one, told=False) for name, one in was.items()}
    for name in look.subjects:
        one = was.get(name)
        lasts = one is not None and now - one.seen < calm
        known[name] = replace(one, seen=now) if one is not None and lasts else Ill(min(look.since or now, now), now)
    return known


def watch(store: Engine, looks: Iterable[Look], now: datetime, fence: Callable[[Connection], None]) -> Mapping[str, str]:
    """Write down what ``looks`` found, of every kind; kinds that are not in it are calm. One transaction. Returns kind -> code
    of the step. A store without definitions has nobody to tell."""
    found = {look.kind: look for look in looks}
    with store.begin() as conn:
        fence(conn)
        try:
            policy = book(conn, now).policy
        except NotSeeded:
            return {}
        steps = {kind: _move(conn, policy, kind, found.get(kind), now) for kind in KINDS}
    return {kind: code for kind, code in steps.items() if code is not None}


def patience_of(policy: SystemPatience, kind: str) -> timedelta:
    return timedelta(seconds=getattr(policy, f"{kind}_s"))


def _move(conn: Connection, policy: TierPolicy, kind: str, look: Look | None, now: datetime) -> str | None:
    row = conn.execute(_LIVING.where(system_alert.c.kind == kind)).mappings().first()
    held = _held(row) if row is not None else None
    calm = timedelta(seconds=policy.system.calm_s)
    step = decide(held, look, patience_of(policy.system, kind), calm, now)
    if step is None:
        return None
    mine = (system_alert.c.kind == kind) & (system_alert.c.since_at == step.since)
    if step.code == "forgotten":
        conn.execute(delete(system_alert).where(mine))
    elif look is None:
        conn.execute(update(system_alert).where(mine).values(cleared_at=now))
    else:
        _keep(conn, kind, look, stand(held, look, calm, now), held is None, step, now)
    if step.code in ("opened", "grew", "cleared"):
        _tell(conn, policy, kind, look, held, step, now)
    return step.code


_LIVING = select(system_alert).where(system_alert.c.cleared_at.is_(None)).order_by(system_alert.c.since_at.desc())


def _held(row: Any) -> Held:
    """Rows of before have names only: all were told of, where the row was."""
    kept, opened = row["subjects"], row["opened_at"] is not None
    if isinstance(kept, Mapping):
        ill = {name: Ill(_time(one["since"]), _time(one["seen"]), one["told"]) for name, one in kept.items()}
    else:
        ill = {name: Ill(row["since_at"], row["seen_at"], opened) for name in kept}
    return Held(row["since_at"], row["seen_at"], ill, opened)


_time = datetime.fromisoformat


def _keep(conn: Connection, kind: str, look: Look, ill: Mapping[str, Ill], fresh: bool, step: Step, now: datetime) -> None:
    values: dict[str, Any] = {"seen_at": now, "params": dict(look.params)}
    if step.code == "opened":
        values |= {"opened_at": now}
    if step.code in ("opened", "grew"):
        ill = {name: replace(one, told=one.told or name in look.subjects) for name, one in ill.items()}
    values |= {"told": sum(one.told for one in ill.values()), "subjects": {name: _body(ill[name]) for name in sorted(ill)}}
    if fresh:
        conn.execute(insert(system_alert).values(kind=kind, since_at=step.since, **values))
    else:
        mine = (system_alert.c.kind == kind) & (system_alert.c.since_at == step.since)
        conn.execute(update(system_alert).where(mine).values(**values))


def _body(one: Ill) -> dict[str, Any]:
    return {"since": one.since.isoformat(), "seen": one.seen.isoformat(), "told": one.told}


def _tell(
    conn: Connection, policy: TierPolicy, kind: str, look: Look | None, held: Held | None, step: Step, now: datetime
) -> None:
    """``n`` tells one repetition from another, also one as large as before: the time of the look.
    ``names`` in params: as people call them."""
    over = look is None
    code = f"alerts.notice.system_{kind}{'_over' if over else ''}"
    names = sorted(look.subjects if look is not None else held.subjects if held is not None else ())
    params = {"since": step.since.isoformat(), "n": len(names), "names": "、".join(names[:NAMED])}
    params |= look.params if look is not None else {}
    params |= {"lasted": int((now - step.since).total_seconds())}
    n = 0 if over else int(now.timestamp())
    news = News(
        "system",
        f"{kind}:{step.since.isoformat()}",
        "machine",
        n,
        TIER,
        code,
        params,
        step=int(over),
        episode=False,
        always=True,
    )
    tell(conn, policy, news, policy.system.tell, now)


NAMED = 5
"""Names in one sentence; the page has all."""
