"""What people do beside an alert's own state: promises and actions, contact with customers, silences, the change of shifts."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from fengsui.store.tables.metadata import METADATA
from fengsui.store.types import Json, UtcDateTime

# 承诺 and 改进项: something that a named person does by a certain time.
task = Table(
    "task",
    METADATA,
    Column("task_id", String, primary_key=True),  # hash of what was promised: the same click twice is one
    Column("kind", String, nullable=False),  # promise, action
    Column("episode_id", String, index=True),
    Column("slice_key", String, nullable=False),  # of the alert: who may see it
    Column("text", Text, nullable=False),  # masked
    Column("owner", String, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("by", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("state", String, nullable=False),  # open, done, dropped
    Column("version", Integer, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("closed_by", String),
    Column("result", Text),  # masked
    Index("ix_task_due", "state", "due_at"),
)

# Each try to reach a customer behind an alert, and what came of it.
contact = Table(
    "contact",
    METADATA,
    Column("contact_id", String, primary_key=True),
    Column("episode_id", String, nullable=False, index=True),
    Column("customer", String, nullable=False),  # HMAC; the record's key where the record names nobody
    Column("by", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("way", String, nullable=False),  # call, sms, chat, mail, visit
    Column("outcome", String, nullable=False),  # reached, not_reached, told
    Column("note", Text),  # masked
)

# 静默: what is not told for a while. Never changed but for its end.
silence = Table(
    "silence",
    METADATA,
    Column("silence_id", String, primary_key=True),
    Column("rule_id", String),  # NULL: every rule
    Column("where", Json, nullable=False),  # level -> value; {}: everywhere
    Column("tier", Integer, nullable=False),  # the gravest that is kept silent
    Column("start_at", UtcDateTime, nullable=False),
    Column("end_at", UtcDateTime, nullable=False),
    Column("weekly", Json),  # {"days": [0..6], "start": "22:00", "end": "06:00"} in the centre's zone; NULL: throughout
    Column("reason", Text, nullable=False),
    Column("by", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),  # ended early
    Column("ended_by", String),
    Index("ix_silence_end", "end_at"),
)

# 稍后提醒: an alert that people put off until a time. Only what runs is here; what was is in the transitions.
snooze = Table(
    "snooze",
    METADATA,
    Column("episode_id", String, primary_key=True),
    Column("until_at", UtcDateTime, nullable=False),
    Column("tier", Integer, nullable=False),  # as it was then: what grows beyond it is told at once
    Column("by", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("reason", String, nullable=False),
)

# 系统告警: trouble of the house itself, for whoever runs it; never a customers' alert.
system_alert = Table(
    "system_alert",
    METADATA,
    Column("kind", String, primary_key=True),  # source, disk, undelivered, tick, definition
    Column("since_at", UtcDateTime, primary_key=True),  # first seen
    Column("seen_at", UtcDateTime, nullable=False),  # last seen
    Column("opened_at", UtcDateTime),  # told; NULL: its pending time is not over
    Column("cleared_at", UtcDateTime),
    Column("subjects", Json, nullable=False),  # name -> {since, seen, told}: sources or channels that it is or was about
    Column("params", Json, nullable=False),  # of the newest look, for the sentence
    Column("told", Integer, nullable=False, server_default="0"),  # of how many subjects that last people were told
    Index("ix_system_alert_cleared", "cleared_at"),
)

# 交接班: what one shift leaves and the next one takes, signed by both.
handover = Table(
    "handover",
    METADATA,
    Column("handover_id", String, primary_key=True),
    Column("given_by", String, nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
    Column("taken_by", String),
    Column("taken_at", UtcDateTime),
    Column("scope", Json, nullable=False),  # organisations of who gave it: [] = all
    Column("note", Text, nullable=False),  # masked
    Column("reply", Text),  # masked
    Column("body", Json, nullable=False),  # open alerts and promises as they stood when it was given
    Index("ix_handover_given", "given_at"),
)
