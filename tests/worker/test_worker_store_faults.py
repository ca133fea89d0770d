"""The store is full, read-only, gone or damaged: the tick ends at once, says which, and goes on where it stood."""

from __future__ import annotations

import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError

from fengsui.store import faults
from fengsui.store import tables as t
from fengsui.store.database import open_store
from fengsui.worker import main, term
from fengsui.worker.term import told_once
from tests.worker.channel import MINUTE, START, Plant, digest
from tests.worker.walker import LATE, filled

MINUTES = 15
GONE_FROM, GONE_TO = 6, 9


@contextmanager
def full(store: Engine) -> Iterator[None]:
    """SQLite may not grow by a page; PostgreSQL's server is made to answer as one whose disk is full."""
    if store.dialect.name == "sqlite":
        with pragma(store, "max_page_count=1"):
            yield
        return

    def refuse(_cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("INSERT", "UPDATE")):
            raise psycopg.errors.DiskFull("could not extend file: No space left on device")

    event.listen(store, "do_execute", refuse)
    try:
        yield
    finally:
        event.remove(store, "do_execute", refuse)


@contextmanager
def read_only(store: Engine) -> Iterator[None]:
    if store.dialect.name == "sqlite":
        with pragma(store, "query_only=1"):
            yield
        return
    database = make_url(store.url).database
    with admin(store) as conn:
        conn.execute(text(f"alter database {database} set default_transaction_read_only = on"))
    store.dispose()
    yield
    with admin(store) as conn:
        conn.execute(text(f"alter database {database} set default_transaction_read_only = off"))
    store.dispose()


@contextmanager
def gone(store: Engine) -> Iterator[None]:
    """PostgreSQL closes every session and takes no new one; SQLite's file is a folder."""
    if store.dialect.name == "sqlite":
        path = Path(str(make_url(store.url).database))
        store.dispose()
        path.rename(path.with_suffix(".away"))
        path.mkdir()
        yield
        path.rmdir()
        path.with_suffix(".away").rename(path)
        return
    database = make_url(store.url).database
    with admin(store) as conn:
        conn.execute(text(f"alter database {database} allow_connections false"))
        conn.execute(text("select pg_terminate_backend(pid) from pg_stat_activity where datname = :name"), {"name": database})
    yield
    with admin(store) as conn:
        conn.execute(text(f"alter database {database} allow_connections true"))


@contextmanager
def pragma(store: Engine, setting: str) -> Iterator[None]:
    """On every connection, at its next transaction; connections made afterwards are without."""

    def set_it(conn: Connection) -> None:
        conn.connection.dbapi_connection.execute(f"PRAGMA {setting}")  # type: ignore[union-attr]

    event.listen(store, "begin", set_it, insert=True)
    try:
        yield
    finally:
        event.remove(store, "begin", set_it)
        store.dispose()


@contextmanager
def admin(store: Engine) -> Iterator[Connection]:
    engine = create_engine(make_url(store.url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        yield conn
    engine.dispose()


@pytest.mark.parametrize(("trouble", "kind"), [(full, "full"), (read_only, "read_only"), (gone, "away")])
def test_a_store_that_refuses_ends_the_tick_and_nothing_is_lost(
    plant: Plant, trouble: Callable[[Engine], AbstractContextManager[None]], kind: str
) -> None:
    plant.channels["tickets"] = filled(MINUTES)
    line = plant.start()
    for n in range(GONE_FROM):
        line.minute(START + n * MINUTE + LATE)
    with trouble(plant.store):
        for n in range(GONE_FROM, GONE_TO):
            with pytest.raises(DBAPIError) as fault:
                line.minute(START + n * MINUTE + LATE)
            assert faults.kind_of(fault.value) == kind
    for n in range(GONE_TO, MINUTES + 1):
        line.minute(START + n * MINUTE + LATE)
    assert all(done is not None for (done,) in plant.rows(t.tick, "finished_at"))
    sent = {f"tickets:{row.source_id}" for row in plant.channels["tickets"].rows}
    assert {key for (key,) in plant.rows(t.feedback, "record_key")} == sent
    assert plant.rows(t.episode), "the burst is seen though the store was away at its begin"


def test_files_that_may_not_grow_are_a_full_disk_and_nothing_is_lost(small: Plant) -> None:
    """A limit of the operating system on the size of files, as a quota is: the write itself fails."""
    small.channels["tickets"] = filled(MINUTES)
    line = small.start()
    for n in range(GONE_FROM):
        line.minute(START + n * MINUTE + LATE)
    with small_files(8192):
        for n in range(GONE_FROM, GONE_TO):
            with pytest.raises(DBAPIError) as fault:
                line.minute(START + n * MINUTE + LATE)
            assert faults.kind_of(fault.value) == "full"
    for n in range(GONE_TO, MINUTES + 1):
        line.minute(START + n * MINUTE + LATE)
    sent = {f"tickets:{row.source_id}" for row in small.channels["tickets"].rows}
    assert {key for (key,) in small.rows(t.feedback, "record_key")} == sent
    assert all(done is not None for (done,) in small.rows(t.tick, "finished_at"))


@contextmanager
def small_files(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_store_without_trouble_is_the_same_as_one_that_had_some(plant: Plant) -> None:
    """Disk full in the middle of every second minute: those minutes are walked again, and the tables are the same."""
    plant.channels["tickets"] = filled(MINUTES)
    line = plant.start()
    for n in range(MINUTES + 1):
        line.minute(START + n * MINUTE + LATE)
    wanted = digest(plant.store)
    t.METADATA.drop_all(plant.store)
    t.METADATA.create_all(plant.store)
    again = Plant(plant.store, plant.settings, {"tickets": filled(MINUTES)})
    again.seed(START)
    line = again.start()
    for n in range(MINUTES + 1):
        if n % 2:
            with full(plant.store), suppress(DBAPIError):
                line.minute(START + n * MINUTE + LATE)
        line.minute(START + n * MINUTE + LATE)
    assert digest(again.store) == wanted


def test_a_worker_waits_for_a_store_that_comes_up_later(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "BACK_OFF_S", 0.02)
    stop = threading.Event()
    upgraded: list[bool] = []
    monkeypatch.setattr(main, "upgrade", lambda store: (store.connect().close(), upgraded.append(True)))
    with gone(plant.store):
        waiting = threading.Thread(target=main._upgrade, args=(plant.store, stop))
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        assert not upgraded
    waiting.join(5)
    assert upgraded == [True]


def test_a_damaged_file_is_named_so(tmp_path: Path) -> None:
    (tmp_path / "f.db").write_bytes(b"no database at all, but as long as one" * 200)
    with pytest.raises(DBAPIError) as fault, open_store(f"sqlite:///{tmp_path / 'f.db'}").connect() as conn:
        conn.execute(text("select 1 from sqlite_master"))
    assert faults.code_of(fault.value) == "store.fault.damaged"


def test_trouble_is_logged_when_it_begins_and_a_mistake_of_ours_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []
    monkeypatch.setattr(term.log, "error", lambda text, *_: logged.append(text))
    raised = sqlite3.OperationalError("database or disk is full")
    raised.sqlite_errorname = "SQLITE_FULL"
    fault = DBAPIError("INSERT", {}, raised)
    first = told_once(fault, None)
    assert told_once(fault, first) == "store.fault.full"
    assert len(logged) == 1
    mistake = IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE"))
    with pytest.raises(IntegrityError):
        told_once(mistake, None)


@pytest.mark.parametrize(
    ("state", "kind"),
    [("53200", "away"), ("53300", "away"), ("53100", "full"), ("58030", "away"), ("25P03", "away"), ("23505", None)],
    ids=["out of memory", "too many clients", "disk full", "i/o error", "idle too long", "a mistake of ours"],
)
def test_a_server_in_trouble_is_waited_for_and_never_taken_for_a_mistake_of_ours(state: str, kind: str | None) -> None:
    raised = psycopg.errors.lookup(state)("trouble")
    assert faults.kind_of(DBAPIError("INSERT", {}, raised)) == kind


def test_a_locking_fault_of_the_write_ahead_log_passes(caplog: pytest.LogCaptureFixture) -> None:
    raised = sqlite3.OperationalError("locking protocol")
    raised.sqlite_errorname = "SQLITE_PROTOCOL"
    assert told_once(DBAPIError("BEGIN", {}, raised), None) == "store.fault.busy"
