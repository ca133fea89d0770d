"""Roll-ups, gauges and the slices they belong to.

A roll-up cell is one integer: (grain, slice, measure, bucket, bin) -> value; those of a block of buckets lie in one row. Both
grains change by the same signed delta in the ingest transaction. Durations are integer counts per logarithmic bin, so they add,
subtract and merge (DDSketch, Masson et al. 2019). Ratings are stored times 1000. There are no NULLs and no fractions: a cell
that went up can come down to 0.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, SmallInteger, String, Table, Text

from fengsui.store.tables.metadata import METADATA
from fengsui.store.types import Json, UtcDateTime

slice_ = Table(
    "slice",
    METADATA,
    # blake2b-8 of slice_key as a signed 64-bit number: natural and the same in every store.
    Column("slice_id", BigInteger, primary_key=True, autoincrement=False),
    Column("cuboid", String, nullable=False, index=True),  # "all", "channel", "channel|org.1"
    Column("slice_key", String, nullable=False, unique=True),  # "all", "channel=电话|org.1=华南"
    Column("dims", Json, nullable=False),  # {"channel": "电话", "org.1": "华南"}
    Column("first_at", UtcDateTime, nullable=False),
)

rollup = Table(
    "rollup",
    METADATA,
    Column("grain", SmallInteger, primary_key=True),  # minutes: 1 (8 days) or 15 (for ever)
    Column("slice_id", BigInteger, primary_key=True),
    Column("measure", String, primary_key=True),
    Column("block", Integer, primary_key=True, autoincrement=False),  # its start, in minutes since 1970-01-01T00:00Z
    Column("cells", Text, nullable=False),  # many: only fengsui/metrics/blocks.py knows how
    sqlite_with_rowid=False,
)

measurement = Table(
    "measurement",
    METADATA,
    Column("source", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("slice_key", String, primary_key=True),  # of the dims as delivered
    Column("start_at", UtcDateTime, primary_key=True),
    Column("end_at", UtcDateTime, nullable=False),
    Column("dims", Json, nullable=False),
    Column("numerator", BigInteger, nullable=False),
    Column("denominator", BigInteger, nullable=False),
    Column("duration_sum", BigInteger, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

gauge = Table(
    "gauge",
    METADATA,
    Column("source", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("slice_key", String, primary_key=True),
    Column("at", UtcDateTime, primary_key=True),
    Column("value", Float, nullable=False),
    Index("ix_gauge_name_at", "name", "at"),
)

# Which sources feed a measure of a slice: a series waits for these and for no other (DESIGN §4).
slice_source = Table(
    "slice_source",
    METADATA,
    Column("slice_id", BigInteger, primary_key=True, autoincrement=False),
    Column("measure", String, primary_key=True),
    Column("source", String, primary_key=True),
)
