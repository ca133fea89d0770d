"""Tags of stored records change: the row, its roll-ups by a signed delta, and the slices that its tags put it into.

A word of a person, a new taxonomy, a new model and a new topic all come through here, so that ``check store`` holds after each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, bindparam, select, tuple_, update

from fengsui.ingest import bulk
from fengsui.ingest.deltas import Deltas, Places, minutes_cut
from fengsui.ingest.fence import Fence
from fengsui.ingest.pending import Pending
from fengsui.ingest.slices import Known
from fengsui.ingest.tag_dims import as_dims, dims_with
from fengsui.metrics import blocks
from fengsui.metrics.measures import contributions
from fengsui.settings.model import Settings
from fengsui.store.database import reading
from fengsui.store.tables import feedback, feedback_text
from fengsui.text.tagger import Tagger, overlaid

AT_ONCE = 500
Row: TypeAlias = dict[str, Any]
Turn: TypeAlias = tuple[datetime, Fence]
TaggerOf: TypeAlias = Callable[[Connection, datetime], Tagger | None]
"""None: it still learns."""


@dataclass(frozen=True, slots=True)
class Change:
    """A row as stored, and the tags and dims that it gets."""

    row: Row
    tags: Mapping[str, Any]
    dims: Mapping[str, str]

    @property
    def any(self) -> bool:
        return bool(self.tags != self.row["tags"] or self.dims != self.row["dims"])


@dataclass(frozen=True, slots=True)
class Retagged:
    """A part of a job: rows looked at, rows that changed, and the last one's time."""

    seen: int
    changed: int
    until: datetime


def write(conn: Connection, settings: Settings, changes: Sequence[Change], now: datetime) -> int:
    """Store what changed, in the open transaction; returns how many rows did."""
    real = [change for change in changes if change.any]
    if not real:
        return 0
    places = Places(settings.cuboids, settings.sparse)
    deltas = Deltas(minutes_cut(now, settings.retention.minute_rollups_days), settings.counts_only)
    for change in real:
        new = {**change.row, "tags": change.tags, "dims": change.dims}
        for row, sign in ((change.row, -1), (new, 1)):
            minutes = row["pace"] != "batch"
            deltas.add(contributions(row), places.of_record(row["dims"]), sign, row["source"], minutes=minutes)
    statement = update(feedback).where(feedback.c.record_key == bindparam("_key"))
    values = [{"_key": one.row["record_key"], "tags": one.tags, "dims": one.dims} for one in real]
    conn.execute(statement.values(tags=bindparam("tags"), dims=bindparam("dims")), values)
    blocks.add(conn, deltas.blocks())
    pending = Pending(conn.dialect)
    Known().write(pending, deltas.fed(), now)
    pending.write(conn)
    return len(real)


def retag(
    store: Engine,
    settings: Settings,
    tagger: TaggerOf,
    since: datetime,
    turn: Callable[[], Turn],
) -> Iterator[Retagged]:
    """Tag everything opened since then anew, some hundred rows in a transaction. Begun again after a crash, it finds nothing
    to change in what was done. ``turn``: asked before each transaction."""
    at, last = since, ""
    while True:
        now, fence = turn()
        with reading(store).connect() as conn:
            speaking = tagger(conn, now)
            rows = _after(conn, at, last) if speaking is not None else []
            changes = anew(rows, speaking, as_dims(settings)) if speaking is not None else []
        if speaking is None:
            yield Retagged(0, 0, at)
            continue
        with store.begin() as conn:
            fence(conn)
            changed = write(conn, settings, changes, now)
        at, last = (rows[-1]["opened_at"], rows[-1]["record_key"]) if rows else (now, "")
        yield Retagged(len(rows), changed, at)
        if len(rows) < AT_ONCE:
            return


def anew(rows: Sequence[Row], tagger: Tagger, names: Sequence[str]) -> list[Change]:
    """Rows with their ``text``; what people said of them stays. Where retention took the text, so do the tags."""
    told = [row for row in rows if row["text"] is not None]
    found = tagger.tags([row["text"] for row in told], [row["ratings"] for row in told])
    changes = []
    for row, tags in zip(told, found, strict=True):
        said = overlaid(tags, row["tags"])
        changes.append(Change(row, said, dims_with(row["dims"], row["tags"], said, names)))
    return changes


def stored(conn: Connection, keys: Iterable[str]) -> list[Row]:
    """Rows with their ``text``, of records that are not gone."""
    query = _with_text().where(feedback.c.deleted_at.is_(None))
    return [dict(row) for row in bulk.rows_in(conn, query, feedback.c.record_key, sorted(set(keys)))]


def _after(conn: Connection, at: datetime, last: str) -> list[Row]:
    place = tuple_(feedback.c.opened_at, feedback.c.record_key)
    query = _with_text().where(feedback.c.opened_at >= at, place > tuple_(at, last), feedback.c.deleted_at.is_(None))
    rows = conn.execute(query.order_by(feedback.c.opened_at, feedback.c.record_key).limit(AT_ONCE))
    return [dict(row) for row in rows.mappings()]


def _with_text() -> Any:
    joined = feedback.outerjoin(feedback_text, feedback_text.c.record_key == feedback.c.record_key)
    return select(feedback, feedback_text.c.text).select_from(joined)
