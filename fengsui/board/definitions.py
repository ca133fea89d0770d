"""The newest version of versioned rows, as the board needs them: names of rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from fengsui.store.tables import definition


def newest(conn: Connection, kind: str) -> dict[str, tuple[int, Mapping[str, Any]]]:
    """id -> (version, body) of the newest version of each definition of ``kind``."""
    rows = conn.execute(
        select(definition.c.id, definition.c.version, definition.c.body)
        .where(definition.c.kind == kind)
        .order_by(definition.c.id, definition.c.version)
    )
    return {row.id: (row.version, row.body) for row in rows}


def rule_names(conn: Connection) -> dict[str, dict[str, str]]:
    """rule id -> {lang: name}."""
    return {id_: dict(body.get("name", {})) for id_, (_, body) in newest(conn, "rule").items()}
