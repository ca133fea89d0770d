"""One PostgreSQL database for all tests of the room: to make one takes longer than to empty it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, delete
from sqlalchemy.exc import OperationalError

from fengsui.store import tables
from fengsui.store.database import open_store


@pytest.fixture(scope="session")
def postgres_once() -> Iterator[Engine]:
    """One database for all tests of the room: to make one takes longer than to empty it."""
    where = os.environ.get("FENGSUI_TEST_POSTGRES", "postgresql+psycopg://root@127.0.0.1:5432/test")
    name = f"fengsui_{uuid.uuid4().hex[:12]}"
    server = create_engine(where, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as conn:
            conn.exec_driver_sql(f"create database {name}")
    except OperationalError as fault:
        if os.environ.get("FENGSUI_REQUIRE_ALL") == "1":
            pytest.fail(f"FENGSUI_REQUIRE_ALL=1 but no PostgreSQL: {fault}")
        pytest.skip("no PostgreSQL")
    engine = open_store(where.rpartition("/")[0] + f"/{name}")
    tables.METADATA.create_all(engine)
    yield engine
    engine.dispose()
    with server.connect() as conn:
        conn.exec_driver_sql(f"drop database {name} with (force)")
    server.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An empty store on both databases."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_store")
        return
    engine = request.getfixturevalue("postgres_once")
    yield engine
    with engine.begin() as conn:
        for table in tables.METADATA.sorted_tables:
            conn.execute(delete(table))
