"""How a source is doing: cursor, watermark, faults, and one row per poll."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, literal, select

from connectors.base import Batch, ConfigFault, Fault, TryLater
from fengsui.ingest import shelf
from fengsui.ingest.pending import Pending
from fengsui.store.tables import poll, source_state, watermark

BACK_OFF_S = 900.0
"""The longest wait that we choose ourselves; a source may ask for more."""


class StaleTick(Exception):
    """This tick, or a later one, is already past: taking now would slip rows behind the cursor of the record rules."""

    def __init__(self, source: str, tick: int, newest: int) -> None:
        super().__init__(f"tick {tick} of {source} is not newer than {newest}")
        self.source, self.tick, self.newest = source, tick, newest


@dataclass(frozen=True, slots=True)
class Opening:
    """What a take must know before it reads a row. ``part``: of the next poll row of this tick. ``definitions``: see
    ``shelf.stamp``."""

    state: dict[str, Any]
    part: int
    definitions: str


def guard(conn: Connection, source: str, tick: int) -> Opening:
    """The stored state of ``source``, if ``tick`` may still write: newer than what alerts have done, and not older than
    the source's last take. One statement, for every poll pays it."""
    row = conn.execute(_OPENING, {"source": source, "tick": tick}).mappings().one()
    if row["alerts"] is not None and tick <= row["alerts"]:
        raise StaleTick(source, tick, row["alerts"])
    state = {column.name: row[column.name] for column in source_state.columns} if row["source"] else _fresh(source)
    last = state["tick"]
    if last is not None and tick < last:
        raise StaleTick(source, tick, last)
    return Opening(state, 0 if row["part"] is None else row["part"] + 1, row["definitions"])


def taken(
    state: Mapping[str, Any],
    batch: Batch,
    tick: int,
    now: datetime,
    lateness: timedelta,
    *,
    new: int,
    bad: int,
    newest_at: datetime | None,
    sweep: bool,
) -> dict[str, Any]:
    """The state after a batch. The watermark never goes back; a sweep moves neither cursor nor watermark."""
    after = dict(state)
    seen = [at for at in (state["newest_at"], newest_at) if at is not None]
    after.update(tick=tick, newest_at=max(seen, default=None), rows_n=state["rows_n"] + new, bad_n=state["bad_n"] + bad)
    if sweep:
        return after
    after.update(_WELL, cursor=batch.cursor, more=batch.more, source_now=batch.source_now)
    after.update(last_poll_at=now, last_success_at=now if _delivered(batch) else state["last_success_at"])
    if batch.complete:
        marks = [at for at in (state["watermark"], batch.source_now - lateness) if at is not None]
        after.update(watermark=max(marks), backfilled=state["backfilled"] or not batch.more)
    return after


def _delivered(batch: Batch) -> bool:
    """Looking into an empty inbox is no sign of life of the one who should have pushed."""
    return batch.receipts is None or bool(batch.receipts) or batch.read > 0


def failed(state: Mapping[str, Any], fault: Fault, tick: int, now: datetime, cadence: timedelta) -> dict[str, Any]:
    """The state after a fault. A wrong configuration stops the source until a person changed it; anything else is tried
    again when the source asked for it, or after a wait that doubles each time."""
    kind = "config" if isinstance(fault, ConfigFault) else "later"
    same = state["fault"] == kind and state["fault_code"] == fault.code
    after = dict(state)
    after.update(
        tick=max(tick, state["tick"] or tick),
        last_poll_at=now,
        fault=kind,
        fault_code=fault.code,
        fault_params=dict(fault.params),
        fault_since=state["fault_since"] if same else now,
        fault_n=state["fault_n"] + 1,
        next_poll_at=None if kind == "config" else now + _wait(fault, state["fault_n"], cadence),
    )
    return after


def write(pending: Pending, state: Mapping[str, Any]) -> None:
    pending.put(source_state, [state])


def write_poll(pending: Pending, opening: Opening, tick: int, now: datetime, seconds: float, code: str, **counts: Any) -> None:
    """One row for this poll; several batches of one source in one tick count their parts."""
    source = opening.state["source"]
    row = {"source": source, "tick": tick, "part": opening.part, "at": now, "seconds": seconds, "code": code}
    empty = {"read_n": 0, "new_n": 0, "changed_n": 0, "bad_n": 0, "sweep": False, "missed_n": 0}
    pending.put(poll, [{**row, **empty, **counts}])


def _wait(fault: Fault, fault_n: int, cadence: timedelta) -> timedelta:
    asked = fault.delay if isinstance(fault, TryLater) else None
    if asked is not None:
        return timedelta(seconds=max(asked, 0.0))
    return timedelta(seconds=min(cadence.total_seconds() * 2 ** min(fault_n, 16), BACK_OFF_S))


_ALWAYS = select(literal(1).label("one")).subquery()  # there is a row even for a source that was never polled
_ALERTS = select(watermark.c.tick).where(watermark.c.name == "alerts").scalar_subquery()
_PART = (
    select(func.max(poll.c.part))
    .where(poll.c.source == bindparam("source"), poll.c.tick == bindparam("tick"))
    .scalar_subquery()
)
_OPENING = select(
    *source_state.columns, _ALERTS.label("alerts"), _PART.label("part"), shelf.stamp().label("definitions")
).select_from(_ALWAYS.outerjoin(source_state, source_state.c.source == bindparam("source")))

_WELL: Mapping[str, Any] = {
    "fault": None,
    "fault_code": None,
    "fault_params": None,
    "fault_since": None,
    "fault_n": 0,
    "next_poll_at": None,
}


def _fresh(source: str) -> dict[str, Any]:
    empty = {column.name: None for column in source_state.columns}
    return {**empty, "source": source, "rows_n": 0, "bad_n": 0, "fault_n": 0, "more": False, "backfilled": False}
