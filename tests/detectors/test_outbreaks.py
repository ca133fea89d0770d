"""Weeks weighed by how usual they are, and the scatter of weekly counts over a grid."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import nbinom

from detectors import outbreak
from detectors.grid_noise import GridNoise
from tests.detectors.simulate import counts

WIDTHS = (1, 2, 3)


def law(mean: float, variance: float) -> tuple[float, float]:
    return mean * mean / (variance - mean), mean / variance


def test_a_week_is_weighed_by_both_laws() -> None:
    mean, variance, seen = 12.0, 30.0, 24
    sd = variance**0.5
    raised = np.mean([nbinom.pmf(seen, *law(mean + k * sd, (mean + k * sd) * variance / mean)) for k in outbreak.SIZES])
    plain = (1 - outbreak.PRIOR) * nbinom.pmf(seen, *law(mean, variance))
    whole = plain + outbreak.PRIOR * raised
    assert outbreak.usual(seen, mean, variance) == pytest.approx(plain / whole)
    assert outbreak.likely(seen, mean, np.array([variance])) == pytest.approx(np.log([whole]))


def test_an_outbreak_is_hardly_learned_and_a_quiet_week_wholly() -> None:
    weights = [outbreak.usual(seen, 9.0, 12.0) for seen in (0, 9, 16, 24, 80, 10_000)]
    assert weights[0] > 0.99 and weights[1] > 0.98 and 0.5 < weights[2] < 0.95
    assert weights[3] < 0.15 and max(weights[4:]) < 0.001


def learned(values: np.ndarray, mean: float) -> GridNoise:
    noise = GridNoise(WIDTHS, 400.0)
    for end in range(3, len(values) + 1):
        sums = [(float(values[end - width : end].sum()), width * mean, 0.0) for width in WIDTHS]
        noise.learn(sums, [0.0] * 3)
    return noise


@pytest.mark.parametrize("phi", [1.0, 2.0, 4.5])
def test_the_scatter_is_found_although_outbreaks_lie_in_it(phi: float) -> None:
    """Six outbreaks of two weeks each, four standard deviations high."""
    found = []
    for seed in range(6):
        values = counts(seed, np.full(560, 10.0), phi=phi)
        for start in range(60, 560, 90):
            values[start : start + 2] += round(4 * (10 * phi) ** 0.5)
        noise = learned(values, 10.0)
        found.append(noise.phi[0] + 10 * noise.a[0])
    assert np.mean(found) == pytest.approx(phi, rel=0.25)


def test_neighbours_that_are_alike_widen_the_sums_and_independent_ones_do_not() -> None:
    alike, apart = np.repeat(counts(1, np.full(200, 20.0), phi=2.0), 3), counts(2, np.full(600, 20.0), phi=2.0)
    assert learned(alike, 20.0).phi[2] > 1.7 * learned(alike, 20.0).phi[0]
    assert learned(apart, 20.0).phi[2] < 1.3 * learned(apart, 20.0).phi[0]


def test_its_state_is_whole() -> None:
    values = counts(3, np.full(120, 7.0))
    noise, reborn = learned(values[:100], 7.0), GridNoise(WIDTHS, 400.0)
    reborn.load(json.loads(json.dumps(noise.body())))
    for each in (noise, reborn):
        each.learn([(9.0, 7.0, 0.0), (18.0, 14.0, 0.0), (22.0, 21.0, 0.0)], [0.0] * 3)
    assert json.dumps(reborn.body()) == json.dumps(noise.body())
