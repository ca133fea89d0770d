"""A read-only connection to somebody else's database: session settings and clock per dialect, faults translated.

Statements run in autocommit: each sees what is committed when it starts, so that a page is never older than the clock that
was read before it (with MariaDB's repeatable snapshot it could be, and a row between the two would be lost).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from connectors.base import ConfigFault
from connectors.shape import shape_of
from connectors.sql_faults import fault_of
from connectors.times import NotATime, read_time

CLOCKS = {
    "postgresql": "select clock_timestamp()",
    "mysql": "select utc_timestamp(6)",
    "mariadb": "select utc_timestamp(6)",
    "sqlite": "select strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "mssql": "select sysutcdatetime()",
    "oracle": "select sys_extract_utc(systimestamp) from dual",
}
"""The database's own clock, in UTC."""


class Session:
    """Opens lazily; ``connection`` raises only faults."""

    def __init__(self, url: str, source: str, home: Path, timeout_s: float) -> None:
        self.source, self.timeout_s = source, timeout_s
        self.url = self._checked(url, home)
        self._engine: sa.Engine | None = None

    @property
    def dialect(self) -> str:
        return self.url.get_backend_name()

    @contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        try:
            self._look()
            with self._opened().connect() as conn:
                yield conn
        except (SQLAlchemyError, ImportError, OSError) as mistake:
            raise fault_of(mistake, self.source) from None

    def clock(self, conn: sa.Connection, statement: str | None) -> datetime | None:
        """The source's time, or None where its dialect has no known clock."""
        text = statement or CLOCKS.get(self.dialect)
        if text is None:
            return None
        said = conn.execute(sa.text(text)).scalar_one()
        try:
            return read_time(said, "UTC")
        except NotATime:
            field = f"source.{self.source}.options.clock_sql"
            raise ConfigFault(
                "connectors.config.value", field=field, value=shape_of(said), allowed="YYYY-MM-DD HH:MM:SS", nearest=None
            ) from None

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _checked(self, url: str, home: Path) -> URL:
        try:
            found = make_url(url)
            found.get_dialect()
        except (SQLAlchemyError, ImportError, ValueError) as mistake:
            raise fault_of(mistake, self.source) from None
        path = found.database
        if found.get_backend_name() == "sqlite" and path and path != ":memory:" and not path.startswith("file:"):
            return found.set(database=str(home / path))
        return found

    def _look(self) -> None:
        """SQLite would create the file that it does not find."""
        path = self.url.database
        if self.dialect == "sqlite" and path and path != ":memory:" and not Path(path).exists():
            raise ConfigFault(
                "connectors.config.no_database", field=f"source.{self.source}.options.url", value=path, allowed="", nearest=None
            )

    def _opened(self) -> sa.Engine:
        if self._engine is None:
            arguments = _ARGUMENTS.get(self.url.get_driver_name(), dict)()
            engine = (
                sa.create_engine(
                    self.url,
                    isolation_level="AUTOCOMMIT",
                    pool_size=1,
                    max_overflow=1,
                    pool_pre_ping=True,
                    connect_args=arguments,
                    hide_parameters=True,  # cursor values are ids of customers' records
                )
                if self.dialect != "sqlite"
                else sa.create_engine(self.url, isolation_level="AUTOCOMMIT", connect_args=arguments, hide_parameters=True)
            )
            sa.event.listen(engine, "connect", lambda raw, _: _settle(raw, self.url.get_driver_name(), self.timeout_s))
            self._engine = engine
        return self._engine


def _settle(raw: Any, driver: str, timeout_s: float) -> None:
    """Read-only, with a limit on each statement."""
    prepare = _PREPARE.get(driver)
    if prepare is not None:
        prepare(raw)
    cursor = raw.cursor()
    for statement in _settings(driver, timeout_s):
        cursor.execute(statement)
    cursor.close()
    if driver == "psycopg":
        raw.commit()


def _settings(driver: str, timeout_s: float) -> list[str]:
    if driver == "psycopg":
        return ["set default_transaction_read_only = on", f"set statement_timeout = {int(timeout_s * 1000)}"]
    if driver == "pymysql":
        limit = f"set @@session.max_statement_time = {timeout_s}"  # MariaDB; MySQL ignores the comment below
        return ["set session transaction read only", "set time_zone = '+00:00'", f"/*M! {limit} */"]
    return ["pragma query_only = on"] if driver == "pysqlite" else []


def _tolerant_text(raw: Any) -> None:
    raw.text_factory = lambda data: data.decode("utf-8", "replace")  # one bad byte must not stop the other rows


def _tolerant_times(raw: Any) -> None:
    """``infinity`` and years beyond 9999 come as text and are judged row by row, instead of failing the whole page."""
    from psycopg import DataError
    from psycopg.types import datetime as loaders

    def tolerant(base: Any) -> Any:
        class Tolerant(base):  # type: ignore[misc]
            def load(self, data: Any) -> Any:
                try:
                    return super().load(data)
                except DataError:
                    return bytes(data).decode()

        return Tolerant

    for name, base in (
        ("timestamptz", loaders.TimestamptzLoader),
        ("timestamp", loaders.TimestampLoader),
        ("date", loaders.DateLoader),
    ):
        raw.adapters.register_loader(name, tolerant(base))


def _pymysql_arguments() -> dict[str, Any]:
    """TIMESTAMP columns are UTC in our session; DATETIME columns stay naive and are of the source's zone."""
    from pymysql import converters
    from pymysql.constants import FIELD_TYPE

    def aware(text: Any) -> Any:
        found = converters.convert_datetime(text)
        return found.replace(tzinfo=UTC) if isinstance(found, datetime) else found

    def escape(moment: datetime, mapping: Any = None) -> str:
        plain = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        return str(converters.escape_datetime(plain, mapping))

    conv = {**converters.conversions, FIELD_TYPE.TIMESTAMP: aware, datetime: escape}
    return {"conv": conv, "connect_timeout": 10}


_ARGUMENTS: dict[str, Callable[[], dict[str, Any]]] = {
    "pymysql": _pymysql_arguments,
    "psycopg": lambda: {"connect_timeout": 10},
    "pysqlite": lambda: {"timeout": 5, "check_same_thread": False},
}
_PREPARE: dict[str, Callable[[Any], None]] = {"pysqlite": _tolerant_text, "psycopg": _tolerant_times}
