"""One poll of one source: cursor from the store, rows from the connector, nothing written."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine as Store
from sqlalchemy import bindparam, select

from connectors.base import Batch, ConfigFault, Connector, Fault, TryLater
from fengsui.settings import Settings
from fengsui.store.database import reading
from fengsui.store.tables import source_state
from fengsui.worker.mailbox import Mailbox

_STATE = select(source_state.c.cursor, source_state.c.next_poll_at, source_state.c.last_poll_at).where(
    source_state.c.source == bindparam("asked")
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a poll brought: a batch or a fault, never both. ``seconds``: on the stopwatch, in no digest.

    ``sweep``: rows of the reconcile sweep, which never move the fast cursor.
    """

    source: str
    batch: Batch | None = None
    fault: Fault | None = None
    seconds: float = 0.0
    sweep: bool = False

    @property
    def more(self) -> bool:
        return self.batch is not None and self.batch.more and not self.sweep

    @property
    def settled(self) -> bool:
        """The source has been read to its end, or has told that it cannot be."""
        return not self.sweep and not self.more


@dataclass(frozen=True, slots=True)
class _State:
    """What ingest keeps of a source: its cursor, until when it asked us to wait, when it was last polled."""

    cursor: dict[str, Any] | None = None
    wait_until: datetime | None = None
    polled_at: datetime | None = None


@dataclass(slots=True)
class Poller:
    """Polls by source name. ``stopped``: sources whose configuration is wrong; they wait for ``revive`` or a restart."""

    store: Store
    settings: Settings
    connectors: Mapping[str, Connector]
    stopped: set[str] = field(default_factory=set)

    def due(self, source: str, now: datetime) -> bool:
        """False for a stopped source, and for one that asked us to wait."""
        return source not in self.stopped and self._may(source, self._state(source), now)

    def poll_due(self, source: str, now: datetime) -> Fetched | None:
        """``poll`` for a source that is due, else None."""
        if source in self.stopped:
            return None
        state = self._state(source)
        return self._ask(source, state.cursor, now) if self._may(source, state, now) else None

    def poll(self, source: str, now: datetime) -> Fetched:
        """Never raises for what a source does: a fault is a result, and the next source is polled all the same."""
        return self._ask(source, self._state(source).cursor, now)

    def _ask(self, source: str, cursor: dict[str, Any] | None, now: datetime) -> Fetched:
        began = time.perf_counter()
        try:
            batch = self.connectors[source].poll(cursor, self.settings.limits.batch_rows, now)
        except Exception as raised:  # a driver's own exception must not end the other sources: it becomes "try later"
            return self._failed(source, fault_of(raised), time.perf_counter() - began)
        return Fetched(source, batch, seconds=time.perf_counter() - began)

    def revive(self, source: str) -> None:
        self.stopped.discard(source)

    def _failed(self, source: str, fault: Fault, seconds: float) -> Fetched:
        if isinstance(fault, ConfigFault):
            self.stopped.add(source)
        return Fetched(source, fault=fault, seconds=seconds)

    def _may(self, source: str, state: _State, now: datetime) -> bool:
        """An inbox is looked into every tick, but read only when something waits or its watermark may move on."""
        connector = self.connectors[source]
        if isinstance(connector, Mailbox) and not connector.ready(state.polled_at, now):
            return False
        return state.wait_until is None or state.wait_until <= now

    def _state(self, source: str) -> _State:
        with reading(self.store).connect() as conn:
            row = conn.execute(_STATE, {"asked": source}).first()
        return _State() if row is None else _State(row.cursor, row.next_poll_at, row.last_poll_at)


def fault_of(raised: Exception) -> Fault:
    """A connector raises only faults; what a driver lets through all the same is tried again, and named by its type."""
    if isinstance(raised, Fault):
        return raised
    return TryLater("worker.source.unexpected", kind=type(raised).__name__)
