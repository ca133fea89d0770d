"""One pure function decides every step of a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fengsui.alerts import snooze
from fengsui.alerts.commands.answer import Refused
from fengsui.alerts.commands.handling import Command, Handling, Person, Same, Step
from fengsui.alerts.commands.table import COMMANDS, DUTY, MANAGER, VERDICTS, Rule

TIERS = (1, 2, 3)
SEVERE = 3


def decide(handling: Handling, command: Command, by: Person, now: datetime) -> Step | Same | Refused:
    """The step that ``command`` makes, or why not. Order: may this role, is it filled in, was it done already by the same
    person, is the picture fresh, is the state right, is it theirs."""
    rule = COMMANDS[command.name]
    return (
        _role(rule, command, by)
        or _filled(rule, command)
        or _final(handling, command)
        or _again(handling, command, by)
        or _fresh(rule, handling, command)
        or _state(rule, handling, command)
        or _mine(rule, handling, command, by)
        or _asked(rule, handling, command, by)
        or _put_off(handling, command, now)
        or _step(rule, handling, command, by, now)
    )


def _role(rule: Rule, command: Command, by: Person) -> Refused | None:
    if by.role not in rule.roles:
        return Refused("alerts.refused.role", {"role": by.role, "allowed": list(rule.roles), "command": command.name})
    if command.target and command.name != "add_participant" and command.target.role not in DUTY:
        return Refused("alerts.refused.target_role", {"who": command.target.name, "allowed": list(DUTY)})
    return None


def _filled(rule: Rule, command: Command) -> Refused | None:
    for name in rule.needs:
        if _field(command, name) in (None, "", []):
            return Refused("alerts.refused.needs", {"field": name})
    tier, verdict = command.params.get("tier"), command.params.get("verdict")
    if "tier" in rule.needs and tier not in TIERS:
        return Refused("alerts.refused.value", {"field": "tier", "value": tier, "allowed": list(TIERS)})
    if "verdict" in rule.needs and verdict not in VERDICTS:
        return Refused("alerts.refused.value", {"field": "verdict", "value": verdict, "allowed": list(VERDICTS)})
    for name in {"likelihood", "impact", "loss"} & set(rule.needs):
        if command.params[name] not in TIERS:
            return Refused("alerts.refused.value", {"field": name, "value": command.params[name], "allowed": list(TIERS)})
    return None


def _final(handling: Handling, command: Command) -> Refused | None:
    """终报: who ends a severe alert says how it ended."""
    severe = handling.tier_now == SEVERE
    if command.name == "resolve" and severe and not (command.note or "").strip():
        return Refused("alerts.refused.needs", {"field": "final"})
    return None


def _field(command: Command, name: str) -> Any:
    if name in ("target", "note"):
        return getattr(command, name)
    return command.params.get(name)


def _again(handling: Handling, command: Command, by: Person) -> Same | None:
    if command.name == "claim" and handling.owner == by.person_id and handling.state in ("claimed", "in_progress"):
        return Same()
    if command.name == "add_participant" and command.target and command.target.person_id in handling.participants:
        return Same()
    if command.name in ("plan_step", "plan_undo"):
        done = any(one["step"] == command.params["step"] for one in handling.plan_done)
        return Same() if done == (command.name == "plan_step") else None
    if command.name == "wake" and handling.snoozed_until is None:
        return Same()
    return Same() if _is_echo(handling, command, by) else None


def _is_echo(handling: Handling, command: Command, by: Person) -> bool:
    """The newest decision is this very click, delivered twice."""
    last = handling.last
    if last is None or command.seen != handling.version - 1:
        return False
    return (last.person_id, last.code, dict(last.params), last.note) == (
        by.person_id,
        command.name,
        _params(command),
        command.note,
    )


def _fresh(rule: Rule, handling: Handling, command: Command) -> Refused | None:
    if rule.commutes or command.seen == handling.version:
        return None
    return named(handling)


def named(handling: Handling) -> Refused:
    """Somebody was faster: who, when, what."""
    last = handling.last
    if last is None:
        return Refused("alerts.refused.stale", {"version": handling.version})
    params = {"who": last.name, "at": last.at.isoformat(), "owner": handling.owner_name}
    return Refused(f"alerts.refused.after.{last.code}", params)


def _state(rule: Rule, handling: Handling, command: Command) -> Refused | None:
    if handling.state in rule.states:
        return None
    if command.name in ("claim", "claim_for") and handling.owner_name:
        return Refused("alerts.refused.owned", {"who": handling.owner_name})
    params = {"state": handling.state, "allowed": list(rule.states), "command": command.name}
    return Refused(f"alerts.refused.state.{command.name}", params)


def _mine(rule: Rule, handling: Handling, command: Command, by: Person) -> Refused | None:
    if not rule.mine or by.role in MANAGER or handling.owner in (None, by.person_id):
        return None
    return Refused("alerts.refused.not_owner", {"who": handling.owner_name, "command": command.name})


def _asked(rule: Rule, handling: Handling, command: Command, by: Person) -> Refused | None:
    if rule.invited and by.person_id not in handling.invited:
        return Refused("alerts.refused.not_invited", {"command": command.name})
    if rule.decides and by.person_id != handling.decider:
        code = "alerts.refused.not_decider" if handling.decider else "alerts.refused.no_consultation"
        return Refused(code, {"who": handling.decider_name})
    return None


def _put_off(handling: Handling, command: Command, now: datetime) -> Refused | None:
    """稍后提醒: not into the past, not beyond what the gravest tier bears that the machine or a person gave it."""
    if command.name != "snooze":
        return None
    try:
        until = datetime.fromisoformat(command.params["until"])
        begins = until > now
    except (TypeError, ValueError):  # no time, or one without a zone
        return Refused("alerts.refused.snooze_past")
    most = snooze.limit(handling.gravest, handling.claim_due_at, now)
    if most is None or (until > most and handling.gravest >= SEVERE):
        return Refused("alerts.refused.snooze_severe", {"due": most.isoformat()} if most else {})
    if not begins:
        return Refused("alerts.refused.snooze_past")
    return Refused("alerts.refused.snooze_long", {"most": most.isoformat()}) if until > most else None


def _step(rule: Rule, handling: Handling, command: Command, by: Person, now: datetime) -> Step:
    changes = rule.change(handling, command, by, now)
    for_person = command.target.person_id if command.target and command.name == "claim_for" else None
    return Step(command.name, changes, _params(command), for_person, command.note)


def _params(command: Command) -> dict[str, Any]:
    params = dict(command.params)
    if command.target is not None:
        params |= {"person": command.target.person_id, "owner": command.target.name}
    return params
