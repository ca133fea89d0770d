"""Alerts: the machine's condition and the people's handling in two rows, every change appended."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Float, Index, Integer, String, Table, Text, UniqueConstraint

from fengsui.store.tables.metadata import METADATA
from fengsui.store.types import Json, UtcDateTime

episode = Table(
    "episode",
    METADATA,
    Column("episode_id", String, primary_key=True),  # hash(rule_id, slice_key, first firing bucket)
    Column("day", Date),  # 编号 MMDD-NN, rendered when read; NULL for shadow; in no digest
    Column("day_n", Integer),
    Column("rule_id", String, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("mode", String, nullable=False),  # shadow, on
    Column("series", String),  # NULL for phrase and single-record rules
    Column("metric", String, nullable=False),
    Column("slice_key", String, nullable=False),
    Column("slice_id", BigInteger, nullable=False),
    Column("parent_id", String),  # this episode explains that one (parent and child)
    Column("condition", String, nullable=False),  # firing, cleared, no_data: the machine's axis
    Column("direction", String, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),  # virtual now of the tick that opened it
    Column("started_at", UtcDateTime, nullable=False),  # start of the first firing window: "14:20 起"
    Column("last_at", UtcDateTime, nullable=False),  # end of the newest judged step
    Column("cleared_at", UtcDateTime),
    Column("grade", Integer, nullable=False),  # of the detector, now
    Column("peak_grade", Integer, nullable=False),
    Column("tier", Integer, nullable=False),  # matrix + floors, the machine's newest opinion (never falls while firing)
    Column("likelihood", Integer, nullable=False),  # 1..3
    Column("impact", Integer, nullable=False),
    Column("loss", Integer, nullable=False),
    Column("floor", String),  # code of the floor rule that decided, if one did
    Column("factors", Json, nullable=False),  # {"likelihood": [{"code","params"}…], "impact": […], "loss": […]}
    Column("observed", Float),
    Column("expected", Float),
    Column("lower", Float),
    Column("upper", Float),
    Column("score", Float, nullable=False),
    Column("peak_score", Float, nullable=False),
    Column("n", Integer, nullable=False, server_default="0"),  # records in the window
    Column("customers", Integer, nullable=False, server_default="0"),  # distinct, in the window
    Column("reason", String, nullable=False),
    Column("reason_params", Json, nullable=False),
    Column("explained", Json, nullable=False),  # child slices that make the deviation: [{"slice_key","observed","expected"}]
    Column("claim_due_at", UtcDateTime),
    Column("handle_due_at", UtcDateTime),
    Column("machine_n", Integer, nullable=False, server_default="0"),  # n of the newest machine transition
    Column("calm_n", Integer, nullable=False, server_default="0"),  # complete calm steps in a row (hysteresis)
    Column("silence_id", String),  # kept silent by this one: not told, without deadlines
    UniqueConstraint("day", "day_n", name="uq_episode_number"),
    Index("ix_episode_condition", "condition", "tier"),
    Index("ix_episode_rule_slice", "rule_id", "slice_key", "opened_at"),
)

handling = Table(
    "handling",
    METADATA,
    Column("episode_id", String, primary_key=True),
    Column("state", String, nullable=False),  # new, verified, claimed, in_progress, resolved, reviewed
    Column("handling_version", Integer, nullable=False),  # raised by people only: a machine update never stales a click
    Column("owner", String),
    Column("verdict", String),  # real, expected, false, new_normal
    Column("tier", Integer),  # a person's re-grade
    Column("machine_tier", Integer),  # episode.tier seen then: the machine wins again only above this
    Column("tier_reason", Text),
    Column("participants", Json, nullable=False),
    Column("claimed_at", UtcDateTime),
    Column("resolved_at", UtcDateTime),
    Column("reviewed_at", UtcDateTime),
    Column("plan_done", Json, nullable=False),  # [{"step", "by", "at"}]
    Index("ix_handling_state", "state"),
)

transition = Table(
    "transition",
    METADATA,
    Column("episode_id", String, primary_key=True),
    Column("axis", String, primary_key=True),  # machine, person: each counts its own n
    Column("n", Integer, primary_key=True, autoincrement=False),  # person: handling_version; machine: episode.machine_n
    Column("tick", Integer),  # machine
    Column("decision_seq", BigInteger, index=True),  # person: watermark['decision'].seq + 1, taken in the same transaction
    Column("at", UtcDateTime, nullable=False),
    Column("by", String, nullable=False),  # person_id, or "machine"
    Column("for_person", String),  # 代认领: on whose behalf
    Column("code", String, nullable=False),  # opened, raised, cleared, …, claim, transfer, note, regrade …
    Column("before", String),
    Column("after", String),
    Column("params", Json, nullable=False),
    Column("note", Text),
)

assessment = Table(
    "assessment",
    METADATA,
    Column("episode_id", String, primary_key=True),
    Column("person", String, primary_key=True),
    Column("at", UtcDateTime, primary_key=True),
    Column("role", String, nullable=False),  # supervisor, product, technical
    Column("likelihood", Integer),
    Column("impact", Integer),
    Column("loss", Integer),
    Column("opinion", Text),
)

outbox = Table(
    "outbox",
    METADATA,
    Column("notice_id", String, primary_key=True),  # hash(kind, subject, axis, n, step, channel, recipient): idempotency key
    Column("kind", String, nullable=False),  # raised, escalated, cleared, summary, alive, due, test
    Column("episode_id", String),
    Column("channel", String, nullable=False),  # a name of [notify.channels]
    Column("recipient", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),  # of the next try; of a failed one when it was given up
    Column("state", String, nullable=False),  # pending, sent, merged, spread, rerouted, dropped_claimed, failed
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("sent_at", UtcDateTime),
    Column("fault_code", String),
    Column("fault_params", Json),  # {"said": what the receiver answered}
    Column("code", String, nullable=False),
    Column("params", Json, nullable=False),
    Column("merged_into", String),  # the notice that tells this one's news: a summary, the same on another channel, a twin
    Index("ix_outbox_state", "state", "due_at"),
)

# How fast a channel may be asked and whether it answers: survives a restart, for the receiver's limits do, too.
channel_pace = Table(
    "channel_pace",
    METADATA,
    Column("channel", String, primary_key=True),
    Column("tries", Json, nullable=False),  # seconds since 1970 of each try of the last minute
    Column("blocked_until", UtcDateTime),
    Column("fault_code", String),  # of the newest try; NULL: it went through
    Column("fault_params", Json),
    Column("fault_since", UtcDateTime),
    Column("sent_at", UtcDateTime),
)

# A personal link in a notice: who may claim which alert with it, and until when.
claim_link = Table(
    "claim_link",
    METADATA,
    Column("token_hash", String, primary_key=True),  # sha256 of the random token in the link
    Column("person_id", String, nullable=False, index=True),
    Column("episode_id", String, nullable=False, index=True),
    Column("notice_id", String, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),  # claimed with it: from then on it only shows
)

# Which records a phrase or single-record rule has taken: a changed old letter is not a second letter.
rule_record = Table(
    "rule_record",
    METADATA,
    Column("rule_id", String, primary_key=True),
    Column("record_key", String, primary_key=True),
    Column("episode_id", String, index=True),
    Column("at", UtcDateTime, nullable=False),
)

# Which tickets their department was reminded of, once a class: what the response rate to these reminders rests on.
reminder = Table(
    "reminder",
    METADATA,
    Column("record_key", String, primary_key=True),
    Column("name", String, primary_key=True),  # due_soon, due_over
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("department", String),  # organisation of the first level then; NULL: nobody's, the managers heard
)
