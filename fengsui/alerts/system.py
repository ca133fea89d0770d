"""系统告警: trouble of the house itself, for its administrators: a source down or late, a disk nearly full, notices that do not
get through, ticks that come late. Rows of their own (``system_alert``): no customers' alert, no figure.

One storm is one: however many sources fail together, they are one row with their names, told once and again when their number
has doubled. Each kind waits its own pending time (``SystemPatience``) and clears by itself after calm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from fengsui.alerts.bodies import SystemPatience, TierPolicy
from fengsui.alerts.definitions import NotSeeded, book
from fengsui.alerts.tell import News, tell
from fengsui.store.tables import system_alert

KINDS = ("source", "disk", "undelivered", "tick")
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
class Held:
    """A row that is not cleared. ``told``: of how many subjects people were told, 0 while it is pending."""

    since: datetime
    seen: datetime
    subjects: frozenset[str]
    told: int

    @property
    def open(self) -> bool:
        return self.told > 0


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
        return Step("grew" if len(look.subjects) >= 2 * held.told else "goes_on", since)
    if now - since >= patience:
        return Step("opened", since)
    return Step("goes_on" if held is not None else "began", since)


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
        _keep(conn, kind, look, held, step, now)
    if step.code in ("opened", "grew", "cleared"):
        _tell(conn, policy, kind, look, held, step, now)
    return step.code


_LIVING = select(system_alert).where(system_alert.c.cleared_at.is_(None)).order_by(system_alert.c.since_at.desc())


def _held(row: Any) -> Held:
    return Held(row["since_at"], row["seen_at"], frozenset(row["subjects"]), row["told"])


def _keep(conn: Connection, kind: str, look: Look, held: Held | None, step: Step, now: datetime) -> None:
    subjects = sorted(look.subjects | (held.subjects if held is not None else frozenset()))
    values: dict[str, Any] = {"seen_at": now, "subjects": subjects, "params": dict(look.params)}
    if step.code == "opened":
        values |= {"opened_at": now}
    if step.code in ("opened", "grew"):
        values |= {"told": max(1, len(look.subjects))}
    if held is None:
        conn.execute(insert(system_alert).values(kind=kind, since_at=step.since, **values))
    else:
        mine = (system_alert.c.kind == kind) & (system_alert.c.since_at == step.since)
        conn.execute(update(system_alert).where(mine).values(**values))


def _tell(
    conn: Connection, policy: TierPolicy, kind: str, look: Look | None, held: Held | None, step: Step, now: datetime
) -> None:
    """``n`` tells one repetition from another, so that a restart tells none twice. ``names`` in params: as people call them."""
    over = look is None
    code = f"alerts.notice.system_{kind}{'_over' if over else ''}"
    names = sorted(look.subjects if look is not None else held.subjects if held is not None else ())
    params = {"since": step.since.isoformat(), "n": len(names), "names": "、".join(names[:NAMED])}
    params |= look.params if look is not None else {}
    params |= {"lasted": int((now - step.since).total_seconds())}
    n = 0 if over else max(1, len(names))
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
