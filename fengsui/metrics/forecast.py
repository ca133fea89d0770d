"""Where a figure will end: today, from what came so far and how other days went on; and the next four weeks, by weekday.

Plain on purpose. The rest of the day is that of each of the last days of its kind (workday or not), scaled by how busy today
has been; the band is the spread of the ends that follow, as order statistics: of days like these a tenth lies outside of it
(split conformal: V. Vovk, A. Gammerman, G. Shafer, "Algorithmic Learning in a Random World", 2005). A day of the weeks ahead is
the median of its last four weekdays, the band that of the errors such a guess made so far at the same distance.
``python -m benchmarks.forecast`` measures how often the bands hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from fengsui.metrics import cells
from fengsui.metrics.metric import Metric
from fengsui.metrics.read import figure_of

INSIDE = 0.9
FEWEST_DAYS = 9
"""With fewer the outermost of them hold less than eight of ten."""
FEWEST_ERRORS = 19
"""So many are needed before the outermost hold nine of ten."""
WEEKS, WEEKDAYS = 4, 4
ADDITIVE = ("share", "score", "ratio")


@dataclass(frozen=True, slots=True)
class Band:
    """``n``: how many days or errors the 90 % band rests on."""

    low: float
    middle: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Day:
    """A past day cut at the hour that it is now: how much had come by then, and what came after."""

    so_far: float
    rest: cells.Sums


def end_of_day(metric: Metric, so_far: cells.Sums, past: Sequence[Day]) -> Band | None:
    """The figure of the whole of today; None with fewer than nine days of its kind."""
    if len(past) < FEWEST_DAYS:
        return None
    come, usual = figure_of(metric, so_far).n, median(day.so_far for day in past)
    rests = [figure_of(metric, day.rest).n for day in past]
    ahead = median(rests)
    level = (come + ahead) / (usual + ahead) if usual + ahead > 0 else 1.0
    ends = [figure_of(metric, _joined(so_far, day.rest, level)).value for day in past]
    return band([end for end in ends if end is not None])


def weeks_ahead(metric: Metric, days: Sequence[float | None]) -> list[Band | None]:
    """One band for each of 28 days, today the first; ``days``: the figure of each full day until yesterday, oldest first.
    None where a weekday or the errors of its distance are too few."""
    return [_ahead(metric, days, distance) for distance in range(1, 7 * WEEKS + 1)]


def band(samples: Sequence[float]) -> Band | None:
    """Order statistics: a further one of their kind lies outside in one of ten cases, or fewer."""
    n = len(samples)
    if n < FEWEST_DAYS:
        return None
    ranked = sorted(samples)
    cut = max(math.floor((n + 1) * (1 - INSIDE) / 2), 1)
    return Band(ranked[cut - 1], median(ranked), ranked[n - cut], n)


def _joined(so_far: cells.Sums, rest: cells.Sums, level: float) -> cells.Sums:
    """Whole counts; a cell is scaled with its fraction kept for the next one, so that thin bins do not all vanish."""
    found = {measure: dict(bins) for measure, bins in so_far.items()}
    for measure, bins in rest.items():
        mine, carried = found.setdefault(measure, {}), 0.0
        for bin_, n in sorted(bins.items()):
            exact = n * level + carried
            mine[bin_] = mine.get(bin_, 0) + round(exact)
            carried = exact - round(exact)
    return found


def _ahead(metric: Metric, days: Sequence[float | None], distance: int) -> Band | None:
    week = math.ceil(distance / 7)
    guess = _guess(days, len(days) - 1 + distance, week)
    if guess is None:
        return None
    additive = metric.shape in ADDITIVE
    errors = [one for at in range(len(days)) if (one := _error(days, at, week, additive)) is not None]
    if len(errors) < FEWEST_ERRORS:
        return None
    spread = band(errors)
    if spread is None:
        return None
    ends = [guess + each if additive else guess * math.exp(each) for each in (spread.low, spread.high)]
    least, most = (0.0, 1.0) if metric.shape == "share" else (-100.0, 100.0) if metric.shape == "score" else (0.0, math.inf)
    low, high = (min(max(each, least), most) for each in ends)
    return Band(low, guess, high, spread.n)


def _guess(days: Sequence[float | None], at: int, week: int) -> float | None:
    """The median of the last four of the weekday that were known ``week`` weeks before."""
    places = (at - 7 * (week + back) for back in range(WEEKDAYS))
    known = [one for place in places if 0 <= place < len(days) and (one := days[place]) is not None]
    return median(known) if len(known) >= 2 else None


def _error(days: Sequence[float | None], at: int, week: int, additive: bool) -> float | None:
    came, guess = days[at], _guess(days[:at], at, week)
    if came is None or guess is None:
        return None
    if additive:
        return came - guess
    return math.log(came / guess) if came > 0 and guess > 0 else None
