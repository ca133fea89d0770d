"""Take a batch: rows, roll-ups, cursor and bookkeeping of one poll in ONE transaction.

Either all of it is stored or nothing is: after ``kill -9`` at any instant the source is polled again from the committed
cursor, and what was stored before counts as ``same``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine

from connectors.base import BadRecord, Batch, Event, Fault, Feedback, Measurement, Reference
from fengsui.ingest import fold, inbox, ledger, policy, quarantine, references, state, write
from fengsui.ingest.aggregates import Aggregates
from fengsui.ingest.deltas import Deltas, Places, minutes_cut
from fengsui.ingest.fold import Folded, Tools
from fengsui.ingest.keys import KeyRing, Vault
from fengsui.ingest.pause import without_gc
from fengsui.ingest.record import Record
from fengsui.ingest.rowids import keyed
from fengsui.ingest.slices import Known
from fengsui.ingest.sources import SourceUnknown
from fengsui.settings.model import Settings
from fengsui.settings.source import Source
from fengsui.text import cues

Fence: TypeAlias = Callable[[Connection], Any]
"""First statement of the transaction; raises ``LostLeadership`` where another worker leads."""
Remap: TypeAlias = Callable[[Sequence[Any]], Batch]
"""Raw rows out of quarantine, read again with the mapping as it is now."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch. ``new`` and ``changed`` count records and aggregates, ``bad`` rows in this batch,
    ``quarantined`` those of them never seen before, ``gone`` records deleted at their source."""

    new: int = 0
    changed: int = 0
    same: int = 0
    bad: int = 0
    gone: int = 0
    quarantined: int = 0


class Ingest:
    """Takes batches for one store. One instance per worker: it remembers which slices are stored."""

    def __init__(self, store: Engine, settings: Settings, keys: KeyRing) -> None:
        self._store, self._settings, self._vault = store, settings, Vault(keys)
        self._places, self._known = Places(settings.cuboids), Known()

    def prepare(self, now: datetime, fence: Fence) -> None:
        """Seed what ingest reads as definitions (SLA policy, cue lists) where it is not there. Call once at the start."""
        with self._store.begin() as conn:
            fence(conn)
            policy.seed(conn, self._settings.sla, now)
            cues.seed(conn, now)

    def take(
        self,
        source: str,
        batch: Batch,
        tick: int,
        now: datetime,
        fence: Fence,
        *,
        seconds: float = 0.0,
        sweep: bool = False,
    ) -> Taken:
        """Store ``batch`` of ``source`` in the tick ``(tick, now)``.

        ``sweep``: a reconcile pass; what it finds is counted as missed, and cursor and watermark stay. ``seconds``: how long
        the poll took. Raises ``StaleTick`` for a tick that is past, ``SourceUnknown``, and what ``fence`` raises; then
        nothing is stored.
        """
        declared = self._source(source)
        with without_gc(), self._store.begin() as conn:
            fence(conn)
            before = state.guard(conn, source, tick)
            done, new_slices, newest_at, _ = self._store_batch(conn, source, declared, batch, tick, now)
            self._note(conn, before, batch, tick, now, done, newest_at, declared.lateness, sweep=sweep)
            missed = done.new + done.changed if sweep else 0
            counts = {"read_n": batch.read, "new_n": done.new, "changed_n": done.changed, "bad_n": done.bad}
            state.write_poll(conn, source, tick, now, seconds, "ok", **counts, sweep=sweep, missed_n=missed)
            inbox.settle(conn, batch.receipts or (), now)
        self._known.remember(new_slices)
        return done

    def failed(self, source: str, fault: Fault, tick: int, now: datetime, fence: Fence, *, seconds: float = 0.0) -> None:
        """Record that a poll of ``source`` failed, and when it may be tried again. Cursor and watermark stay."""
        cadence = self._source(source).cadence
        with self._store.begin() as conn:
            fence(conn)
            before = state.guard(conn, source, tick)
            state.write(conn, state.failed(before, fault, tick, now, cadence))
            state.write_poll(conn, source, tick, now, seconds, fault.code)

    def replay(self, source: str, remap: Remap, ids: Sequence[str] | None, tick: int, now: datetime, fence: Fence) -> Taken:
        """Read quarantined rows of ``source`` again (``ids`` None: all that are held) and take what can be read now.

        A row that fails just as before stays held; every other one is marked replayed (if it fails in a new way, that is a
        new row of the quarantine).
        """
        declared = self._source(source)
        with self._store.begin() as conn:
            fence(conn)
            before = state.guard(conn, source, tick)
            raw = quarantine.held(conn, source, ids, self._vault)
            if not raw:
                return Taken()
            batch = remap(list(raw.values()))
            done, new_slices, newest_at, still = self._store_batch(conn, source, declared, batch, tick, now)
            quarantine.mark(conn, raw.keys() - still, quarantine.REPLAYED, now)
            self._note(conn, before, batch, tick, now, done, newest_at, declared.lateness, sweep=True)
        self._known.remember(new_slices)
        return done

    @staticmethod
    def _note(
        conn: Connection,
        before: Mapping[str, Any],
        batch: Batch,
        tick: int,
        now: datetime,
        done: Taken,
        newest_at: datetime | None,
        lateness: timedelta,
        *,
        sweep: bool,
    ) -> None:
        state.write(
            conn,
            state.taken(
                before, batch, tick, now, lateness, new=done.new, bad=done.quarantined, newest_at=newest_at, sweep=sweep
            ),
        )

    def _source(self, source: str) -> Source:
        if source not in self._settings.sources:
            raise SourceUnknown(source, tuple(self._settings.sources))
        return self._settings.sources[source]

    def _store_batch(
        self, conn: Connection, source: str, declared: Source, batch: Batch, tick: int, now: datetime
    ) -> tuple[Taken, Any, datetime | None, set[str]]:
        batch = keyed(batch, self._vault)
        known = references.store(conn, _of(batch, Reference), self._vault)
        days = self._settings.retention.minute_rollups_days
        deltas = Deltas(minutes_cut(now, days), self._settings.counts_only)
        aggregates = Aggregates(conn, source, batch.source_now, self._places)
        aggregates.take(_of(batch, Measurement), deltas)
        tools = self._tools(conn, source, declared, batch, tick, now)
        records, out = _fold(conn, batch, tools)
        counts = write.records(conn, records, tools, out, deltas, self._places)
        write.cells(conn, deltas)
        new_slices = self._known.write(conn, deltas.fed(), now)
        bad: list[BadRecord] = [*batch.bad, *aggregates.bad, *out.bad]
        quarantined, ids = quarantine.hold(conn, source, bad, self._vault, now, owner=tools.feedback_source)
        done = Taken(
            counts.new + aggregates.new + known.new,
            counts.changed + aggregates.changed + known.changed,
            out.same + aggregates.same + known.same,
            len(bad),
            len(out.gone),
            quarantined,
        )
        return done, new_slices, out.newest_at, ids

    def _tools(self, conn: Connection, source: str, declared: Source, batch: Batch, tick: int, now: datetime) -> Tools:
        customers = {item.customer for item in _of(batch, Feedback) if item.customer}
        return Tools(
            source=source,
            feedback_source=declared.belongs_to or source,
            pace=declared.pace,
            raw_text=declared.raw_text,
            text_chars=self._settings.limits.text_chars,
            now=now,
            tick=tick,
            clock=max(batch.source_now, now),
            vault=self._vault,
            references=references.load(conn, [self._vault.customer(customer) for customer in customers]),
            policies=policy.load(conn),
            cues=cues.load(conn, now),
        )


def _fold(conn: Connection, batch: Batch, tools: Tools) -> tuple[dict[str, Record], Folded]:
    """Every record that the batch touches, with all its versions folded in the order of delivery."""
    keyed = [(_key(item, tools), item) for item in batch.records if isinstance(item, Feedback | Event)]
    gone = [fold.feedback_key(tools.source, source_id) for source_id in batch.gone]
    records, _erased = ledger.read(conn, [*(key for key, _ in keyed), *gone])
    out = Folded()
    for key, item in keyed:
        if isinstance(item, Feedback):
            fold.fold_feedback(item, records.get(key), tools, out)
        else:
            fold.fold_event(item, records.get(key), tools, out)
    for key in gone:
        fold.fold_gone(records.get(key), tools, out)
    return records, out


def _key(item: Feedback | Event, tools: Tools) -> str:
    return fold.feedback_key(tools.source if isinstance(item, Feedback) else tools.feedback_source, item.source_id)


def _of(batch: Batch, shape: type[Any]) -> Iterable[Any]:
    return [item for item in batch.records if isinstance(item, shape)]
