"""How each source is: when it last delivered against its own cadence, how far behind, and how much against usual."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Connection, func, select

from fengsui.metrics.calendar import day_bounds, local_day
from fengsui.settings import Settings
from fengsui.store.tables import feedback, quarantine, source_state

Counts: TypeAlias = dict[str, dict[str, float | None]]
LATE, GONE = 2, 6
"""A source is late after twice, gone after six times its cadence (DESIGN §7)."""
WEEKS = 4
_GRACE_S = 20.0  # a poll takes a moment, and clocks of pages and worker differ by less than this
_STATE = [
    "watermark",
    "last_poll_at",
    "last_success_at",
    "newest_at",
    "rows_n",
    "bad_n",
    "fault",
    "fault_code",
    "fault_params",
    "fault_since",
    "fault_n",
    "next_poll_at",
    "backfilled",
    "more",
]


def health(
    conn: Connection, settings: Settings, now: datetime, counts: dict[str, dict[str, float | None]]
) -> list[dict[str, Any]]:
    """One entry per configured source, in the order of the file. Times are ISO strings: the picture is JSON."""
    states = {row.source: row for row in conn.execute(select(source_state))}
    held = _held(conn)
    return [
        _one(name, settings, states.get(name), held.get(name, 0), counts.get(name, {}), now)
        for name, source in settings.sources.items()
        if source.enabled
    ]


def standing(age_s: float | None, cadence_s: float, fault: str | None, held: int, *, filling: bool = False) -> str:
    """``cadence_s`` 0: nobody promised one, silence is no fault.

    ``ok``, ``held`` (rows in quarantine), ``late``, ``gone``, ``stopped`` (a person must act), ``never``,
    ``filling`` (its history is still being read)."""
    if fault == "config":
        return "stopped"
    if age_s is None:
        return "never"
    if cadence_s and age_s > GONE * cadence_s + _GRACE_S:
        return "gone"
    if (cadence_s and age_s > LATE * cadence_s + _GRACE_S) or fault:
        return "late"
    if filling:
        return "filling"
    return "held" if held else "ok"


def counts_today(conn: Connection, settings: Settings, now: datetime) -> Counts:
    """source -> records opened today so far, and the mean of the same stretch on the same weekday of the last four weeks."""
    start, _ = day_bounds(local_day(now, settings.centre.zone), settings.centre.zone)
    today = _opened(conn, start, now)
    weeks = [_opened(conn, start - timedelta(weeks=w), now - timedelta(weeks=w)) for w in range(1, WEEKS + 1)]
    known = [week for week in weeks if week]
    return {name: {"today": today.get(name, 0), "usual": _mean(known, name)} for name in settings.sources}


def _mean(weeks: list[dict[str, int]], name: str) -> float | None:
    return sum(week.get(name, 0) for week in weeks) / len(weeks) if weeks else None


def _opened(conn: Connection, start: datetime, end: datetime) -> dict[str, int]:
    query = (
        select(feedback.c.source, func.count())
        .where(feedback.c.opened_at >= start, feedback.c.opened_at < end, feedback.c.deleted_at.is_(None))
        .group_by(feedback.c.source)
    )
    return {source: int(n) for source, n in conn.execute(query)}


def _held(conn: Connection) -> dict[str, int]:
    query = select(quarantine.c.source, func.count()).where(quarantine.c.state == "held").group_by(quarantine.c.source)
    return {source: int(n) for source, n in conn.execute(query)}


def _one(
    name: str, settings: Settings, state: Any, held: int, counts: Mapping[str, float | None], now: datetime
) -> dict[str, Any]:
    source = settings.sources[name]
    seen = {column: _json(getattr(state, column)) if state is not None else None for column in _STATE}
    success = state.last_success_at if state is not None else None
    cadence = source.promise.total_seconds() if source.promise else 0.0
    age = (now - success).total_seconds() if success else None
    behind = (now - state.watermark).total_seconds() if state is not None and state.watermark else None
    return {
        "source": name,
        "kind": source.kind,
        "pace": source.pace,
        "pushed": source.pushed,
        "cadence_s": cadence,
        **seen,
        "age_s": age,
        "behind_s": behind,
        "held": held,
        "today": counts.get("today"),
        "usual": counts.get("usual"),
        "standing": standing(age, cadence, seen["fault"], held, filling=age is not None and not seen["backfilled"]),
    }


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
