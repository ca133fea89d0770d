"""The sign of life to an outside watcher, and how the last one went, for the page of the running state."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
from sqlalchemy import Engine as Store

from fengsui.store.tables import watermark
from fengsui.store.upsert import upsert
from fengsui.worker.chores import Chore, Chores, Desk

TIMEOUT_S = 10.0
NAME = "heartbeat"


class NoHeartbeat(Exception):
    """The outside watcher did not take the sign of life; says what kind of fault it was."""


def beat(url: str, store: Store, chores: Chores) -> None:
    """Tell an outside watcher that we live; its silence alarm is what finds a dead house."""
    try:
        send(url)
    except NoHeartbeat as fault:
        chores.add(NAME, _noted(store, str(fault)))
        raise
    chores.add(NAME, _noted(store, None))


def send(url: str) -> None:
    try:
        httpx.get(url, timeout=TIMEOUT_S, follow_redirects=True).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as fault:  # its text is the address, and that is a secret; the scheduler logs it
        raise NoHeartbeat(type(fault).__name__) from None


def _noted(store: Store, fault: str | None) -> Chore:
    """``at``: the last one that was taken; ``seq``: how many were not since; ``tag``: why."""

    def work(desk: Desk) -> Iterator[bool]:
        with store.begin() as conn:
            desk.turn.fence(conn)
            if fault is None:
                upsert(conn, watermark, [{"name": NAME, "at": desk.turn.now, "seq": 0, "tag": None}])
            else:
                upsert(conn, watermark, [{"name": NAME, "seq": 0}], update=())
                mine = watermark.update().where(watermark.c.name == NAME)
                conn.execute(mine.values(seq=watermark.c.seq + 1, tag=fault))
        yield True

    return work
