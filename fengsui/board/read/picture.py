"""The newest picture of the worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func, select

from fengsui.board.scope import Scope, view_of
from fengsui.store.tables import snapshot, watermark


@dataclass(frozen=True, slots=True)
class Picture:
    """One version, frozen; share it between sessions, never change it."""

    version: int
    computed_at: datetime
    body: Mapping[str, Any]

    def view(self, scope: Scope, wanted: str | None = None) -> Mapping[str, Any]:
        """Tiles and curve of what ``scope`` may see (of the organisation ``wanted``, where it has several); empty where the
        worker has not drawn that organisation yet."""
        found: Mapping[str, Any] = self.body["views"].get(view_of(scope, wanted), {"tiles": [], "curve": []})
        return found


def latest_version(store: Engine) -> int | None:
    with store.connect() as conn:
        return conn.execute(select(func.max(snapshot.c.version))).scalar()


def stamp(store: Engine) -> tuple[int | None, int]:
    """(version of the newest picture, number of the newest decision of a person): while both stay, so does what pages show."""
    decided = select(watermark.c.seq).where(watermark.c.name == "decision").scalar_subquery()
    with store.connect() as conn:
        row = conn.execute(select(func.max(snapshot.c.version), decided)).one()
    return row[0], row[1] or 0


def picture(store: Engine, version: int) -> Picture | None:
    """The picture of ``version``; None when it is already gone (three are kept)."""
    with store.connect() as conn:
        row = conn.execute(select(snapshot).where(snapshot.c.version == version)).one_or_none()
    return None if row is None else Picture(row.version, row.computed_at, row.body)
