"""Did it help the first time? Contacts that the same customer follows by another one on the same topic within seven days.

Same customer: the same keyed hash (one identity over channels, or the figures are a lower bound). Same topic: the same category
as delivered; contacts without one are one topic. A contact that nobody answered (a caller gave up) solved nothing and is not in
the cohort, but it does count as coming again. Surveys, signals and reports of staff are no contacts of a customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, extract, func, or_, select

from fengsui.metrics.intervals import wilson
from fengsui.metrics.metric import Metric
from fengsui.metrics.read import Kpi, State
from fengsui.store.slices import UNKNOWN, slice_levels
from fengsui.store.tables import feedback

WITHIN = timedelta(days=7)
NO_CONTACT = ("survey", "signal", "staff_report")
FCR = Metric(
    "fcr", "share", {"zh_CN": "一次解决率", "en": "First contact resolution"}, "pct", "up", target=0.8, min_n=20,
    ripe_s=int(WITHIN.total_seconds()),
)  # fmt: skip
REPEAT = Metric("repeat_contact", "share", {"zh_CN": "重复进线率", "en": "Repeat contacts"}, "pct", "down", min_n=20)


@dataclass(frozen=True, slots=True)
class Repeats:
    """Over a window. ``contacts``: all; ``known``: of a known customer; ``again``: of these, with an earlier one; ``cohort``:
    known and answered; ``followed``: of these, followed by another one so far."""

    contacts: int
    known: int
    again: int
    cohort: int
    followed: int


def repeats(conn: Connection, place: str, start: datetime, end: datetime, now: datetime) -> Repeats:
    """Of the contacts that ``place`` had in ``[start, end)``; where a customer came again does not matter."""
    end = min(end, now)
    inner = _neighbours(conn, start - WITHIN, min(end + WITHIN, now)).subquery()
    mine = and_(inner.c.opened_at >= start, inner.c.opened_at < end, *_inside(inner, place))
    soon = WITHIN.total_seconds()
    known = inner.c.customer.is_not(None)
    answered = and_(known, or_(inner.c.abandoned_at.is_(None), inner.c.answered_at.is_not(None)))
    counts = (known, and_(known, inner.c.since <= soon), answered, and_(answered, inner.c.until <= soon))
    found = conn.execute(select(func.count(), *(func.count().filter(one) for one in counts)).where(mine)).one()
    return Repeats(*map(int, found))


def fcr(found: Repeats, end: datetime, now: datetime) -> Kpi:
    """1 - followed / cohort; provisional until seven days after ``end``."""
    return _share(FCR, found.cohort - found.followed, found.cohort, ripe=end <= now - WITHIN)


def repeat_contact(found: Repeats) -> Kpi:
    return _share(REPEAT, found.again, found.known, ripe=True)


def _share(metric: Metric, value: int, n: int, *, ripe: bool) -> Kpi:
    if n == 0:
        return Kpi(None, 0, None, None, "no_data", metric.version, metric.target)
    lower, upper = wilson(value, n)
    state: State = "few" if n < metric.min_n else "ok" if ripe else "provisional"
    return Kpi(value / n, n, lower, upper, state, metric.version, metric.target)


def _neighbours(conn: Connection, start: datetime, end: datetime) -> Select[Any]:
    """Every contact with the seconds since the one before it and until the one after it, of its customer and topic."""
    topic = feedback.c.dims["category"].as_string()
    same, line = (feedback.c.customer, topic), (feedback.c.opened_at, feedback.c.record_key)
    before = func.lag(feedback.c.opened_at).over(partition_by=same, order_by=line)
    after = func.lead(feedback.c.opened_at).over(partition_by=same, order_by=line)
    kept = feedback.c.deleted_at.is_(None) & (feedback.c.state != "cancelled") & feedback.c.kind.not_in(NO_CONTACT)
    names = ("customer", "opened_at", "answered_at", "abandoned_at", "dims")
    gaps = (
        _seconds(conn, feedback.c.opened_at, before).label("since"),
        _seconds(conn, after, feedback.c.opened_at).label("until"),
    )
    window = (feedback.c.opened_at >= start) & (feedback.c.opened_at < end)
    return select(*(feedback.c[name] for name in names), *gaps).where(window, kept)


def _seconds(conn: Connection, later: Any, earlier: Any) -> ColumnElement[Any]:
    if conn.dialect.name == "sqlite":
        return (func.julianday(later) - func.julianday(earlier)) * 86_400.0
    return extract("epoch", later - earlier)


def _inside(inner: Any, place: str) -> list[ColumnElement[bool]]:
    """The conditions of a slice, by its levels."""
    found: list[ColumnElement[bool]] = []
    for level, value in slice_levels(place).items():
        told = inner.c.dims[level.partition(".")[0]].as_string()
        same = told.is_(None) if value == UNKNOWN else told == value
        found.append(or_(same, told.startswith(f"{value}/", autoescape=True)) if "." in level else same)
    return found
