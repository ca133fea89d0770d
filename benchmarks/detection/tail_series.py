"""Families of the long tail: a parent with 200 sparse children, of which one, a few or all rise for some hours.

Our own, after a published description; every figure is a constant below. Rates are log-uniform within three classes; three
children in four have the parent's day, the others one of their own; shares walk by 3 to 6 % a day; variance 1, 1.3 or 2 times
the mean; all rise and fall together by an hourly AR factor. Each event begins in a slot of twelve hours of its own, and no
child is struck alone twice. A spike's total over its own hours has tail probability ``p`` under the truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom, poisson

from benchmarks.detection.series import SHANGHAI, Values
from benchmarks.detection.suite_b import profile, shape
from detectors import registry
from detectors.base import Context, Reading, step

START = datetime(2026, 3, 2, tzinfo=SHANGHAI)
STEP_S, A_DAY, HOUR = 900, 96, 4
HISTORY, JUDGED = 28, 56
"""Days."""
CHILDREN = ((140, 0.5, 20.0), (44, 20.0, 200.0), (16, 200.0, 840.0))
"""How many, and their least and most a week."""
OWN_DAY = 0.25
WALK = (0.03, 0.06)
PHI = (1.0, 1.3, 2.0)
AR, AR_SD = 0.9, 0.1
SINGLE = (1e-5, 1e-7, 1e-10, 1e-15)
FEW = (1e-2, 1e-3)
TOGETHER = (4, 10)
EACH = {"single": 9, "few": 6, "flood": 2}
"""Of each size and family."""
FLOOD, FLOOD_H = 3.0, 4
SLOT = 12 * HOUR
HOURS = (1, 2, 3, 4, 6, 8)


@dataclass(frozen=True)
class Event:
    """Steps ``[start, end)``; ``p`` 0 for a flood of the parent, in which all children rise."""

    kind: str
    p: float
    start: int
    end: int
    children: tuple[int, ...]


@dataclass(frozen=True)
class Family:
    """``values`` with and ``quiet`` without events, steps x children; ``mean``, ``phi``: the truth."""

    seed: int
    values: Values
    quiet: Values
    mean: Values
    phi: Values
    events: tuple[Event, ...]

    @property
    def judged(self) -> int:
        return HISTORY * A_DAY

    @property
    def weeks(self) -> float:
        return JUDGED / 7


def family(seed: int) -> Family:
    rng = np.random.default_rng([seed, 5])
    mean = _mean(rng)
    phi = rng.choice(PHI, mean.shape[1])
    quiet = _drawn(rng, mean, phi)
    values = quiet.copy()
    events = tuple(_strike(rng, values, mean, phi))
    return Family(seed, values, quiet, mean, phi, events)


def _mean(rng: np.random.Generator) -> Values:
    """Expectation of each step and child."""
    days = HISTORY + JUDGED
    rates = np.concatenate([np.exp(rng.uniform(np.log(low), np.log(high), n)) for n, low, high in CHILDREN]) / (7 * A_DAY)
    shared = profile(rng, A_DAY)
    own = [profile(rng, A_DAY) if rng.random() < OWN_DAY else shared for _ in rates]
    week = np.column_stack(own) * rates
    steps = np.exp(np.cumsum(rng.normal(0, 1, (days, len(rates))) * rng.uniform(*WALK, len(rates)), axis=0))
    return np.asarray(np.tile(week, (days // 7, 1)) * np.repeat(steps / steps[0], A_DAY, axis=0) * _together(rng, days))


def _together(rng: np.random.Generator, days: int) -> Values:
    factor, level = np.empty(days * 24), 0.0
    for i, noise in enumerate(rng.normal(0, AR_SD * np.sqrt(1 - AR**2), len(factor)).tolist()):
        level = AR * level + noise
        factor[i] = level
    return np.asarray(np.repeat(np.exp(factor), HOUR)[:, None])


def _drawn(rng: np.random.Generator, mean: Values, phi: Values) -> Values:
    counts = np.empty(mean.shape)
    for one in PHI:
        at = phi == one
        drawn = rng.poisson(mean[:, at]) if one == 1 else rng.negative_binomial(mean[:, at] / (one - 1), 1 / one)
        counts[:, at] = drawn
    return counts


def _strike(rng: np.random.Generator, values: Values, mean: Values, phi: Values) -> Iterator[Event]:
    """Put the events into ``values``."""
    wanted = [("single", p) for p in SINGLE * EACH["single"]] + [("few", p) for p in FEW * EACH["few"]]
    wanted += [("flood", 0.0)] * EACH["flood"]
    slots = rng.permutation(JUDGED * A_DAY // SLOT)[: len(wanted)]
    alone = iter(rng.permutation(mean.shape[1]).tolist())
    for (kind, p), slot in zip(wanted, slots.tolist(), strict=True):
        length = (FLOOD_H if kind == "flood" else int(rng.choice(HOURS))) * HOUR
        start = HISTORY * A_DAY + slot * SLOT + int(rng.integers(0, SLOT - length - HOUR))
        span = slice(start, start + length)
        if kind == "flood":
            values[span] += rng.poisson((FLOOD - 1) * mean[span])
            yield Event(kind, p, start, start + length, ())
            continue
        n = 1 if kind == "single" else int(rng.integers(*TOGETHER, endpoint=True))
        children = (next(alone),) if n == 1 else tuple(rng.choice(mean.shape[1], n, replace=False).tolist())
        for child in children:
            extra = _extra(float(mean[span, child].sum()), float(phi[child]), p)
            values[span, child] += rng.multinomial(extra, shape(rng, length))
        yield Event(kind, p, start, start + length, children)


def _extra(mean: float, phi: float, p: float) -> int:
    """How many more than usual make a total of tail probability ``p``."""
    total = poisson.isf(p, mean) if phi == 1 else nbinom.isf(p, mean / (phi - 1), 1 / phi)
    return max(1, int(np.ceil(total + 1 - mean)))


def parents(one: Family, values: Values) -> Values:
    """What the parent's own detector expects of each step."""
    detector, counts = registry.make("count_surprise", step_s=STEP_S), values.sum(axis=1).tolist()
    expected = np.empty(len(counts))
    for i, count in enumerate(counts):
        at = START + timedelta(seconds=STEP_S * i)
        context = Context(at.replace(tzinfo=None), "weekend" if at.weekday() >= 5 else "workday", (), 0.02)
        reading = Reading(f"tail-{one.seed}", at, at + timedelta(seconds=STEP_S), float(count), None, True, context)
        expected[i] = step(detector, reading).expected or 0.0
    return expected


def widths() -> NDArray[np.int64]:
    """The windows of all scans, in steps."""
    return np.array([1, 4, 16, 48, 96, 288])
