"""The people's axis of one alert, as plain data: what ``decide`` looks at and what a step changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from fengsui.alerts.snooze import gravest

OPEN = ("new", "verified", "claimed", "in_progress")
STATES = (*OPEN, "resolved", "reviewed")
NAMED = "named"
"""In the params of a transition that put an alert in somebody's hands: keys of the parts that were named of it then."""


class Person(Protocol):
    """Who asks: a row of ``people``, or anything with these four."""

    @property
    def person_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def scope(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person as read from the store: the one a command names (the new owner, a participant)."""

    person_id: str
    name: str
    role: str
    scope: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Last:
    """The newest transition of a person: named to whoever comes too late."""

    person_id: str
    name: str
    code: str
    at: datetime
    params: Mapping[str, Any]
    note: str | None


@dataclass(frozen=True, slots=True)
class Handling:
    """A row of ``handling`` with what decide needs beside it: the machine's tier, the last decision, and the consultation:
    ``invited`` person_id -> in whose name, ``decider`` who ends it."""

    state: str = "new"
    version: int = 0
    owner: str | None = None
    owner_name: str | None = None
    verdict: str | None = None
    tier: int | None = None
    machine_tier: int | None = None
    tier_reason: str | None = None
    participants: tuple[str, ...] = ()
    claimed_at: datetime | None = None
    resolved_at: datetime | None = None
    reviewed_at: datetime | None = None
    plan_done: tuple[Mapping[str, Any], ...] = ()
    episode_tier: int = 1
    claim_due_at: datetime | None = None
    snoozed_until: datetime | None = None
    invited: Mapping[str, str] = field(default_factory=dict)
    decider: str | None = None
    decider_name: str | None = None
    last: Last | None = None

    @property
    def tier_now(self) -> int:
        """A person's re-grade holds until the machine's tier rises above what it was then."""
        held = self.tier is not None and self.episode_tier <= (self.machine_tier or 0)
        return self.tier if held and self.tier is not None else self.episode_tier

    @property
    def gravest(self) -> int:
        """What it may be put off by: a re-grade downwards buys no time."""
        return gravest(self.episode_tier, self.tier_now)


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody wants: a name of ``table.COMMANDS``, the version they saw, and their answers."""

    name: str
    seen: int
    params: Mapping[str, Any] = field(default_factory=dict)
    target: Somebody | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One decision: the columns of ``handling`` that change and the transition that says so."""

    code: str
    changes: Mapping[str, Any]
    params: Mapping[str, Any] = field(default_factory=dict)
    for_person: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Same:
    """The same person did the same already (a double click): done, and nothing to write."""


KEEP_PUT_OFF = ("note", "add_participant", "consult", "assess", "plan_step", "plan_undo")
"""Decisions after which an alert stays put off; every other one ends that."""


def after(handling: Handling, step: Step, by: Person, now: datetime) -> Handling:
    """The handling once ``step`` is stored."""
    last = Last(by.person_id, by.name, step.code, now, step.params, step.note)
    until = handling.snoozed_until if step.code in KEEP_PUT_OFF else put_off_until(step)
    return replace(handling, **step.changes, version=handling.version + 1, last=last, snoozed_until=until)


def put_off_until(step: Step) -> datetime | None:
    return datetime.fromisoformat(step.params["until"]) if step.code == "snooze" else None
