"""Questions to the store that end when nobody wants the answer any more, also in the middle of a statement."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from fengsui.explore.table import Cancelled, Stopped

STEPS = 20_000
"""Of SQLite's virtual machine, between two looks: some milliseconds."""
EVERY_S = 0.1


@contextmanager
def stoppable(conn: Connection, cancelled: Cancelled) -> Iterator[None]:
    """Statements on ``conn`` inside end with ``Stopped`` a moment after ``cancelled`` says so; the connection is then given up,
    for a late signal must not meet another question."""
    watch = _on_sqlite if conn.dialect.name == "sqlite" else _on_postgresql
    if cancelled():
        raise Stopped
    try:
        with watch(conn, cancelled):
            yield
    except DBAPIError as fault:
        if not cancelled():
            raise
        conn.invalidate()
        raise Stopped from fault


@contextmanager
def _on_sqlite(conn: Connection, cancelled: Cancelled) -> Iterator[None]:
    dbapi: Any = conn.connection.dbapi_connection
    dbapi.set_progress_handler(lambda: int(cancelled()), STEPS)
    try:
        yield
    finally:
        dbapi.set_progress_handler(None, 0)


@contextmanager
def _on_postgresql(conn: Connection, cancelled: Cancelled) -> Iterator[None]:
    """The server is asked from beside, by a thread that lives as long as the questions."""
    dbapi: Any = conn.connection.dbapi_connection
    over = threading.Event()

    def look() -> None:
        while not over.wait(EVERY_S):
            if cancelled():
                dbapi.cancel()

    watcher = threading.Thread(target=look, name="explore-stop", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
