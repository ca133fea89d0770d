"""One worker leads. A lock says who may; an epoch in the store stops one who still believes it.

The lock ends with its holder's process: on SQLite a ``flock`` on a file beside the database, on PostgreSQL an advisory lock
of a session of its own. A lock alone does not suffice (a paused process wakes up, a network heals), so each election raises
``leader.epoch`` and every transaction of the leader begins with ``fence(conn)``, which fails for an older epoch.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, NullPool, create_engine, select, text, update

from fengsui.store.tables import leader
from fengsui.store.upsert import upsert

_LOCK = 7_230_412_002  # PostgreSQL advisory lock
_KEEPALIVE = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"


class LostLeadership(Exception):
    """Another worker leads: drop what is not committed, close, become a candidate again."""

    def __init__(self, epoch: int) -> None:
        super().__init__(f"epoch {epoch} is over")
        self.code = "store.fault.lost_leadership"
        self.params = {"epoch": epoch}


class Lock(Protocol):
    """Held until ``release`` or until the process ends."""

    def release(self) -> None: ...


class Leadership:
    """Of one election. ``epoch`` is larger than every earlier one."""

    def __init__(self, lock: Lock, epoch: int) -> None:
        self.epoch = epoch
        self._lock = lock

    def fence(self, now: datetime) -> Callable[[Connection], None]:
        """The first statement of every transaction of the leader; ``LostLeadership`` if a newer epoch has begun."""

        def check(conn: Connection) -> None:
            mine = (leader.c.id == 1) & (leader.c.epoch == self.epoch)
            if conn.execute(update(leader).where(mine).values(seen_at=now)).rowcount == 0:
                raise LostLeadership(self.epoch)

        return check

    def release(self) -> None:
        """Let a standby lead at once; safe to call twice."""
        self._lock.release()


def try_lead(store: Engine, holder: str, now: datetime) -> Leadership | None:
    """Lead, or None while somebody else does. Never waits for the lock. ``holder`` is shown on the page 运行状态."""
    lock = _sqlite_lock(store) if store.dialect.name == "sqlite" else _postgres_lock(store)
    if lock is None:
        return None
    try:
        return Leadership(lock, _elect(store, holder, now))
    except BaseException:  # whatever stopped the election, the lock must not outlive it; the fault goes on
        lock.release()
        raise


def this_process() -> str:
    """``host:pid``."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _elect(store: Engine, holder: str, now: datetime) -> int:
    row = {"id": 1, "holder": holder, "epoch": 1, "since": now, "seen_at": now}
    raised = {"holder": holder, "epoch": leader.c.epoch + 1, "since": now, "seen_at": now}
    with store.begin() as conn:
        upsert(conn, leader, [row], update=raised)
        return int(conn.execute(select(leader.c.epoch).where(leader.c.id == 1)).scalar_one())


class _FileLock:
    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _sqlite_lock(store: Engine) -> Lock | None:
    database = store.url.database
    if not database or database == ":memory:":
        raise ValueError("a store in memory has no standby and cannot be led")
    path = Path(database).expanduser()
    descriptor = os.open(path.with_name(f"{path.name}.leader"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return _FileLock(descriptor)


class _SessionLock:
    """A connection outside the pool: its end, however it comes, is the end of the lock."""

    def __init__(self, engine: Engine, conn: Connection) -> None:
        self._engine = engine
        self._conn = conn

    def release(self) -> None:
        self._conn.close()
        self._engine.dispose()


def _postgres_lock(store: Engine) -> Lock | None:
    engine = create_engine(store.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"options": _KEEPALIVE})
    conn = engine.connect()
    lock = _SessionLock(engine, conn)
    if conn.execute(text("select pg_try_advisory_lock(:lock)"), {"lock": _LOCK}).scalar_one():
        return lock
    lock.release()
    return None
