"""How the house itself is, looked at once a minute by the leader: what ``alerts.system`` is told of.

A worker that is dead can say nothing: then the wall shows the age of its picture, ``/healthz`` answers 503 and the outside
watcher misses the heartbeat; the next worker tells the gap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psutil
from sqlalchemy import Connection, Engine, func, select

from fengsui.alerts import system
from fengsui.alerts.bodies import SystemPatience
from fengsui.alerts.definitions import NotSeeded, book, passed_over
from fengsui.alerts.system import Look
from fengsui.board.health import health
from fengsui.notify.undelivered import stuck
from fengsui.settings import Settings
from fengsui.store.database import reading
from fengsui.store.tables import outbox, tick

ILL = ("late", "gone", "stopped")
SLOW_S, ROUNDS = 10.0, 5
"""Ticks that took so long, so many in a row: people read figures that are late."""
FAILED_BACK = timedelta(hours=1)
TOLD, AT_ONCE = timedelta(seconds=150), 200
"""A gap between two ticks is looked at so long after it: longer than the minute between two looks."""
Usage = Callable[[str], tuple[int, int]]


def usage(place: str) -> tuple[int, int]:
    """Bytes (total, free) of the volume."""
    found = psutil.disk_usage(place)
    return found.total, found.free


def watch(
    store: Engine, settings: Settings, now: datetime, fence: Callable[[Connection], None], measure: Usage = usage
) -> None:
    with reading(store).connect() as conn:
        try:
            policy = book(conn, now).policy.system
        except NotSeeded:
            return
        looks = [
            *_sources(conn, settings, now),
            *_disk(settings.home, policy, measure),
            *_undelivered(conn, now),
            *_ticks(conn, policy, now),
            *_definitions(conn, now),
        ]
    system.watch(store, looks, now, fence)


def _sources(conn: Connection, settings: Settings, now: datetime) -> Iterator[Look]:
    """One look for all: a network that is away is one trouble, not nine."""
    ill = [
        one
        for one in health(conn, settings, now, {})
        if one["standing"] in ILL or (one["standing"] == "never" and one["fault_code"])
    ]
    if ill:
        names = [settings.title(str(one["source"]), settings.centre.language) for one in ill]
        yield Look("source", frozenset(str(one["source"]) for one in ill), {"names": "、".join(sorted(names)[: system.NAMED])})


def _disk(home: Path, policy: SystemPatience, measure: Usage) -> Iterator[Look]:
    place = next((folder for folder in (home, *home.parents) if folder.exists()), Path("/"))
    total, free = measure(str(place))
    if free < policy.disk_free * total:
        yield Look("disk", frozenset({"disk"}), {"free": free / total, "gib": round(free / 2**30, 1)})


def _undelivered(conn: Connection, now: datetime) -> Iterator[Look]:
    """What is late or refused, and what was given up lately. News of the house itself are not counted: a message that a
    message did not arrive would keep itself alive."""
    query = select(outbox.c.channel, func.count()).where(stuck(now, FAILED_BACK), outbox.c.kind != "system")
    rows = {channel: int(n) for channel, n in conn.execute(query.group_by(outbox.c.channel))}
    if rows:
        yield Look("undelivered", frozenset(rows), {"notices": sum(rows.values())})


def _ticks(conn: Connection, policy: SystemPatience, now: datetime) -> Iterator[Look]:
    """A gap that was longer than the patience is known from its begin; slow rounds from the first of them. Reading history is
    long work, not a late one."""
    gap = _gap(conn, timedelta(seconds=policy.tick_s), now)
    if gap is not None:
        start, end = gap
        yield Look("tick", frozenset({"tick"}), {"late": int((end - start).total_seconds())}, start)
        return
    rows = conn.execute(select(tick).order_by(tick.c.tick.desc()).limit(ROUNDS + 2)).all()
    done = [row for row in rows if row.seconds is not None][:ROUNDS]
    slow = [row for row in done if row.seconds > SLOW_S and not (row.counts or {}).get("held")]
    if len(slow) == ROUNDS:
        yield Look("tick", frozenset({"tick"}), {"late": int(max(row.seconds for row in slow))})


def _definitions(conn: Connection, now: datetime) -> Iterator[Look]:
    """What a person set, and does not hold."""
    found = passed_over(conn, now)
    if found:
        yield Look("definition", frozenset(found), {"names": "、".join(found[: system.NAMED])})


def _gap(conn: Connection, patience: timedelta, now: datetime) -> tuple[datetime, datetime] | None:
    """The oldest that ended within ``TOLD``, however many ticks came since; they are walked back by their number until then."""
    found: tuple[datetime, datetime] | None = None
    later: datetime | None = None
    newest = select(tick.c.now).order_by(tick.c.tick.desc()).execution_options(yield_per=AT_ONCE)
    with conn.scalars(newest) as times:
        for at in times:
            if later is not None and later - at >= patience:
                found = (at, later)
            if now - at > TOLD:
                break
            later = at
    return found
