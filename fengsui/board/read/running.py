"""Is the house itself well: ticks, leader, disk, notices, last faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Connection, Engine, func, select

from fengsui.notify.undelivered import undelivered
from fengsui.store.tables import channel_pace, leader, outbox, source_state, tick, watermark

TICKS = 60
FRESH = 3
EVENTS = 12
TRIED = timedelta(days=1)
LOOKED_AT = 300  # faulty rounds that are read: a fault of every round is one line with its number


@dataclass(frozen=True, slots=True)
class Tick:
    tick: int
    now: datetime
    seconds: float | None
    counts: Mapping[str, Any]
    fault_code: str | None
    fault_params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that went wrong, or the daily sign of life. ``subject``: a source or empty; ``n``: how often, ``at``: last."""

    at: datetime
    code: str
    params: Mapping[str, Any]
    subject: str
    n: int = 1


@dataclass(frozen=True, slots=True)
class Beat:
    """Signs of life to the outside watcher: the last one that was taken, how many were not since, and why."""

    at: datetime | None
    failed_n: int
    fault: str | None


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes of the volume that holds the home folder."""

    total: int
    free: int
    used_share: float


@dataclass(frozen=True, slots=True)
class Running:
    """``ticks``: oldest first; ``faulty``: one of the newest ``FRESH`` rounds left a step out.

    ``notices``: state -> count over the last day. ``beat``: None before the first one."""

    ticks: tuple[Tick, ...]
    faulty: bool
    leader: str | None
    leader_since: datetime | None
    seen_at: datetime | None
    notices: Mapping[str, int]
    undelivered: int
    troubles: tuple[Trouble, ...]
    disk: Disk
    alive_at: datetime | None
    beat: Beat | None


def running(store: Engine, home: Path, now: datetime) -> Running:
    with store.connect() as conn:
        head = conn.execute(select(leader).where(leader.c.id == 1)).one_or_none()
        ticks = _ticks(conn)
        return Running(
            ticks=tuple(ticks),
            faulty=any(one.fault_code for one in ticks[-FRESH:]),
            leader=head.holder if head else None,
            leader_since=head.since if head else None,
            seen_at=head.seen_at if head else None,
            notices=_notices(conn),
            undelivered=undelivered(conn, now).n,
            troubles=tuple(_troubles(conn, now)),
            disk=_disk(home),
            alive_at=conn.execute(select(func.max(outbox.c.sent_at)).where(outbox.c.kind == "alive")).scalar_one(),
            beat=_beat(conn),
        )


def worker_seen_at(store: Engine) -> datetime | None:
    """The leader's last sign of life; None before the first worker."""
    with store.connect() as conn:
        return conn.execute(select(leader.c.seen_at).where(leader.c.id == 1)).scalar()


def _beat(conn: Connection) -> Beat | None:
    row = conn.execute(select(watermark).where(watermark.c.name == "heartbeat")).one_or_none()
    return None if row is None else Beat(row.at, row.seq, row.tag)


def _ticks(conn: Connection) -> list[Tick]:
    rows = conn.execute(select(tick).order_by(tick.c.tick.desc()).limit(TICKS)).fetchall()
    found = [Tick(row.tick, row.now, row.seconds, row.counts or {}, row.fault_code, row.fault_params or {}) for row in rows]
    return found[::-1]


def _notices(conn: Connection) -> dict[str, int]:
    rows = conn.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))
    return {state: int(n) for state, n in rows}


def _troubles(conn: Connection, now: datetime) -> list[Trouble]:
    """Faults of ticks, of sources and of notice channels that are ill now, and signs of life, the newest first."""
    found = [
        Trouble(row.now, row.fault_code, row.fault_params or {}, "")
        for row in conn.execute(
            select(tick).where(tick.c.fault_code.is_not(None)).order_by(tick.c.tick.desc()).limit(LOOKED_AT)
        )
    ]
    found = _gathered(found)
    found += [
        Trouble(row.fault_since, row.fault_code, row.fault_params or {}, row.source)
        for row in conn.execute(select(source_state).where(source_state.c.fault_code.is_not(None)))
    ]
    found += [
        Trouble(row.fault_since, row.fault_code, {}, row.channel)
        for row in conn.execute(select(channel_pace).where(channel_pace.c.fault_code.is_not(None)))
        if row.tries and row.tries[-1] > (now - TRIED).timestamp()  # a channel that is gone from the settings is no trouble
    ]
    alive = select(outbox).where(outbox.c.kind == "alive").order_by(outbox.c.created_at.desc()).limit(1)
    found += [Trouble(row.created_at, row.code, row.params, "") for row in conn.execute(alive)]
    return sorted(found, key=lambda trouble: trouble.at, reverse=True)[:EVENTS]


def _gathered(troubles: list[Trouble]) -> list[Trouble]:
    """The same words once, at the time of the newest."""
    found: dict[str, Trouble] = {}
    for one in troubles:
        key = repr((one.code, sorted(one.params.items())))
        found[key] = replace(found[key], n=found[key].n + 1) if key in found else one
    return list(found.values())


def _disk(home: Path) -> Disk:
    place = next((folder for folder in (home, *home.parents) if folder.exists()), Path("/"))
    usage = psutil.disk_usage(str(place))
    return Disk(usage.total, usage.free, usage.used / usage.total)
