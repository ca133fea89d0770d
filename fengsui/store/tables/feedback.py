"""Records of customers: what was said, its history, and what could not be read."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, LargeBinary, String, Table, Text, text

from fengsui.store.tables.metadata import METADATA
from fengsui.store.types import Json, UtcDateTime

feedback = Table(
    "feedback",
    METADATA,
    Column("record_key", String, primary_key=True),  # source || ':' || source_id
    Column("source", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),  # the source's clock; decides which version wins
    Column("stored_at", UtcDateTime, nullable=False),  # `now` of the tick that stored this version
    Column("seq", BigInteger, nullable=False, index=True),  # that tick's number: the cursor of phrase and record rules
    Column("first_stored_at", UtcDateTime, nullable=False),  # arrival lag = first_stored_at - opened_at
    Column("came_late_at", UtcDateTime),  # first_stored_at of one whose source had long been read beyond its opening
    Column("content_hash", String, nullable=False),  # keyed hash; "deleted" once gone, so that any reappearance wins
    Column("dims", Json, nullable=False),  # {"channel": "电话", "org": "华南/广东/天河"}
    Column("state", String, nullable=False),  # open, solved, cancelled
    Column("url", Text),
    Column("lang", String),
    Column("customer", String),  # HMAC of the source's customer id: repeat contact without identity
    Column("customer_tier", String),
    Column("repeat_of", String),  # record_key of the first of equal or nearly equal texts; counted, customers once
    Column("repeat_how", String),  # equal, near; NULL: repeats nothing
    # Facts: computed from the events, never delivered (DESIGN §3). They are what the roll-ups count.
    Column("acknowledged_at", UtcDateTime),
    Column("first_response_at", UtcDateTime),
    Column("offered_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("abandoned_at", UtcDateTime),
    Column("solved_at", UtcDateTime),
    Column("reopened_at", UtcDateTime),
    Column("reopened_n", Integer, nullable=False, server_default="0"),
    Column("rated_at", UtcDateTime),
    Column("told_at", UtcDateTime),  # the customer heard the result, since the last reopening
    Column("archived_at", UtcDateTime),
    Column("asked_at", UtcDateTime),  # a survey was sent
    Column("transfers_n", Integer, nullable=False, server_default="0"),
    # What the roll-ups count beside them; contributions read columns only, never policy, events or a clock.
    Column("response_s", BigInteger),  # opened (or last reopening) to first human reply, less pauses
    Column("resolution_s", BigInteger),  # gross
    Column("resolution_net_s", BigInteger),  # less pauses
    Column("response_target_s", BigInteger),
    Column("second_asked_at", UtcDateTime),  # a second evaluation was asked for, after a bad first one
    Column("waits", Json),  # [[second of the reply, seconds waited]] of each later message of the customer; NULL: none
    Column("calendar_version", Integer),
    Column("pace", String, nullable=False, server_default="live"),  # of its source: batch rows have no minute cells
    Column("due_at", UtcDateTime),
    Column("due_source", String),  # source, or policy id@version that set it
    # What was said, as numbers and tags.
    Column("ratings", Json, nullable=False),  # [{"name","value","low","high","direction","aspect"}]
    Column("tags", Json, nullable=False),  # text.tags.Tags: value, confidence and source of each tag
    Column("extra", Json, nullable=False),
    Column("deleted_at", UtcDateTime),  # gone at the source; no longer counted, kept for audit
    Index("ix_feedback_opened_at", "opened_at", "kind"),
    Index("ix_feedback_source_opened_at", "source", "opened_at"),
    Index("ix_feedback_due_at", "due_at"),  # slices and words of deadlines, whatever became of them
    Index("ix_feedback_customer", "customer", "opened_at"),
    Index("ix_feedback_open", "due_at", sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'")),
)

feedback_text = Table(
    "feedback_text",
    METADATA,
    Column("record_key", String, primary_key=True),
    Column("text", Text, nullable=False),  # masked
    Column("mask_version", Integer, nullable=False),
    Column("text_hash", String, nullable=False),  # of the normalised masked text: equal texts
    Column("raw", LargeBinary),  # AES-256-GCM; off by default
    Column("key_id", String),
    Column("own_hash", String),  # keyed, of what was masked and of order numbers: two customers' forms differ in it
    Index("ix_feedback_text_said", "text_hash", "own_hash"),
)

event = Table(
    "event",
    METADATA,
    Column("record_key", String, primary_key=True),
    Column("event_key", String, primary_key=True),  # c:<kind>, r:<id>, d:<kind>:<n>
    Column("kind", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String),
    Column("data", Json, nullable=False),
    Column("derived", Boolean, nullable=False, server_default="0"),
)

customer = Table(
    "customer",
    METADATA,
    Column("customer", String, primary_key=True),  # HMAC
    Column("source_id", LargeBinary),  # encrypted; revealed by role with audit
    Column("key_id", String),
    Column("first_seen_at", UtcDateTime, nullable=False),
)

reference = Table(
    "reference",
    METADATA,
    Column("kind", String, primary_key=True),
    Column("ref_id", String, primary_key=True),  # HMAC where kind = customer
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date),
    Column("attrs", Json, nullable=False),
)

tombstone = Table(
    "tombstone",
    METADATA,
    Column("record_key", String, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", String, nullable=False),
)

quarantine = Table(
    "quarantine",
    METADATA,
    Column("quarantine_id", String, primary_key=True),  # hash(source, code, raw): the same bad row twice is one row
    Column("source", String, nullable=False, index=True),
    Column("code", String, nullable=False),
    Column("params", Json, nullable=False),
    Column("record_key", String, index=True),  # where it could be read
    Column("customer", String, index=True),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("seen_n", Integer, nullable=False),
    Column("raw", LargeBinary),  # encrypted; NULL once purged
    Column("key_id", String),
    Column("state", String, nullable=False),  # held, replayed, dismissed, purged
)
