"""The embedded engine: transaction 1 of a tick (docs/engine.md).

``advance`` closes one step per series, all at the same instant, and goes on while nothing in them speaks; it commits their
states, their verdicts and ``watermark['engine']`` together. Detectors stay in memory between ticks; when the watermark in
the store is not the one that this engine wrote, another one was here (or this one died before its commit), and everything
is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy import Engine as Store

from fengsui.engine import changes, corrected, plan, school, state, tail, verdicts, warm
from fengsui.engine.closing import Stretch
from fengsui.engine.family import STEP
from fengsui.engine.live import Build, Live, Roster, build_detector, carry_over, resume
from fengsui.engine.marks import Ahead, Feeders, View, see
from fengsui.engine.notice import Notice, notices_of
from fengsui.engine.planned import Planned
from fengsui.engine.pools import Pools
from fengsui.engine.readings import Announced, Clock, Maker, announced
from fengsui.engine.relearn import Relearning
from fengsui.engine.said import Said, stretches
from fengsui.engine.warm import Judged, Span
from fengsui.metrics.catalogue import metric_of
from fengsui.settings import Settings
from fengsui.store.database import reading as for_reading
from fengsui.store.slices import bucket, bucket_start
from fengsui.store.tables import series, verdict, watermark
from fengsui.store.upsert import upsert

NAME = "engine"
NO_TICK = -1
STRETCH = 120
"""Most instants of one transaction: a click must not wait long for its turn."""
POOLS_AT_ONCE = 2

_MOVE = update(watermark).where(watermark.c.name == NAME, watermark.c.seq == bindparam("mine"))

Fence: TypeAlias = Callable[[Connection], None]
Progress: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Advance:
    """``seq``: number of the newest closed instant. ``steps`` closed and ``verdicts`` stored by this call. ``lag_s``: from the
    end of the newest closed step to ``now``. ``more``: another step can be closed at once. ``speaks``: transaction 2 has
    something to look at."""

    seq: int
    steps: int
    verdicts: int
    lag_s: float | None
    more: bool
    speaks: bool
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Warmed:
    """Head series, those that are ready to judge, and those that no source has fed yet."""

    series: int
    ready: int
    cold: int
    notices: tuple[Notice, ...] = ()


class Engine:
    """The default engine, in process. One writer: call it from one thread only.

    ``keep_states`` False (replay in a scratch store): states are not written, so nothing can be resumed, and what is planned
    is looked at each quarter of an hour, for nobody edits a rule there.
    """

    def __init__(self, store: Store, settings: Settings, build: Build = build_detector, *, keep_states: bool = True) -> None:
        self._store = store
        self._looking = for_reading(store)
        self._settings = settings
        self._paces = {name: source for name, source in settings.sources.items() if source.enabled}
        self._build = build
        self._keep_states = keep_states
        self._rhythm = 1 if keep_states else 15
        self._clock = Clock(settings.centre.zone, settings.centre.calendar)
        self._roster: Roster | None = None
        self._pools = Pools()
        self._seq = 0
        self._at: datetime | None = None
        self._prepared = -1
        self._settled: changes.Stamp | None = None
        self._waits_for_plan = False
        self._view: View | None = None
        self._ahead = Ahead()
        self._feeders = Feeders()
        self._relearning = Relearning(store, keep_states, settings.retention.minute_rollups_days)

    # --- what the road calls -------------------------------------------------------------------------------------

    def warm(self, now: datetime, fence: Fence, progress: Progress | None = None) -> Warmed:
        """Plan, and bring every series that has no state up to the present, one transaction each."""
        notices = self._prepare(now, fence, progress)
        return Warmed(**self.counts(), notices=notices)

    def advance(self, tick: int, now: datetime, fence: Fence) -> Advance:
        """Close the next step of every series for which its sources are complete; quiet steps several at once. Raises
        ``LostLeadership`` from ``fence``."""
        notices = self._prepare(now, fence, None)
        closing, view = self._closable(tick, now)
        if not closing:
            return self._result(Stretch(), now, notices)
        try:
            done = self._commit(closing, view, tick, fence)
        except BaseException:  # recovery: detectors in memory have learned what was not committed, so they are read anew
            self._roster = None
            raise
        left_out = tuple(Notice("engine.reading.refused", {"series": key}) for key in sorted(done.refused))
        return self._result(done, now, (*notices, *left_out))

    def counts(self) -> dict[str, int]:
        """For the tick row: head series, those that are ready, those still without a warmed detector."""
        lives = self._lives()
        return {
            "series": len(lives),
            "ready": sum(one.ready for one in lives),
            "cold": sum(one.last_end is None for one in lives),
        }

    # --- planning and warming ------------------------------------------------------------------------------------

    def _prepare(self, now: datetime, fence: Fence, progress: Progress | None) -> tuple[Notice, ...]:
        """Once a minute: plan when due, warm what is new."""
        if self._roster is None:
            self._reload(now)
        if self._prepared == bucket(now, self._rhythm):
            return ()
        with self._looking.connect() as conn:
            stamp = changes.stamp(conn, now)
        changed = stamp is None or stamp != self._settled
        notices = self._plan(now, fence) if changed else ()
        self._warm_cold(now, fence, progress)
        self._warm_pools(now, fence)
        learning = changed and self._relearn(now, fence)
        if self._keep_states:  # a replay's verdicts are shown to nobody afterwards
            self._compare(now, fence)
        self._prepared = bucket(now, self._rhythm)
        self._settled = None if learning or self._waits_for_plan else stamp
        return notices

    def _plan(self, now: datetime, fence: Fence) -> tuple[Notice, ...]:
        with self._looking.connect() as conn:
            self._clock.renew(conn, now)
            tag, self._waits_for_plan = plan.due(conn, now)
        if tag is None:
            return ()
        with self._store.begin() as conn:
            fence(conn)
            made = plan.make(conn, now, self._settings.engine.max_head_series)
            plan.save(conn, made, tag, now)
            state.forget(conn, sorted(state.keys(conn) - made.keys()))
        self._reload(now, before=self._known())
        return notices_of(made, self._known().refused)

    def _warm_cold(self, now: datetime, fence: Fence, progress: Progress | None) -> None:
        cold = self._known().cold()
        if not cold:
            return
        view = self._see(NO_TICK, now, cold)
        with self._looking.connect() as conn:
            plans = [one for live in cold if (one := self._history_of(conn, live, view, now)) is not None]
        steps = sum(span.steps for _, spans, _ in plans for span in spans)
        pupils = school.pupils_for(steps) if self._keep_states else 0
        try:
            with closing(school.teach(self._lessons(plans), pupils)) as answers:
                for n, answer in enumerate(answers, start=1):
                    self._keep(answer, now, fence)
                    if progress is not None:
                        progress(n, len(plans))
        except BaseException:  # recovery: the next advance reads the roster from the store, which has what was committed
            self._roster = None
            raise

    def _keep(self, answer: school.Answer, now: datetime, fence: Fence) -> None:
        lesson, found = answer
        school.take_over(lesson, found)
        with self._store.begin() as conn:
            fence(conn)
            self._save_warm(conn, lesson.live, lesson.end, found.judged, now)

    def _history_of(self, conn: Connection, live: Live, view: View, now: datetime) -> tuple[Live, list[Span], int] | None:
        """What a series has to learn, and up to when; ``None`` where none of its sources has delivered yet."""
        end = self._start_of(live, view)
        if end is None:
            return None
        first = warm.first_bucket(conn, live.planned, end)
        cut = warm.minute_cut(now, self._settings.retention.minute_rollups_days)
        return live, warm.spans(first, end, live.minutes, cut), end

    def _lessons(self, plans: Iterable[tuple[Live, list[Span], int]]) -> Iterator[school.Lesson]:
        for live, spans, end in plans:
            with self._looking.connect() as conn:
                lesson = school.Lesson(live, tuple(warm.history(conn, live.planned, spans)), end)
            yield lesson

    def _save_warm(self, conn: Connection, live: Live, end: int, judged: Sequence[Judged], now: datetime) -> None:
        upsert(conn, verdict, [verdicts.row(reading.complete, found, warm.WARM_SEQ, 0) for reading, found in judged], update=())
        if self._keep_states:
            if live.relearn_to is None:
                tail.forget(conn, live.planned.series)
            state.save(conn, {live.planned.series: live.whole()})
        if live.ready:
            state.mark_ready(conn, [live.planned.series], bucket_start(end))
        if live.relearn_to is not None:
            state.relearned(conn, live.planned.series, now)

    def _start_of(self, live: Live, view: View) -> int | None:
        """Where live judging begins: where its old state stood, else at the newest closed instant, else where its sources
        are."""
        until = view.until(live)
        if live.relearn_to is not None or until is None:
            return live.relearn_to
        end = until if self._at is None else min(until, bucket(self._at, 1))
        return end - end % live.minutes

    def _warm_pools(self, now: datetime, fence: Fence) -> None:
        """Pools without a state learn from their children's history, once their parent can judge; one transaction each, a few
        a minute, for the wall waits meanwhile."""
        for pooled in self._pools.cold(self._known().lives)[:POOLS_AT_ONCE]:
            with self._looking.connect() as conn:
                pooled.learn(conn, self._known().lives[pooled.family.parent], self._clock, stretches(conn, now))
            with self._store.begin() as conn:
                fence(conn)
                if self._keep_states:
                    state.save(conn, pooled.whole())

    def _relearn(self, now: datetime, fence: Fence) -> bool:
        """One series a minute of those whose past somebody has judged since they learned it."""

        def anew(planned: Planned, events: Sequence[Announced], said: Sequence[Said]) -> Live:
            detector = self._build(planned.rule.detector, planned.rule.parameters)
            return Live(planned, detector, self._maker(planned, events, said))

        return self._relearning.step(self._lives(), anew, now, fence, self._pools, self._clock)

    def _compare(self, now: datetime, fence: Fence) -> None:
        """Once an hour: which judged windows have moved since, by rows that came late."""
        if not corrected.due(now):
            return
        with self._looking.connect() as conn:
            moved = corrected.found(conn, now)
        if moved:
            with self._store.begin() as conn:
                fence(conn)
                corrected.mark(conn, moved)

    # --- closing steps -------------------------------------------------------------------------------------------

    def _closable(self, tick: int, now: datetime) -> tuple[list[Live], View]:
        earliest = self._known().next_end()
        if earliest is None or earliest > bucket(now, 1):
            return [], View(tick, bucket(now, 1), {})
        if self._view is None or self._view.tick != tick:
            self._view = self._see(tick, now, self._lives())
        return self._view.closable(self._lives()), self._view

    def _commit(self, closing: list[Live], view: View, tick: int, fence: Fence) -> Stretch:
        """Close instants in one transaction until one of them speaks: only then has transaction 2 something to do, so catching
        up over quiet hours costs a commit and gives what a commit per minute would."""
        lives, resting = self._lives(), self._known().resting
        done = Stretch(wholes=dict(resting) if self._keep_states else {})
        with self._store.begin() as conn:
            fence(conn)
            watched = verdicts.watched(conn)
            while closing and not done.speaks and done.instants < STRETCH:
                self._close(conn, closing, lives, view, tick, watched, done)
                closing = view.closable(lives)
            done.more = bool(closing)
            at = max(done.at, self._at or done.at)
            self._move(conn, at, self._seq + done.instants, tick)
            done.write(conn)
        resting.clear()
        self._seq, self._at = self._seq + done.instants, at
        return done

    def _close(
        self,
        conn: Connection,
        closing: Sequence[Live],
        lives: Sequence[Live],
        view: View,
        tick: int,
        watched: frozenset[str],
        done: Stretch,
    ) -> None:
        """One step of each of ``closing``, all at the same instant."""
        instant, seq = closing[0].next_end, self._seq + done.instants + 1
        if instant is None:
            raise AssertionError("a series without a state cannot be closed")
        self._ahead.read(conn, lives, view, instant)
        judged = done.close(closing, self._ahead, view, instant, watched, (seq, tick))
        self._note_ready(conn, closing, judged)
        if self._keep_states:
            done.keep(closing, judged, lives, instant, seq)
        if instant % STEP == 0:
            self._close_pools(conn, instant, {found.series: (reading, found) for reading, found in judged}, tick, watched, done)

    def _close_pools(
        self, conn: Connection, instant: int, judged: Mapping[str, Judged], tick: int, watched: frozenset[str], done: Stretch
    ) -> None:
        """The children of those parents that have closed a quarter of an hour."""
        closing = self._pools.closing(instant, judged)
        found = self._pools.close(conn, closing, instant, judged, self._clock, watched)
        if self._keep_states:
            done.pools |= {one.family.key: one for one in closing}
        done.speaks |= any(verdicts.speaks(one, watched) for _, one in found)
        done.rows += [verdicts.row(complete, one, self._seq + done.instants, tick) for complete, one in found]

    def _note_ready(self, conn: Connection, closing: Sequence[Live], judged: Sequence[Judged]) -> None:
        fresh = [live for live, (_, found) in zip(closing, judged, strict=True) if found.ready and not live.ready]
        for live in fresh:
            live.ready = True
        if fresh:
            state.mark_ready(conn, [live.planned.series for live in fresh], judged[0][1].end)

    # --- memory and store ----------------------------------------------------------------------------------------

    def _move(self, conn: Connection, at: datetime, seq: int, tick: int) -> None:
        """The watermark moves from where this engine left it, or the whole transaction is undone."""
        values = {"at": at, "seq": seq, "tick": tick}
        if conn.execute(_MOVE, {**values, "mine": self._seq}).rowcount:
            return
        if self._seq or _mark(conn)[1]:
            raise Overtaken(f"advance {self._seq + 1} was made by another engine")
        conn.execute(insert(watermark), {"name": NAME, **values})

    def _reload(self, now: datetime, before: Roster | None = None) -> None:
        """Take plan, position and states from the store; detectors of ``before`` that stay in the plan are kept."""
        with self._looking.connect() as conn:
            self._at, self._seq = _mark(conn)
            planned = plan.load(conn, now)
            events, said = announced(conn, now), stretches(conn, now)
            ready = set(conn.execute(select(series.c.series).where(series.c.ready)).scalars())
            roster, cold = Roster(), set()
            for one in (one for one in planned if one.rule.role == "head"):
                live = roster.add(one, self._build, self._maker(one, events, said))
                if live is not None and not carry_over(live, (before or Roster()).lives.get(one.series)):
                    live.ready = one.series in ready
                    cold.add(one.series)
            pools = Pools.of(planned, self._pools if before is not None else Pools())
            for key, stored in state.load(conn, cold | set(pools.unlearned())):
                if key in cold:
                    resume(roster.lives[key], stored)
                else:
                    pools.resume(key, stored)
        roster.rest(before or Roster())
        self._pools, self._roster, self._view, self._ahead, self._prepared = pools, roster, None, Ahead(), -1
        self._settled = None

    def _maker(self, planned: Planned, events: Sequence[Announced], said: Sequence[Said]) -> Maker:
        return Maker(planned, self._clock, events, metric_of(planned.rule.metric).shape, said)

    def _see(self, tick: int, now: datetime, lives: Sequence[Live]) -> View:
        with self._looking.connect() as conn:
            return see(conn, lives, tick, now, self._paces, self._feeders)

    def _known(self) -> Roster:
        return self._roster if self._roster is not None else Roster()

    def _lives(self) -> list[Live]:
        return list(self._known().lives.values())

    def _result(self, done: Stretch, now: datetime, notices: tuple[Notice, ...]) -> Advance:
        lag = None if self._at is None else (now - self._at).total_seconds()
        return Advance(self._seq, done.steps, len(done.rows), lag, done.more, done.speaks, notices)


class Overtaken(Exception):
    """The store is ahead of this engine's memory; the next advance starts from the store."""


def _mark(conn: Connection) -> tuple[datetime | None, int]:
    row = conn.execute(select(watermark.c.at, watermark.c.seq).where(watermark.c.name == NAME)).first()
    return (None, 0) if row is None else (row.at, row.seq)
