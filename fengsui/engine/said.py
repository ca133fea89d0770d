"""What people said of stretches of time (definitions of kind ``stretch``), as the history of a series must know it.

A real or an expected stretch is judged and never learned. A new normal: what came before it is learned at its level, so that
the week keeps its shape; where nobody knows by how much the level moved, or it is not a count, it is not learned at all. A
false alarm and a missed one are history like any other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from detectors.base import KnownEvent
from fengsui.engine.plan import holds
from fengsui.engine.planned import Planned
from fengsui.metrics.voice import OF_TAGS, TAG_DIMS
from fengsui.store.slices import ALL, slice_levels
from fengsui.store.tables import definition, request

UNUSUAL = ("real", "expected")
NEW_NORMAL = "new_normal"
RETAGGED = "retagged"
SAME = 0.02
"""A lift nearer to one than this moves nothing."""


@dataclass(frozen=True, slots=True)
class Said:
    """One stretch, ``[start_at, end_at)``. ``at``: when this was said. ``lift``: seen over usual; None: nobody knows."""

    id: str
    at: datetime
    verdict: str
    start_at: datetime
    end_at: datetime
    metric: str
    slice_key: str
    lift: float | None

    def concerns(self, planned: Planned) -> bool:
        """The same figure, at the same place or inside it."""
        if self.verdict == RETAGGED:
            dims = {level.partition(".")[0] for level in slice_levels(planned.slice_key)}
            return planned.rule.metric in OF_TAGS or bool(dims & TAG_DIMS)
        return self.metric == planned.rule.metric and holds(slice_levels(self.slice_key), slice_levels(planned.slice_key))


def stretches(conn: Connection, now: datetime) -> tuple[Said, ...]:
    """The newest word on each stretch, as of ``now``."""
    mine = (definition.c.kind == "stretch") & (definition.c.valid_from <= now)
    query = select(definition.c.id, definition.c.valid_from, definition.c.body).where(mine).order_by(definition.c.version)
    newest = {row.id: row for row in conn.execute(query)}
    return (*(_said(row.id, row.valid_from, row.body) for row in newest.values()), *_retagged(conn, now))


def _retagged(conn: Connection, now: datetime) -> list[Said]:
    """The past was tagged anew, wholly or as far as it went before it was cancelled or failed: what series of tags have learned
    of it is no longer what the roll-ups say."""
    over = (request.c.kind == "retag") & request.c.finished_at.is_not(None) & (request.c.finished_at <= now)
    columns = (request.c.request_id, request.c.params, request.c.finished_at, request.c.result)
    rows = [row for row in conn.execute(select(*columns).where(over)) if (row.result or {}).get("changed")]
    return [
        Said(
            row.request_id,
            row.finished_at,
            RETAGGED,
            row.finished_at - timedelta(weeks=int(row.params["weeks"])),
            row.finished_at,
            "",
            ALL,
            None,
        )
        for row in rows
    ]


def _said(id_: str, at: datetime, body: dict[str, object]) -> Said:
    lift = body.get("lift")
    start, end = (datetime.fromisoformat(str(body[name])) for name in ("start_at", "end_at"))
    place = str(body.get("slice_key") or "all")
    return Said(id_, at, str(body["verdict"]), start, end, str(body["metric"]), place, float(str(lift)) if lift else None)


class Past:
    """What is known of the past of one series; asked for each step of its history."""

    def __init__(self, planned: Planned, said: Sequence[Said], *, counts: bool) -> None:
        mine = [one for one in said if one.concerns(planned)]
        moved = [one for one in mine if one.verdict == NEW_NORMAL]
        self._unusual = [(one.start_at, one.end_at) for one in mine if one.verdict in UNUSUAL]
        levels = [(one, counts and one.lift is not None and one.lift > 0) for one in moved]
        self._levels = [(one.start_at, _event(one)) for one, known in levels if known and abs((one.lift or 1.0) - 1.0) >= SAME]
        self._begins = max((one.start_at for one, known in levels if not known), default=None)

    def learnable(self, start: datetime, end: datetime) -> bool:
        if self._begins is not None and start < self._begins:
            return False
        return not any(begin < end and start < over for begin, over in self._unusual)

    def events(self, start: datetime) -> tuple[KnownEvent, ...]:
        """What makes the old level comparable with the new one."""
        return tuple([event for begin, event in self._levels if start < begin]) if self._levels else ()


def _event(one: Said) -> KnownEvent:
    lift = 1.0 / (one.lift or 1.0)
    return KnownEvent(f"stretch:{one.id}", min(max(lift, 0.01), 100.0) if math.isfinite(lift) else 1.0)
