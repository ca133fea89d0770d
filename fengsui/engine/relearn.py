"""Series whose past somebody has judged learn it again, one a minute; until then each goes on with what it knew.

``watermark['said']`` says up to when everything that people said has been learned: a worker that was killed begins the rest
again, and a series that learns twice learns the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, insert, select
from sqlalchemy import Engine as Store

from fengsui.engine import school, state, warm
from fengsui.engine.live import Live
from fengsui.engine.planned import Planned
from fengsui.engine.readings import Announced, announced
from fengsui.engine.said import Said, stretches
from fengsui.store.database import reading as for_reading
from fengsui.store.slices import bucket_start, slice_levels
from fengsui.store.tables import audit, watermark
from fengsui.store.upsert import upsert

NAME = "said"
Anew: TypeAlias = Callable[[Planned, Sequence[Announced], Sequence[Said]], Live]
"""The series as one that has learned nothing."""


@dataclass
class Relearning:
    """``_done``: series that have learned what was said up to ``_until``."""

    store: Store
    keep_states: bool
    minute_days: int
    _done: set[str] = field(default_factory=set)
    _until: datetime | None = None

    def step(self, lives: Sequence[Live], anew: Anew, now: datetime, fence: Callable[[Connection], None]) -> None:
        with for_reading(self.store).connect() as conn:
            said = stretches(conn, now)
            live, fresh = self._next(conn, said, lives)
            if live is None or live.last_end is None:
                if fresh is not None:
                    self._finish(fresh, fence)
                return
            learner, end = anew(live.planned, announced(conn, now), said), live.last_end
            cut = warm.minute_cut(now, self.minute_days)
            spans = warm.spans(warm.first_bucket(conn, live.planned, end), end, live.minutes, cut)
            found = school.taught(school.Lesson(learner, tuple(warm.history(conn, live.planned, spans)), end))
        series = live.planned.series
        with self.store.begin() as conn:
            fence(conn)
            if self.keep_states:
                state.save(conn, {series: state.Unsaved((found.text, bucket_start(end)))})
            conn.execute(insert(audit).values(at=now, by="machine", action="engine.said.learned", params={"series": series}))
        live.detector, live.maker, live.ready, live.unsaved = learner.detector, learner.maker, found.ready, state.Unsaved()
        self._done.add(series)

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
