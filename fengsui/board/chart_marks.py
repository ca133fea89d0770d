"""What charts of a figure mark: events that people announced, and new versions of what the figure is judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import Engine, and_, or_, select

from fengsui.board import definitions
from fengsui.board.explore import marks as said
from fengsui.metrics.voice import OF_TAGS, TAG_DIMS
from fengsui.store.slices import slice_levels
from fengsui.store.tables import definition

OWN = ("target", "metric", "goal")
"""Definitions whose id is the figure."""
JUDGED_BY_POLICY = ("sla_attainment", "response_sla", "closed_loop", "at_risk")
SEEDED = "seed"
MOST = 40


@dataclass(frozen=True, slots=True)
class Mark:
    """``kind``: ``event``, or the kind of definition that has a new version from ``start`` on (``end`` None). ``lift`` 1.0:
    nobody knows how much; ``margin``: a share of what is expected."""

    kind: Literal["event", "target", "metric", "goal", "calendar", "sla_policy", "taxonomy", "cue"]
    start: datetime
    end: datetime | None
    name: Mapping[str, str]
    version: int
    lift: float = 1.0
    margin: float = 0.0


class _Asked(NamedTuple):
    metric: str
    slice_key: str


def marks(store: Engine, metric: str, place: str, start: datetime, end: datetime) -> list[Mark]:
    """Everything that touches ``[start, end)``, oldest first."""
    found = []
    with store.connect() as conn:
        for version, body in definitions.newest(conn, "known_event").values():
            begin, until = said.span(body)
            if begin < end and until > start and said.concerns(body, _Asked(metric, place)):
                size = {"lift": float(body.get("lift") or 1.0), "margin": float(body.get("margin") or 0.0)}
                found.append(Mark("event", begin, until, said.names(body), version, **size))
        general = ("calendar", *(("sla_policy",) if metric in JUDGED_BY_POLICY else ()), *_tagged(metric, place))
        mine = or_(and_(definition.c.kind.in_(OWN), definition.c.id == metric), definition.c.kind.in_(general))
        new = and_(definition.c.valid_from >= start, definition.c.valid_from < end, definition.c.by != SEEDED)
        rows = conn.execute(select(definition.c.kind, definition.c.valid_from, definition.c.version).where(mine, new))
        found += [Mark(row.kind, row.valid_from, None, {}, row.version) for row in rows]
    return sorted(found, key=lambda one: one.start)[-MOST:]


def _tagged(metric: str, place: str) -> tuple[str, ...]:
    """Lists by which the tags are made that the figure, or its place, stands on."""
    by_words = ("cue",) if metric in OF_TAGS else ()
    return ("taxonomy", *by_words) if {level.partition(".")[0] for level in slice_levels(place)} & TAG_DIMS else by_words
