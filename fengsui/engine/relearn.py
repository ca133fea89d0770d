"""Series, and then the pooled tests, whose past somebody has judged learn it again, one a minute; until then each goes on
with what it knew.

``watermark['said']`` says up to when everything that people said has been learned: a worker that was killed begins the rest
again, and a series that learns twice learns the same.

A long history is learned by a pupil: ask in one minute, take the answer over in a later one, with the steps since. The writer
closes minutes meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import Connection, insert, select
from sqlalchemy import Engine as Store

from detectors import registry
from fengsui.engine import school, state, warm
from fengsui.engine.family import STEP
from fengsui.engine.live import Live
from fengsui.engine.planned import Planned
from fengsui.engine.pools import Pooled, Pools
from fengsui.engine.readings import Announced, Clock, announced
from fengsui.engine.said import Said, stretches
from fengsui.store.database import reading as for_reading
from fengsui.store.slices import bucket_start, slice_levels
from fengsui.store.tables import audit, watermark
from fengsui.store.upsert import upsert

log = logging.getLogger(__name__)

NAME = "said"
FEW = 1_500
"""Steps that are learned at once: less than a second."""
PATIENCE = timedelta(minutes=10)
"""A pupil that has not answered by then counts as dead."""
Anew: TypeAlias = Callable[[Planned, Sequence[Announced], Sequence[Said]], Live]
"""The series as one that has learned nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """``until``: the newest word that the lesson knows."""

    work: school.Homework
    until: datetime | None
    at: datetime

    def fits(self, live: Live, until: datetime | None) -> bool:
        """Whether the answer is about this series as it is now, and few steps behind it."""
        lesson, end = self.work.lesson, live.last_end
        same = lesson.live.planned == live.planned and self.until == until and end is not None
        return same and 0 <= (end or 0) - lesson.end <= FEW * live.minutes


@dataclass
class Relearning:
    """``_done``: series that have learned what was said up to ``_until``."""

    store: Store
    keep_states: bool
    minute_days: int
    _done: set[str] = field(default_factory=set)
    _until: datetime | None = None
    _pupil: school.Pupil | None = None
    _asked: Asked | None = None

    def step(
        self,
        lives: Sequence[Live],
        anew: Anew,
        now: datetime,
        fence: Callable[[Connection], None],
        pools: Pools | None = None,
        clock: Clock | None = None,
    ) -> bool:
        """False: nothing was said that somebody has still to learn."""
        if self._asked is not None and not self._asked.work.done and now - self._asked.at < PATIENCE:
            return True
        asked, self._asked = self._asked, None
        with for_reading(self.store).connect() as conn:
            said = stretches(conn, now)
            live, fresh = self._next(conn, said, lives)
            if live is None or live.last_end is None:
                self._send_home()
                if fresh is not None and not self._pool(conn, pools, clock, said, lives, fence, now):
                    self._finish(fresh, fence)
                return fresh is not None
            learner, end = anew(live.planned, announced(conn, now), said), live.last_end
            answer = self._answer(conn, learner, end, asked) if asked is not None and asked.fits(live, fresh) else None
            if answer is None:
                lesson = self._lesson(conn, learner, end, now)
                if self._worth_asking(lesson, asked) and self._ask(lesson, fresh, now):
                    return True
            found = answer or school.taught(lesson)
        series = live.planned.series
        with self.store.begin() as conn:
            fence(conn)
            if self.keep_states:
                state.save(conn, {series: state.Whole(found.text, bucket_start(end))})
            conn.execute(insert(audit).values(at=now, by="machine", action="engine.said.learned", params={"series": series}))
        live.detector, live.maker, live.ready, live.whole_end = learner.detector, learner.maker, found.ready, end
        self._done.add(series)
        if answer is not None:  # the pupil is free: still one series a minute
            self.step(lives, anew, now, fence, pools, clock)
        return True

    def _pool(
        self,
        conn: Connection,
        pools: Pools | None,
        clock: Clock | None,
        said: Sequence[Said],
        lives: Sequence[Live],
        fence: Callable[[Connection], None],
        now: datetime,
    ) -> bool:
        """One pooled test whose past somebody has judged learns it again; False where none waits."""
        since = conn.execute(select(watermark.c.at).where(watermark.c.name == NAME)).scalar()
        fresh = [one for one in said if since is None or one.at > since]
        parents = {one.planned.series: one for one in lives if one.last_end is not None}
        if pools is None or clock is None:
            return False
        for key, pooled in sorted(pools.known.items()):
            parent = parents.get(pooled.family.parent)
            if parent is None or key in self._done or not pooled.touched(parent, fresh):
                continue
            learner = Pooled(pooled.family, registry.pool(STEP * 60))
            learner.adopt()
            learner.learn(conn, parent, clock, said)
            with self.store.begin() as writing:
                fence(writing)
                if self.keep_states:
                    state.save(writing, learner.whole())
                writing.execute(
                    insert(audit).values(at=now, by="machine", action="engine.said.learned", params={"series": key})
                )
            pools.known[key] = learner
            self._done.add(key)
            return True
        return False

    def _ask(self, lesson: school.Lesson, until: datetime | None, now: datetime) -> bool:
        try:
            self._pupil = self._pupil or school.Pupil()
        except OSError as fault:  # recovery: no memory for another process; learn here
            log.warning("%s is learned here: %s", lesson.live.planned.series, fault)
            return False
        self._asked = Asked(school.Homework(self._pupil, lesson), until, now)
        return True

    def _lesson(self, conn: Connection, learner: Live, end: int, now: datetime) -> school.Lesson:
        cut = warm.minute_cut(now, self.minute_days)
        spans = warm.spans(warm.first_bucket(conn, learner.planned, end), end, learner.minutes, cut)
        return school.Lesson(learner, tuple(warm.history(conn, learner.planned, spans)), end)

    def _worth_asking(self, lesson: school.Lesson, asked: Asked | None) -> bool:
        """Not in a replay, whose results must not depend on how fast a pupil is, and not after one that died."""
        if asked is not None and asked.work.found is None:
            log.warning("%s is learned here: the process that should have died", lesson.live.planned.series)
            self._send_home()
            return False
        return self.keep_states and sum(span.steps for span, _ in lesson.parts) > FEW

    def _answer(self, conn: Connection, learner: Live, end: int, asked: Asked) -> school.Taught | None:
        """What the pupil has learned, and the steps since; ``learner`` has learned both."""
        found, lesson = asked.work.found, asked.work.lesson
        if found is None:
            return None
        state.restore(learner.detector, found.text)
        if lesson.end == end:
            return found
        since = warm.history(conn, learner.planned, [warm.Span(lesson.end, end, learner.minutes)])
        judged = warm.learn(learner, since, end)
        ready = judged[-1][1].ready if judged else found.ready
        return school.Taught(state.canonical(learner.detector), ready, judged)

    def _send_home(self) -> None:
        if self._pupil is not None:
            self._pupil.end()
            self._pupil = None

    def _next(self, conn: Connection, said: Sequence[Said], lives: Sequence[Live]) -> tuple[Live | None, datetime | None]:
        """(the series whose turn it is, widest first; the newest word that not all have learned)."""
        since = conn.execute(select(watermark.c.at).where(watermark.c.name == NAME)).scalar()
        fresh = [one for one in said if since is None or one.at > since]
        if not fresh:
            return None, None
        newest = max(one.at for one in fresh)
        if newest != self._until:  # more was said meanwhile: who has learned before learns again
            self._done, self._until = set(), newest
        waiting = [one for one in lives if one.planned.series not in self._done and _touched(one, fresh)]
        waiting.sort(key=lambda one: (len(slice_levels(one.planned.slice_key)), one.planned.series))
        return (waiting[0] if waiting else None), newest

    def _finish(self, until: datetime, fence: Callable[[Connection], None]) -> None:
        with self.store.begin() as conn:
            fence(conn)
            upsert(conn, watermark, [{"name": NAME, "at": until}])


def _touched(live: Live, said: Sequence[Said]) -> bool:
    """Whether anything was said of what the series has learned."""
    end = live.last_end
    return end is not None and any(one.concerns(live.planned) and one.start_at < bucket_start(end) for one in said)
