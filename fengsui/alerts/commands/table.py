"""The commands: who may, from which state, and what changes. The visible table that ``decide`` reads.

``mine``: only the owner or a manager. ``invited``, ``decides``: only who was asked to judge, or was named to decide (会商).
``commutes``: two people's may follow each other in any order, so an older picture does not refuse it. ``needs``: fields that
must be filled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeAlias

from fengsui.alerts.commands.handling import OPEN, STATES, Command, Handling, Person

Changes: TypeAlias = dict[str, Any]
DUTY = ("duty", "manager", "admin")
MANAGER = ("manager", "admin")
UNOWNED = ("new", "verified")
OWNED = ("claimed", "in_progress")
VERDICTS = ("real", "expected", "false", "new_normal")
MACHINE = "machine"
"""The role of the house itself: it gives back what nobody has touched, and nothing else."""
ASSESSORS = ("supervisor", "product", "technical")
"""In whose name an invited person judges."""
CONSULTED = "consultation"
"""The reason of a tier that a consultation ended with."""


@dataclass(frozen=True, slots=True)
class Rule:
    states: tuple[str, ...]
    change: Callable[[Handling, Command, Person, datetime], Changes]
    roles: tuple[str, ...] = DUTY
    mine: bool = False
    invited: bool = False
    decides: bool = False
    commutes: bool = False
    needs: tuple[str, ...] = ()


def _own(handling: Handling, owner: Person, now: datetime) -> Changes:
    return {
        "state": "claimed",
        "owner": owner.person_id,
        "owner_name": owner.name,
        "claimed_at": handling.claimed_at or now,
    }


def _claim(handling: Handling, command: Command, by: Person, now: datetime) -> Changes:
    return _own(handling, by, now)


def _to_target(handling: Handling, command: Command, by: Person, now: datetime) -> Changes:
    assert command.target is not None  # `needs` refuses the command without
    return _own(handling, command.target, now)


def _verify(handling: Handling, command: Command, by: Person, now: datetime) -> Changes:
    return {"state": "verified"}


def _start(handling: Handling, command: Command, by: Person, now: datetime) -> Changes:
    return {"state": "in_progress"}


def _to_pool(handling: Handling, command: Command, by: Person, now: datetime) -> Changes:
    return {"state": "verified", "owner": None, "owner_name": None, "claimed_at": None}


def _nothing(handling: Handling, command: Command, by: Person, now: datetime) -> Changes:
    return {}


def _join(handling: Handling, command: Command, by: Person, now: datetime) -> Changes:
    assert command.target is not None
    return {"participants": (*handling.participants, command.target.person_id)}


def _regrade(handling: Handling, command: Command, by: Person, now: datetime) -> Changes:
    return {
        "tier": command.params["tier"],
        "machine_tier": handling.episode_tier,
        "tier_reason": command.params["reason"],
    }


def _conclude(handling: Handling, command: Command, by: Person, now: datetime) -> Changes:
    return {"tier": command.params["tier"], "machine_tier": handling.episode_tier, "tier_reason": CONSULTED}


def _resolve(handling: Handling, command: Command, by: Person, now: datetime) -> Changes:
    return {"state": "resolved", "resolved_at": now}


def _review(handling: Handling, command: Command, by: Person, now: datetime) -> Changes:
    return {"state": "reviewed", "verdict": command.params["verdict"], "reviewed_at": now}


def _end_drill(handling: Handling, command: Command, by: Person, now: datetime) -> Changes:
    return {"state": "reviewed", "reviewed_at": now}


def _merge(handling: Handling, command: Command, by: Person, now: datetime) -> Changes:
    return {"state": "reviewed", "reviewed_at": now}


def _reopen(handling: Handling, command: Command, by: Person, now: datetime) -> Changes:
    state = "claimed" if handling.owner else "verified"
    return {"state": state, "verdict": None, "resolved_at": None, "reviewed_at": None}


def _plan_step(handling: Handling, command: Command, by: Person, now: datetime) -> Changes:
    done = {"step": command.params["step"], "by": by.person_id, "at": now.isoformat()}
    return {"plan_done": (*handling.plan_done, done)}


def _plan_undo(handling: Handling, command: Command, by: Person, now: datetime) -> Changes:
    return {"plan_done": tuple(done for done in handling.plan_done if done["step"] != command.params["step"])}


COMMANDS: Mapping[str, Rule] = MappingProxyType(
    {
        "verify": Rule(("new",), _verify),
        "claim": Rule(UNOWNED, _claim),
        "claim_for": Rule(UNOWNED, _to_target, needs=("target",)),
        "start": Rule(("claimed",), _start, mine=True),
        "note": Rule(STATES, _nothing, commutes=True, needs=("note",)),
        "transfer": Rule(OPEN, _to_target, mine=True, needs=("target", "reason")),
        "give_back": Rule(OWNED, _to_pool, mine=True, needs=("reason",)),
        "lapse": Rule(OWNED, _to_pool, (MACHINE,)),
        "snooze": Rule(OPEN, _nothing, mine=True, needs=("until", "reason")),
        "wake": Rule(OPEN, _nothing),
        "end_drill": Rule((*OPEN, "resolved"), _end_drill, MANAGER),
        "add_participant": Rule(OPEN, _join, commutes=True, needs=("target",)),
        "escalate": Rule(OPEN, _nothing, commutes=True, needs=("reason",)),
        "regrade": Rule((*OPEN, "resolved"), _regrade, needs=("tier", "reason")),
        "consult": Rule((*OPEN, "resolved"), _nothing, commutes=True, needs=("assessors", "decider")),
        "assess": Rule(
            (*OPEN, "resolved"),
            _nothing,
            (*DUTY, "analyst"),
            invited=True,
            commutes=True,
            needs=("likelihood", "impact", "loss"),
        ),
        "conclude": Rule((*OPEN, "resolved"), _conclude, decides=True, needs=("tier",)),
        "resolve": Rule(OWNED, _resolve, mine=True, needs=("reason",)),
        # From verified without an owner: a false or expected alert needs nobody to handle it.
        "review": Rule(("verified", *OWNED, "resolved"), _review, mine=True, needs=("verdict",)),
        "reopen": Rule(("resolved", "reviewed"), _reopen, needs=("reason",)),
        "merge_into": Rule((*OPEN, "resolved"), _merge, mine=True, needs=("into", "reason")),
        "plan_step": Rule(OPEN, _plan_step, commutes=True, needs=("step",)),
        "plan_undo": Rule(OPEN, _plan_undo, commutes=True, needs=("step",)),
    }
)
