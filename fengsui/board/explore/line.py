"""A figure over minutes to months: actual, expected, band, the same hours last week, tiers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf, sqrt

from sqlalchemy import Connection, Engine, select

from fengsui.board.curve import Point, curve
from fengsui.board.explore.question import Question
from fengsui.board.scope import Scope, sees_org
from fengsui.explore import read
from fengsui.explore.counted import COUNTED, Counted
from fengsui.metrics import read as figures
from fengsui.metrics.catalogue import METRICS, Metric
from fengsui.settings import Settings
from fengsui.store.members import in_slice
from fengsui.store.slices import bucket, bucket_start, slice_levels
from fengsui.store.tables import feedback, series

ZOOMS: Mapping[str, tuple[timedelta, int]] = {
    "3h": (timedelta(hours=3), 300),
    "24h": (timedelta(hours=24), 900),
    "7d": (timedelta(days=7), 7200),
    "8w": (timedelta(weeks=8), 86400),
}
"""name -> (how long, seconds of a step)"""
IN_EVERY_CUBOID = ("complaints", "contacts", "negatives", "sla_attainment")
WEEKS = 4
AFTER = 0.15
COVERED = 0.8
NEIGHBOURS = 2
QUARTER_S = 900
SLACK = timedelta(hours=12)
MINUTES_KEPT = timedelta(days=7)
WIDTH = 2.0
STRETCH = 1.5


@dataclass(frozen=True, slots=True)
class Line:
    """``before``: the same hours a week earlier, on the same grid. ``judged``: the band is a detector's; else it is four
    earlier weeks of the same hours."""

    points: tuple[Point, ...]
    before: tuple[float | None, ...]
    step_s: int
    judged: bool


def cuboids_of(settings: Settings, metric: str) -> tuple[str, ...]:
    """Those for which roll-ups keep a figure."""
    return tuple(one for one in settings.cuboids if one not in settings.counts_only or metric in IN_EVERY_CUBOID)


def zoom_of(question: Question) -> str:
    """The shortest that shows the window with something around it."""
    lasting = question.end - question.start
    return next((name for name, (length, _) in ZOOMS.items() if length >= lasting * STRETCH), "8w")


def line(store: Engine, settings: Settings, question: Question, zoom: str, now: datetime, scope: Scope) -> Line | None:
    """None where neither roll-ups nor records know the figure at this place."""
    metric = METRICS[question.metric]
    length, step = ZOOMS[zoom]
    until = min(now, question.end + length * AFTER)
    old = now - until + length > MINUTES_KEPT
    step = max(step, metric.finest_step_s, QUARTER_S if old else 0)
    grain = step // 60
    end = _cut(until, grain, settings) + timedelta(seconds=step)
    start = _cut(until - length, grain, settings)
    with store.connect() as conn:
        reads = _Reads(conn, settings, metric, question.slice_key, scope, step)
        if not reads.possible:
            return None
        weeks = [reads.values(start - k * read.WEEK, end - k * read.WEEK, now) for k in range(WEEKS + 1)]
        own = _series(conn, question) if zoom in ("3h", "24h") and reads.rolled else None
        judged = curve(conn, metric, question.slice_key, own, start, end, step) if own else []
    known = read_since(store)
    past = [_since(values, start - k * read.WEEK, known, step) for k, values in enumerate(weeks[1:], 1)]
    points = [
        _point(bucket_start(bucket(start, 1) + n * grain), value, _near(past, n), metric) for n, value in enumerate(weeks[0])
    ]
    trusted = sum(point.expected is not None for point in judged) >= COVERED * len(judged) > 0
    if judged:
        points = [_merged(point, other, trusted) for point, other in zip(points, judged, strict=False)]
    points = [point if point.at + timedelta(seconds=step) <= now else replace(point, value=None) for point in points]
    return Line(tuple(points), tuple(past[0]), step, trusted)


def _cut(at: datetime, grain: int, settings: Settings) -> datetime:
    """Start of the step that holds ``at``, by the centre's clock: a day begins at its midnight."""
    offset = at.astimezone(settings.centre.tz).utcoffset() or timedelta()
    return bucket_start(bucket(at + offset, grain)) - offset


def _since(values: list[float | None], start: datetime, known: datetime | None, step: int) -> list[float | None]:
    """Nothing is known of the time before the first record: that is no zero."""
    first = len(values) if known is None else max(0, -(-int((known - start).total_seconds()) // step))
    return [None if n < first else value for n, value in enumerate(values)]


def read_since(store: Engine) -> datetime | None:
    with store.connect() as conn:
        return read.first_at(conn)


@dataclass
class _Reads:
    """Values on a grid: from roll-ups where the slice has them, else record by record."""

    conn: Connection
    settings: Settings
    metric: Metric
    slice_key: str
    scope: Scope
    step: int

    @property
    def rolled(self) -> bool:
        cuboid = "|".join(sorted(slice_levels(self.slice_key))) or "all"
        if cuboid not in self.settings.cuboids:
            return False
        return cuboid not in self.settings.counts_only or self.metric.id in (
            "complaints",
            "contacts",
            "negatives",
            "sla_attainment",
        )

    @property
    def possible(self) -> bool:
        return self.rolled or self.metric.id in COUNTED

    def values(self, start: datetime, end: datetime, now: datetime) -> list[float | None]:
        if self.rolled and self.step < QUARTER_S and now - start > MINUTES_KEPT + SLACK:
            return self._from_quarters(start, end)
        if self.rolled:
            return [point.value for point in figures.trend(self.conn, self.metric, self.slice_key, start, end, self.step)]
        return self._counted(COUNTED[self.metric.id], start, end)

    def _from_quarters(self, start: datetime, end: datetime) -> list[float | None]:
        """Minutes of long ago are gone: each step takes its part of the quarter of an hour that holds it."""
        first = bucket_start(bucket(start, QUARTER_S // 60))
        last = bucket_start(bucket(end, QUARTER_S // 60)) + timedelta(seconds=QUARTER_S)
        quarters = figures.trend(self.conn, self.metric, self.slice_key, first, last, QUARTER_S)
        part = self.step / QUARTER_S if self.metric.shape == "count" else 1.0
        steps = int((end - start).total_seconds() // self.step)
        places = (int((start - first).total_seconds() + n * self.step) // QUARTER_S for n in range(steps))
        values = (quarters[place].value for place in places)
        return [None if value is None else value * part for value in values]

    def _counted(self, counted: Counted, start: datetime, end: datetime) -> list[float | None]:
        at = feedback.c[counted.at]
        wrong = counted.wrong.label("wrong") if counted.wrong is not None else feedback.c.kind
        query = select(at, wrong, feedback.c.dims["org"].as_string())
        query = query.where(read.within(counted, (start, end)), in_slice(self.slice_key))
        n = [0] * int((end - start).total_seconds() // self.step)
        bad = [0] * len(n)
        for when, failed, org in self.conn.execute(query).tuples():
            if sees_org(self.scope, org):
                place = int((when - start).total_seconds() // self.step)
                n[place] += 1
                bad[place] += bool(failed)
        if counted.wrong is None:
            return [float(one) for one in n]
        good = self.metric.good == "up"
        return [None if not cases else (cases - x if good else x) / cases for cases, x in zip(n, bad, strict=True)]


def _series(conn: Connection, question: Question) -> str | None:
    """The series that a detector judges, where one does."""
    query = select(series.c.series).where(
        series.c.metric == question.metric, series.c.slice_key == question.slice_key, series.c.active
    )
    return conn.execute(query.order_by(series.c.role, series.c.step_s).limit(1)).scalar()


def _near(past: Sequence[Sequence[float | None]], n: int) -> list[float | None]:
    """Earlier weeks at this step and at its neighbours: single steps of few records are mostly noise."""
    return [one for week in past for one in week[max(0, n - NEIGHBOURS) : n + NEIGHBOURS + 1]]


def _point(at: datetime, value: float | None, past: Iterable[float | None], metric: Metric) -> Point:
    """Expected as the same hours of earlier weeks were."""
    known = [one for one in past if one is not None]
    if len(known) < 2:
        return Point(at, value, None, None, None, 0)
    mean = sum(known) / len(known)
    spread = sqrt(sum((one - mean) ** 2 for one in known) / (len(known) - 1))
    if metric.shape == "count":
        spread = max(spread, sqrt(mean + 0.5))
    top = 1.0 if metric.shape == "share" else inf
    return Point(at, value, mean, max(0.0, mean - WIDTH * spread), min(top, mean + WIDTH * spread), 0)


def _merged(mine: Point, judged: Point, trusted: bool) -> Point:
    """Tiers as the detector gave them; its band, where it has judged nearly all of what is shown."""
    if not trusted:
        return replace(mine, grade=judged.grade)
    return Point(mine.at, mine.value, judged.expected, judged.lower, judged.upper, judged.grade)
