"""Bring a store to the tables of this program. Safe to call from every process at its start: one migrates, the others wait."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from fengsui.store.database import reading

FOLDER = Path(__file__).parent / "migrations"
_LOCK = 7_230_412_001  # PostgreSQL advisory lock: any number that nobody else of ours uses


class StoreTooNew(Exception):
    """A newer Fengsui has been here: this program must not write. Install that version or restore a backup."""

    def __init__(self, found: str) -> None:
        super().__init__(f"the store has revision {found}, this program knows up to {head()}")
        self.code = "store.fault.too_new"
        self.params = {"found": found, "known": head()}


def upgrade(engine: Engine) -> str:
    """Run what is missing in one transaction and return the revision. ``StoreTooNew`` for one that we do not know."""
    with engine.begin() as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        found = _current(conn)
        if found != head():
            _refuse_unknown(found)
            command.upgrade(config(conn), "head")
    return head()


def current(engine: Engine) -> str | None:
    """The revision of the store; None for one without tables. ``StoreTooNew`` for one that we do not know."""
    with reading(engine).connect() as conn:
        found = _current(conn)
    _refuse_unknown(found)
    return found


def head() -> str:
    """The revision that this program wants."""
    newest = _scripts().get_current_head()
    assert newest is not None, "the package has no migrations"
    return newest


def config(conn: Connection) -> Config:
    """Alembic's configuration for one connection; there is no alembic.ini."""
    settings = Config()
    settings.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    settings.attributes["connection"] = conn
    return settings


def _current(conn: Connection) -> str | None:
    return MigrationContext.configure(conn).get_current_revision()


def _refuse_unknown(found: str | None) -> None:
    if found is not None and found not in {script.revision for script in _scripts().walk_revisions()}:
        raise StoreTooNew(found)


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(FOLDER))
