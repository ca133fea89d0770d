"""One alert as pages see it: the machine's row and the people's row read together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select

from fengsui.alerts import wording
from fengsui.alerts.modes import DRILL, ON, SEEN
from fengsui.alerts.snooze import Snooze, gravest, limit, over
from fengsui.board.definitions import rule_names
from fengsui.board.scope import Scope, sees
from fengsui.metrics.catalogue import METRICS
from fengsui.store.tables import episode, handling, person, snooze

CLOSED = ("resolved", "reviewed")
WAITING = ("new", "verified")


@dataclass(frozen=True, slots=True)
class Alert:
    """``tier`` is the effective one: a person's re-grade while it holds, else the machine's. Times are aware UTC.

    ``title``: (code, params); ``names``: of the rule, per language. ``shape`` and ``unit``: of the metric.
    """

    episode_id: str
    number: str
    day: date | None
    tier: int
    machine_tier: int
    names: Mapping[str, str]
    title: tuple[str, Mapping[str, Any]]
    shape: str
    unit: str
    rule_id: str
    series: str | None
    metric: str
    slice_key: str
    condition: str
    direction: str
    opened_at: datetime
    started_at: datetime
    last_at: datetime
    cleared_at: datetime | None
    observed: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    n: int
    customers: int
    reason: str
    reason_params: Mapping[str, Any]
    likelihood: int
    impact: int
    loss: int
    floor: str | None
    factors: Mapping[str, Any]
    explained: tuple[Mapping[str, Any], ...]
    parent_id: str | None
    claim_due_at: datetime | None
    handle_due_at: datetime | None
    state: str
    handling_version: int
    owner: str | None
    owner_name: str | None
    verdict: str | None
    participants: tuple[Any, ...]
    plan_done: tuple[Mapping[str, Any], ...]
    claimed_at: datetime | None
    resolved_at: datetime | None
    silence_id: str | None
    mode: str
    snoozed_until: datetime | None
    snoozed_by: str | None
    put_off: bool
    """A person asked to be reminded later, and that holds: it ends by itself, also while no worker runs."""

    @property
    def drill(self) -> bool:
        """An exercise: shown and handled like any other, and counted nowhere."""
        return self.mode == DRILL

    @property
    def aside(self) -> bool:
        """Out of the way for now, by a person's word: silent or put off."""
        return self.silent or self.put_off

    @property
    def waiting(self) -> bool:
        """Nobody has taken it yet."""
        return self.state in WAITING

    @property
    def due_at(self) -> datetime | None:
        """The deadline that runs now: of the claim, then of the handling; None once it is done."""
        if self.state in CLOSED:
            return None
        return self.claim_due_at if self.waiting else self.handle_due_at

    def overdue(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at < now

    def put_off_most(self, now: datetime) -> datetime | None:
        """The latest time until which it may be put off; None: not at all."""
        return limit(gravest(self.machine_tier, self.tier), self.claim_due_at, now)

    @property
    def live(self) -> bool:
        return self.condition != "cleared"

    @property
    def silent(self) -> bool:
        """A person asked not to be told of it for a while."""
        return self.silence_id is not None and self.waiting

    @property
    def group(self) -> str:
        """Below an alert that explains it there is no second row."""
        return self.parent_id or self.episode_id


def effective_tier(machine: int, regraded: int | None, seen: int | None) -> int:
    """A re-grade holds while the machine's tier is not above the one the person saw (DESIGN §6)."""
    return machine if regraded is None or (seen is not None and machine > seen) else regraded


def select_alerts(*, drills: bool = False) -> Select[Any]:
    """Episodes that may be shown, with their handling and the owner's name. ``drills``: exercises too, for who acts on alerts;
    whoever counts them leaves it."""
    human = [handling.c[name] for name in _HANDLING]
    grades = (handling.c.tier.label("regraded"), handling.c.machine_tier, person.c.name.label("owner_name"))
    snoozer = func.coalesce(_snoozer.c.name, snooze.c.by).label("snoozed_by")
    return (
        select(episode, *human, *grades, snooze.c.until_at, snooze.c.tier.label("snoozed_tier"), snoozer)
        .select_from(
            episode.join(handling, handling.c.episode_id == episode.c.episode_id)
            .outerjoin(person, person.c.person_id == handling.c.owner)
            .outerjoin(snooze, snooze.c.episode_id == episode.c.episode_id)
            .outerjoin(_snoozer, _snoozer.c.person_id == snooze.c.by)
        )
        .where(episode.c.mode.in_(SEEN) if drills else episode.c.mode == ON)
    )


_snoozer = person.alias("snoozer")


_HANDLING = ("state", "handling_version", "owner", "verdict", "participants", "plan_done", "claimed_at", "resolved_at")
_PLAIN = [
    "episode_id",
    "day",
    "rule_id",
    "series",
    "metric",
    "slice_key",
    "condition",
    "direction",
    "opened_at",
    "started_at",
    "last_at",
    "cleared_at",
    "observed",
    "expected",
    "lower",
    "upper",
    "n",
    "customers",
    "reason",
    "reason_params",
    "likelihood",
    "impact",
    "loss",
    "floor",
    "factors",
    "parent_id",
    "claim_due_at",
    "handle_due_at",
    "owner_name",
    "state",
    "handling_version",
    "owner",
    "verdict",
    "claimed_at",
    "resolved_at",
    "silence_id",
    "mode",
    "snoozed_by",
]


def alerts(conn: Connection, query: Select[Any], scope: Scope, now: datetime | None = None) -> list[Alert]:
    """The alerts of ``query`` that ``scope`` may see, the most pressing first. ``now``: what is put off at this time stands
    last; without it nothing is."""
    names = rule_names(conn)
    rows = conn.execute(query).fetchall()
    return sorted((_alert(row, names, now) for row in rows if sees(scope, row.slice_key)), key=pressing)


def pressing(alert: Alert) -> tuple[bool, int, bool, bool, datetime]:
    """Sort key: what is silent or put off last, then tier, what still goes on, unclaimed first, oldest first."""
    return alert.aside, -alert.tier, not alert.live, not alert.waiting, alert.started_at


def still_open(*, drills: bool = False) -> Select[Any]:
    """Everything that people have not closed; of exercises (``drills``) what goes on."""
    open_ = handling.c.state.not_in(CLOSED)
    return select_alerts(drills=drills).where(open_, or_(episode.c.mode == ON, episode.c.condition != "cleared"))


def number(row: Any) -> str:
    """As people say it: day and number of the day. An exercise takes none."""
    return f"{row.day:%m%d}-{row.day_n:02d}" if row.day else str(row.episode_id)[:8]


def _alert(row: Row[Any], names: Mapping[str, Mapping[str, str]], now: datetime | None) -> Alert:
    values = {name: getattr(row, name) for name in _PLAIN}
    metric = METRICS.get(row.metric)
    return Alert(
        **values,
        title=wording.title(dict(row._mapping)),
        shape=metric.shape if metric else "count",
        unit=metric.unit if metric else "item",
        number=number(row),
        tier=(tier := effective_tier(row.tier, row.regraded, row.machine_tier)),
        snoozed_until=row.until_at,
        put_off=now is not None and _rests(row, tier, now),
        machine_tier=row.tier,
        names=names.get(row.rule_id, {}),
        explained=tuple(row.explained or ()),
        participants=tuple(row.participants or ()),
        plan_done=tuple(row.plan_done or ()),
    )


def _rests(row: Row[Any], tier: int, now: datetime) -> bool:
    held = Snooze(row.until_at, row.snoozed_tier) if row.until_at is not None else None
    if held is None or row.state in CLOSED:
        return False
    return over(held, gravest(row.tier, tier), row.claim_due_at, now) is None
