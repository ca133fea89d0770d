"""Fixtures for every room. Server tests skip with a reason on a user machine; FENGSUI_REQUIRE_ALL=1 forbids skips."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import Engine, create_engine, delete, text

from fengsui.store.database import open_store
from fengsui.store.tables import METADATA

POSTGRES = os.environ.get("FENGSUI_TEST_POSTGRES", "postgresql+psycopg://root@127.0.0.1:5432/test")
MARIADB = os.environ.get("FENGSUI_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1:3306/test?charset=utf8mb4")
REQUIRE_ALL = os.environ.get("FENGSUI_REQUIRE_ALL") == "1"

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)  # a Wednesday, 14:32:06 in Shanghai

hypothesis.settings.register_profile("fengsui", deadline=None)  # machines are noisy: no example is judged by its time
hypothesis.settings.load_profile("fengsui")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of minutes first: begun last, one worker would walk through them while the others have nothing left to do."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def skip_or_fail(reason: str) -> None:
    """Skip on a user's machine; fail where everything must run."""
    if REQUIRE_ALL:
        pytest.fail(f"FENGSUI_REQUIRE_ALL=1 but {reason}")
    pytest.skip(reason)


def _reach(url: str, what: str) -> None:
    try:
        with create_engine(url).connect():
            pass
    except Exception as fault:  # any driver's own exception
        skip_or_fail(f"no {what} at {url.rpartition('@')[2]}: {type(fault).__name__}")


@contextmanager
def _new_database() -> Iterator[str]:
    """A database of its own on the test server, dropped afterwards."""
    _reach(POSTGRES, "PostgreSQL")
    name = f"fengsui_{uuid.uuid4().hex[:12]}"
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with server.connect() as conn:
        conn.execute(text(f"create database {name}"))
    yield POSTGRES.rpartition("/")[0] + f"/{name}"
    with server.connect() as conn:
        conn.execute(text(f"drop database if exists {name} with (force)"))
    server.dispose()


@pytest.fixture
def postgres_url() -> Iterator[str]:
    with _new_database() as url:
        yield url


@pytest.fixture
def mariadb_url() -> Iterator[str]:
    _reach(MARIADB, "MariaDB")
    name = f"fengsui_{uuid.uuid4().hex[:12]}"
    server = create_engine(MARIADB, isolation_level="AUTOCOMMIT")
    with server.connect() as conn:
        conn.execute(text(f"create database {name} character set utf8mb4"))
    yield MARIADB.replace("/test?", f"/{name}?")
    with server.connect() as conn:
        conn.execute(text(f"drop database if exists {name}"))
    server.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Every store test runs on both databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(store_url: str) -> Iterator[Engine]:
    """An empty store with all tables."""
    engine = open_store(store_url)
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_once() -> Iterator[Engine]:
    """One database for all tests of a run that only need it empty: to make one takes longer than to empty it."""
    with _new_database() as url:
        engine = open_store(url)
        METADATA.create_all(engine)
        yield engine
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def emptied_store(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An empty store on both databases, PostgreSQL's being emptied after each test."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_store")
        return
    engine = request.getfixturevalue("postgres_once")
    yield engine
    with engine.begin() as conn:
        conn.execute(text("alter table audit disable trigger user"))  # nobody else may: see store.tables.people
        for table in METADATA.sorted_tables:
            conn.execute(delete(table))
        conn.execute(text("alter table audit enable trigger user"))


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Engine]:
    """For tests whose subject is not the database."""
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def no_fence() -> Callable[[object], None]:
    return lambda conn: None
