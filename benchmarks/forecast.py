"""How often the forecast bands hold: to the end of the day and four weeks ahead, beside the seasonal naive guess.

``python -m benchmarks.forecast``: three simulated centres (a calm one, one with busy weeks, one that drifts) and, where
``FENGSUI_REAL_DATA`` is set, questions to a browser's forum (two years) and requests to a city (half a year).
The naive guess is the newest day of the same weekday, its band 1.645 standard deviations of the errors it made so far. Printed:
the share of days whose value lay in the 90 % band, the mean width of the band and the mean error, both over the mean value.
"""

from __future__ import annotations

import csv
import gzip
import os
import statistics
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fengsui.metrics.forecast import Band, Day, end_of_day, weeks_ahead
from fengsui.metrics.kpis import METRICS
from fengsui.metrics.measures import NO_BIN

COUNT, SHARE = METRICS["complaints"], METRICS["sla_attainment"]
HOURS = (9, 12, 15, 18)
BACK, FIRST = 42, 84
FAR = (7, 14, 21, 28)
Grid = NDArray[np.int64]
"""Day by hour."""


def simulated(kind: str, days: int = 400) -> tuple[Grid, Grid]:
    """(numerator, exposure): complaints of a centre, and of its due tickets those met."""
    rng = np.random.default_rng(17)
    hour = np.exp(-(((np.arange(24) - 14) / 4.5) ** 2)) + 0.05
    week = np.array([1.15, 1.05, 1.0, 1.0, 0.95, 0.5, 0.45])
    level = 20 * week[np.arange(days) % 7]
    if kind == "busy weeks":
        level = level * np.exp(np.repeat(rng.normal(0, 0.25, days // 7 + 1), 7)[:days])
    if kind == "drift":
        level = level * np.exp(np.linspace(0, 0.8, days))
    mean = level[:, None] * hour[None, :] * rng.gamma(20, 1 / 20, days)[:, None]
    n = rng.poisson(mean)
    met = np.clip(0.93 + rng.normal(0, 0.02, days), 0, 1)
    return rng.binomial(n, met[:, None]), n


def real(folder: Path) -> Iterator[tuple[str, Grid]]:
    for name, file in (
        ("forum questions", "sumo_firefox_2020-10_2022-12.csv.gz"),
        ("city requests", "boston311_2011-07_2011-12.csv.gz"),
    ):
        with gzip.open(folder / file, "rt", encoding="utf-8", newline="") as lines:
            times = [datetime.fromisoformat(row["opened_at"]) for row in csv.DictReader(lines)]
        first = min(times).date()
        grid = np.zeros(((max(times).date() - first).days + 1, 24), dtype=np.int64)
        for at in times:
            grid[(at.date() - first).days, at.hour] += 1
        cut = 1 + (7 - (first.weekday() + 1) % 7) % 7  # from the first whole Monday on; the last day is cut
        yield name, grid[cut:-1]


def sums(value: float, n: float, share: bool) -> dict[str, dict[int, int]]:
    return {"due.met": {NO_BIN: int(value)}, "due.n": {NO_BIN: int(n)}} if share else {"complaint.n": {NO_BIN: int(n)}}


def evenings(value: Grid, n: Grid, share: bool) -> tuple[list[tuple[float, Band]], list[tuple[float, Band]]]:
    """(what came, band) of each day and hour: ours, and the naive one."""
    metric, ours, naive = SHARE if share else COUNT, [], []
    ends = (value.sum(1) / np.maximum(n.sum(1), 1)) if share else n.sum(1).astype(float)
    for day in range(FIRST, len(n)):
        like = [past for past in range(day - BACK, day) if (past % 7 >= 5) == (day % 7 >= 5)]
        for hour in HOURS:
            past = [Day(float(n[one, :hour].sum()), sums(value[one, hour:].sum(), n[one, hour:].sum(), share)) for one in like]
            found = end_of_day(metric, sums(value[day, :hour].sum(), n[day, :hour].sum(), share), past)
            if found is not None:
                ours.append((float(ends[day]), found))
        naive.append((float(ends[day]), seasonal(ends[:day], 1, 7)))
    return ours, naive


def weeks(ends: NDArray[np.float64], share: bool) -> dict[int, tuple[list[tuple[float, Band]], list[tuple[float, Band]]]]:
    found: dict[int, tuple[list[tuple[float, Band]], list[tuple[float, Band]]]] = {far: ([], []) for far in FAR}
    for day in range(FIRST, len(ends) - max(FAR)):
        bands = weeks_ahead(SHARE if share else COUNT, [float(one) for one in ends[day - FIRST : day]])
        for far in FAR:
            came = float(ends[day + far - 1])
            one = bands[far - 1]
            if one is not None:
                found[far][0].append((came, one))
            found[far][1].append((came, seasonal(ends[:day], far // 7, 1)))
    return found


def seasonal(ends: Sequence[float] | NDArray[np.float64], week: int, back: int) -> Band:
    """The newest value of the weekday that is known, ``back`` days ago; its band from the errors of the last twelve weeks."""
    past = np.asarray(ends, dtype=np.float64)[-FIRST:]
    step = 7 * week
    half = 1.645 * float(np.std(past[step:] - past[:-step]))
    middle = float(past[-back])
    return Band(middle - half, middle, middle + half, len(past))


def said(name: str, ours: list[tuple[float, Band]], naive: list[tuple[float, Band]]) -> None:
    parts = []
    for pairs in (ours, naive):
        scale = statistics.mean(came for came, _ in pairs) or 1.0
        held = statistics.mean(one.low <= came <= one.high for came, one in pairs)
        width = statistics.mean(one.high - one.low for _, one in pairs) / scale
        error = statistics.mean(abs(came - one.middle) for came, one in pairs) / scale
        parts.append(f"holds {held:5.1%}  width {width:6.1%}  error {error:6.1%}")
    print(f"  {name:14} n {len(ours):5}  ours {parts[0]}   naive {parts[1]}", flush=True)


def measure(name: str, value: Grid, n: Grid, share: bool) -> None:
    print(f"{name}, {'share' if share else 'count'}")
    said("end of day", *evenings(value, n, share))
    ends = (value.sum(1) / np.maximum(n.sum(1), 1)) if share else n.sum(1).astype(float)
    for far, pairs in weeks(ends, share).items():
        if pairs[0]:
            said(f"{far} days ahead", *pairs)


def main() -> None:
    for kind in ("calm", "busy weeks", "drift"):
        value, n = simulated(kind)
        measure(kind, value, n, share=False)
        if kind == "calm":
            measure(kind, value, n, share=True)
    folder = os.environ.get("FENGSUI_REAL_DATA")
    for name, grid in real(Path(folder)) if folder else ():
        measure(name, grid, grid, share=False)


if __name__ == "__main__":
    main()
