"""预案 of an alert: the steps in order, and who did which when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from fengsui.board.alert import Alert
from fengsui.board.definitions import newest
from fengsui.board.read.timeline import Happened


@dataclass(frozen=True, slots=True)
class Step:
    """``text``: per language. ``by`` (a name) and ``at`` are None while nobody has done it."""

    id: str
    text: Mapping[str, str]
    by: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Plan:
    """``name``: per language. ``contacts``: a line each; ``wording``: what customers are told, per language, empty for none."""

    name: Mapping[str, str]
    version: int
    steps: tuple[Step, ...]
    contacts: tuple[str, ...] = ()
    wording: Mapping[str, str] = field(default_factory=dict)

    @property
    def done(self) -> int:
        return sum(step.at is not None for step in self.steps)


def plan(conn: Connection, alert: Alert, moves: Sequence[Happened]) -> Plan | None:
    """The plan that names the alert's rule, else the one of its tier; None where the centre has none.

    ``moves``: what happened so far; each tick among them has the name of who made it."""
    fitting = [held for held in newest(conn, "plan").values() if _fits(held[1], alert)]
    if not fitting:
        return None
    version, body = max(fitting, key=lambda held: bool(held[1].get("rules")))
    done = {one["step"]: one for one in alert.plan_done}
    ticks = [move for move in reversed(moves) if move.code == "plan_step"]  # of two ticks of one step the later one counts
    names = {str(move.params.get("step")): str(move.params.get("who", move.by)) for move in ticks}
    steps = tuple(_step(step, done.get(step["id"]), names) for step in body["steps"])
    return Plan(body["name"], version, steps, tuple(body.get("contacts") or ()), body.get("wording") or {})


def _fits(body: Mapping[str, Any], alert: Alert) -> bool:
    rules = body.get("rules") or ()
    return alert.rule_id in rules if rules else body["tier"] == alert.tier


def _step(step: Mapping[str, Any], done: Mapping[str, Any] | None, names: Mapping[str, str]) -> Step:
    if done is None:
        return Step(step["id"], step["text"], None, None)
    return Step(step["id"], step["text"], names.get(step["id"], done["by"]), datetime.fromisoformat(done["at"]))
