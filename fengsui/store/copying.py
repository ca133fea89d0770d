"""Many rows into a table of PostgreSQL: COPY into a stage of this session, then one INSERT … SELECT … ON CONFLICT.

A third of the CPU time of an executemany. The stage is a temporary table without constraints, emptied by each commit; who may
not make one (``TEMP`` on the database) gets the executemany.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

FEWEST: Final = 100
"""Rows below which two more statements cost more than they save."""
_MAY: Final = "fengsui_may_stage"


def may(conn: Connection) -> bool:
    """Whether this session may make temporary tables; asked once for each connection."""
    if _MAY not in conn.info:
        asked = "select has_database_privilege(current_database(), 'TEMP')"
        conn.info[_MAY] = bool(conn.exec_driver_sql(asked).scalar_one())
    return bool(conn.info[_MAY])


def put(conn: Connection, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]], conflict: str) -> None:
    """``rows`` of the columns ``names``, as the driver takes them; ``conflict``: what follows ON CONFLICT."""
    quote = conn.dialect.identifier_preparer.quote
    target, stage, columns = quote(table.name), quote(f"stage_{table.name}"), ", ".join(map(quote, names))
    # Each time: a transaction that is rolled back takes a stage that it made with it, and one may fill it twice.
    conn.exec_driver_sql(
        f"CREATE TEMP TABLE IF NOT EXISTS {stage} ON COMMIT DELETE ROWS AS SELECT * FROM {target} WITH NO DATA"
    )
    conn.exec_driver_sql(f"DELETE FROM {stage}")
    _copy(conn, f"COPY {stage} ({columns}) FROM STDIN", rows)
    conn.exec_driver_sql(f"INSERT INTO {target} ({columns}) SELECT {columns} FROM {stage} ON CONFLICT {conflict}")


def _copy(conn: Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """COPY goes past SQLAlchemy, so its faults are made here what they are for every other statement; of the server's words
    the first line, for the others quote the row."""
    driver: Any = conn.dialect.loaded_dbapi
    raw: Any = conn.connection.driver_connection
    try:
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except driver.Error as fault:
        lost = bool(raw.closed or raw.broken)
        if lost:
            conn.invalidate(fault)
        said = type(fault)(fault.diag.message_primary or type(fault).__name__)
        raise DBAPIError.instance(
            statement, None, said, driver.Error, hide_parameters=True, connection_invalidated=lost, dialect=conn.dialect
        ) from None
