"""What a part of a batch will write, made ready before its transaction begins.

On SQLite a transaction keeps every other writer out, a person's click too: so all that needs no lock (compiling, converting,
adding up) is done while the statements are gathered, and ``write`` only runs them, in the order given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Executable, Table

from fengsui.ingest import bulk
from fengsui.metrics import blocks
from fengsui.store.upsert import Step, put_step


class Pending:
    """Statements waiting for their transaction."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._steps: list[Step] = []

    def put(self, table: Table, rows: Sequence[Mapping[str, Any]], *, keep: bool = False) -> None:
        """Insert or replace ``rows``, all with the same columns. ``keep``: leave a row that is there."""
        if rows:
            self._steps.append(put_step(self._dialect, table, rows, keep=keep))

    def remove(self, table: Table, keys: Sequence[Mapping[str, Any]]) -> None:
        """Delete by primary key; each of ``keys`` names all its columns."""
        if keys:
            self._steps.append(lambda conn: bulk.remove(conn, table, keys))

    def add(self, rows: Sequence[blocks.Block]) -> None:
        """Add to the roll-ups."""
        if rows:
            self._steps.append(lambda conn: blocks.add(conn, rows))

    def run(self, statement: Executable) -> None:
        self._steps.append(lambda conn: conn.execute(statement))

    def then(self, step: Step) -> None:
        """Something small that writes by itself."""
        self._steps.append(step)

    def write(self, conn: Connection) -> None:
        for step in self._steps:
            step(conn)
