"""Dated goals of figures, as the page of figures shows them: way, today's demand, gap, and whether the trend will do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, select

from fengsui.metrics import cells, read
from fengsui.metrics.goal import RECENT, Goal, Progress, progress
from fengsui.metrics.metric import Metric
from fengsui.settings import Settings
from fengsui.store.slices import slice_id
from fengsui.store.tables import definition

WEEK_S = 7 * 86_400
BOUNDS: Mapping[str, tuple[float, float]] = {"share": (0.0, 1.0), "score": (-100.0, 100.0)}


@dataclass(frozen=True, slots=True)
class Aim:
    """A goal in force: version, since when, by whom, and how it stands. ``week``: the figure of the last seven full days."""

    version: int
    since: datetime
    by: str
    week: float | None
    progress: Progress

    def required(self, day: date) -> float:
        return self.progress.goal.required(day)


def aim(store: Engine, settings: Settings, metric: Metric, place: str, now: datetime) -> Aim | None:
    """None where nobody has set a goal, or for gauges and stocks, which no week adds up. A goal is for every place."""
    if metric.gauge is not None or metric.total:
        return None
    with store.connect() as conn:
        row = _row(conn, metric.id, now)
        if row is None:
            return None
        goal = Goal.model_validate(row.body)
        today = now.astimezone(settings.centre.tz).date()
        weeks = _weeks(conn, metric, place, goal, datetime.combine(today, time(), settings.centre.tz))
    bounds = BOUNDS.get(metric.shape, (0.0, math.inf))
    week = weeks[-1] if weeks else None
    return Aim(row.version, row.valid_from, row.by, week, progress(goal, today, week, weeks, bounds))


def _row(conn: Connection, metric: str, now: datetime) -> Any:
    mine = (definition.c.kind == "goal") & (definition.c.id == metric) & (definition.c.valid_from <= now)
    return conn.execute(select(definition).where(mine).order_by(definition.c.version.desc()).limit(1)).first()


def _weeks(conn: Connection, metric: Metric, place: str, goal: Goal, midnight: datetime) -> list[float | None]:
    """The figure of each seven full days until ``midnight``, oldest first; none that ended before the goal began."""
    n = min(RECENT, max(1, (midnight.date() - goal.start).days // 7))
    start, id_ = midnight - timedelta(days=7 * n), slice_id(place)
    found = cells.by_step(conn, metric.measures(), [id_], start, midnight, WEEK_S).get(id_, {})
    return [read.figure_of(metric, found[week]).value if week in found else None for week in range(n)]
