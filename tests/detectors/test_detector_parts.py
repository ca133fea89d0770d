"""The parts of the detectors, each against an independent computation."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import gamma, nbinom, poisson

from detectors import scan, tail
from detectors.baseline import Baseline
from detectors.calibration import Peaks
from detectors.guard import Guard
from detectors.log_linear import log_mean
from detectors.noise import Noise
from detectors.scan import Bars, Beam
from detectors.windows import Ring

BARS = Bars(7, 13, 5, 10)
MIDNIGHT = datetime.fromisoformat("2026-03-01")
"""A Sunday, on a wall clock."""


def law(mean: float, variance: float) -> tuple[float, float]:
    return mean * mean / (variance - mean), mean / variance


@pytest.mark.parametrize(("k", "mean", "variance"), [(3, 0.01, 0.013), (20, 6.0, 9.0), (260, 200.0, 500.0), (1, 3.0, 3.9)])
def test_the_upper_tail_is_the_negative_binomials(k: int, mean: float, variance: float) -> None:
    assert tail.upper(k, mean, variance) == pytest.approx(-nbinom.logsf(k - 1, *law(mean, variance)), rel=1e-9)


@pytest.mark.parametrize(("k", "mean"), [(5, 1.0), (130, 90.0)])
def test_without_overdispersion_it_is_poissons(k: int, mean: float) -> None:
    assert tail.upper(k, mean, 0.5 * mean) == pytest.approx(-poisson.logsf(k - 1, mean), rel=1e-9)
    assert tail.lower(k, 3 * mean, 3 * mean) == pytest.approx(-poisson.logcdf(k, 3 * mean), rel=1e-9)


def test_a_gamma_tail_would_be_far_too_heavy_at_small_means() -> None:
    sharp, blunt = tail.upper(3, 0.01, 0.0101), -gamma.logsf(2.5, 0.01**2 / 0.0101, scale=1.01)
    assert sharp > blunt + 5


def test_beyond_the_reach_of_floats_the_tail_goes_on_and_never_exaggerates() -> None:
    far = [tail.upper(k, 5.0, 7.0) for k in (300, 600, 1200, 5000)]
    assert all(earlier < later for earlier, later in pairwise(far)) and math.isfinite(far[-1])
    exact = -nbinom.logpmf(3000, *law(5.0, 7.0))
    assert exact - 2 < tail.upper(3000, 5.0, 7.0) <= exact


def test_nothing_observed_is_no_surprise_upwards() -> None:
    assert tail.upper(0, 5.0, 7.0) == 0.0


@pytest.mark.parametrize(("mean", "variance"), [(0.3, 0.4), (7.0, 9.0), (25.0, 25.0)])
def test_quantiles_of_small_means_are_exact(mean: float, variance: float) -> None:
    for p in (0.025, 0.5, 0.975):
        wanted = nbinom.ppf(p, *law(mean, variance)) if variance > mean else poisson.ppf(p, mean)
        assert tail.quantile(p, mean, variance) == wanted


def test_quantiles_of_large_means_are_close() -> None:
    assert tail.quantile(0.975, 400.0, 900.0) == pytest.approx(nbinom.ppf(0.975, *law(400.0, 900.0)), abs=2)


def test_the_ring_sums_what_it_holds_and_survives_its_state() -> None:
    rng, ring, kept = np.random.default_rng(1), Ring(16), []
    for i in range(200):
        observed, expected = float(rng.poisson(4)), float(rng.random())
        ring.push(observed, expected)
        kept.append((observed, expected))
        if i % 17 == 0:
            copy = Ring(16)
            copy.load(json.loads(json.dumps(ring.body())))
            assert copy.last(min(i + 1, 16)) == ring.last(min(i + 1, 16)) and copy.at == ring.at
            ring = copy
        for width in (1, 5, 16):
            if width <= ring.filled:
                assert ring.last(width) == pytest.approx(np.sum(kept[-width:], axis=0))


def test_the_ring_skips_and_forgets() -> None:
    ring = Ring(8)
    for _ in range(8):
        ring.push(2.0, 1.0)
    ring.skip(3)
    assert ring.last(8) == (10.0, 5.0)
    ring.skip(100)
    assert ring.filled == 0


def test_huge_totals_are_rebased_without_loss() -> None:
    ring = Ring(4)
    for _ in range(9):
        ring.push(4e8, 3e8)
    assert ring.last(4) == (1.6e9, 1.2e9) and max(ring.observed) < 2e9


def test_noise_learns_overdispersion_and_the_error_of_the_profile() -> None:
    rng, noise = np.random.default_rng(2), Noise((1,))
    for _ in range(6000):
        mean = float(rng.uniform(2, 60))
        true = mean * float(rng.gamma(25, 1 / 25))
        noise.learn([(float(rng.negative_binomial(true, 0.5)), mean, 2 * mean + 0.04 * mean * mean)], [0.0])
    assert noise.phi[0] == pytest.approx(2.0, rel=0.2)
    assert noise.a[0] == pytest.approx(0.04, abs=0.02)


def test_noise_is_never_believed_below_poisson() -> None:
    noise = Noise((1,))
    for _ in range(800):
        noise.learn([(10.0, 10.0, 10.0)], [0.0])
    assert noise.phi[0] >= 1.0


def test_an_event_does_not_become_noise() -> None:
    calm, hit = Noise((1,)), Noise((1,))
    rng = np.random.default_rng(3)
    for i in range(2000):
        value = float(rng.poisson(20))
        calm.learn([(value, 20.0, 21.0)], [0.0])
        hit.learn([(400.0 if i % 100 == 0 else value, 20.0, 21.0)], [0.0])
    assert hit.phi[0] + 20 * hit.a[0] < 1.5 * (calm.phi[0] + 20 * calm.a[0])


def test_peaks_learn_the_rate_of_their_own_series() -> None:
    """Surprises drawn exponential, one independent step each: the rate per week told must be the rate that is."""
    rng, peaks = np.random.default_rng(4), Peaks(4.0, 2, 2.5 * math.exp(-4))
    for surprise in rng.exponential(1.0, 40000).tolist():
        peaks.learn(surprise)
    for level in (6.0, 8.0):
        assert 0.4 < 10 ** -peaks.score(level, 672) / (672 * math.exp(-level)) < 2.5


def test_a_heavier_series_gets_lower_scores() -> None:
    rng, light, heavy = np.random.default_rng(5), Peaks(4.0, 2, 0.04), Peaks(4.0, 2, 0.04)
    for surprise in rng.exponential(1.0, 20000).tolist():
        light.learn(surprise)
        heavy.learn(2.0 * surprise)
    assert heavy.score(10.0, 672) < light.score(10.0, 672) - 1
    assert light.score(2.0, 672) < light.score(4.0, 672) < light.score(4.5, 672)


def test_patience_counts_informative_steps_only() -> None:
    guard = Guard(patience=10)
    for _ in range(50):
        guard.observe(False, False, 100, 100)
    nights = [guard.observe(False, False, 0, 1) for _ in range(40)]
    days = [guard.observe(True, False, 300, 100) for _ in range(6)]
    more_nights = [guard.observe(False, False, 0, 1) for _ in range(40)]
    assert not any(nights + days + more_nights)
    assert [guard.observe(True, False, 300, 100) for _ in range(5)] == [False] * 4 + [True]


def test_an_outage_needs_four_times_the_patience_of_a_lower_level() -> None:
    low, out = Guard(10), Guard(10)
    assert [low.observe(False, True, 40, 100) for _ in range(12)].index(True) == 10
    assert [out.observe(False, True, 0, 100) for _ in range(50)].index(True) == 40


BEAMS: list[Beam] = [(1, 1.2, 0.0, False), (15, 1.2, 0.0, True), (240, 1.2, 0.0, False)]


def test_the_scan_reports_the_strongest_window_and_its_sums() -> None:
    ring = Ring(240)
    for i in range(240):
        ring.push(3.0 if i >= 226 else 1.0, 1.0)
    found = scan.sums(ring, BEAMS, 3.0, 1.0, 0.001)
    best = scan.strongest(BEAMS, found, BARS)
    assert (best.width, best.observed, best.expected) == (15, 45.0, 15.0)
    assert best.surprise == pytest.approx(tail.upper(45, 15, 18))


def test_long_windows_are_mute_once_the_last_quarter_is_calm() -> None:
    ring = Ring(240)
    for i in range(240):
        ring.push(8.0 if i < 200 else 0.0, 1.0)
    assert scan.strongest(BEAMS, scan.sums(ring, BEAMS, 1.0, 1.0, 0.001), BARS).surprise == 0.0


@pytest.mark.parametrize("seed", range(8))
def test_the_minutes_scan_is_the_scan_of_its_sums(seed: int) -> None:
    rng, ring = np.random.default_rng(seed), Ring(240)
    beams: list[Beam] = [(width, 1.3, 0.01, 15 <= width <= 60) for width in (1, 5, 15, 30, 60, 120, 240)]
    spoke = 0
    for i in range(1500):
        mean = float(np.exp(np.sin(i / 90) - 2))
        value = float(rng.poisson(mean * (6 if i % 400 > 350 else 1)))
        found = scan.latest(ring, beams, value, mean, 0.001, BARS)
        assert found == scan.strongest(beams, scan.sums(ring, beams, value, mean, 0.001), BARS)
        spoke += found.rank > 0
        ring.push(value, mean)
    assert spoke


def test_windows_that_reach_beyond_what_was_seen_are_left_out() -> None:
    assert len(scan.sums(Ring(240), BEAMS, 1.0, 1.0, 0.001)) == 1


def test_many_sd_of_a_tiny_expectation_are_not_severe() -> None:
    beams: list[Beam] = [(1, 1.0, 0.0, False)]
    assert scan.strongest(beams, [(4.0, 0.01, 0.01)], BARS).rank == 0
    assert scan.strongest(beams, [(60.0, 4.0, 4.0)], BARS).rank == 2


def test_a_day_off_reads_the_weekend_and_a_made_up_saturday_the_weekday() -> None:
    baseline, saturday = Baseline(900), MIDNIGHT + timedelta(days=6, hours=10)
    off, made_up = baseline.row(saturday, "weekend"), baseline.row(saturday, "makeup")
    assert set(off[0]) - {off[0][-1]} > set(made_up[0]) - {made_up[0][-1]}
    assert made_up[0][-1] == baseline.days_at + 8
    assert baseline.row(MIDNIGHT + timedelta(days=3), "holiday")[2] == baseline.days_at + 7


def test_the_state_of_the_baseline_stays_a_covariance() -> None:
    """Events, acceptances and holidays in any order: symmetric bit for bit and without a negative variance."""
    rng, baseline = np.random.default_rng(6), Baseline(900)
    for i in range(3000):
        local = MIDNIGHT + i * timedelta(minutes=15)
        row = baseline.row(local, "holiday" if i // 96 % 9 == 3 else "workday")
        f, q = baseline.predict(row)
        baseline.learn(row, float(rng.poisson(20) * (10 if i % 500 > 480 else 1)), math.exp(min(log_mean(f, q), 10)), 1.5)
        if i % 700 == 0:
            baseline.reopen()
        baseline.advance(1)
    assert (baseline.C == baseline.C.T).all()
    assert np.linalg.eigvalsh(baseline.C).min() > -1e-9


def test_the_baseline_learns_level_hour_and_weekend() -> None:
    rng, baseline = np.random.default_rng(7), Baseline(900)

    def true(at: datetime) -> float:
        return 20 * (2 if 9 <= at.hour < 18 else 1) * (0.5 if at.weekday() >= 5 else 1)

    for i in range(5 * 7 * 96):
        at = MIDNIGHT + i * timedelta(minutes=15)
        row = baseline.row(at, "weekend" if at.weekday() >= 5 else "workday")
        f, q = baseline.predict(row)
        baseline.learn(row, float(rng.poisson(true(at))), math.exp(log_mean(f, q)), 1.0)
        baseline.advance(1)
    for day, hour in ((36, 3), (37, 13), (41, 13), (42, 22)):
        at = MIDNIGHT + timedelta(days=day, hours=hour)
        f, _ = baseline.predict(baseline.row(at, "weekend" if at.weekday() >= 5 else "workday"))
        assert math.exp(f) == pytest.approx(true(at), rel=0.12)
