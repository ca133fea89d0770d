"""Work handed between dashboard and worker, and the picture handed back."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, String, Table

from fengsui.store.tables.metadata import METADATA
from fengsui.store.types import Json, UtcDateTime

inbox = Table(
    "inbox",
    METADATA,
    Column("inbox_id", String, primary_key=True),  # hash(source, idempotency key of the sender)
    Column("source", String, nullable=False, server_default=""),
    Column("kind", String, nullable=False),  # webhook, staff
    Column("received_at", UtcDateTime, nullable=False),  # rises within a source: the order of taking
    Column("by", String, nullable=False),  # person_id, or the source that pushed
    Column("body", LargeBinary),  # encrypted JSON array of rows; NULL once taken
    Column("body_hash", String),  # keyed: tells a repeated delivery from another one under the same key
    Column("key_id", String),
    Column("rows_n", Integer, nullable=False, server_default="0"),
    Column("bad_n", Integer, nullable=False, server_default="0"),
    Column("state", String, nullable=False),  # new, taken, bad (not one row could be read)
    Column("fault_code", String),
    Column("taken_at", UtcDateTime),
    Index("ix_inbox_source", "source", "state", "received_at"),
)

request = Table(
    "request",
    METADATA,
    Column("request_id", String, primary_key=True),  # idempotency key
    Column("kind", String, nullable=False),  # quarantine_replay, upload, export, poll_now, …
    Column("params", Json, nullable=False),
    Column("by", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("state", String, nullable=False),  # new, running, done, failed, cancelled
    Column("progress", Float, nullable=False, server_default="0"),
    Column("result", Json),
    Column("fault_code", String),
    Column("cancel", Boolean, nullable=False, server_default="0"),
    Column("finished_at", UtcDateTime),
    Index("ix_request_state", "state", "at"),
)

snapshot = Table(
    "snapshot",
    METADATA,
    Column("version", BigInteger, primary_key=True, autoincrement=False),  # tick number
    Column("computed_at", UtcDateTime, nullable=False),
    Column("body", Json, nullable=False),
)
