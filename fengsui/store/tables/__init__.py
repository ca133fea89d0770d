"""All tables, one file per room. ``METADATA`` is what Alembic compares and what tests create.

Primary keys are natural wherever a row has one, so that a replay after ``kill -9`` ends in the same rows (DESIGN §7).
"""

from fengsui.store.tables.alerts import (
    assessment,
    channel_pace,
    claim_link,
    episode,
    handling,
    outbox,
    reminder,
    rule_record,
    transition,
)
from fengsui.store.tables.definitions import definition
from fengsui.store.tables.engine import detector_state, detector_tail, leader, series, tick, verdict, watermark
from fengsui.store.tables.feedback import (
    customer,
    event,
    feedback,
    feedback_text,
    quarantine,
    reference,
    tombstone,
)
from fengsui.store.tables.measures import gauge, measurement, rollup, slice_, slice_source
from fengsui.store.tables.metadata import METADATA
from fengsui.store.tables.people import (
    audit,
    person,
    reach,
    recovery_code,
    rota_change,
    rota_shift,
    second_factor,
    session,
    sign_in_slate,
    wall_link,
)
from fengsui.store.tables.response import contact, handover, silence, snooze, system_alert, task
from fengsui.store.tables.sources import coverage_day, poll, source_state
from fengsui.store.tables.voice import label, model, sample, search_text, topic
from fengsui.store.tables.work import inbox, request, snapshot

__all__ = [
    "METADATA",
    "assessment",
    "audit",
    "channel_pace",
    "claim_link",
    "contact",
    "coverage_day",
    "customer",
    "definition",
    "detector_state",
    "detector_tail",
    "episode",
    "event",
    "feedback",
    "feedback_text",
    "gauge",
    "handling",
    "handover",
    "inbox",
    "label",
    "leader",
    "measurement",
    "model",
    "outbox",
    "person",
    "poll",
    "quarantine",
    "reach",
    "recovery_code",
    "reference",
    "reminder",
    "request",
    "rollup",
    "rota_change",
    "rota_shift",
    "rule_record",
    "sample",
    "search_text",
    "second_factor",
    "series",
    "session",
    "sign_in_slate",
    "silence",
    "slice_",
    "slice_source",
    "snapshot",
    "snooze",
    "source_state",
    "system_alert",
    "task",
    "tick",
    "tombstone",
    "topic",
    "transition",
    "verdict",
    "wall_link",
    "watermark",
]
