"""Fixtures for every room. Server tests skip with a reason on a user machine; FENGSUI_REQUIRE_ALL=1 forbids skips."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from fengsui.people import password
from fengsui.store.database import open_store
from fengsui.store.tables import METADATA

POSTGRES = os.environ.get("FENGSUI_TEST_POSTGRES", "postgresql+psycopg://root@127.0.0.1:5432/test")
MARIADB = os.environ.get("FENGSUI_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1:3306/test?charset=utf8mb4")
REQUIRE_ALL = os.environ.get("FENGSUI_REQUIRE_ALL") == "1"

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)  # a Wednesday, 14:32:06 in Shanghai

HASHER = password._HASHER
"""As the product has it."""

TOGETHER = frozenset(
    {
        "tests/demo/test_connectors.py",
        "tests/demo/test_incidents_raised.py",
        "tests/detectors/test_pool.py",
        "tests/metrics/test_boston.py",
        "tests/pages/test_browser.py",
        "tests/pages/test_explore_browser.py",
        "tests/pages/test_look_scripts.py",
        "tests/pages/test_wall_browser.py",
        "tests/text/test_text_model.py",
    }
)
"""Files whose tests share what takes long to make (a learned centre, a running server): one worker runs all of one file."""

hypothesis.settings.register_profile("fengsui", deadline=None)  # machines are noisy: no example is judged by its time
hypothesis.settings.load_profile("fengsui")


def pytest_xdist_auto_num_workers() -> int:
    """Three for two cores: a third of the time a test waits, for a database's disk, a browser or an outage to pass."""
    return max(2, len(os.sched_getaffinity(0)) * 3 // 2) if hasattr(os, "sched_getaffinity") else 3


class Together(LoadScopeScheduling):
    """Each test goes to the next free worker, those of a file in ``TOGETHER`` to one.

    Not by ``xdist_group``: xdist writes it into the private name of a test, which pytest 9.2 no longer reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in TOGETHER else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    gone = [name for name in sorted(TOGETHER) if not (config.rootpath / name).is_file()]
    if gone:
        raise pytest.UsageError(f"TOGETHER in tests/conftest.py names files that are not there: {', '.join(gone)}")
    return Together(config, log)


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
def new_database(like: str = "template1") -> Iterator[str]:
    """A database of its own on the test server, a copy of ``like``, dropped afterwards."""
    _reach(POSTGRES, "PostgreSQL")
    name = f"fengsui_{uuid.uuid4().hex[:12]}"
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with server.connect() as conn:
        conn.execute(text(f"create database {name} template {like}"))
    yield POSTGRES.rpartition("/")[0] + f"/{name}"
    with server.connect() as conn:
        conn.execute(text(f"drop database if exists {name} with (force)"))
    server.dispose()


@pytest.fixture(scope="session", autouse=True)
def _cheap_hashes() -> None:
    """Of passwords: what makes guessing dear makes hundreds of sign-ins dear, too."""
    password._HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture
def postgres_url() -> Iterator[str]:
    with new_database() as url:
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
    """Every store test runs on both databases. Without ``store`` beside it there is nothing in it, no table either."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    if "store" in request.fixturenames:
        return str(request.getfixturevalue("postgres_again"))
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(store_url: str, sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    """An empty store with all tables."""
    if store_url.startswith("sqlite"):
        shutil.copyfile(sqlite_template, tmp_path / "store.db")
    engine = open_store(store_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copied for each test: to make all tables takes ten times as long."""
    path = tmp_path_factory.mktemp("template") / "store.db"
    engine = open_store(f"sqlite:///{path}")
    METADATA.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_once() -> Iterator[str]:
    """One database with all tables for all tests of a run: to make and drop one takes a second and a checkpoint."""
    with new_database() as url:
        engine = open_store(url)
        METADATA.create_all(engine)
        engine.dispose()
        yield url


@pytest.fixture
def postgres_again(postgres_once: str) -> Iterator[str]:
    """It, emptied after each test; made anew if the test changed more than rows."""
    engine = create_engine(postgres_once, poolclass=NullPool)
    made = _shape(engine)
    yield postgres_once
    with engine.connect() as conn:
        others = "pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        conn.execute(text(f"select pg_terminate_backend(pid) from {others}"))
    if _shape(engine) == made:
        _empty(engine)
    else:
        with engine.begin() as conn:
            conn.execute(text("drop schema public cascade"))
            conn.execute(text("create schema public"))
        METADATA.create_all(engine)


def _shape(engine: Engine) -> object:
    """Tables, columns, indexes, triggers: equal as long as nobody changed the schema. The index of words is the worker's, made
    where it is missing: ingest.search_index."""
    query = """
        with ours as (select oid, relname from pg_class
                      where relnamespace = 'public'::regnamespace and relname <> 'search_text_words')
        select (select md5(string_agg(relname, ',' order by relname)) from ours),
               (select count(*) from pg_attribute a join ours on ours.oid = a.attrelid where not a.attisdropped),
               (select count(*) from pg_trigger t join ours on ours.oid = t.tgrelid),
               (select count(*) from pg_namespace where nspname not like 'pg_%')"""
    with engine.connect() as conn:
        return tuple(conn.execute(text(query)).one())


def _empty(engine: Engine) -> None:
    """Only tables with rows are touched; their numbers begin at one again. Deleted, not truncated: a truncated table is a new
    file that waits for the disk."""
    tables = [table.name for table in METADATA.sorted_tables]
    asked = " union all ".join(f"select '{name}' where exists (select 1 from \"{name}\")" for name in tables)
    anew = "select setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) from pg_sequences"
    with engine.begin() as conn:
        filled = [row[0] for row in conn.execute(text(asked))]
        conn.execute(text("set local synchronous_commit = off"))
        conn.execute(text("set local session_replication_role = replica"))  # also what nobody may change: store.tables.people
        for name in filled:
            conn.execute(text(f'delete from "{name}"'))
        conn.execute(text(f"{anew} where last_value is not null"))


@pytest.fixture(params=["sqlite", "postgres"])
def emptied_store(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An empty store on both databases."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_store")
        return
    engine = open_store(request.getfixturevalue("postgres_again"))
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_store(tmp_path: Path, sqlite_template: Path) -> Iterator[Engine]:
    """For tests whose subject is not the database."""
    shutil.copyfile(sqlite_template, tmp_path / "store.db")
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def no_fence() -> Callable[[object], None]:
    return lambda conn: None
