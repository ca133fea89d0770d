"""Which verdicts are kept, and how one becomes a row."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, select

from detectors.base import Tier, Verdict
from fengsui.store.tables import episode

EVERY = 5  # minutes; quarter-hour closes are among them
LOUD = 1.0
_NONE = Tier.NONE
_WATCHED = select(episode.c.series).where(episode.c.condition != "cleared", episode.c.series.is_not(None))


def is_regular(end: int) -> bool:
    """Every five minutes (``end``: minutes)."""
    return end % EVERY == 0


def is_loud(verdict: Verdict) -> bool:
    """Unusual, if not worth an alert."""
    return verdict.score > LOUD


def speaks(verdict: Verdict, watched: Collection[str]) -> bool:
    """Alerts have something to do: a grade opens or raises, and every step of a living episode counts towards its end."""
    return verdict.grade > _NONE or verdict.series in watched


def watched(conn: Connection) -> frozenset[str]:
    """Series on which an episode lives: its clearing is judged step by step."""
    return frozenset(conn.execute(_WATCHED).scalars())


def row(complete: bool, verdict: Verdict, seq: int, tick: int) -> dict[str, Any]:
    return {
        "series": verdict.series,
        "end_at": verdict.end,
        "seq": seq,
        "tick": tick,
        "start_at": verdict.start,
        "value": verdict.value,
        "expected": verdict.expected,
        "lower": verdict.lower,
        "upper": verdict.upper,
        "score": verdict.score,
        "p_value": verdict.p_value,
        "ready": verdict.ready,
        "complete": complete,
        "grade": int(verdict.grade),
        "direction": verdict.direction,
        "reason": verdict.reason.code,
        "reason_params": dict(verdict.reason.params),
        "window_start": verdict.window_start,
        "window_observed": verdict.window_observed,
        "window_expected": verdict.window_expected,
    }
