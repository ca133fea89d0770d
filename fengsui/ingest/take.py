"""Take a batch: rows, roll-ups, cursor and bookkeeping of one poll.

A batch is stored in one transaction, or, where it is so large that a click would wait for it, in several parts
(``parts``): each is complete in itself, and the last one moves the cursor. After ``kill -9`` at any instant the source is
polled again from the committed cursor, and what was stored before counts as ``same``.

All reading, folding and converting is done before a transaction begins. Facts are written only behind the fence, so what was
read before it is still true behind it: had another worker led meanwhile, the fence would refuse.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, select

from connectors.base import BadRecord, Batch, Event, Fault, Feedback, Measurement, Reference
from fengsui.ingest import (
    fold,
    inbox,
    ledger,
    parts,
    policy,
    quarantine,
    references,
    search_index,
    shelf,
    state,
    tag_dims,
    write,
)
from fengsui.ingest.aggregates import Aggregates
from fengsui.ingest.deltas import Deltas, Places, minutes_cut
from fengsui.ingest.fence import Fence
from fengsui.ingest.fold import Folded, Tools
from fengsui.ingest.keys import KeyRing, Vault
from fengsui.ingest.near import Windows
from fengsui.ingest.pause import without_gc
from fengsui.ingest.pending import Pending
from fengsui.ingest.record import Record
from fengsui.ingest.rowids import keyed
from fengsui.ingest.shelf import Shelf
from fengsui.ingest.slices import Fed, Known
from fengsui.ingest.sources import SourceUnknown
from fengsui.ingest.state import Opening
from fengsui.metrics import calendars
from fengsui.settings.model import Settings
from fengsui.settings.source import Source
from fengsui.store.database import reading
from fengsui.text import cues, taxonomy
from fengsui.text.tagger import Tagger

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


@dataclass(frozen=True, slots=True)
class Job:
    """What all parts of a batch have in common."""

    source: str
    declared: Source
    tick: int
    now: datetime
    sweep: bool
    seconds: float = 0.0
    polled: bool = True  # False: a replay of the quarantine, which is no poll


@dataclass(slots=True)
class Tally:
    """What the parts of a batch came to. Keys and not numbers: a record may be touched by several parts."""

    new: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    others_new: int = 0
    others_changed: int = 0
    same: int = 0
    bad: int = 0
    quarantined: int = 0

    def records(self, touched: Iterable[Record]) -> int:
        """How many of ``touched`` are new to the store."""
        arrived = {each.key for each in touched if each.old is None and each.row is not None}
        self.changed |= {each.key for each in touched} - arrived
        self.new |= arrived
        return len(arrived)

    def others(self, counts: Aggregates | references.Counts) -> int:
        self.others_new += counts.new
        self.others_changed += counts.changed
        self.same += counts.same
        return counts.new

    def taken(self) -> Taken:
        return Taken(
            len(self.new) + self.others_new,
            len(self.changed - self.new) + self.others_changed,
            self.same,
            self.bad,
            len(self.gone),
            self.quarantined,
        )


class Ingest:
    """Takes batches for one store. One instance per worker: it remembers which slices are stored."""

    def __init__(self, store: Engine, settings: Settings, keys: KeyRing) -> None:
        self._store, self._settings, self._vault = store, settings, Vault(keys)
        self._places, self._known, self._shelf = Places(settings.cuboids, settings.sparse), Known(), Shelf(settings.centre)
        self._paces: dict[str, parts.Pace] = {}
        self._held_s = parts.WANTED_S if store.dialect.name == "sqlite" else parts.BESIDE_S
        self._near = Windows()

    def prepare(self, now: datetime, fence: Fence) -> None:
        """Seed what ingest reads as definitions (calendar, SLA policy, cue lists) where it is not there, and let deliveries
        wait again whose key is back. Call once at the start."""
        with self._store.begin() as conn:
            fence(conn)
            calendars.seed(conn, self._settings.centre.calendar, self._settings.centre.zone, now)
            policy.seed(conn, self._settings.sla, now)
            cues.seed(conn, now)
            taxonomy.seed(conn, now)
            search_index.prepare(conn)
            inbox.revive(conn, self._vault)
        with reading(self._store).connect() as conn:
            self.tagger(conn, now)  # thousands of corrections are learned before the first tick, not in it

    def tagger(self, conn: Connection, now: datetime) -> Tagger | None:
        """The tagger in force at ``now``, with every correction learned; None while it still learns: ask again in the next
        tick. For the writer's thread."""
        stamp = conn.execute(select(shelf.stamp())).scalar_one()
        tagger = self._shelf.definitions(conn, str(stamp), now)[1]
        return tagger if self._shelf.ready else None

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
        the poll took. Raises ``StaleTick`` for a tick that is past, ``SourceUnknown``, and what ``fence`` raises; then the
        cursor has not moved, and nothing of the part at hand is stored.
        """
        return self._walk(Job(source, self._source(source), tick, now, sweep, seconds), batch, fence).taken()

    def forget_texts(self) -> None:
        """Some were erased: what is held of them goes, too."""
        self._near.forget()

    def failed(self, source: str, fault: Fault, tick: int, now: datetime, fence: Fence, *, seconds: float = 0.0) -> None:
        """Record that a poll of ``source`` failed, and when it may be tried again. Cursor and watermark stay."""
        cadence = self._source(source).cadence
        with self._store.begin() as conn:
            fence(conn)
            opening = state.guard(conn, source, tick)
            pending = Pending(conn.dialect)
            state.write(pending, state.failed(opening.state, fault, tick, now, cadence))
            state.write_poll(pending, opening, tick, now, seconds, fault.code)
            pending.write(conn)

    def replay(self, source: str, remap: Remap, ids: Sequence[str] | None, tick: int, now: datetime, fence: Fence) -> Taken:
        """Read quarantined rows of ``source`` again (``ids`` None: all that are held) and take what can be read now.

        A row that fails just as before stays held; every other one is marked replayed (if it fails in a new way, that is a
        new row of the quarantine).
        """
        job = Job(source, self._source(source), tick, now, sweep=True, polled=False)
        with reading(self._store).connect() as conn:
            state.guard(conn, source, tick)
            raw = quarantine.held(conn, source, ids, self._vault)
        if not raw:
            return Taken()
        return self._walk(job, remap(list(raw.values())), fence, raw.keys()).taken()

    def _walk(self, job: Job, batch: Batch, fence: Fence, replayed: Iterable[str] = ()) -> Tally:
        """Part after part, each made ready and then written; ``replayed``: rows of the quarantine that the batch came from."""
        pace, total = self._paces.setdefault(job.source, parts.Pace(self._held_s)), Tally()
        batch = keyed(batch, self._vault)
        for part, last in _cut(batch, pace):
            with without_gc(), self._near_kept():
                pending, new_slices = self._ready(job, part, total, replayed, last=last)
                held_s = self._write(pending, fence)
            self._known.remember(new_slices)
            pace.learn(len(part.records) + len(part.bad) + len(part.gone), held_s)
        return total

    @contextmanager
    def _near_kept(self) -> Iterator[None]:
        """What is held of texts is of stored ones: a part that was not stored leaves nothing."""
        try:
            yield
        except BaseException:
            self._near.forget()
            raise

    def _write(self, pending: Pending, fence: Fence) -> float:
        """One transaction; for how many seconds it kept others from writing."""
        with self._store.begin() as conn:
            began = time.perf_counter()
            fence(conn)
            pending.write(conn)
        return time.perf_counter() - began

    def _ready(self, job: Job, part: Batch, total: Tally, replayed: Iterable[str], *, last: bool) -> tuple[Pending, Fed]:
        """Everything that this part will write. Reads only."""
        with reading(self._store).connect() as conn:
            opening = state.guard(conn, job.source, job.tick)
            pending = Pending(conn.dialect)
            done, new_slices = self._store_part(conn, pending, job, part, opening, total)
        if last:
            quarantine.mark(pending, set(replayed) - total.held, quarantine.REPLAYED, job.now)
            pending.then(lambda conn: inbox.settle(conn, part.receipts or (), job.now))
        self._note(pending, job, part, opening, done, total, last=last)
        return pending, new_slices

    @staticmethod
    def _note(pending: Pending, job: Job, part: Batch, opening: Opening, done: PartDone, total: Tally, *, last: bool) -> None:
        """The source's state; cursor, watermark and the row of the poll only with the last part."""
        still, lateness = job.sweep or not last, job.declared.lateness
        after = state.taken(
            opening.state,
            part,
            job.tick,
            job.now,
            lateness,
            new=done.new,
            bad=done.quarantined,
            newest_at=done.newest_at,
            sweep=still,
        )
        state.write(pending, after)
        if last and job.polled:
            taken = total.taken()
            missed = taken.new + taken.changed if job.sweep else 0
            counts = {"read_n": part.read, "new_n": taken.new, "changed_n": taken.changed, "bad_n": taken.bad}
            state.write_poll(pending, opening, job.tick, job.now, job.seconds, "ok", **counts, sweep=job.sweep, missed_n=missed)

    def _source(self, source: str) -> Source:
        if source not in self._settings.sources:
            raise SourceUnknown(source, tuple(self._settings.sources))
        return self._settings.sources[source]

    def _store_part(
        self, conn: Connection, pending: Pending, job: Job, part: Batch, opening: Opening, total: Tally
    ) -> tuple[PartDone, Fed]:
        known, fresh, unkept = references.store(conn, pending, _of(part, Reference), self._vault)
        days = self._settings.retention.minute_rollups_days
        deltas = Deltas(minutes_cut(job.now, days), self._settings.counts_only)
        aggregates = Aggregates(conn, pending, job.source, part.source_now, self._places)
        aggregates.take(_of(part, Measurement), deltas)
        tools = self._tools(conn, job, part, opening, fresh)
        if fresh:
            self._shelf.forget_references()
        records, out = _fold(conn, part, tools)
        touched = write.records(conn, pending, records, tools, out, deltas, self._places, self._near)
        new_slices = self._known.write(pending, deltas.fed(), job.now)
        bad: list[BadRecord] = [*part.bad, *unkept, *aggregates.bad, *out.bad]
        quarantined, ids = quarantine.hold(conn, pending, job.source, bad, self._vault, job.now, owner=tools.feedback_source)
        new = total.records(touched) + total.others(aggregates) + total.others(known)
        total.same, total.bad, total.quarantined = total.same + out.same, total.bad + len(bad), total.quarantined + quarantined
        total.gone |= out.gone
        total.held |= ids
        return PartDone(new, quarantined, out.newest_at), new_slices

    def _tools(self, conn: Connection, job: Job, part: Batch, opening: Opening, fresh: Sequence[references.Row]) -> Tools:
        customers = {item.customer for item in _of(part, Feedback) if item.customer}
        known = self._shelf.references(conn, [self._vault.customer(customer) for customer in customers])
        sla, tagger = self._shelf.definitions(conn, opening.definitions, job.now)
        return Tools(
            source=job.source,
            feedback_source=job.declared.belongs_to or job.source,
            pace=job.declared.pace,
            raw_text=job.declared.raw_text,
            text_chars=self._settings.limits.text_chars,
            now=job.now,
            tick=job.tick,
            clock=max(part.source_now, job.now),
            read_to=opening.state["watermark"] if opening.state["backfilled"] and not job.sweep else None,
            vault=self._vault,
            references=references.References([*known, *fresh], self._settings.centre.zone),
            sla=sla,
            tagger=tagger,
            as_dims=tag_dims.as_dims(self._settings),
            living=self._shelf.topics(conn),
        )


@dataclass(frozen=True, slots=True)
class PartDone:
    """For the state of the source: rows new to the store, bad ones never seen before, the newest record."""

    new: int
    quarantined: int
    newest_at: datetime | None


def _cut(batch: Batch, pace: parts.Pace) -> Iterator[tuple[Batch, bool]]:
    """The parts of ``batch``, each with whether it is the last; an empty batch is one part."""
    todo, at = parts.items(batch), 0
    if len(todo) <= pace.rows:
        yield batch, True
        return
    while at < len(todo):
        some = todo[at : at + pace.rows]
        at += len(some)
        yield parts.part_of(batch, some), at >= len(todo)


def _fold(conn: Connection, batch: Batch, tools: Tools) -> tuple[dict[str, Record], Folded]:
    """Every record that the batch touches, with all its versions folded in the order of delivery."""
    by_key = [(_key(item, tools), item) for item in batch.records if isinstance(item, Feedback | Event)]
    gone = [fold.feedback_key(tools.source, source_id) for source_id in batch.gone]
    records, _erased = ledger.read(conn, [*(key for key, _ in by_key), *gone])
    out = Folded()
    for key, item in by_key:
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
