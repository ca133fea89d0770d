"""A new version of the calendar moves the deadlines of open tickets, and of no others.

A limit of three working days means another day once a holiday was announced: who waits is told the truth, who was served keeps
what was promised. Each deadline that moves is an audit row; the roll-ups move with it in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, and_, insert, or_, select, update

from fengsui.ingest import bulk, policy
from fengsui.ingest.deltas import Deltas, Places, minutes_cut
from fengsui.ingest.fence import Fence
from fengsui.ingest.policy import Sla
from fengsui.ingest.record import Step
from fengsui.metrics import blocks, calendars
from fengsui.metrics.measures import contributions
from fengsui.settings.model import Settings
from fengsui.store.database import reading
from fengsui.store.tables import audit, event, feedback, watermark
from fengsui.store.upsert import upsert

NAME = "deadlines"
AT_ONCE = 500
AGAIN = timedelta(days=1)
MOVED = "ingest.deadline.moved"
Row: TypeAlias = dict[str, Any]
Turn: TypeAlias = tuple[datetime, Fence]


@dataclass(frozen=True, slots=True)
class Moved:
    """A part of the open tickets: how many were looked at, and how many deadlines moved."""

    seen: int
    moved: int


def due(store: Engine, now: datetime) -> int | None:
    """The version of the calendar by which open tickets are to be counted now: a new one at once, any but a store's first
    again after a day, for what was opened before it and delivered after. None: nothing to do."""
    with reading(store).connect() as conn:
        version = calendars.version_of(conn)
        done = conn.execute(select(watermark.c.seq, watermark.c.at).where(watermark.c.name == NAME)).first()
    if version <= 1:
        return None
    again = done is None or version > done.seq or now - done.at >= AGAIN
    return version if again else None


def recount(store: Engine, settings: Settings, turn: Callable[[], Turn], version: int) -> Iterator[Moved]:
    """Count the deadlines of all open tickets by the newest calendar, some hundred in a transaction; at the end note that
    ``version`` is done. Begun anew after a crash, it finds what is left. ``turn``: asked before each transaction."""
    last = ""
    while True:
        now, fence = turn()
        with reading(store).connect() as conn:
            sla = Sla(policy.load(conn), calendars.load(conn, settings.centre.calendar, settings.centre.zone, now))
            rows = [dict(row) for row in conn.execute(_open_after(last, sla.calendars.newest.version)).mappings()]
            steps = _steps(conn, rows)
        changed = [(row, new) for row in rows if (new := _recounted(row, steps.get(row["record_key"], ()), sla)) != row]
        with store.begin() as conn:
            fence(conn)
            moved = _write(conn, settings, changed, now)
            if len(rows) < AT_ONCE:
                upsert(conn, watermark, [{"name": NAME, "at": now, "seq": version, "tick": None}])
        yield Moved(len(rows), moved)
        if len(rows) < AT_ONCE:
            return
        last = rows[-1]["record_key"]


def _open_after(key: str, version: int) -> Any:
    older = or_(feedback.c.calendar_version.is_(None), feedback.c.calendar_version < version)
    mine = and_(feedback.c.state == "open", feedback.c.deleted_at.is_(None), feedback.c.due_source.startswith(policy.ID), older)
    return select(feedback).where(feedback.c.record_key > key, mine).order_by(feedback.c.record_key).limit(AT_ONCE)


def _steps(conn: Connection, rows: Sequence[Row]) -> Mapping[str, list[Step]]:
    found: dict[str, list[Step]] = {}
    for row in bulk.rows_in(conn, select(event), event.c.record_key, [row["record_key"] for row in rows]):
        step = Step(row["kind"], row["at"], row["actor"], row["data"], bool(row["derived"]))
        found.setdefault(row["record_key"], []).append(step)
    return found


def _recounted(row: Row, steps: Sequence[Step], sla: Sla) -> Row:
    new = {**row, "calendar_version": sla.calendars.newest.version}
    sla.put(new, None)
    sla.pause(new, steps)
    if row["first_response_at"] is not None:
        new["response_target_s"] = row["response_target_s"]  # that clock has stopped
    return new


def _write(conn: Connection, settings: Settings, changed: Sequence[tuple[Row, Row]], now: datetime) -> int:
    places = Places(settings.cuboids, settings.sparse)
    deltas = Deltas(minutes_cut(now, settings.retention.minute_rollups_days), settings.counts_only)
    moved = [(old, new) for old, new in changed if old["due_at"] != new["due_at"]]
    for old, new in changed:
        values = {name: new[name] for name in ("due_at", "due_source", "response_target_s", "calendar_version")}
        conn.execute(update(feedback).where(feedback.c.record_key == old["record_key"]).values(**values))
        for row, sign in ((old, -1), (new, 1)):
            slices = places.of_record(row["dims"])
            deltas.add(contributions(row), slices, sign, row["source"], minutes=row["pace"] != "batch")
    blocks.add(conn, deltas.blocks())
    if moved:
        conn.execute(insert(audit), [_audit(old, new, now) for old, new in moved])
    return len(moved)


def _audit(old: Row, new: Row, now: datetime) -> Row:
    times = {name: row["due_at"].isoformat() if row["due_at"] else None for name, row in (("from", old), ("to", new))}
    params = {"record_key": old["record_key"], **times, "calendar": new["calendar_version"]}
    return {"at": now, "by": "machine", "action": MOVED, "params": params}
