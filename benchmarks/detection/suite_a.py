"""Suite A: weekly counts, the 42 scenarios of Noufaily et al., Statistics in Medicine 32 (2013) 1206, as judged by Bédubourg
& Le Strat, PLoS ONE 12 (2017) e0181227: 624 weeks, of which the last 49 count.

Published: mu(t) = exp(theta + beta t + sum over j = 1..m of gamma1 cos(2 pi j t / 52) + gamma2 sin(2 pi j t / 52)), negative
binomial with variance phi mu; an outbreak has Poisson(k x sd(start)) cases spread over weeks by a lognormal(0, 0.5). Four past
outbreaks lie in weeks 313-575, one current outbreak in weeks 576-624. Assumed here: k of the past ones is drawn from 2, 3,
5, 10 and of the current one from 1..10; an outbreak has at least two cases; it starts early enough to end within the series.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from benchmarks.detection.series import SHANGHAI, Series, Spike, Values, negative_binomial

WEEK = 604800
WEEKS, TRAINED, JUDGED = 624, 312, 575
START = datetime(2012, 1, 2, tzinfo=SHANGHAI)
FAMILIES = (
    # theta, beta, gamma1, gamma2, phi
    (0.1, 0.0025, 0.6, 0.6, 1.5),
    (-2.0, 0.005, 0.1, 0.3, 2.0),
    (1.5, 0.003, 0.2, -0.4, 1.0),
    (0.5, 0.002, 0.5, 0.5, 5.0),
    (2.5, 0.001, 1.0, 0.1, 3.0),
    (3.75, 0.001, 0.1, -0.1, 1.1),
    (5.0, 0.0001, 0.05, 0.01, 1.2),
)
SCENARIOS = tuple((family, trend, m) for family in FAMILIES for trend in (0, 1) for m in (0, 1, 2))
PAST_SIZES = (2, 3, 5, 10)
SIZES = range(1, 11)
LATEST = 4
"""Weeks before the end after which no outbreak starts."""


def mean_of(scenario: int) -> tuple[Values, float]:
    """True weekly means of a scenario (0..41) and its phi."""
    (theta, beta, gamma1, gamma2, phi), trend, m = SCENARIOS[scenario]
    t = np.arange(1, WEEKS + 1)
    season = sum(
        (gamma1 * np.cos(2 * np.pi * j * t / 52) + gamma2 * np.sin(2 * np.pi * j * t / 52) for j in range(1, m + 1)),
        np.zeros(WEEKS),
    )
    return np.exp(theta + trend * beta * t + season), phi


def outbreak(rng: np.random.Generator, sd: float, k: int) -> Values:
    """Cases of one outbreak in its first weeks."""
    size = 0
    while size < 2:
        size = int(rng.poisson(k * sd))
    weeks = np.floor(rng.lognormal(0.0, 0.5, size)).astype(int)
    return np.bincount(np.minimum(weeks, LATEST - 1)).astype(float)


def one(seed: int, i: int) -> Series:
    """Series ``i``: its scenario is ``i`` modulo 42."""
    rng = np.random.default_rng([seed, i, 1])
    mean, phi = mean_of(i % len(SCENARIOS))
    values = negative_binomial(rng, mean, phi)
    for start in rng.choice(np.arange(TRAINED, JUDGED - LATEST), len(PAST_SIZES), replace=False):
        cases = outbreak(rng, float(np.sqrt(phi * mean[start])), int(rng.choice(PAST_SIZES)))
        values[start : start + len(cases)] += cases
    quiet = values.copy()
    start = int(rng.integers(JUDGED, WEEKS - LATEST))
    cases = outbreak(rng, float(np.sqrt(phi * mean[start])), int(rng.choice(SIZES)))
    values[start : start + len(cases)] += cases
    weeks = start + np.flatnonzero(cases)
    spike = Spike(int(weeks[0]), int(weeks[-1]) + 1, 0)
    name = f"a-{seed}-{i}"
    group = f"{i % len(SCENARIOS) + 1}"
    return Series(name, START, WEEK, values, mean, phi, JUDGED, (spike,), np.zeros(WEEKS, dtype=bool), quiet, group)


def suite(seed: int, n: int) -> Iterator[Series]:
    return (one(seed, i) for i in range(n))
