"""A figure over minutes to months: actual, expected, band, the same hours of an earlier week (or year), tiers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf, sqrt

from sqlalchemy import Connection, Engine, select

from fengsui.board.curve import Point, curve
from fengsui.board.explore.grid import Grid
from fengsui.board.explore.question import Question
from fengsui.board.persons import NOBODY, Persons, check
from fengsui.board.scope import Scope
from fengsui.explore import read
from fengsui.metrics.catalogue import METRICS, Metric
from fengsui.settings import Settings
from fengsui.store.slices import bucket, bucket_start
from fengsui.store.tables import series


@dataclass(frozen=True, slots=True)
class Zoom:
    """``length`` shown in steps of ``step_s``. ``back``: where the dotted line of comparison comes from. ``around``: steps to
    either side that say what is usual, too: single minutes of few records are mostly noise, single days are not."""

    length: timedelta
    step_s: int
    back: timedelta = read.WEEK
    around: int = 0


HOUR_S, DAY_S = 3600, 86400
WEEK_S = 7 * DAY_S
YEAR = timedelta(weeks=52)
ZOOMS: Mapping[str, Zoom] = {
    "1h": Zoom(timedelta(hours=1), 60, around=2),
    "3h": Zoom(timedelta(hours=3), 300, around=2),
    "24h": Zoom(timedelta(days=1), 900, around=2),
    "7d": Zoom(timedelta(days=7), 2 * HOUR_S),
    "8w": Zoom(timedelta(weeks=8), DAY_S),
    "26w": Zoom(timedelta(weeks=26), WEEK_S, YEAR),
}
"""From minutes to months: the longer the time, the coarser the step."""
FIRST_ZOOM = timedelta(hours=3)
"""Nobody begins with less: what came before must be seen."""
IN_EVERY_CUBOID = ("complaints", "contacts", "negatives", "sla_attainment")
WEEKS = 4
AFTER = 0.15
COVERED = 0.8
QUARTER_S = 900
MINUTES_KEPT = timedelta(days=7)
WIDTH = 2.0
STRETCH = 1.5


@dataclass(frozen=True, slots=True)
class Line:
    """``before``: what lies ``back`` earlier, on the same grid. ``judged``: the band is a detector's; else it is four earlier
    weeks of the same hours. ``every``: of so many pieces of time one was counted; counts are those of all, as far as that
    tells."""

    points: tuple[Point, ...]
    before: tuple[float | None, ...]
    step_s: int
    judged: bool
    back: timedelta = read.WEEK
    every: int = 1


def cuboids_of(settings: Settings, metric: str) -> tuple[str, ...]:
    """Those for which roll-ups keep a figure."""
    return tuple(one for one in settings.cuboids if one not in settings.counts_only or metric in IN_EVERY_CUBOID)


def zoom_of(question: Question) -> str:
    """The shortest that shows the window with something around it."""
    wanted = max((question.end - question.start) * STRETCH, FIRST_ZOOM)
    return next((name for name, zoom in ZOOMS.items() if zoom.length >= wanted), list(ZOOMS)[-1])


def line(
    store: Engine,
    settings: Settings,
    question: Question,
    zoom: str,
    now: datetime,
    scope: Scope,
    least_s: int = 60,
    persons: Persons = NOBODY,
) -> Line | None:
    """None where neither roll-ups nor records know the figure at this place. ``least_s``: no shorter steps than these, so that
    several figures stand on the same ones. Raises ``NotAllowed`` where the place is a person not among ``persons``."""
    check(settings, persons, question.slice_key)
    metric, shown = METRICS[question.metric], ZOOMS[zoom]
    until = min(now, question.end + shown.length * AFTER)
    old = now - until + shown.length > MINUTES_KEPT
    step = max(shown.step_s, least_s, metric.finest_step_s, QUARTER_S if old else 0)
    wide = timedelta(seconds=step)
    end = _cut(until, step, settings) + wide
    start = _cut(until - shown.length, step, settings)
    with store.connect() as conn:
        grid = Grid(conn, settings, metric, question.slice_key, scope, step, cuboids_of(settings, metric.id))
        if not grid.possible:
            return None
        here, *past = grid.weeks(start, end, WEEKS, now)
        other = past[0] if shown.back == read.WEEK else grid.long_ago(start - shown.back, end - shown.back)
        own = _series(conn, question) if shown.length <= timedelta(days=1) and grid.rolled else None
        judged = curve(conn, metric, question.slice_key, own, start, end, step) if own else []
        known = read.first_at(conn)
    past = [_since(values, start - k * read.WEEK, known, step) for k, values in enumerate(past, 1)]
    before = _since(other, start - shown.back, known, step)
    points = [_point(start + n * wide, value, _near(past, n, shown.around), metric) for n, value in enumerate(here)]
    trusted = sum(point.expected is not None for point in judged) >= COVERED * len(judged) > 0
    if judged:
        points = [_merged(point, other, trusted) for point, other in zip(points, judged, strict=False)]
    points = [point if point.at + wide <= now else replace(point, value=None) for point in points]
    return Line(tuple(points), tuple(before), step, trusted, shown.back, grid.every)


def _cut(at: datetime, step: int, settings: Settings) -> datetime:
    """Start of the step that holds ``at``, by the centre's clock: a day begins at its midnight, a week on Monday."""
    offset = at.astimezone(settings.centre.tz).utcoffset() or timedelta()
    begun = bucket_start(bucket(at + offset, min(step, DAY_S) // 60)) - offset
    return begun - timedelta(days=begun.astimezone(settings.centre.tz).weekday()) if step >= WEEK_S else begun


def _since(values: Sequence[float | None], start: datetime, known: datetime | None, step: int) -> list[float | None]:
    """Nothing is known of the time before the first record: that is no zero."""
    first = len(values) if known is None else max(0, -(-int((known - start).total_seconds()) // step))
    return [None if n < first else value for n, value in enumerate(values)]


def _series(conn: Connection, question: Question) -> str | None:
    """The series that a detector judges, where one does."""
    query = select(series.c.series).where(
        series.c.metric == question.metric, series.c.slice_key == question.slice_key, series.c.active
    )
    return conn.execute(query.order_by(series.c.role, series.c.step_s).limit(1)).scalar()


def _near(past: Sequence[Sequence[float | None]], n: int, around: int) -> list[float | None]:
    """Earlier weeks at this step and ``around`` it."""
    return [one for week in past for one in week[max(0, n - around) : n + around + 1]]


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
    bottom = -inf if metric.shape == "score" else 0.0
    return Point(at, value, mean, max(bottom, mean - WIDTH * spread), min(top, mean + WIDTH * spread), 0)


def _merged(mine: Point, judged: Point, trusted: bool) -> Point:
    """Tiers as the detector gave them; its band, where it has judged nearly all of what is shown."""
    if not trusted:
        return replace(mine, grade=judged.grade)
    return Point(mine.at, mine.value, judged.expected, judged.lower, judged.upper, judged.grade)
