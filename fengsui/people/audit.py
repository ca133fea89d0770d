"""What people did, appended in the transaction that did it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from fengsui.store.tables import audit


def record(conn: Connection, by: str, action: str, params: Mapping[str, Any], at: datetime) -> None:
    """``action`` is a dotted name (``person.create``), ``by`` a person_id, ``cli`` or ``machine``. Never a payload."""
    conn.execute(insert(audit).values(at=at, by=by, action=action, params=dict(params)))
