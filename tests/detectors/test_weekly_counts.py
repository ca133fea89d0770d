"""Counts by the week: no time of day, a year, half a year of silence."""

from __future__ import annotations

import json

import numpy as np
import pytest

from detectors import registry
from detectors.base import Tier, Verdict, step
from tests.detectors.simulate import Series, counts, readings

WEEK = 604800
YEAR = 365.2425 / 7


def yearly(weeks: int, level: float = 20.0, swing: float = 0.6) -> Series:
    """Means with one wave a year."""
    return np.asarray(level * np.exp(swing * np.cos(2 * np.pi * np.arange(weeks) / YEAR)))


def heard(values: Series) -> list[Verdict]:
    detector = registry.make("count_surprise", step_s=WEEK)
    return [step(detector, x) for x in readings(values, WEEK, budget=0.01)]


def test_half_a_year_is_silent() -> None:
    values = counts(1, yearly(60))
    values[20] += 200
    verdicts = heard(values)
    assert not any(verdict.grade for verdict in verdicts)
    assert [verdict.ready for verdict in verdicts] == [i >= 26 for i in range(60)]


def test_the_year_is_foreseen() -> None:
    """After five years the wave is in the expectation; without it the error would be a third."""
    mean = yearly(312)
    last = heard(counts(2, mean))[260:]
    expected = np.array([verdict.expected for verdict in last])
    assert np.abs(expected / mean[260:] - 1).mean() < 0.12


def test_an_outbreak_over_two_weeks_is_seen_and_not_learned() -> None:
    mean = yearly(320)
    values = counts(3, mean, phi=1.0)
    values[300:302] += [14, 10]
    verdicts = heard(values)
    assert max(verdict.grade for verdict in verdicts[300:302]) >= Tier.GENERAL
    assert (verdicts[305].expected or 0) < 1.3 * mean[305]


def test_false_alarms_are_near_the_nominal_rate() -> None:
    """Twelve series, five years each after the first: 1 % of the weeks is asked for."""
    found = [verdict for seed in range(12) for verdict in heard(counts(seed, yearly(312, 3.0 + 4 * seed)))[52:]]
    assert np.mean([verdict.grade > 0 for verdict in found]) < 0.02


def test_a_new_level_is_accepted_within_a_quarter_of_a_year() -> None:
    mean = yearly(330)
    mean[300:] *= 3
    verdicts = heard(counts(4, mean))
    assert verdicts[300].grade or verdicts[301].grade
    assert sum(verdict.grade > 0 for verdict in verdicts[315:]) <= 3
    assert sum(verdict.expected or 0 for verdict in verdicts[315:]) == pytest.approx(mean[315:].sum(), rel=0.2)


def test_a_restart_gives_the_same_verdicts() -> None:
    steady, xs = registry.make("count_surprise", step_s=WEEK), readings(counts(5, yearly(120)), WEEK)
    for x in xs[:100]:
        step(steady, x)
    reborn = registry.make("count_surprise", step_s=WEEK)
    reborn.restore(json.loads(json.dumps(steady.to_state())))
    assert [step(reborn, x) for x in xs[100:]] == [step(steady, x) for x in xs[100:]]
    assert json.dumps(reborn.to_state()) == json.dumps(steady.to_state())


def test_weeks_that_never_came_are_no_zeros() -> None:
    values = counts(6, yearly(200))
    xs = readings(values, WEEK, budget=0.01)
    detector = registry.make("count_surprise", step_s=WEEK)
    verdicts = [step(detector, x) for x in xs[:150] + xs[156:]]
    assert verdicts[150].expected == pytest.approx(yearly(200)[156], rel=0.35)
    assert not any(verdict.grade for verdict in verdicts[150:])


@pytest.mark.parametrize("odd", [400, 2000])
def test_one_very_large_week_does_not_make_the_next_years_deaf(odd: int) -> None:
    """A batch of papers typed in at once, 20 or 100 times the usual; half a year and a year later comes three times as much."""
    for after in (26, 52):
        values = counts(4, np.full(150 + after + 1, 20.0))
        values[150], values[-1] = odd, 60
        found = heard(values)[-1]
        assert found.grade and found.score > 8, (after, found.score)


def test_after_a_year_a_week_may_be_severe_and_until_then_it_is_important_at_most() -> None:
    for weeks, gravest in ((51, Tier.IMPORTANT), (52, Tier.SEVERE)):
        values = counts(8, np.full(weeks + 1, 20.0))
        values[weeks] = 600
        assert heard(values)[weeks].grade == gravest
