"""What really happened on a series, as far as people have said so, and which alerts were raised on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select

from fengsui.backtest.events import Event
from fengsui.backtest.wish import Wish
from fengsui.engine.said import stretches
from fengsui.store.slices import slice_id
from fengsui.store.tables import episode, handling

REAL, CALM = ("real", "missed"), ("false", "expected")


@dataclass(frozen=True, slots=True)
class Opened:
    """An alert that was raised."""

    started_at: datetime
    tier: int


def happened(conn: Connection, wish: Wish, key: str) -> tuple[list[Event], list[Event]]:
    """(real trouble, stretches in which an alarm would be wrong) of the period: marked stretches of this figure and place, and
    alerts on it that were closed with a verdict. In order of time; what overlaps is one."""
    found: dict[str, list[Event]] = {"real": [], "calm": []}
    for one in stretches(conn, wish.end):
        if (one.metric, one.slice_key) == (wish.metric, key) and (side := _side(one.verdict)):
            found[side].append(Event("", one.start_at, one.end_at))
    closed = select(episode.c.started_at, episode.c.last_at, handling.c.verdict).join(
        handling, handling.c.episode_id == episode.c.episode_id
    )
    for started, last, verdict in conn.execute(closed.where(*_here(wish, key))).tuples():
        if (side := _side(verdict)) and last > started:
            found[side].append(Event("", started, last))
    return _joined(found["real"], wish), _joined(found["calm"], wish)


def opened(conn: Connection, wish: Wish, key: str) -> list[Opened]:
    """Alerts that were really raised in the period (not in shadow), oldest first."""
    query = select(episode.c.started_at, episode.c.tier).where(*_here(wish, key), episode.c.mode == "on")
    return [Opened(at, tier) for at, tier in conn.execute(query.order_by(episode.c.started_at)).tuples()]


def _here(wish: Wish, key: str) -> tuple[ColumnElement[bool], ...]:
    mine = episode.c.metric == wish.metric, episode.c.slice_id == slice_id(key)
    return (*mine, episode.c.started_at >= wish.start, episode.c.started_at < wish.end)


def _side(verdict: str | None) -> str | None:
    return "real" if verdict in REAL else "calm" if verdict in CALM else None


def _joined(events: list[Event], wish: Wish) -> list[Event]:
    joined: list[Event] = []
    for one in sorted(events, key=lambda one: one.start):
        if one.end <= wish.start or one.start >= wish.end:
            continue
        if joined and one.start <= joined[-1].end:
            before = joined.pop()
            one = Event("", before.start, max(before.end, one.end))
        joined.append(one)
    return joined
