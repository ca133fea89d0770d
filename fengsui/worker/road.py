"""One tick along the road: journal, take, judge, alert, tell, draw. The live worker and replay both walk it.

A fault in one room is written into the tick's row, and the next room has its turn all the same; only lost leadership and a
store that cannot be written end the tick at once. Nothing here reads a clock but the stopwatch of ``tick.seconds``.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Engine as Store
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from connectors.base import Fault
from fengsui.engine import Advance
from fengsui.settings import Settings
from fengsui.store.database import reading
from fengsui.store.faults import code_of, kind_of
from fengsui.store.leadership import LostLeadership
from fengsui.store.tables import verdict, watermark
from fengsui.worker import journal, sources
from fengsui.worker.chores import Chores
from fengsui.worker.easel import Easel
from fengsui.worker.feed import Feed
from fengsui.worker.journal import Entry, Fence, Trouble
from fengsui.worker.poller import Fetched
from fengsui.worker.rooms import Rooms

log = logging.getLogger(__name__)

FenceOf: TypeAlias = Callable[[datetime], Fence]

MAX_PAIRS = 120
"""Advances in one tick: two hours of catching up. A count and not a time, so that a replay does the same."""
TAKE_S = 2.0
"""How long one tick takes batches while history is read; then the picture is drawn, and the next tick goes on."""
GAP = timedelta(seconds=60)
"""A worker that slept longer believes no watermark until every source has been polled again."""
SETTLE_S = 60.0
"""But it does not wait longer for one that hangs."""


@dataclass(slots=True)
class TickCounts:
    """What one tick did. ``waiting``: batches left in the queue. ``held``: why nothing was judged, if so."""

    tick: int
    now: datetime
    batches: int = 0
    read: int = 0
    new: int = 0
    changed: int = 0
    bad: int = 0
    steps: int = 0
    verdicts: int = 0
    pairs: int = 0
    transitions: int = 0
    sent: int = 0
    waiting: int = 0
    held: str | None = None
    lag_s: float | None = None
    more: bool = False
    seconds: float = 0.0
    series: dict[str, int] = field(default_factory=dict)
    schedule: dict[str, Any] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """For ``tick.counts``: what is not nothing."""
        left_out = ("tick", "now", "troubles", "seconds")
        return {name: value for name, value in asdict(self).items() if name not in left_out and value}


class Road:
    """Walks ticks. One thread only. ``fence_of(now)`` gives the fence of the leader's transactions.

    ``judge_at_once`` (replay, tests): polls are made in line before each tick, so no source can be asleep. ``missed``: what
    the scheduler could not run as planned. ``clock``: dates the pictures drawn in a long warm-up. ``stopping``: asked
    in long work; once true, ``tick`` raises ``Interrupted`` and the next worker finishes what was begun.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        rooms: Rooms,
        feed: Feed,
        fence_of: FenceOf,
        *,
        chores: Chores | None = None,
        judge_at_once: bool = False,
        draw: bool = True,
        missed: Callable[[], Mapping[str, Any]] = dict,
        clock: Callable[[], datetime] | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._settings = settings
        self._rooms = rooms
        self._feed = feed
        self._fence_of = fence_of
        self.chores = chores or Chores()
        self._judge_at_once = judge_at_once
        self._easel = Easel() if draw else None
        self._missed = missed
        self._clock = clock
        self._stopping = stopping
        self._last: datetime | None = None
        self._awake_since: datetime | None = None
        self._backfilling = True
        self._finished: journal.Entry | None = None
        self._alerts_even = False

    def tick(self, now: datetime) -> TickCounts:
        """Finish what was left half-way, with its own ``now``; then one new tick. Raises ``LostLeadership``."""
        last, self._finished = self._finished, None
        left = journal.unfinished(self._store) if last is None else None
        if left is not None:
            log.warning("tick %d was left unfinished: finishing it", left.tick)
            self._finish(left)
        self._notice_gap(now)
        entry = journal.begin(self._store, now, self._fence_of(now), last)
        counts = self._walk(entry)
        self._finished = entry
        return counts

    # --- the steps of a tick -------------------------------------------------------------------------------------

    def _walk(self, entry: Entry) -> TickCounts:
        counts, began = TickCounts(entry.tick, entry.now), time.perf_counter()
        fence = self._fence_of(entry.now)
        self._take_all(entry, fence, counts)
        with self._room("requests", counts):
            self.chores.step(entry.tick, entry.now, fence)
        counts.held = self._held(entry.now)
        self._judge(entry, fence, counts, held=counts.held is not None)
        self._tell(entry, fence, counts)
        counts.waiting, counts.schedule = self._feed.waiting(), dict(self._missed())
        counts.seconds = time.perf_counter() - began
        journal.finish(self._store, entry, counts.seconds, counts.row(), counts.troubles, fence)
        return counts

    def _finish(self, entry: Entry) -> None:
        """Nothing is taken for it: its batches died with the worker that fetched them, and their cursors never moved. One that
        had written nothing is only closed: the next tick, which has the batches, judges in its stead."""
        counts, began = TickCounts(entry.tick, entry.now), time.perf_counter()
        fence = self._fence_of(entry.now)
        if journal.has_written(self._store, entry):
            self._judge(entry, fence, counts, held=self._is_backfilling(entry.now))
            self._tell(entry, fence, counts)
        journal.finish(self._store, entry, time.perf_counter() - began, counts.row(), counts.troubles, fence)

    def _take_all(self, entry: Entry, fence: Fence, counts: TickCounts) -> None:
        began = time.perf_counter()
        while time.perf_counter() - began < TAKE_S or self._judge_at_once:
            fetched = self._feed.next(entry.now)
            if fetched is None:
                return
            try:
                with self._room("ingest", counts, source=fetched.source):
                    self._take(fetched, entry, fence, counts)
            finally:
                self._feed.taken(fetched)

    def _take(self, fetched: Fetched, entry: Entry, fence: Fence, counts: TickCounts) -> None:
        if fetched.batch is None:
            self._rooms.failed(fetched, entry.tick, entry.now, fence)
            return
        taken = self._rooms.take(fetched, entry.tick, entry.now, fence)
        counts.batches += 1
        counts.read += fetched.batch.read
        counts.new += taken.new
        counts.changed += taken.changed
        counts.bad += taken.bad

    def _judge(self, entry: Entry, fence: Fence, counts: TickCounts, *, held: bool) -> None:
        """Pairs of transaction 1 and, where it speaks, transaction 2 until nothing advances; alerts have their turn in every
        tick, for their clocks run when nothing comes. They are behind the engine only where a worker died between the two."""
        told = not self._alerts_even and self._alerts_behind() and self._alert(entry, fence, counts)
        counts.more = not held and self._warm(entry, fence, counts)
        while counts.more and counts.pairs < MAX_PAIRS:
            done = self._advance(entry, fence, counts)
            if done is None or done.steps == 0:
                counts.more = False
                break
            counts.pairs += 1
            told = done.speaks and self._alert(entry, fence, counts)
            counts.more = done.more and (told or not done.speaks)
            if counts.more and self._stopping():
                raise Interrupted
        if not told:
            self._alert(entry, fence, counts)
        counts.series = self._rooms.engine.counts()

    def _warm(self, entry: Entry, fence: Fence, counts: TickCounts) -> bool:
        """Learn history where there is some to learn. It may take half a minute, so the wall is drawn on the way."""
        with self._room("engine", counts):
            warmed = self._rooms.engine.warm(entry.now, fence, lambda done, of: self._still_here(entry, counts))
            counts.troubles += [Trouble("engine", notice.code, notice.params) for notice in warmed.notices]
            return True
        return False

    def _still_here(self, entry: Entry, counts: TickCounts) -> None:
        if self._stopping():
            raise Interrupted
        if self._clock is not None and not any(one.room == "board" for one in counts.troubles):
            now = self._clock()
            self._picture(entry.tick, now, self._fence_of(now), counts, reading=True)

    def _advance(self, entry: Entry, fence: Fence, counts: TickCounts) -> Advance | None:
        self._alerts_even = False
        with self._room("engine", counts):
            done = self._rooms.engine.advance(entry.tick, entry.now, fence)
            counts.steps += done.steps
            counts.verdicts += done.verdicts
            counts.lag_s = done.lag_s
            counts.troubles += [Trouble("engine", notice.code, notice.params) for notice in done.notices]
            return done
        return None

    def _alert(self, entry: Entry, fence: Fence, counts: TickCounts) -> bool:
        self._alerts_even = False
        with self._room("alerts", counts):
            counts.transitions += self._rooms.alert(entry.tick, entry.now, fence)
            self._alerts_even = True
        return self._alerts_even

    def _tell(self, entry: Entry, fence: Fence, counts: TickCounts) -> None:
        with self._room("notify", counts):
            counts.sent = self._rooms.deliver(entry.now, fence)
        self._picture(entry.tick, entry.now, fence, counts, reading=counts.held == "backfill")

    def _picture(self, tick: int, now: datetime, fence: Fence, counts: TickCounts, *, reading: bool) -> None:
        if self._easel is None:
            return
        self._easel.touch(bool(counts.new or counts.changed or counts.transitions or counts.verdicts))
        if not self._easel.is_due(now, reading=reading):
            return
        began = time.perf_counter()
        with self._room("board", counts):
            self._rooms.draw(tick, now, fence)
        self._easel.done(now, time.perf_counter() - began)

    @contextmanager
    def _room(self, room: str, counts: TickCounts, **subject: str) -> Iterator[None]:
        """The boundary between rooms: whatever goes wrong inside is written down, and the tick goes on."""
        try:
            yield
        except LostLeadership:
            raise
        except Exception as fault:  # a bug in one room must not silence the others; the row says which and what
            if isinstance(fault, DBAPIError) and kind_of(fault) in UNUSABLE:
                raise
            log.error("tick %d: %s: %s\n%s", counts.tick, room, type(fault).__name__, _where(fault))
            counts.troubles.append(_trouble(room, fault, subject))

    # --- when nothing is judged ----------------------------------------------------------------------------------

    def _held(self, now: datetime) -> str | None:
        """Nothing is judged while first history is read, nor after a sleep until every source has been asked again: their
        old watermarks would look like stalled sources."""
        if self._is_backfilling(now):
            return "backfill"
        if self._judge_at_once or self._awake_since is None or (now - self._awake_since).total_seconds() >= SETTLE_S:
            return None
        return None if sources.live(self._settings) <= self._feed.settled else "asleep"

    def _is_backfilling(self, now: datetime) -> bool:
        if self._backfilling:
            with reading(self._store).connect() as conn:
                self._backfilling = sources.backfilling(conn, self._settings, now)
        return self._backfilling

    def _notice_gap(self, now: datetime) -> None:
        if self._last is None or now - self._last > GAP:
            self._feed.settled.clear()
            self._awake_since = now
        self._last = now

    def _alerts_behind(self) -> bool:
        done = select(watermark.c.seq).where(watermark.c.name == "alerts").scalar_subquery()
        with reading(self._store).connect() as conn:
            newest, seq = conn.execute(select(func.max(verdict.c.seq), done)).one()
        return int(newest or 0) > int(seq or 0)


UNUSABLE = ("away", "full", "read_only", "damaged")
"""States of the store in which no room can write: the tick stays open and is finished when the store is back."""


class Interrupted(BaseException):
    """The worker ends in the middle of a tick, at a commit: no fault, and no boundary may take it for one."""


def _where(fault: Exception) -> str:
    """The lines it came through, without its text: a driver's message quotes rows, and with them customers' words."""
    return "".join(traceback.format_tb(fault.__traceback__))


def _trouble(room: str, fault: Exception, subject: Mapping[str, str]) -> Trouble:
    """Faults bring their code; anything else is named by its type, never by its text, which may hold customers' words."""
    if isinstance(fault, Fault):
        return Trouble(room, fault.code, {**fault.params, **subject})
    if isinstance(fault, DBAPIError) and (code := code_of(fault)) is not None:
        return Trouble(room, code, subject)
    return Trouble(room, "worker.room.broken", {"kind": type(fault).__name__, **subject})
