"""Values of one figure at one place on a grid of steps: from roll-ups where the place has them, else record by record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import Connection, select

from fengsui.board.explore.finding import records
from fengsui.board.scope import Scope, sees_org
from fengsui.explore import read
from fengsui.explore.counted import COUNTED, Counted
from fengsui.metrics import read as figures
from fengsui.metrics.metric import Metric
from fengsui.settings import Settings
from fengsui.store.members import in_slice
from fengsui.store.slices import bucket, bucket_start, slice_levels
from fengsui.store.tables import feedback

QUARTER_S = 900
WEEK_S = int(read.WEEK.total_seconds())
MINUTES_KEPT = timedelta(days=7, hours=12)
AT_ONCE = 120_000
"""Records that one picture reads: half a second's work."""
LEAST_PIECES = 3
"""Of ten minutes, in a step of which only a part is read."""

Values = list[float | None]


@dataclass
class Grid:
    """``every``: of so many pieces of time one was counted; known once something was read."""

    conn: Connection
    settings: Settings
    metric: Metric
    slice_key: str
    scope: Scope
    step: int
    cuboids: Sequence[str]
    every: int = field(default=1, init=False)

    @property
    def rolled(self) -> bool:
        return ("|".join(sorted(slice_levels(self.slice_key))) or "all") in self.cuboids

    @property
    def possible(self) -> bool:
        return self.rolled or self.metric.id in COUNTED

    def weeks(self, start: datetime, end: datetime, back: int, now: datetime) -> list[Values]:
        """``[start, end)``, and the same a week earlier, two weeks earlier … ``back`` times: read in one pass where a week is
        whole steps that do not differ in age."""
        if self.rolled and self.step < QUARTER_S:
            return [self._minutes(start - k * read.WEEK, end - k * read.WEEK, now) for k in range(back + 1)]
        n = round((end - start).total_seconds() / self.step)
        shift = WEEK_S // self.step
        if not self.rolled and n < shift:  # the time between two short windows is not looked at
            return [self._records(start - k * read.WEEK, end - k * read.WEEK) for k in range(back + 1)]
        whole = self._wide(start - back * read.WEEK, end)
        return [whole[(back - k) * shift : (back - k) * shift + n] for k in range(back + 1)]

    def long_ago(self, start: datetime, end: datetime) -> Values:
        """Only from roll-ups: nobody waits for the records of another year."""
        n = round((end - start).total_seconds() / self.step)
        return self._wide(start, end) if self.rolled else [None] * n

    def _wide(self, start: datetime, end: datetime) -> Values:
        if not self.rolled:
            return self._records(start, end)
        return [point.value for point in figures.trend(self.conn, self.metric, self.slice_key, start, end, self.step)]

    def _minutes(self, start: datetime, end: datetime, now: datetime) -> Values:
        if now - start <= MINUTES_KEPT:
            return self._wide(start, end)
        return self._from_quarters(start, end)

    def _from_quarters(self, start: datetime, end: datetime) -> Values:
        """Minutes of long ago are gone: each step takes its part of the quarter of an hour that holds it."""
        first = bucket_start(bucket(start, QUARTER_S // 60))
        last = bucket_start(bucket(end, QUARTER_S // 60)) + timedelta(seconds=QUARTER_S)
        quarters = figures.trend(self.conn, self.metric, self.slice_key, first, last, QUARTER_S)
        part = self.step / QUARTER_S if self.metric.shape == "count" and not self.metric.total else 1.0
        steps = int((end - start).total_seconds() // self.step)
        places = (int((start - first).total_seconds() + n * self.step) // QUARTER_S for n in range(steps))
        values = (quarters[place].value for place in places)
        return [None if value is None else value * part for value in values]

    def _records(self, start: datetime, end: datetime) -> Values:
        counted = COUNTED[self.metric.id]
        every = self._every(counted, start, end)
        self.every = max(self.every, every)
        n = [0] * int((end - start).total_seconds() // self.step)
        bad = [0] * len(n)
        at = feedback.c[counted.at]
        wrong = counted.wrong.label("wrong") if counted.wrong is not None else feedback.c.kind
        query = select(at, wrong, feedback.c.dims["org"].as_string()).where(in_slice(self.slice_key))
        for piece in read.cut(counted, (start, end), every):
            for when, failed, org in self.conn.execute(query.where(piece)).tuples():
                if sees_org(self.scope, org):
                    place = int((when - start).total_seconds() // self.step)
                    n[place] += 1
                    bad[place] += bool(failed)
        if counted.wrong is None:
            return [float(one * every) for one in n]
        good = self.metric.good == "up"
        return [None if not cases else (cases - x if good else x) / cases for cases, x in zip(n, bad, strict=True)]

    def _every(self, counted: Counted, start: datetime, end: datetime) -> int:
        """So that each step holds as many of the pieces that are read, and enough of them."""
        inside = self.step // int(read.PIECE.total_seconds())
        if inside <= LEAST_PIECES:
            return 1
        wanted = ceil(records(self.conn, [read.reach(counted, [(start, end)])]) / AT_ONCE)
        return max(n for n in range(1, max(1, min(wanted, inside // LEAST_PIECES)) + 1) if inside % n == 0)
