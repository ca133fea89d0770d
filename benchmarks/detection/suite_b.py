"""Suite B: the product's regime. Quarter-hourly (two of three) and hourly counts: time of day x weekday, trend, negative
binomial noise, holidays that nobody announced, outages, level shifts, and spikes of three sizes.

Our own definition; every figure is a constant below. Four weeks of history and six judged weeks. A spike's size is its
excess over its own span in standard deviations of the truth; to be worth anybody's time it has a least number of events
too. Alarms in the two days after a level shift are neither right nor wrong: the level has moved, and somebody should know.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from benchmarks.detection.series import SHANGHAI, Mask, Series, Spike, Values, negative_binomial

START = datetime(2026, 3, 2, tzinfo=SHANGHAI)
HISTORY, JUDGED = 28, 42
"""Days."""

STEPS = (900, 900, 3600)
PER_QUARTER = (0.4, 30.0)
"""Mean count per quarter of an hour over the week, drawn log-uniformly."""

PHI = (1.0, 3.0)
TREND = 0.004
"""Standard deviation of the daily trend of the logarithm."""

SIZES = {1: (4.5, 6.5), 2: (8.0, 11.5), 3: (15.0, 30.0)}
"""With gaps between them: what is drawn at the bar between two grades is neither, and no detector could tell."""

LEAST = {1: 4.0, 2: 7.0, 3: 12.0}
"""Least excess in events, by tier."""

SPIKES = 4
"""Of each size and series."""

HOURS = (1, 2, 3, 4, 6)
APART_H = 14
SHIFTED, SHIFT = 0.3, (1.3, 1.8)
HOLIDAYS, HOLIDAY = 2, (0.4, 0.8)
OUTAGES, OUTAGE_H = 2, (1, 6)
EXCUSED_H = 48


def profile(rng: np.random.Generator, per_day: int) -> Values:
    """A week of relative intensities, mean one: two humps over a night floor, a quieter weekend with a later start."""
    hour = (np.arange(per_day) + 0.5) * 24 / per_day
    night, first, second = rng.uniform(0.05, 0.4), rng.uniform(9, 11.5), rng.uniform(14.5, 20)
    weights, widths = rng.uniform(0.5, 1.2, 2), rng.uniform(1.8, 3.5, 2)

    def day(late: float) -> Values:
        apart = [np.minimum(np.abs(hour - at - late), 24 - np.abs(hour - at - late)) for at in (first, second)]
        humps = sum(w * np.exp(-0.5 * (d / s) ** 2) for w, d, s in zip(weights, apart, widths, strict=True))
        return np.asarray(night + humps)

    weekdays = 1 + 0.08 * rng.standard_normal(5)
    weekend = rng.uniform(0.35, 1.0, 2)
    week = np.concatenate([*(day(0.0) * level for level in weekdays), *(day(rng.uniform(0, 2)) * level for level in weekend)])
    return np.asarray(week / week.mean())


def true_mean(rng: np.random.Generator, step_s: int) -> tuple[Values, Mask]:
    """Expectation of every step without spikes and outages, and the steps after a level shift."""
    per_day, days = 86400 // step_s, HISTORY + JUDGED
    level = float(np.exp(rng.uniform(*np.log(PER_QUARTER)))) * step_s / 900
    mean = np.tile(profile(rng, per_day), days // 7) * level
    mean *= np.exp(rng.normal(0, TREND) * (np.arange(len(mean)) / per_day - HISTORY))
    for day in rng.choice(np.arange(7, days), HOLIDAYS, replace=False):
        mean[day * per_day : (day + 1) * per_day] *= rng.uniform(*HOLIDAY)
    after = np.zeros(len(mean), dtype=bool)
    if rng.random() < SHIFTED:
        at = int(rng.integers(HISTORY + 4, days - 7)) * per_day + int(rng.integers(per_day))
        mean[at:] *= rng.uniform(*SHIFT) ** rng.choice([-1, 1])
        after[at : at + EXCUSED_H * 3600 // step_s] = True
    return mean, after


def place(rng: np.random.Generator, taken: Mask, mean: Values, first: int, length: int, apart: int) -> int | None:
    """A free start for ``length`` steps, likelier where more happens; None when there is none after many tries."""
    weight = np.sqrt(mean[first : len(mean) - length - apart])
    weight /= weight.sum()
    for start in first + rng.choice(len(weight), 200, p=weight):
        if not taken[start - apart : start + length + apart].any():
            return int(start)
    return None


def shape(rng: np.random.Generator, length: int) -> Values:
    """How an excess spreads over its steps: flat, fading or rising; sums to one."""
    x = (np.arange(length) + 0.5) / length
    form = (np.ones(length), np.exp(-2 * x), 0.2 + x)[rng.integers(3)]
    return np.asarray(form / form.sum())


def one(seed: int, i: int) -> Series:
    """Series ``i``; its step is ``STEPS[i % 3]``."""
    rng = np.random.default_rng([seed, i, 2])
    step_s = STEPS[i % len(STEPS)]
    hour = 3600 // step_s
    mean, after = true_mean(rng, step_s)
    phi = float(rng.uniform(*PHI))
    values, judged = negative_binomial(rng, mean, phi), HISTORY * 24 * hour
    apart, taken = APART_H * hour, after.copy()
    for _ in range(OUTAGES):
        length = int(rng.integers(*OUTAGE_H, endpoint=True)) * hour
        start = place(rng, taken, mean, 7 * 24 * hour, length, apart)
        if start is not None:
            values[start : start + length] = 0.0
            mean[start : start + length] = 1e-6
            taken[start : start + length] = True
    spikes = []
    for tier in (3, 2, 1) * SPIKES:
        length = int(rng.choice(HOURS)) * hour
        start = place(rng, taken, mean, judged, length, apart)
        z = rng.uniform(*SIZES[tier])
        if start is not None:
            span = slice(start, start + length)
            excess = max(z * np.sqrt(phi * mean[span].sum()), LEAST[tier])
            values[span] += rng.poisson(excess * shape(rng, length))
            taken[span] = True
            spikes.append(Spike(start, start + length, tier))
    spikes.sort(key=lambda spike: spike.start)
    return Series(f"b-{seed}-{i}", START, step_s, values, mean, phi, judged, tuple(spikes), after, group=f"{step_s}")


def suite(seed: int, n: int) -> Iterator[Series]:
    return (one(seed, i) for i in range(n))
