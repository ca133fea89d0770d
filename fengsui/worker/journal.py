"""The tick journal: a tick's number and ``now`` are committed before anything else happens, so it can be finished later."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy import Engine as Store

from fengsui.store.database import reading
from fengsui.store.tables import source_state, tick, watermark

Fence: TypeAlias = Callable[[Connection], None]

_BEGIN = insert(tick)
_FINISH = update(tick).where(tick.c.tick == bindparam("this"))


@dataclass(frozen=True, slots=True)
class Entry:
    tick: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong in one room: a code of the catalogue and its parameters. It stopped that room, in that tick."""

    room: str
    code: str
    params: Mapping[str, Any]


def unfinished(store: Store) -> Entry | None:
    """The tick that a worker left half-way. Only the newest can be: each is finished before the next begins."""
    newest = select(tick.c.tick, tick.c.now, tick.c.finished_at).order_by(tick.c.tick.desc()).limit(1)
    with reading(store).connect() as conn:
        row = conn.execute(newest).first()
    return None if row is None or row.finished_at is not None else Entry(row.tick, row.now)


def has_written(store: Store, entry: Entry) -> bool:
    """Whether a batch was taken or a step closed in this tick before its worker died."""
    taken = select(source_state.c.source).where(source_state.c.tick == entry.tick)
    closed = select(watermark.c.name).where(watermark.c.name == "engine", watermark.c.tick == entry.tick)
    with reading(store).connect() as conn:
        return conn.execute(taken.union_all(closed).limit(1)).first() is not None


def begin(store: Store, now: datetime, fence: Fence, after: Entry | None = None) -> Entry:
    """Number and date the next tick. Time never goes back, whatever the machine's clock does. ``after``: the newest tick,
    where the caller has finished it itself; the fence keeps all others from writing one."""
    with store.begin() as conn:
        fence(conn)
        last = after or _newest(conn)
        entry = Entry(1, now) if last is None else Entry(last.tick + 1, max(now, last.now))
        conn.execute(_BEGIN, [{"tick": entry.tick, "now": entry.now}])
    return entry


def _newest(conn: Connection) -> Entry | None:
    row = conn.execute(select(tick.c.tick, tick.c.now).order_by(tick.c.tick.desc()).limit(1)).first()
    return None if row is None else Entry(row.tick, row.now)


def finish(
    store: Store, entry: Entry, seconds: float, counts: Mapping[str, Any], troubles: Sequence[Trouble], fence: Fence
) -> None:
    """Close the row. ``fault_code`` is the first trouble's; all of them are in ``counts['faults']``."""
    first = troubles[0] if troubles else None
    with store.begin() as conn:
        fence(conn)
        conn.execute(
            _FINISH,
            {
                "this": entry.tick,
                "finished_at": entry.now,
                "seconds": seconds,
                "counts": dict(counts) | _faults(troubles),
                "fault_code": first.code if first else None,
                "fault_params": {"room": first.room, **first.params} if first else None,
            },
        )


def _faults(troubles: Sequence[Trouble]) -> dict[str, Any]:
    if not troubles:
        return {}
    return {"faults": [{"room": one.room, "code": one.code, "params": dict(one.params)} for one in troubles]}
