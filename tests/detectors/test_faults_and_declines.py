"""Stocks, silence, slow declines and faults of the data: what each must say, and what it must not be talked into."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest

from detectors import registry
from detectors.base import KnownEvent, Reading, Tier, Verdict, step
from tests.detectors.simulate import Series, counts, profile, readings, shares, stock

STEP = 900
A_DAY = 96
NOON = 40


def heard(name: str, xs: Sequence[Reading], **how: object) -> list[Verdict]:
    detector = registry.make(name, **how)  # type: ignore[arg-type]
    return [step(detector, x) for x in xs]


def loud(verdicts: Sequence[Verdict]) -> list[Verdict]:
    return [verdict for verdict in verdicts if verdict.grade]


# Gauges ----------------------------------------------------------------------------------------------------------------


def backlog(days: int = 21, size: float = 40.0, seed: int = 2) -> Series:
    return stock(seed, profile(days, STEP) * size)


def gauges(values: Series) -> list[Reading]:
    return readings(values, STEP, exposure=np.ones(len(values)), budget=0.03)


def test_a_backlog_that_grows_beyond_its_hour_is_severe_before_the_day_is_over() -> None:
    values, from_ = backlog(), 15 * A_DAY + NOON
    values[from_ : from_ + 40] += np.minimum(np.arange(40) * 12, 240)
    said = heard("gauge", gauges(values))
    assert not loud(said[:from_])
    found = loud(said[from_ : from_ + 24])
    assert found and found[-1].grade == Tier.SEVERE and found[0].direction == "up"
    assert found[-1].reason.code in ("detectors.reason.gauge_high", "detectors.reason.gauge_climb")
    assert found[-1].reason.params["observed"] > 2 * found[-1].reason.params["expected"]


def test_the_busy_hour_of_every_day_is_no_alarm_and_a_low_stock_is_none_either() -> None:
    values = backlog()
    values[15 * A_DAY + NOON : 15 * A_DAY + NOON + 20] = 0.0
    assert not loud(heard("gauge", gauges(values))[8 * A_DAY :])


def seconds(size: float, first: int = 14) -> Series:
    """A work-off time from two in the afternoon on: short by day, long by night, a few tenths of scatter."""
    hour = (np.arange(21 * A_DAY) / 4 + first) % 24
    shape = 1 + 2 * (np.cos(np.pi * (hour - 2) / 12) > 0)
    return np.asarray(size * shape * np.exp(np.random.default_rng(7).normal(0, 0.25, len(hour))))


@pytest.mark.parametrize("size", [30.0, 2000.0, 90_000.0])
def test_a_gauge_of_any_unit_hears_what_stands_at_four_times_the_usual(size: float) -> None:
    values, from_ = seconds(size), 18 * A_DAY
    values[from_:] *= 4
    said = heard("gauge", readings(values, STEP, first=14 * 3600, budget=0.03), least=0.1 * size)
    assert not loud(said[:from_])
    assert said[from_ - 1].expected == pytest.approx(size, rel=0.3)
    found = loud(said[from_ : from_ + 8])
    assert found and found[-1].grade >= Tier.IMPORTANT


def test_a_gauge_without_exposure_is_judged_as_one_with_it() -> None:
    """A stock that is read as a count (backlog) has no exposure but time."""
    xs = gauges(backlog(9))
    plain = [dataclasses.replace(x, exposure=None) for x in xs]
    assert [v.score for v in heard("gauge", xs)] == [v.score for v in heard("gauge", plain)]


# Silence ---------------------------------------------------------------------------------------------------------------


def channel(days: int = 17, a_step: float = 10.0, seed: int = 3) -> Series:
    return counts(seed, profile(days, STEP) * a_step, 1.4)


def test_a_channel_that_falls_silent_at_noon_is_told_within_the_hour() -> None:
    values, from_ = channel(), 15 * A_DAY + NOON
    values[from_ : from_ + 12] = 0.0
    said = heard("silence", readings(values, STEP, budget=0.03))
    assert not loud(said[:from_])
    found = loud(said[from_ : from_ + 4])
    assert found and found[0].reason.code == "detectors.reason.silent" and found[0].direction == "down"
    assert max(verdict.grade for verdict in said[from_ : from_ + 12]) == Tier.SEVERE
    assert not loud(said[from_ + 16 : from_ + A_DAY])


def test_closed_nights_prove_nothing() -> None:
    values = channel() * (profile(17, STEP) > 0.5)
    assert not loud(heard("silence", readings(values, STEP, budget=0.03)))


def test_a_source_that_is_behind_is_no_silent_channel() -> None:
    values, from_ = channel(), 15 * A_DAY + NOON
    values[from_ : from_ + 12] = 0.0
    xs = readings(values, STEP, budget=0.03)
    xs[from_ : from_ + 12] = [dataclasses.replace(x, complete=False) for x in xs[from_ : from_ + 12]]
    said = heard("silence", xs)[from_ : from_ + 12]
    assert {verdict.reason.code for verdict in said} == {"detectors.reason.incomplete"} and not loud(said)


def test_an_announced_closure_is_no_silence() -> None:
    values, from_ = channel(), 15 * A_DAY + NOON
    values[from_ : from_ + 12] = 0.0
    xs = readings(values, STEP, budget=0.03)
    closed = (KnownEvent("系统升级", 1.0),)
    xs[from_ : from_ + 12] = [
        dataclasses.replace(x, context=dataclasses.replace(x.context, events=closed)) for x in xs[from_ : from_ + 12]
    ]
    assert not loud(heard("silence", xs)[from_ : from_ + 12])


def test_a_channel_that_was_closed_for_good_is_usual_after_its_patience() -> None:
    values = channel(30)
    values[15 * A_DAY :] = 0.0
    said = heard("silence", readings(values, STEP, budget=0.03))
    assert loud(said[15 * A_DAY : 17 * A_DAY]) and not loud(said[28 * A_DAY :])


# Slow decline ----------------------------------------------------------------------------------------------------------


def satisfaction(weekly: Sequence[float], a_step: float = 2.0, seed: int = 4) -> list[Reading]:
    days = 7 * len(weekly)
    n = np.random.default_rng(seed).poisson(profile(days, STEP) * a_step).astype(float)
    return readings(shares(seed, np.repeat(weekly, 7 * A_DAY), n, 0.01), STEP, exposure=n, budget=0.03)


def test_two_weeks_of_falling_are_told_on_the_third_monday_with_their_interval() -> None:
    said = heard("slow_decline", satisfaction([0.92, 0.92, 0.89, 0.86, 0.86]))
    monday = 4 * 7 * A_DAY
    assert not loud(said[: 3 * 7 * A_DAY])
    found = loud(said[monday : monday + 7 * A_DAY])
    first = found[0].reason
    assert first.code == "detectors.reason.declining" and first.params["weeks"] >= 2
    assert first.params["low"] < 6 < first.params["high"] and first.params["low"] > 0
    assert all(verdict.reason == first for verdict in found), "it stands for the week"


def test_weeks_that_go_up_and_down_say_nothing_and_a_rising_share_is_no_decline() -> None:
    assert not loud(heard("slow_decline", satisfaction([0.9, 0.93, 0.88, 0.92, 0.89, 0.91])))
    assert not loud(heard("slow_decline", satisfaction([0.8, 0.84, 0.88, 0.92])))
    assert loud(heard("slow_decline", satisfaction([0.1, 0.1, 0.14, 0.18, 0.18]), bad="up"))


def test_a_steady_share_is_called_falling_about_as_often_as_its_budget_says() -> None:
    """Budget 0.03 a week, 12 series of 16 weeks: six false weeks are what it may cost."""
    mondays = 0
    for seed in range(12):
        said = heard("slow_decline", satisfaction([0.9] * 16, 1.0, seed))
        mondays += sum(1 for week in range(3, 16) if said[week * 7 * A_DAY + NOON].grade)
    assert mondays <= 8


# Faults of the data ----------------------------------------------------------------------------------------------------


def moved(hours: int, a_step: float, seed: int, days: int = 17) -> Series:
    mean, from_ = profile(days, STEP) * a_step, 15 * A_DAY
    mean[from_:] = np.roll(mean, hours * 4)[from_:]
    return counts(seed, mean, 1.4)


@pytest.mark.parametrize("hours", [-8, -5, 3, 4, 8])
def test_a_day_that_was_moved_is_named_with_its_hours_after_24_hours(hours: int) -> None:
    said = heard("moved_profile", readings(moved(hours, 20, 5), STEP, budget=0.03))
    assert not loud(said[: 15 * A_DAY])
    found = loud(said[: 16 * A_DAY + 4])[-1]
    assert found.reason.code == f"detectors.reason.moved_{'later' if hours > 0 else 'earlier'}"
    assert found.reason.params["hours"] == abs(hours)
    assert found.grade == Tier.GENERAL


@pytest.mark.parametrize("what", ["quiet", "double", "half", "flood"])
def test_levels_and_floods_are_not_moved_days(what: str) -> None:
    mean, from_ = profile(18, STEP) * 20, 15 * A_DAY
    mean[from_:] *= {"double": 2.0, "half": 0.5}.get(what, 1.0)
    if what == "flood":
        mean[from_ + NOON : from_ + NOON + 12] *= 4
    assert not loud(heard("moved_profile", readings(counts(6, mean, 1.4), STEP, budget=0.03)))


def minutes(values: Series) -> list[Reading]:
    return readings(values, 60, budget=0.03)


def test_records_that_come_twice_are_told_and_a_flood_is_not() -> None:
    rng = np.random.default_rng(7)
    quiet = rng.poisson(1.5, 3000).astype(float)
    twice, flood = quiet.copy(), quiet.copy()
    twice[2000:2200] *= 2
    flood[2000:2200] = rng.poisson(6.0, 200)
    assert not loud(heard("doubled_counts", minutes(quiet)) + heard("doubled_counts", minutes(flood)))
    said = heard("doubled_counts", minutes(twice))
    assert not loud(said[:2000]) and loud(said[2000:2040])
    assert loud(said)[0].reason.code == "detectors.reason.doubled"
    assert not loud(said[2210:])


def test_a_source_that_always_delivers_pairs_is_usual_here() -> None:
    values = 2 * np.random.default_rng(8).poisson(1.0, 6000).astype(float)
    assert not loud(heard("doubled_counts", minutes(values))[3000:])


def test_an_hour_of_the_wall_clock_that_does_not_exist_does_no_harm() -> None:
    """The clock jumps an hour forward: the hours still follow one another."""
    xs = readings(moved(0, 20, 9), STEP, budget=0.03)
    for i in range(15 * A_DAY + 8, len(xs)):
        local = xs[i].context.local + timedelta(hours=1)
        xs[i] = dataclasses.replace(xs[i], context=dataclasses.replace(xs[i].context, local=local))
    assert not loud(heard("moved_profile", xs))


# Old records entered now ---------------------------------------------------------------------------------------------


def arrivals(late: Series, n: Series) -> list[Reading]:
    return readings(late, STEP, exposure=n, budget=0.03)


def on_time(days: int = 21, seed: int = 11, usual: float = 0.02) -> tuple[Series, Series]:
    """Late arrivals and arrivals, about twenty a quarter-hour by day."""
    n = np.random.default_rng(seed).poisson(profile(days, STEP) * 20).astype(float)
    return shares(seed, np.full(len(n), usual), n), n


def test_a_batch_of_old_records_is_called_within_half_an_hour_and_only_while_it_comes() -> None:
    late, n = on_time()
    from_ = 15 * A_DAY + NOON
    late[from_ : from_ + 8] += 40
    n[from_ : from_ + 8] += 40
    said = heard("batch_entry", arrivals(late, n))
    assert not loud(said[:from_]) and loud(said[from_ : from_ + 2]) and not loud(said[from_ + 14 :])
    found = loud(said)[0]
    assert (found.grade, found.direction, found.reason.code) == (Tier.GENERAL, "up", "detectors.reason.batch_entry")
    assert found.reason.params["late"] >= 40 and found.reason.params["n"] >= found.reason.params["late"]


@pytest.mark.parametrize("seed", range(6))
def test_a_flood_that_is_on_time_and_papers_in_small_rows_are_no_batch(seed: int) -> None:
    late, n = on_time(28, seed, 0.05)
    n[15 * A_DAY + NOON : 15 * A_DAY + NOON + 12] *= 10
    rows = np.random.default_rng(seed).choice(len(n), 60, replace=False)
    late[rows] += 6
    n[rows] += 6
    assert not loud(heard("batch_entry", arrivals(late, n)))


def test_an_hour_in_which_papers_are_entered_each_evening_becomes_usual() -> None:
    late, n = on_time(35)
    for day in range(14, 35):
        evening = slice(day * A_DAY + 76, day * A_DAY + 80)
        late[evening] += 30
        n[evening] += 30
    said = heard("batch_entry", arrivals(late, n))
    assert loud(said[14 * A_DAY : 17 * A_DAY]) and not loud(said[28 * A_DAY :])
    late[33 * A_DAY + NOON : 33 * A_DAY + NOON + 4] += 60
    n[33 * A_DAY + NOON : 33 * A_DAY + NOON + 4] += 60
    assert loud(heard("batch_entry", arrivals(late, n))[33 * A_DAY : 34 * A_DAY]), "at another hour it is not"
