"""Two figures of tickets some of which have not ended yet, by Kaplan and Meier: closed within a day, and the first response.

Averages over what is closed or answered fall when the hard ones are left lying; here an open one counts as what it is: at least
as old as it is now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, and_, func, select

from fengsui.metrics.calendars import Calendars
from fengsui.metrics.metric import Metric
from fengsui.metrics.read import Kpi, State
from fengsui.metrics.repeats import NO_CONTACT
from fengsui.metrics.survival import Survival, survival
from fengsui.store.members import in_slice
from fengsui.store.tables import feedback

DAY_S = 86_400
MOST_OPEN = 20_000
CLOSURE = Metric("closure_cohort", "share", {"zh_CN": "24 小时办结率", "en": "Closed within 24 h"}, "pct", "up", min_n=20)
RESPONSE = Metric(
    "response_censored", "duration", {"zh_CN": "首次响应（含未响应）", "en": "First response, open ones too"}, "second", "down",
    target=1800.0, min_n=5,
)  # fmt: skip


def closed(conn: Connection, place: str, start: datetime, end: datetime, now: datetime) -> Kpi:
    """Of tickets with a deadline opened in ``[start, end)``, the share closed within 24 hours: 1 - S(24 h). Plain time."""
    mine = and_(_opened(place, start, min(end, now)), feedback.c.due_at.is_not(None))
    lasted, ended = [], []
    for row in conn.execute(select(feedback.c.opened_at, feedback.c.solved_at).where(mine)):
        over = row.solved_at is not None and row.solved_at <= now
        lasted.append(max(((row.solved_at if over else now) - row.opened_at).total_seconds(), 0.0))
        ended.append(over)
    curve = survival(lasted, ended)
    left, bounds = curve.at(DAY_S), curve.interval(DAY_S)
    if curve.n == 0 or left is None:
        return _none(CLOSURE)
    lower, upper = (None, None) if bounds is None else (1 - bounds[1], 1 - bounds[0])
    return Kpi(1 - left, curve.n, lower, upper, _state(CLOSURE, curve), CLOSURE.version)


def answered(conn: Connection, clocks: Calendars, place: str, start: datetime, end: datetime, now: datetime) -> Kpi:
    """The time within which half of the contacts opened in ``[start, end)`` were answered, those still waiting among them.

    In the open hours of each queue. Only of sources that tell of replies at all; a contact that was solved without one is
    watched until then. ``more``: p90 where so many were answered."""
    mine = and_(_opened(place, start, min(end, now)), feedback.c.kind.not_in(NO_CONTACT), feedback.c.offered_at.is_(None))
    told = feedback.c.response_s.is_not(None)
    times = conn.execute(select(feedback.c.response_s, func.count()).where(mine, told).group_by(feedback.c.response_s)).all()
    sources = list(conn.scalars(select(feedback.c.source).where(mine, told).distinct()))
    waiting = conn.execute(_unanswered(mine, sources)).all()
    seconds, counts = [float(row[0]) for row in times], [int(row[1]) for row in times]
    open_s = [_waited(row, clocks, now) for row in waiting]
    lasted = np.concatenate([np.repeat(seconds, counts), np.asarray(open_s)]) if times else np.asarray(open_s)
    curve = survival(lasted, [True] * sum(counts) + [False] * len(open_s))
    value = curve.median()
    if value is None:
        return _none(RESPONSE)
    lower, upper = _bounds(curve)
    more = {name: at for name, share in (("p50", 0.5), ("p90", 0.9)) if (at := _quantile(curve, share)) is not None}
    return Kpi(value, curve.n, lower, upper, _state(RESPONSE, curve), RESPONSE.version, RESPONSE.target, more)


def _opened(place: str, start: datetime, end: datetime) -> Any:
    kept = and_(feedback.c.deleted_at.is_(None), feedback.c.state != "cancelled")
    return and_(feedback.c.opened_at >= start, feedback.c.opened_at < end, kept, in_slice(place))


def _unanswered(mine: Any, sources: Sequence[str]) -> Select[Any]:
    names = ("opened_at", "reopened_at", "solved_at", "dims")
    silent = and_(feedback.c.response_s.is_(None), feedback.c.source.in_(sources))
    newest = feedback.c.opened_at.desc()
    return select(*(feedback.c[name] for name in names)).where(mine, silent).order_by(newest).limit(MOST_OPEN)


def _waited(row: Any, clocks: Calendars, now: datetime) -> float:
    begun = row.reopened_at or row.opened_at
    until = row.solved_at if row.solved_at is not None and row.solved_at >= begun else now
    clock = clocks.newest.clock(row.dims.get("queue"))
    return max(clock.elapsed(begun, max(until, begun)).total_seconds(), 0.0)


def _quantile(curve: Survival, share: float) -> float | None:
    below = np.flatnonzero(curve.shares <= 1 - share + 1e-12)
    return float(curve.times[below[0]]) if len(below) else None


def _bounds(curve: Survival) -> tuple[float, float] | tuple[None, None]:
    """Where the 95 % bounds of S cross one half (Brookmeyer and Crowley, Biometrics 38, 1982)."""
    inside = [float(t) for t in curve.times if (pair := curve.interval(float(t))) is not None and pair[0] <= 0.5 <= pair[1]]
    return (min(inside), max(inside)) if inside else (None, None)


def _state(metric: Metric, curve: Survival) -> State:
    return "few" if curve.n < metric.min_n else "ok"


def _none(metric: Metric) -> Kpi:
    return Kpi(None, 0, None, None, "no_data", metric.version, metric.target)
