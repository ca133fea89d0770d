"""The clock, the leader, the series and what detectors said of them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text

from fengsui.store.tables.metadata import METADATA
from fengsui.store.types import Json, UtcDateTime

leader = Table(
    "leader",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("holder", String, nullable=False),
    Column("epoch", Integer, nullable=False),  # the fence: every worker transaction checks it
    Column("since", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)

tick = Table(
    "tick",
    METADATA,
    Column("tick", Integer, primary_key=True, autoincrement=False),
    Column("now", UtcDateTime, nullable=False),  # committed before the tick does anything
    Column("finished_at", UtcDateTime),
    Column("seconds", Float),
    Column("counts", Json),
    Column("fault_code", String),
    Column("fault_params", Json),
)

watermark = Table(
    "watermark",
    METADATA,
    Column("name", String, primary_key=True),  # engine, alerts, lapse, decision, snapshot, rollup, topics-left …
    Column("at", UtcDateTime),
    Column("seq", BigInteger, nullable=False, server_default="0"),
    Column("tick", Integer),
    Column("tag", String),  # rollup: hash of cuboids and of the version of contributions
)

series = Table(
    "series",
    METADATA,
    Column("series", String, primary_key=True),  # metric|slice_key|step_s|rule_id
    Column("metric", String, nullable=False),
    Column("slice_id", BigInteger, nullable=False),
    Column("slice_key", String, nullable=False),
    Column("step_s", Integer, nullable=False),
    Column("rule_id", String, nullable=False),
    Column("role", String, nullable=False),  # head, tail, pool
    Column("parent", String),  # series of the parent slice, where the rule says so
    Column("since", UtcDateTime, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("ready", Boolean, nullable=False, server_default="0"),
    Column("ready_at", UtcDateTime),
)

detector_state = Table(
    "detector_state",
    METADATA,
    Column("series", String, primary_key=True),
    Column("state", Text, nullable=False),  # canonical JSON as in engine.state; JSONB would reorder and round
    Column("last_end", UtcDateTime, nullable=False),  # steps that start before this are in the state
)

# Readings judged since `detector_state.last_end`, some two hours at most: learned again after a restart.
detector_tail = Table(
    "detector_tail",
    METADATA,
    Column("series", String, primary_key=True),  # "#seq" of the instant; of older versions the series
    Column("end_at", UtcDateTime, primary_key=True),
    Column("reading", Text, nullable=False),  # compact JSON; JSONB would reorder and round
)

verdict = Table(
    "verdict",
    METADATA,
    Column("series", String, primary_key=True),
    Column("end_at", UtcDateTime, primary_key=True),
    Column("seq", BigInteger, nullable=False, index=True),  # number of the advance; the cursor of transaction 2
    Column("tick", Integer, nullable=False),
    Column("start_at", UtcDateTime, nullable=False),
    Column("value", Float),
    Column("expected", Float),
    Column("lower", Float),
    Column("upper", Float),
    Column("score", Float, nullable=False),
    Column("p_value", Float, nullable=False),
    Column("ready", Boolean, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("grade", Integer, nullable=False),
    Column("direction", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("reason_params", Json, nullable=False),
    Column("window_start", UtcDateTime, nullable=False),
    Column("window_observed", Float),
    Column("window_expected", Float),
    Column("corrected", Boolean, nullable=False, server_default="0"),  # the bucket moved by more than its band later
    Index("ix_verdict_end_at", "end_at"),
)
