"""Open the store. One function; the URL says which database it is.

SQLite runs in WAL with synchronous=FULL (a commit that we reported survives power loss: the cursor promise rests on it) and
every write transaction begins IMMEDIATE, so that a reader never turns into a writer half-way and meets "database is locked".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

BUSY_MS = 10_000


_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def open_store(url: str, *, read_only: bool = False) -> Engine:
    """An engine on ``url`` (``sqlite:///PATH`` or ``postgresql+psycopg://…``). Makes the folder of a SQLite file.

    ``read_only`` connections cannot write on either database: pages that only look get this one.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(url, parsed.database, read_only)
    flags = "-c timezone=UTC" + (" -c default_transaction_read_only=on" if read_only else "")
    return create_engine(url, pool_pre_ping=True, json_serializer=_dumps, hide_parameters=True, connect_args={"options": flags})


def _open_sqlite(url: str, database: str | None, read_only: bool) -> Engine:
    if database and database != ":memory:" and not read_only:
        Path(database).expanduser().parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        json_serializer=_dumps,
        hide_parameters=True,  # a fault's text ends in a log: it must not quote rows
        connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000},
    )

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


def reading(engine: Engine) -> Engine:
    """The same pool for reads: on SQLite its transactions begin deferred and never take the writer's lock."""
    return engine.execution_options(fengsui_read=True)
