"""How each source is doing: cursor, watermark, last fault; every poll; coverage by day."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Float, Integer, String, Table

from fengsui.store.tables.metadata import METADATA
from fengsui.store.types import Json, UtcDateTime

source_state = Table(
    "source_state",
    METADATA,
    Column("source", String, primary_key=True),
    Column("cursor", Json),
    Column("watermark", UtcDateTime),  # source clock at the last complete poll, less the declared lateness
    Column("source_now", UtcDateTime),
    Column("last_poll_at", UtcDateTime),  # our clock
    Column("last_success_at", UtcDateTime),
    Column("newest_at", UtcDateTime),  # newest opened_at seen: information, not a fault
    Column("rows_n", Integer, nullable=False, server_default="0"),  # new records ever
    Column("bad_n", Integer, nullable=False, server_default="0"),
    Column("fault", String),  # config, later; NULL when well
    Column("fault_code", String),
    Column("fault_params", Json),
    Column("fault_since", UtcDateTime),
    Column("fault_n", Integer, nullable=False, server_default="0"),  # in a row
    Column("next_poll_at", UtcDateTime),  # a TryLater asked for this
    Column("tick", Integer),  # of the last take: a take of an older tick is refused
    Column("more", Boolean, nullable=False, server_default="0"),  # the source had rows left
    Column("backfilled", Boolean, nullable=False, server_default="0"),  # history read to its end once
)

poll = Table(
    "poll",
    METADATA,
    Column("source", String, primary_key=True),
    Column("tick", Integer, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),  # several batches of one source in one tick
    Column("at", UtcDateTime, nullable=False),  # `now` of the tick
    Column("seconds", Float, nullable=False),  # CPU-free wall time; not part of any digest
    Column("read_n", Integer, nullable=False),
    Column("new_n", Integer, nullable=False),
    Column("changed_n", Integer, nullable=False),
    Column("bad_n", Integer, nullable=False),
    Column("code", String, nullable=False),  # ok, or the fault's code
    Column("sweep", Boolean, nullable=False, server_default="0"),  # a reconcile sweep, not the fast cursor
    Column("missed_n", Integer, nullable=False, server_default="0"),  # what the sweep found that the cursor had missed
)

coverage_day = Table(
    "coverage_day",
    METADATA,
    Column("source", String, primary_key=True),
    Column("day", Date, primary_key=True),  # in the centre's zone
    Column("theirs", Integer, nullable=False),
    Column("ours", Integer, nullable=False),
    Column("checked_at", UtcDateTime, nullable=False),
)
