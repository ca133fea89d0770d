"""Open the store. One function; the URL says which database it is.

SQLite runs in WAL with synchronous=FULL (a commit that we reported survives power loss: the cursor promise rests on it) and
every write transaction begins IMMEDIATE, so that a reader never turns into a writer half-way and meets "database is locked".
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError

from fengsui.store.types import dumps

BUSY_MS = 10_000
Identity: TypeAlias = tuple[int, int] | None
"""Device and number of a file; None where there is none."""


def open_store(url: str, *, read_only: bool = False, create: bool = True) -> Engine:
    """An engine on ``url`` (``sqlite:///PATH`` or ``postgresql+psycopg://…``). Makes a SQLite file and its folder where there
    is none and ``create`` is left on; later, a file that is missing is a fault and never a new, empty store.

    ``read_only`` connections cannot write on either database: pages that only look get this one.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(url, parsed.database, read_only, create and not read_only)
    flags = "-c timezone=UTC" + (" -c default_transaction_read_only=on" if read_only else "")
    return create_engine(url, pool_pre_ping=True, json_serializer=dumps, hide_parameters=True, connect_args={"options": flags})


def _open_sqlite(url: str, database: str | None, read_only: bool, create: bool) -> Engine:
    options: dict[str, Any] = {"connect_args": {"check_same_thread": False, "timeout": BUSY_MS / 1000}}
    path = Path(database).expanduser().absolute() if database and database != ":memory:" else None
    if path is not None:
        if create:
            _make(path)
        options = {"creator": lambda: _connect(path)}
    engine = create_engine(url, json_serializer=dumps, hide_parameters=True, **options)  # a fault's text must not quote rows
    if path is not None:
        _follow(engine, path)

    @event.listens_for(engine, "connect")
    def _pragmas(dbapi: Any, _record: Any) -> None:
        dbapi.isolation_level = None  # SQLAlchemy's begin event below opens transactions, not sqlite3
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "wal_autocheckpoint=4000",  # 16 MB: pages that first history writes again and again are copied once
            f"busy_timeout={BUSY_MS}",
            "cache_size=-65536",
            "temp_store=MEMORY",
            "foreign_keys=ON",
            f"query_only={int(read_only)}",
        ):
            dbapi.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        writing = not read_only and not conn.get_execution_options().get("fengsui_read", False)
        conn.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _make(path: Path) -> None:
    """Where that fails the first connection says so, as every later one would."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def _connect(path: Path) -> sqlite3.Connection:
    """To a file that is there: SQLite itself would make an empty one, and its journal would spoil the real one moved back."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, check_same_thread=False, timeout=BUSY_MS / 1000)


def _follow(engine: Engine, path: Path) -> None:
    """A connection keeps the file it opened, also after that was moved away or replaced by a backup: it would go on reading
    what nobody else sees. So each one is asked, when it is taken from the pool, whether its file still lies at the path."""

    @event.listens_for(engine, "connect")
    def _note(_dbapi: Any, record: Any) -> None:
        record.info["file"] = _identity(path)

    @event.listens_for(engine, "checkout")
    def _same(_dbapi: Any, record: Any, _proxy: Any) -> None:
        if record.info["file"] != _identity(path):
            raise DisconnectionError


def _identity(path: Path) -> Identity:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def reading(engine: Engine) -> Engine:
    """The same pool for reads: on SQLite its transactions begin deferred and never take the writer's lock."""
    return engine.execution_options(fengsui_read=True)
