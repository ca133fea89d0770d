"""Metrics read back from roll-ups and gauges: steps for detectors, figures for tiles, points for lines.

Counts: ``value`` is the sum. Shares: ``value`` successes of ``exposure``. Durations: ``value`` is the mean natural logarithm
of seconds over ``exposure`` durations. Gauges: ``value`` at the step's end. That is what ``detectors.base.Reading`` holds.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate, islice
from typing import Literal, NamedTuple, TypeAlias

from sqlalchemy import Connection, select

from fengsui.metrics import backlog, cells, gauges, logbins, watermarks
from fengsui.metrics.catalogue import metric_of
from fengsui.metrics.intervals import Z95, net_score, wilson
from fengsui.metrics.measures import NO_BIN
from fengsui.metrics.metric import Metric
from fengsui.store.slices import bucket, bucket_start, slice_id
from fengsui.store.tables import slice_

WIDE_S = 3600
HOUR_S, WEEK_S = 3600, 7 * 86_400
"""The series of a work-off time looks at the closing of the last hour (of its step where that is longer, for few close in a
quarter), or of the last week."""
THIN = 0.6
"""An hour of the day in which no more than this part of the mean hour of the week is closed says little of how fast it goes."""
LONGEST_S = 366 * 86_400
"""No work-off time of a series is longer: a backlog that nobody closes is not worked off at all, and detectors take no more."""
State: TypeAlias = Literal["ok", "provisional", "few", "no_data", "stale"]


class Value(NamedTuple):
    """One step of one series. ``exposure``: trials of a share, durations counted, 1.0 for counts and gauges."""

    value: float
    exposure: float


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure of a tile. Shares in [0, 1], durations in seconds, counts and gauges plain.

    ``lower`` and ``upper``: 95 % interval (Wilson for shares, order statistics for quantiles; None for counts, which are a
    census). ``n``: what it rests on. ``version``: of the definition. ``more``: p50, p90, p95 of durations.
    """

    value: float | None
    n: int
    lower: float | None
    upper: float | None
    state: State
    version: int
    target: float | None = None
    more: Mapping[str, float] = field(default_factory=dict)


class Point(NamedTuple):
    """One point of a line: the step's start, its value as a tile shows it (None: nothing to show), and n."""

    at: datetime
    value: float | None
    n: float


def steps(
    conn: Connection, metric: str | Metric, slice_ids: Iterable[int], start: datetime, end: datetime, step_s: int
) -> dict[int, dict[int, Value]]:
    """slice -> start of step (minutes since the epoch) -> value, in steps of ``step_s`` seconds laid from ``start`` on.

    A step without cells is absent: zero for a count, unknown for everything else; only the watermark knows which. Every slice
    asked for is a key. From 900 s on the quarter-hour grain is read, else minutes (kept 8 days).
    """
    wanted, ids = metric_of(metric), list(slice_ids)
    found: dict[int, dict[int, Value]] = {id_: {} for id_ in ids}
    if wanted.gauge is not None:
        read = gauges.stepped(conn, wanted.gauge, _keys(conn, ids), start, end, step_s, wanted.combine)
        return found | {id_: {at: Value(value, 1.0) for at, value in line.items()} for id_, line in read.items()}
    if wanted.shape == "work_off":
        return _worked_off(conn, wanted, ids, start, end, step_s)
    by_slice = _stepped(conn, wanted.measures(), ids, start, end, step_s)
    if wanted.total:
        return _running(conn, wanted, ids, by_slice, start, end, step_s)
    for id_, line in by_slice.items():
        found[id_] = {at: value for at, sums in sorted(line.items()) if (value := value_of(wanted, sums)) is not None}
    return found


def kpi(
    conn: Connection,
    metric: str | Metric,
    slice_key: str,
    start: datetime,
    end: datetime,
    now: datetime,
    sources: Mapping[str, watermarks.SourcePace] | None = None,
) -> Kpi:
    """The figure of ``metric`` for ``slice_key`` over ``[start, end)``, of which nothing after ``now`` is counted.

    It is cut to whole minutes. A count ends with the minute that is going on: what came a second ago is seen. Others end with
    the last full one: a call that still waits is not yet answered late. ``sources`` (settings by name) lets it tell a silent
    source: ``stale`` where all that feed it are behind their stall limit, ``provisional`` where some are.
    """
    wanted = metric_of(metric)
    end = min(end, now)
    if wanted.shape == "count" and not wanted.total:
        start, end = _next_minute(start), _next_minute(end)
    if wanted.gauge is not None:
        return gauge_kpi(conn, wanted, slice_key, end)
    id_ = slice_id(slice_key)
    sums = cells.summed(conn, wanted.measures(), [id_], None if wanted.total else start, end).get(id_, {})
    figure = _work_off(conn, wanted, id_, sums, start, end) if wanted.shape == "work_off" else figure_of(wanted, sums)
    health = _health(conn, wanted, id_, now, sources)
    return Kpi(figure.value, figure.n, figure.lower, figure.upper, state_of(wanted, figure, health, end, now), wanted.version,
               wanted.target, figure.more)  # fmt: skip


def _next_minute(at: datetime) -> datetime:
    """``at`` itself where it is a full minute."""
    floor = at.replace(second=0, microsecond=0)
    return floor if floor == at else floor + timedelta(minutes=1)


def trend(conn: Connection, metric: str | Metric, slice_key: str, start: datetime, end: datetime, step_s: int) -> list[Point]:
    """One point for every step of ``[start, end)``, in the unit that a tile shows; counts are 0 where nothing came."""
    wanted, id_ = metric_of(metric), slice_id(slice_key)
    if wanted.gauge is not None or wanted.total:
        if wanted.shape == "work_off":
            return _work_off_line(conn, wanted, slice_key, start, end, step_s)
        line = steps(conn, wanted, [id_], start, end, step_s)[id_]
        shown = {at: Figure(value.value, 1) for at, value in line.items()}
    else:
        read = _stepped(conn, wanted.measures(), [id_], start, end, step_s).get(id_, {})
        shown = {at: figure_of(wanted, sums) for at, sums in read.items()}
    empty = Figure(0.0 if wanted.shape == "count" else None, 0)
    grid = range(bucket(start, cells.grain_of(step_s)), bucket(end, 1), step_s // 60)
    return [Point(bucket_start(at), shown.get(at, empty).value, shown.get(at, empty).n) for at in grid]


def _stepped(
    conn: Connection, measures: Sequence[str], ids: Iterable[int], start: datetime, end: datetime, step_s: int
) -> Mapping[int, Mapping[int, cells.Sums]]:
    """Wide steps are added up part by part: months of quarter-hours are not carried here one by one."""
    if step_s < WIDE_S:
        return cells.stepped(conn, measures, ids, start, end, step_s)
    first, width = bucket(start, cells.grain_of(step_s)), step_s // 60
    found = cells.by_step(conn, measures, ids, start, end, step_s)
    return {id_: {first + n * width: sums for n, sums in line.items()} for id_, line in found.items()}


def _work_off_line(
    conn: Connection, metric: Metric, slice_key: str, start: datetime, end: datetime, step_s: int
) -> list[Point]:
    grid = (bucket_start(at) for at in range(bucket(start, cells.grain_of(step_s)), bucket(end, 1), step_s // 60))
    spans = ((at, at + timedelta(seconds=step_s)) for at in grid)
    found = ((at, kpi(conn, metric, slice_key, at, until, until)) for at, until in spans)
    return [Point(at, one.value, one.n) for at, one in found]


@dataclass(frozen=True, slots=True)
class Figure:
    value: float | None
    n: int
    lower: float | None = None
    upper: float | None = None
    more: Mapping[str, float] = field(default_factory=dict)


def _sum(measures: Iterable[str], sums: cells.Sums) -> int:
    total = 0
    for name in measures:
        sign, measure = (-1, name[1:]) if name.startswith("-") else (1, name)
        total += sign * sums.get(measure, {}).get(NO_BIN, 0)
    return total


def _bins(metric: Metric, sums: cells.Sums) -> cells.Bins:
    """The durations of all measures of a metric, those behind a ``-`` taken out."""
    if len(metric.value) == 1:
        return sums.get(metric.value[0], {})
    left: cells.Bins = {}
    for name in metric.value:
        sign = -1 if name.startswith("-") else 1
        for bin_, n in sums.get(name.lstrip("-"), {}).items():
            left[bin_] = left.get(bin_, 0) + sign * n
    return {bin_: n for bin_, n in left.items() if n}


def value_of(metric: Metric, sums: cells.Sums) -> Value | None:
    """The value of one step of a plain metric; None: nothing to say."""
    if metric.shape == "duration":
        mean, n = logbins.mean_log(_bins(metric, sums))
        return Value(mean, float(n)) if n else None
    value = float(_sum(metric.value, sums))
    if metric.shape == "count":
        return Value(value, 1.0)
    exposure = float(_sum(metric.exposure, sums))
    if exposure <= 0:
        return None
    return Value(value if metric.shape == "share" else _scaled(metric, value / exposure), exposure)


def _scaled(metric: Metric, value: float) -> float:
    return 100 * value if metric.shape == "score" else value


def figure_of(metric: Metric, sums: cells.Sums) -> Figure:
    if metric.shape == "duration":
        return _duration(metric, _bins(metric, sums))
    value = _sum(metric.value, sums)
    if metric.shape == "count":
        return Figure(float(value), value)
    n = _sum(metric.exposure, sums)
    if n <= 0:
        return Figure(None, 0)
    lower, upper = _interval(metric, sums, value, n)
    return Figure(_scaled(metric, value / n), n, lower, upper)


def _work_off(conn: Connection, metric: Metric, id_: int, before: cells.Sums, start: datetime, end: datetime) -> Figure:
    """Open / closing rate of the window. Where nothing was closed it is at least as long as if one had been."""
    stock = _sum(metric.value, before)
    closed = _sum(metric.exposure, cells.summed(conn, metric.exposure, [id_], start, end).get(id_, {}))
    return Figure(backlog.work_off_s(max(stock, 0), max(closed, 1), (end - start).total_seconds()), stock)


def _interval(metric: Metric, sums: cells.Sums, value: int, n: int) -> tuple[float, float] | tuple[None, None]:
    """Means and ratios have none: their sums do not say how much single values differ."""
    if metric.shape == "share":
        return wilson(value, n)
    if metric.shape == "score":
        plus = _sum((name for name in metric.value if not name.startswith("-")), sums)
        return net_score(plus, plus - value, n)
    return None, None


def _duration(metric: Metric, bins: cells.Bins) -> Figure:
    """A quantile with the interval of its order statistics (normal approximation of the binomial rank)."""
    n = sum(bins.values())
    if n <= 0:
        return Figure(None, 0)
    half = Z95 * math.sqrt(metric.quantile * (1 - metric.quantile) / n)
    at = {
        q: logbins.quantile(bins, min(max(q, 0.0), 1.0))
        for q in (metric.quantile - half, metric.quantile, metric.quantile + half)
    }
    lower, value, upper = at.values()
    more = {f"p{round(q * 100)}": seconds for q in (0.5, 0.9, 0.95) if (seconds := logbins.quantile(bins, q)) is not None}
    return Figure(value, n, lower, upper, more)


def _running(
    conn: Connection,
    metric: Metric,
    ids: list[int],
    by_slice: Mapping[int, Mapping[int, cells.Sums]],
    start: datetime,
    end: datetime,
    step_s: int,
) -> dict[int, dict[int, Value]]:
    """A stock at the end of every step: what stood before ``start`` and all changes since."""
    before = cells.summed(conn, metric.measures(), ids, None, bucket_start(bucket(start, cells.QUARTER)))
    grid = range(bucket(start, cells.grain_of(step_s)), bucket(end, 1), step_s // 60)
    found: dict[int, dict[int, Value]] = {}
    for id_ in ids:
        level = _sum(metric.value, before.get(id_, {}))
        found[id_] = {}
        for at in grid:
            level += _sum(metric.value, by_slice.get(id_, {}).get(at, {}))
            found[id_][at] = Value(float(level), 1.0)
    return found


def _worked_off(
    conn: Connection, metric: Metric, ids: list[int], start: datetime, end: datetime, step_s: int
) -> dict[int, dict[int, Value]]:
    """Seconds until the stock at the end of every step is gone at the rate of the last hour; where nothing was closed then, or
    little usually is, at that of the last week, so that a closed night is no step up. A slice that has closed nothing yet has
    none: taken for a year, its first hours would teach a detector scatter that it never forgets."""
    if bucket(start, cells.grain_of(step_s)) >= bucket(end, 1):
        return {id_: {} for id_ in ids}
    first = start - timedelta(seconds=(_steps_of(WEEK_S, step_s) + _steps_of(HOUR_S, step_s)) * step_s)
    before = cells.summed(conn, metric.exposure, ids, None, first)
    by_slice = _stepped(conn, metric.measures(), ids, first, end, step_s)
    found: dict[int, dict[int, Value]] = {}
    for id_, line in _running(conn, metric, ids, by_slice, start, end, step_s).items():
        grid = range(bucket(first, cells.grain_of(step_s)), bucket(end, 1), step_s // 60)
        closed = (_sum(metric.exposure, by_slice.get(id_, {}).get(at, {})) for at in grid)
        sums = accumulate(closed, initial=_sum(metric.exposure, before.get(id_, {})))
        total = dict(zip(grid, islice(sums, 1, None), strict=True))
        began = next((at for at, done in total.items() if done > 0), grid.stop)
        found[id_] = {}
        for at, stock in ((at, stock) for at, stock in line.items() if at >= began):
            seconds = backlog.work_off_s(max(round(stock.value), 0), *_closing_rate(total, at, began, step_s))
            found[id_][at] = Value(min(float(seconds or 0.0), LONGEST_S), 1.0)
    return found


def _closing_rate(total: Mapping[int, int], at: int, began: int, step_s: int) -> tuple[int, int]:
    """(closed, within so many seconds) up to the end of the step ``at``; as if one had been closed where there was none.
    ``total``: closed up to the end of each step; ``began``: the first one that is known to have closed something."""
    width, hour, week = step_s // 60, _steps_of(HOUR_S, step_s), _steps_of(WEEK_S, step_s)
    lately = total[at] - total[at - hour * width]
    if lately > 0 and not _is_thin(total, at, hour, week, width):
        return lately, hour * step_s
    known = max(hour, min(week, (at - began) // width + 1))
    return max(total[at] - total[at - week * width], 1), (known if total[at] > total[at - week * width] else week) * step_s


def _is_thin(total: Mapping[int, int], at: int, hour: int, week: int, width: int) -> bool:
    """Whether little was closed at this time on the seven days before; steps of a day and more have no time of day."""
    if 1440 % width or width == 1440:
        return False
    same = sum(total[then] - total[then - hour * width] for then in range(at - 7 * 1440, at, 1440))
    return same / 7 <= THIN * (total[at] - total[at - week * width]) * hour / week


def _steps_of(span_s: int, step_s: int) -> int:
    return max(1, -(-span_s // step_s))


def _health(
    conn: Connection, metric: Metric, id_: int, now: datetime, sources: Mapping[str, watermarks.SourcePace] | None
) -> State:
    fed_by = watermarks.feeding(conn, metric.measures(), [id_]).get(id_, frozenset())
    if not fed_by or (metric.needs and not watermarks.feeding(conn, metric.needs, [id_])):
        return "no_data"
    return "ok" if sources is None else health_of(fed_by, watermarks.of_sources(conn, now, sources).items())


def health_of(fed_by: Container[str], marks: Iterable[tuple[str, watermarks.SourceMark]]) -> State:
    """ok, provisional (some source silent), stale (all silent)."""
    mine = [mark for name, mark in marks if name in fed_by]
    silent = [mark for mark in mine if mark.left_out]
    if mine and len(silent) == len(mine):
        return "stale"
    return "provisional" if silent else "ok"


def state_of(metric: Metric, figure: Figure, health: State, end: datetime, now: datetime) -> State:
    if health == "no_data" or figure.value is None:
        return "no_data"
    if health == "stale":
        return "stale"
    if figure.n < metric.min_n:
        return "few"
    ripe = end <= now - timedelta(seconds=metric.ripe_s)
    return health if ripe else "provisional"


def gauge_kpi(conn: Connection, metric: Metric, slice_key: str, end: datetime) -> Kpi:
    samples = gauges.newest(conn, str(metric.gauge), end)
    fresh = gauges.fresh(samples, end)
    value = gauges.combined(fresh or samples, slice_key, metric.combine)
    state: State = "no_data" if value is None else "ok" if fresh else "stale"
    return Kpi(value, 0 if value is None else 1, None, None, state, metric.version, metric.target)


def _keys(conn: Connection, ids: list[int]) -> dict[int, str]:
    query = select(slice_.c.slice_id, slice_.c.slice_key).where(slice_.c.slice_id.in_(ids))
    return {row.slice_id: row.slice_key for row in conn.execute(query)}
