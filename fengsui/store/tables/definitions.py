"""Everything that people edit and that has a past: one table of versioned rows."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

from fengsui.store.tables.metadata import METADATA
from fengsui.store.types import Json, UtcDateTime

definition = Table(
    "definition",
    METADATA,
    # kind: rule, metric, target, calendar, sla_policy, matrix, floor, cue, plan, view, known_event, taxonomy
    Column("kind", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("valid_from", UtcDateTime, nullable=False),
    Column("by", String, nullable=False),  # person_id, or "seed"
    Column("body", Json, nullable=False),
)
