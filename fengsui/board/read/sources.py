"""The sources page: one source in full, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, bindparam, func, select

from fengsui.board.scope import Scope
from fengsui.store.tables import coverage_day, feedback, poll, quarantine

POLLS = 60
COVERAGE_DAYS = 7
HOURS = 12


@dataclass(frozen=True, slots=True)
class Poll:
    at: datetime
    seconds: float
    read_n: int
    new_n: int
    changed_n: int
    bad_n: int
    code: str
    sweep: bool
    missed_n: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the source itself counted on a day, and what we hold."""

    day: date
    theirs: int
    ours: int


@dataclass(frozen=True, slots=True)
class SourceDetail:
    """``hours``: (start of the hour, records opened in it), oldest first. ``polls``: newest first."""

    source: str
    polls: tuple[Poll, ...]
    coverage: tuple[Coverage, ...]
    hours: tuple[tuple[datetime, int], ...]
    swept_at: datetime | None
    missed: int


@dataclass(frozen=True, slots=True)
class Held:
    """Rows of one source held for one reason. ``params`` of the newest one: field, shape of the value, what is allowed;
    never the value itself."""

    source: str
    code: str
    n: int
    first_at: datetime
    last_at: datetime
    params: Mapping[str, Any]


_OLDER = select(poll.c.tick).where(poll.c.source == bindparam("source"), poll.c.at < bindparam("since"))
_SWEEPS = select(func.max(poll.c.at), func.sum(poll.c.missed_n)).where(
    poll.c.source == bindparam("source"),
    poll.c.sweep,
    poll.c.at >= bindparam("since"),
    poll.c.tick >= func.coalesce(_OLDER.order_by(poll.c.tick.desc()).limit(1).scalar_subquery(), 0),
)
"""Of the last day. Polls lie by tick, and there are millions: the first older one, walking back, says where the day begins."""


def source_detail(store: Engine, source: str, now: datetime) -> SourceDetail:
    with store.connect() as conn:
        polls = conn.execute(select(poll).where(poll.c.source == source).order_by(poll.c.tick.desc()).limit(POLLS)).fetchall()
        days = conn.execute(
            select(coverage_day).where(coverage_day.c.source == source).order_by(coverage_day.c.day.desc()).limit(COVERAGE_DAYS)
        ).fetchall()
        sweeps = conn.execute(_SWEEPS, {"source": source, "since": now - timedelta(days=1)}).one()
        opened = conn.execute(
            select(feedback.c.opened_at).where(
                feedback.c.source == source,
                feedback.c.opened_at >= _hour(now) - timedelta(hours=HOURS - 1),
                feedback.c.opened_at < now,
            )
        ).scalars()
        return SourceDetail(
            source=source,
            polls=tuple(_poll(row) for row in polls),
            coverage=tuple(Coverage(row.day, row.theirs, row.ours) for row in days),
            hours=tuple(_hours(list(opened), now)),
            swept_at=sweeps[0],
            missed=int(sweeps[1] or 0),
        )


def quarantined(store: Engine, scope: Scope, source: str | None = None) -> list[Held]:
    """What is held, by source and reason, the most rows first. A row that could not be read belongs to no organisation, so
    who is bound to some is shown none."""
    if scope:
        return []
    with store.connect() as conn:
        columns = (quarantine.c[name] for name in ("source", "code", "params", "first_at", "last_at"))  # never the raw form
        query = select(*columns).where(quarantine.c.state == "held").order_by(quarantine.c.last_at.desc())
        rows = conn.execute(query if source is None else query.where(quarantine.c.source == source)).fetchall()
    groups: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        groups.setdefault((row.source, row.code), []).append(row)
    held = [_held(found) for found in groups.values()]
    return sorted(held, key=lambda one: (-one.n, one.source, one.code))


def _held(rows: list[Any]) -> Held:
    first = min(row.first_at for row in rows)
    return Held(rows[0].source, rows[0].code, len(rows), first, rows[0].last_at, rows[0].params)


def _poll(row: Any) -> Poll:
    return Poll(row.at, row.seconds, row.read_n, row.new_n, row.changed_n, row.bad_n, row.code, row.sweep, row.missed_n)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _hours(opened: list[datetime], now: datetime) -> list[tuple[datetime, int]]:
    starts = [_hour(now) - timedelta(hours=back) for back in range(HOURS - 1, -1, -1)]
    count = dict.fromkeys(starts, 0)
    for at in opened:
        count[_hour(at)] += 1
    return list(count.items())
