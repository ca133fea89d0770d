"""The voice of the customer: what people corrected, the models fitted from it, samples to check, topics, words to search."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, String, Table, Text

from fengsui.store.tables.metadata import METADATA
from fengsui.store.types import Json, UtcDateTime

label = Table(
    "label",
    METADATA,
    Column("label_id", String, primary_key=True),  # hash(record_key, tag, by, at)
    Column("record_key", String, nullable=False, index=True),
    Column("tag", String, nullable=False),  # sentiment, issue, department, urgency, demand, product, region
    Column("at", UtcDateTime, nullable=False),
    Column("by", String, nullable=False),  # person_id
    Column("old", String),  # what stood there; NULL: nothing
    Column("old_by", String, nullable=False),  # rule@2, model@3, rating, person, none
    Column("old_sure", Float),
    Column("new", String),  # equal to old: checked, and right. NULL: a person says that none fits
    Column("why", String, nullable=False),  # chosen, uncertain, random
    Index("ix_label_at", "at", "label_id"),
)

model = Table(
    "model",
    METADATA,
    Column("name", String, primary_key=True),  # sentiment, issue, department
    Column("version", Integer, primary_key=True),
    Column("state", String, nullable=False),  # in_force (one of a name at most), kept, refused, withdrawn
    Column("made_at", UtcDateTime, nullable=False),
    Column("made_by", String, nullable=False),  # nightly, or person_id of `fengsui train`
    Column("labels_until", UtcDateTime, nullable=False),  # later labels are learned by its online layer
    Column("labels_n", Integer, nullable=False),
    Column("taxonomy_version", Integer, nullable=False),
    Column("metrics", Json, nullable=False),  # held-back figures, beside those of the model it was measured against
    Column("body", LargeBinary, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", String, nullable=False),
)

sample = Table(
    "sample",
    METADATA,
    Column("week", String, primary_key=True),  # 2026-W47, in the centre's zone
    Column("record_key", String, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("drawn_at", UtcDateTime, nullable=False),
    Column("of_n", Integer, nullable=False),  # records of that week it was drawn from
)

topic = Table(
    "topic",
    METADATA,
    Column("topic_id", String, primary_key=True),  # hash(phrase, slice_key, first bucket)
    Column("phrase", String, nullable=False),
    Column("shown", String, nullable=False),  # as customers write it: the value of dims["topic"]
    Column("slice_key", String, nullable=False),  # where it was found
    Column("kind", String, nullable=False),  # burst, watch
    Column("found_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),  # the last window in which it stood out
    Column("ended_at", UtcDateTime),  # NULL: lives
    Column("marked_from", UtcDateTime),  # records opened since then carry it; NULL: only those of the last hours so far
    Column("now_n", Integer, nullable=False),
    Column("customers", Integer, nullable=False),
    Column("usual", Float, nullable=False),
    Column("score", Float, nullable=False),
    Column("examples", Json, nullable=False),  # record_keys, the most typical first
    Index("ix_topic_lives", "ended_at", "found_at"),
)

search_text = Table(
    "search_text",
    METADATA,
    Column("doc", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("record_key", String, nullable=False, unique=True),
    Column("words", Text, nullable=False),  # single characters' bigrams and Latin words of the folded text
)
