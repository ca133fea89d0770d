"""What people do with an alert. ``cmd(store, episode_id, seen_version, by, now, **fields) -> Done(version) | Refused``."""

from fengsui.alerts.commands.answer import Done, Refused
from fengsui.alerts.commands.contacts import log_contact
from fengsui.alerts.commands.drills import start_drill
from fengsui.alerts.commands.handling import Person
from fengsui.alerts.commands.pin import pin, unpin
from fengsui.alerts.commands.silences import Wanted, add_silence, end_silence
from fengsui.alerts.commands.stretch import mark_stretch
from fengsui.alerts.commands.tasks import add_task, close_task, hand_task
from fengsui.alerts.commands.verbs import (
    add_participant,
    assess,
    claim,
    claim_for,
    conclude,
    consult,
    end_drill,
    escalate,
    give_back,
    merge_into,
    note,
    plan_step,
    plan_undo,
    regrade,
    reopen,
    resolve,
    review,
    snooze,
    start,
    transfer,
    verify,
    wake,
)
from fengsui.alerts.commands.watch import watch_slice

__all__ = [
    "Done",
    "Person",
    "Refused",
    "Wanted",
    "add_participant",
    "add_silence",
    "add_task",
    "assess",
    "claim",
    "claim_for",
    "close_task",
    "conclude",
    "consult",
    "end_drill",
    "end_silence",
    "escalate",
    "give_back",
    "hand_task",
    "log_contact",
    "mark_stretch",
    "merge_into",
    "note",
    "pin",
    "plan_step",
    "plan_undo",
    "regrade",
    "reopen",
    "resolve",
    "review",
    "snooze",
    "start",
    "start_drill",
    "transfer",
    "unpin",
    "verify",
    "wake",
    "watch_slice",
]
