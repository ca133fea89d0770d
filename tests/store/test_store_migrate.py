"""Migrations end in the very tables that the program uses, on both databases."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, column, insert, inspect, select, table, text

from fengsui.store import migrate, revise, tables
from fengsui.store.database import open_store
from fengsui.store.tables import METADATA


@pytest.fixture
def bare(store_url: str) -> Iterator[Engine]:
    """A store without tables."""
    engine = open_store(store_url)
    yield engine
    engine.dispose()


def shape(engine: Engine) -> dict[str, Any]:
    """Everything that the database says of our tables."""
    looking = inspect(engine)
    without_rowid = _without_rowid(engine)
    return {
        name: {
            "without rowid": name in without_rowid,
            "columns": {c["name"]: (str(c["type"]), c["nullable"], c["default"]) for c in looking.get_columns(name)},
            "key": looking.get_pk_constraint(name),
            "indexes": sorted(
                (str(i["name"]), tuple(i["column_names"]), bool(i["unique"]))
                for i in looking.get_indexes(name)
                if not i.get("duplicates_constraint")
            ),
            "unique": sorted((str(u["name"]), tuple(u["column_names"])) for u in looking.get_unique_constraints(name)),
        }
        for name in sorted(looking.get_table_names())
        if name != "alembic_version"
    }


def _without_rowid(engine: Engine) -> set[str]:
    if engine.dialect.name != "sqlite":
        return set()
    with engine.connect() as conn:
        return set(conn.execute(text("select name from sqlite_master where sql like '%without rowid%'")).scalars())


def test_migrations_and_tables_are_the_same(bare: Engine):
    """Fails when a table changed: python -m fengsui.store.revise writes what is missing (before 1.0: with --first)."""
    migrate.upgrade(bare)
    migrated = shape(bare)
    with bare.begin() as conn:
        assert compare_metadata(MigrationContext.configure(conn, opts={"compare_type": True}), METADATA) == []
        for view in inspect(conn).get_view_names():  # they stand on tables, which PostgreSQL then keeps
            conn.execute(text(f"drop view {view}"))
        METADATA.drop_all(conn)
        METADATA.create_all(conn)
    assert set(migrated) == set(METADATA.tables)
    assert migrated == shape(bare)


def test_a_bare_store_has_no_revision_and_then_the_newest(bare: Engine):
    assert migrate.current(bare) is None
    assert migrate.upgrade(bare) == migrate.head() == migrate.current(bare)
    assert migrate.upgrade(bare) == migrate.head()


def test_a_store_of_a_newer_program_is_left_alone(bare: Engine):
    migrate.upgrade(bare)
    with bare.begin() as conn:
        conn.execute(text("update alembic_version set version_num = '9999'"))
    for step in (migrate.upgrade, migrate.current):
        with pytest.raises(migrate.StoreTooNew) as fault:
            step(bare)
        assert fault.value.params == {"found": "9999", "known": migrate.head()}


def test_a_migration_that_fails_leaves_nothing_behind(bare: Engine):
    last = max(METADATA.tables)
    with bare.begin() as conn:
        conn.execute(text(f"create table {last} (x integer)"))
    with pytest.raises(Exception, match="exists"):
        migrate.upgrade(bare)
    assert inspect(bare).get_table_names() == [last]


def test_processes_that_start_together_migrate_once(bare: Engine):
    faults: list[BaseException] = []

    def start() -> None:
        try:
            migrate.upgrade(bare)
        except Exception as fault:  # reported by the assertion below
            faults.append(fault)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert migrate.current(bare) == migrate.head()


def test_the_first_revision_written_anew_is_the_one_we_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrate, "FOLDER", folder)
    monkeypatch.setattr(revise, "VERSIONS", folder / "versions")
    ours = sorted(path.name for path in (folder / "versions").glob("0*.py"))
    path = revise.revise("nothing changed")
    assert path.name == f"{int(ours[-1][:4]) + 1:04d}_nothing_changed.py"
    assert "pass" in path.read_text(encoding="utf-8")
    again = revise.revise("first tables", first=True)
    if len(ours) == 1:
        assert again.read_text(encoding="utf-8") == (
            Path(revise.__file__).parent / "migrations" / "versions" / ours[0]
        ).read_text(encoding="utf-8")
    assert [path.name for path in (folder / "versions").glob("0*.py")] == ["0001_first_tables.py"]


def test_facts_that_became_columns_are_filled_from_the_events_there_are(bare: Engine):
    """Else the closed-loop rate of every month before the upgrade would be nought."""
    days = [datetime(2026, 11, day, 6, 30, tzinfo=UTC) for day in range(1, 6)]
    told = [("told", 2), ("told", 4), ("archived", 2), ("survey_asked", 2), ("transferred", 1), ("transferred", 2)]
    plain = {"record_key": "t:1", "source": "t", "kind": "complaint", "seq": 1, "content_hash": "h", "state": "solved"}
    times = {**dict.fromkeys(("opened_at", "updated_at", "stored_at", "first_stored_at"), days[0]), "reopened_at": days[3]}
    values = {**plain, **times, "dims": {}, "ratings": [], "tags": {}, "extra": {}}
    with bare.begin() as conn:
        command.upgrade(migrate.config(conn), "0003")
        known = table("feedback", *(column(name, tables.feedback.c[name].type) for name in values))
        conn.execute(insert(known).values(**values))
        rows = [{"event_key": f"r:{n}", "kind": kind, "at": days[day]} for n, (kind, day) in enumerate(told)]
        conn.execute(insert(tables.event), [{"record_key": "t:1", "data": {}, **row} for row in rows])
    migrate.upgrade(bare)
    with bare.connect() as conn:
        row = conn.execute(select(tables.feedback)).one()
    assert (row.told_at, row.archived_at, row.asked_at, row.transfers_n) == (days[4], None, days[2], 2)


def test_revise_is_a_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    asked: list[tuple[str, bool]] = []
    monkeypatch.setattr(revise, "revise", lambda message, *, first: asked.append((message, first)) or Path("0002_x.py"))
    monkeypatch.setattr("sys.argv", ["revise", "a new column"])
    revise.main()
    assert asked == [("a new column", False)]
    assert capsys.readouterr().out == "0002_x.py\n"
