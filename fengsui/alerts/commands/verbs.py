"""The commands by name, as pages call them.

All: ``(store, episode_id, seen_version, by, now, **fields) -> Done | Refused``. ``by`` has person_id, name, role, scope.
``reason`` is the code of a chip, ``note`` free words. ``person`` is a person_id.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Engine

from fengsui.alerts.commands.answer import Done, Refused
from fengsui.alerts.commands.carry_out import carry_out
from fengsui.alerts.commands.handling import Command, Person
from fengsui.alerts.commands.table import ASSESSORS


def verify(
    store: Engine, episode_id: str, seen_version: int, by: Person, now: datetime, *, note: str | None = None
) -> Done | Refused:
    """核实: somebody looked, it is worth handling. new -> verified."""
    return carry_out(store, episode_id, Command("verify", seen_version, note=note), by, now)


def claim(
    store: Engine, episode_id: str, seen_version: int, by: Person, now: datetime, *, note: str | None = None
) -> Done | Refused:
    """认领: ``by`` becomes the owner. new, verified -> claimed."""
    return carry_out(store, episode_id, Command("claim", seen_version, note=note), by, now)


def claim_for(
    store: Engine, episode_id: str, seen_version: int, by: Person, now: datetime, *, person: str, note: str | None = None
) -> Done | Refused:
    """代认领: ``person`` becomes the owner, both names are kept."""
    return carry_out(store, episode_id, Command("claim_for", seen_version, note=note), by, now, person)


def start(
    store: Engine, episode_id: str, seen_version: int, by: Person, now: datetime, *, note: str | None = None
) -> Done | Refused:
    """开始处置: claimed -> in_progress."""
    return carry_out(store, episode_id, Command("start", seen_version, note=note), by, now)


def note(store: Engine, episode_id: str, seen_version: int, by: Person, now: datetime, *, note: str) -> Done | Refused:
    """续报: words for the record; never refused because somebody else wrote meanwhile."""
    return carry_out(store, episode_id, Command("note", seen_version, note=note), by, now)


def transfer(
    store: Engine,
    episode_id: str,
    seen_version: int,
    by: Person,
    now: datetime,
    *,
    person: str,
    reason: str,
    note: str | None = None,
) -> Done | Refused:
    """转派: ``person`` becomes the owner and is told."""
    return carry_out(store, episode_id, Command("transfer", seen_version, {"reason": reason}, note=note), by, now, person)


def give_back(
    store: Engine, episode_id: str, seen_version: int, by: Person, now: datetime, *, reason: str, note: str | None = None
) -> Done | Refused:
    """退回: nobody has it; the deadline for claiming goes on. claimed, in_progress -> verified."""
    return carry_out(store, episode_id, Command("give_back", seen_version, {"reason": reason}, note=note), by, now)


def snooze(
    store: Engine,
    episode_id: str,
    seen_version: int,
    by: Person,
    now: datetime,
    *,
    until: datetime,
    reason: str,
    note: str | None = None,
) -> Done | Refused:
    """稍后提醒: out of the way until then (``alerts.snooze`` says how far), told again at the end or when it grows."""
    params = {"until": until.isoformat(), "reason": reason}
    return carry_out(store, episode_id, Command("snooze", seen_version, params, note=note), by, now)


def wake(
    store: Engine, episode_id: str, seen_version: int, by: Person, now: datetime, *, note: str | None = None
) -> Done | Refused:
    """取消稍后提醒: back in its place before its time."""
    return carry_out(store, episode_id, Command("wake", seen_version, note=note), by, now)


def end_drill(
    store: Engine, episode_id: str, seen_version: int, by: Person, now: datetime, *, note: str | None = None
) -> Done | Refused:
    """结束演练: wherever it stands."""
    return carry_out(store, episode_id, Command("end_drill", seen_version, note=note), by, now)


def add_participant(
    store: Engine, episode_id: str, seen_version: int, by: Person, now: datetime, *, person: str, note: str | None = None
) -> Done | Refused:
    """加派: ``person`` takes part; the owner stays."""
    return carry_out(store, episode_id, Command("add_participant", seen_version, note=note), by, now, person)


def escalate(
    store: Engine, episode_id: str, seen_version: int, by: Person, now: datetime, *, reason: str, note: str | None = None
) -> Done | Refused:
    """升级: managers are told now; the owner stays."""
    return carry_out(store, episode_id, Command("escalate", seen_version, {"reason": reason}, note=note), by, now)


def regrade(
    store: Engine,
    episode_id: str,
    seen_version: int,
    by: Person,
    now: datetime,
    *,
    tier: int,
    reason: str,
    note: str | None = None,
) -> Done | Refused:
    """改级: holds until the machine's tier rises above what it was now."""
    return carry_out(
        store, episode_id, Command("regrade", seen_version, {"tier": int(tier), "reason": reason}, note=note), by, now
    )


def resolve(
    store: Engine, episode_id: str, seen_version: int, by: Person, now: datetime, *, reason: str, note: str | None = None
) -> Done | Refused:
    """处置完成: ``reason`` names what helped. claimed, in_progress -> resolved."""
    return carry_out(store, episode_id, Command("resolve", seen_version, {"reason": reason}, note=note), by, now)


def consult(
    store: Engine,
    episode_id: str,
    seen_version: int,
    by: Person,
    now: datetime,
    *,
    assessors: Mapping[str, str],
    decider: str,
    note: str | None = None,
) -> Done | Refused:
    """发起会商: ``assessors`` person_id -> supervisor, product or technical; ``decider`` (a person_id) ends it."""
    wrong = sorted(set(assessors.values()) - set(ASSESSORS))
    if wrong:
        return Refused("alerts.refused.value", {"field": "assessors", "value": wrong[0], "allowed": list(ASSESSORS)})
    asked = [{"person": id_, "role": role} for id_, role in sorted(assessors.items())]
    command = Command("consult", seen_version, {"assessors": asked, "decider": decider}, note=note)
    return carry_out(store, episode_id, command, by, now)


def assess(
    store: Engine,
    episode_id: str,
    seen_version: int,
    by: Person,
    now: datetime,
    *,
    likelihood: int,
    impact: int,
    loss: int,
    note: str | None = None,
) -> Done | Refused:
    """会商意见: an invited person's likelihood, impact and loss (1..3 each); the newest counts, all are kept."""
    levels = {"likelihood": likelihood, "impact": impact, "loss": loss}
    return carry_out(store, episode_id, Command("assess", seen_version, levels, note=note), by, now)


def conclude(
    store: Engine, episode_id: str, seen_version: int, by: Person, now: datetime, *, tier: int, note: str | None = None
) -> Done | Refused:
    """会商结论: who was named decides the tier; it holds like a re-grade."""
    return carry_out(store, episode_id, Command("conclude", seen_version, {"tier": tier}, note=note), by, now)


def review(
    store: Engine,
    episode_id: str,
    seen_version: int,
    by: Person,
    now: datetime,
    *,
    verdict: str,
    cause: str | None = None,
    lesson: str | None = None,
    change: str | None = None,
    note: str | None = None,
) -> Done | Refused:
    """复盘: real, expected, false or new_normal. Ends the handling; only ``reopen`` follows. ``cause``: of the chips or in own
    words; ``lesson``: what was learned; ``change``: what is to be changed at a rule."""
    learned = {"cause": cause, "lesson": lesson, "change": change}
    params = {"verdict": verdict, **{name: value for name, value in learned.items() if value}}
    return carry_out(store, episode_id, Command("review", seen_version, params, note=note), by, now)


def reopen(
    store: Engine, episode_id: str, seen_version: int, by: Person, now: datetime, *, reason: str, note: str | None = None
) -> Done | Refused:
    """重开: back to its owner, or to verified where it had none."""
    return carry_out(store, episode_id, Command("reopen", seen_version, {"reason": reason}, note=note), by, now)


def merge_into(
    store: Engine,
    episode_id: str,
    seen_version: int,
    by: Person,
    now: datetime,
    *,
    into: str,
    reason: str,
    note: str | None = None,
) -> Done | Refused:
    """并入: the same trouble as alert ``into``; this one ends, that one goes on."""
    return carry_out(
        store, episode_id, Command("merge_into", seen_version, {"into": into, "reason": reason}, note=note), by, now
    )


def plan_step(
    store: Engine, episode_id: str, seen_version: int, by: Person, now: datetime, *, step: str, note: str | None = None
) -> Done | Refused:
    """A step of the plan is done, by whom and when; ticking it twice is once."""
    return carry_out(store, episode_id, Command("plan_step", seen_version, {"step": step}, note=note), by, now)


def plan_undo(
    store: Engine, episode_id: str, seen_version: int, by: Person, now: datetime, *, step: str, note: str | None = None
) -> Done | Refused:
    """A step of the plan was not done after all: it stands open again, and both entries stay in the history."""
    return carry_out(store, episode_id, Command("plan_undo", seen_version, {"step": step}, note=note), by, now)
