"""Shares and durations: slow drifts and sudden breaks are found, quiet months stay quiet, few cases stay few."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from detectors import registry
from detectors.base import Reading, Tier, Verdict, step
from detectors.drift import contradicted, crossings
from tests.detectors.simulate import Series, log_durations, profile, readings, shares

STEP = 900
A_DAY = 96
DAYS = 35
WARM = 28 * A_DAY + 40
"""The fifth week's Monday, ten in the morning."""

HOUR = (np.arange(DAYS * A_DAY) % A_DAY) / 4
WEEKEND = (np.arange(DAYS * A_DAY) // A_DAY) % 7 >= 5


def cases(seed: int, a_step: float) -> Series:
    return np.random.default_rng(seed).poisson(profile(DAYS, STEP) * a_step).astype(float)


def attained() -> Series:
    """A share with a day of its own: worse in the afternoon and at weekends."""
    return 0.88 - 0.05 * np.sin(2 * np.pi * (HOUR - 10) / 24) - 0.03 * WEEKEND


def log_seconds() -> Series:
    return 5.0 + 0.3 * np.sin(2 * np.pi * (HOUR - 8) / 24) + 0.1 * WEEKEND


def share_of(p: Series, n: Series, seed: int = 1) -> list[Reading]:
    return readings(shares(seed, np.clip(p, 0, 1), n, rho=0.01), STEP, exposure=n)


def duration_of(mu: Series, n: Series, seed: int = 1) -> list[Reading]:
    return readings(log_durations(seed, mu, n), STEP, exposure=n)


def heard(name: str, xs: list[Reading], **how: object) -> list[Verdict]:
    detector = registry.make(name, **how)  # type: ignore[arg-type]
    return [step(detector, x) for x in xs]


def reached(verdicts: list[Verdict], tier: Tier, start: int = WARM) -> int:
    return next(i for i, verdict in enumerate(verdicts[start:]) if verdict.grade >= tier)


def episodes(verdicts: list[Verdict], apart: int = 24) -> int:
    at = [i for i, verdict in enumerate(verdicts) if verdict.grade]
    return int(bool(at)) + sum(later - earlier > apart for earlier, later in pairwise(at))


Make = Callable[[int], tuple[str, list[Reading]]]


def _quiet_share(seed: int) -> tuple[str, list[Reading]]:
    return "share_drift", share_of(attained(), cases(seed, (2, 8, 30)[seed % 3]), seed)


def _quiet_duration(seed: int) -> tuple[str, list[Reading]]:
    return "duration_drift", duration_of(log_seconds(), cases(seed, (2, 8, 30)[seed % 3]), seed)


@pytest.mark.parametrize("quiet", [_quiet_share, _quiet_duration])
def test_four_quiet_weeks_stay_within_the_budget(quiet: Make) -> None:
    """Six series, four weeks after the first: budget 0.5 a week allows twelve; real charts should need half of it."""
    found = [episodes(heard(*quiet(seed))[7 * A_DAY :]) for seed in range(6)]
    assert sum(found) <= 8
    assert max(found) <= 3


def test_a_sudden_loss_of_attainment_is_severe_within_an_hour() -> None:
    p, n = attained(), cases(3, 20)
    p[WARM:] -= 0.35
    verdicts = heard("share_drift", share_of(p, n))
    assert reached(verdicts, Tier.SEVERE) <= 4
    found = verdicts[WARM + reached(verdicts, Tier.SEVERE)]
    assert (found.reason.code, found.direction) == ("detectors.reason.share_low", "down")
    assert found.reason.params["observed"] < found.reason.params["expected"] - 0.2


def test_a_slow_loss_of_six_points_is_found_within_two_days() -> None:
    p, n = attained(), cases(4, 8)
    p[WARM:] -= np.minimum(0.06, np.arange(len(p) - WARM) * 0.06 / A_DAY)
    assert reached(heard("share_drift", share_of(p, n)), Tier.GENERAL) <= 2 * A_DAY


def test_a_better_share_is_no_alarm_and_the_other_way_round_it_is() -> None:
    p, n = np.full(DAYS * A_DAY, 0.2), cases(5, 20)
    p[WARM:] = 0.45
    xs = share_of(p, n)
    assert not any(verdict.grade for verdict in heard("share_drift", xs)[WARM:])
    worse = heard("share_drift", xs, bad="up")
    assert reached(worse, Tier.IMPORTANT) <= 8
    assert worse[WARM + reached(worse, Tier.IMPORTANT)].reason.code == "detectors.reason.share_high"


def test_three_bad_cases_out_of_three_are_not_grave() -> None:
    """Small n is honest: nothing is concluded from a night with three cases."""
    p, n = attained(), cases(6, 20)
    xs = share_of(p, n)
    night = WARM - 40 + 12
    xs[night] = dataclasses.replace(xs[night], value=0.0, exposure=3.0)
    assert heard("share_drift", xs)[night].grade <= Tier.GENERAL


def test_a_share_of_all_or_nothing_stays_finite() -> None:
    for value in (0.0, 1.0):
        n = cases(7, 5)[: 10 * A_DAY]
        verdicts = heard("share_drift", readings(n * value, STEP, exposure=n))
        assert all(math.isfinite(verdict.score) for verdict in verdicts)
        assert not any(verdict.grade for verdict in verdicts)


def test_more_successes_than_cases_are_an_error() -> None:
    with pytest.raises(ValueError, match="value=6"):
        heard("share_drift", readings([6.0], STEP, exposure=[5.0]))


@pytest.mark.parametrize(("shift", "within"), [(0.15, 2 * A_DAY), (0.7, 6)])
def test_longer_durations_are_found(shift: float, within: int) -> None:
    mu, n = log_seconds(), cases(8, 8)
    mu[WARM:] += shift
    verdicts = heard("duration_drift", duration_of(mu, n))
    at = reached(verdicts, Tier.GENERAL)
    assert at <= within
    found = verdicts[WARM + at]
    assert (found.reason.code, found.direction) == ("detectors.reason.drift_up", "up")
    assert found.reason.params["observed"] > found.reason.params["expected"] > 60


def test_shorter_durations_are_found_as_well() -> None:
    mu, n = log_seconds(), cases(9, 8)
    mu[WARM:] -= 0.5
    verdicts = heard("duration_drift", duration_of(mu, n))
    at = reached(verdicts, Tier.IMPORTANT)
    assert at <= 12
    assert verdicts[WARM + at].reason.code == "detectors.reason.drift_down"


@pytest.mark.parametrize("name", ["share_drift", "duration_drift"])
def test_a_shift_that_stays_is_the_new_normal_after_its_patience(name: str) -> None:
    shift, n = np.zeros(DAYS * A_DAY), cases(10, 20)
    shift[14 * A_DAY + 40 :] = 1.0
    xs = share_of(attained() - 0.3 * shift, n) if name == "share_drift" else duration_of(log_seconds() + shift, n)
    verdicts = heard(name, xs, patience_s=2 * 86400)
    assert max(verdict.grade for verdict in verdicts[14 * A_DAY + 40 : 15 * A_DAY + 40]) == Tier.SEVERE
    assert episodes(verdicts[20 * A_DAY :]) <= 2  # two weeks on a budget of half an episode a week
    assert not any(verdict.grade == Tier.SEVERE for verdict in verdicts[20 * A_DAY :])


@pytest.mark.parametrize("quiet", [_quiet_share, _quiet_duration])
def test_one_broken_step_is_no_drift(quiet: Make) -> None:
    """A single wild step may alarm as sudden; an hour of calm later nothing may be left of it."""
    name, xs = quiet(2)
    xs[WARM] = dataclasses.replace(xs[WARM], value=0.0 if name == "share_drift" else 9.0)
    verdicts = heard(name, xs)
    assert not any(verdict.grade for verdict in verdicts[WARM + 24 : WARM + 96])


def test_bands_follow_the_number_of_cases() -> None:
    for name, xs in (_quiet_share(2), _quiet_duration(2)):
        detector = registry.make(name)
        for x in xs[:WARM]:
            step(detector, x)
        few = detector.judge_one(dataclasses.replace(xs[WARM], value=6.0, exposure=40.0))
        many = detector.judge_one(dataclasses.replace(xs[WARM], value=6.0, exposure=400.0))
        widths = [(v.upper or 0) - (v.lower or 0) for v in (few, many)]
        if name == "share_drift":
            widths = [widths[0] / 40, widths[1] / 400]
        assert widths[1] < widths[0]


def test_the_rate_of_crossings_agrees_with_simulation() -> None:
    """An exponentially weighted mean of four hundred series of white noise, against climbs over 2.8 sd after calm."""
    keep, z, steps, calm = 0.97, 2.8, 6000, 200
    noise = np.random.default_rng(3).normal(size=(steps, 400))
    level, last, climbs = np.zeros(400), np.full(400, -calm), 0
    for i, step_noise in enumerate(noise):
        level = keep * level + step_noise * math.sqrt(1 - keep**2)
        over = level > z
        climbs += int((over & (i - last >= calm)).sum())
        last = np.where(over, i, last)
    assert climbs / noise.size == pytest.approx(crossings(z, keep), rel=0.35)


@pytest.mark.parametrize(("recent", "over"), [(1.0, False), (0.7, False), (0.0, True), (-1.0, True)])
def test_a_chart_that_the_last_hours_contradict_is_over(recent: float, over: bool) -> None:
    """A shift of one sd, sixteen steps of unit weight: 3.5 sd of their mean are 0.875."""
    assert contradicted(1.0, [(recent, 1.0)] * 16) is over
    assert contradicted(-1.0, [(-recent, 1.0)] * 16) is over


@pytest.mark.parametrize("name", ["share_drift", "duration_drift"])
def test_a_break_that_is_over_does_not_burn_for_days(name: str) -> None:
    """Three bad hours at ten cases a step: an hour or two after them the chart has nothing more to say."""
    broken, n = np.zeros(DAYS * A_DAY), cases(11, 10)
    broken[WARM : WARM + 12] = 1.0
    xs = share_of(attained() - 0.4 * broken, n) if name == "share_drift" else duration_of(log_seconds() + broken, n)
    verdicts = heard(name, xs)
    assert max(verdict.grade for verdict in verdicts[WARM : WARM + 12]) == Tier.SEVERE
    assert not any(verdict.grade for verdict in verdicts[WARM + 12 + 12 : WARM + 3 * A_DAY])
