"""The judges of benchmarks/detection: what counts as found, as false, as neither."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import detector_speed
from benchmarks.detection import first_days, judge_a, judge_b, oracle, suite_a, suite_b
from benchmarks.detection.matching import lowest
from benchmarks.detection.series import Series, Spike
from benchmarks.detection.verdicts import Said
from detectors import registry

DAY = 96
FIRST = 28 * DAY


def series(*spikes: Spike, excused: slice | None = None) -> Series:
    """Seventy days of quarter-hours, the last 42 judged."""
    mask = np.zeros(70 * DAY, dtype=bool)
    if excused:
        mask[excused] = True
    flat = np.full(70 * DAY, 4.0)
    return Series("s", suite_b.START, 900, flat, flat, 1.0, FIRST, spikes, mask)


def heard(data: Series, *at: int) -> judge_b.Account:
    alarm = np.zeros(len(data), dtype=bool)
    alarm[list(at)] = True
    return judge_b.account(data, alarm)


def test_the_first_days_are_judged_without_their_first_and_with_or_without_the_past() -> None:
    spikes = (
        Spike(FIRST + 10, FIRST + 20, 3),
        Spike(FIRST + 2 * DAY, FIRST + 2 * DAY + 8, 3),
        Spike(FIRST + 9 * DAY, FIRST + 9 * DAY + 8, 2),
    )
    data = series(*spikes)
    new, filled = first_days.cut(data, data.judged), first_days.cut(data, 0)
    assert (len(new), new.judged, len(filled), filled.judged) == (8 * DAY, DAY, FIRST + 8 * DAY, FIRST + DAY)
    assert new.spikes == (Spike(2 * DAY, 2 * DAY + 8, 3),) and new.start == data.at(FIRST)
    assert filled.spikes == (spikes[1],) and new.weeks == filled.weeks == 1
    assert new.excused[10:20].all() and not new.excused[DAY:].any()


def test_alarms_within_two_hours_are_one_episode() -> None:
    assert heard(series(), FIRST + 10, FIRST + 18).false == 1
    assert heard(series(), FIRST + 10, FIRST + 19).false == 2


def test_a_standing_alarm_costs_one_episode_each_six_hours() -> None:
    assert heard(series(), *range(FIRST, FIRST + 96)).false == 4


def test_history_is_not_judged() -> None:
    assert heard(series(), 100, 2000).false == 0


def test_a_spike_is_found_within_it_or_an_hour_after_and_the_delay_counts_to_the_end_of_the_step() -> None:
    data = series(Spike(FIRST + 100, FIRST + 104, 2))
    found = heard(data, FIRST + 102)
    assert (found.false, found.spikes[0].delay) == (0, 45.0)
    assert heard(data, FIRST + 107).spikes[0].delay == 120.0
    late = heard(data, FIRST + 109)
    assert (late.false, late.spikes[0].delay) == (0, None)
    assert heard(data, FIRST + 113).false == 1


def test_a_spike_that_begins_inside_a_standing_alarm_is_not_found() -> None:
    data = series(Spike(FIRST + 100, FIRST + 104, 3))
    found = heard(data, FIRST + 98, FIRST + 101)
    assert (found.false, found.spikes[0].delay) == (1, None)


def test_alarms_after_a_level_shift_are_neither_right_nor_wrong() -> None:
    data = series(excused=slice(FIRST + 200, FIRST + 392))
    assert heard(data, FIRST + 210).false == 0
    assert heard(data, FIRST + 400).false == 1


def test_the_matched_threshold_keeps_the_budget_and_the_next_lower_one_does_not() -> None:
    data = list(suite_b.suite(3, 3))
    said = [oracle.oracle(one) for one in data]
    above = judge_b.threshold(said, data, 0.5)
    weeks = sum(one.weeks for one in data)
    assert sum(one.false for one in judge_b.accounts(said, data, above)) <= 0.5 * weeks
    lower = max(score for one in said for score in one.score.tolist() if score < above)
    assert sum(one.false for one in judge_b.accounts(said, data, lower)) > 0.5 * weeks


def test_grades_are_judged_on_the_highest_within_the_spike() -> None:
    data = series(Spike(FIRST + 100, FIRST + 104, 3), Spike(FIRST + 300, FIRST + 304, 1))
    alarm, grade = np.zeros(len(data), dtype=bool), np.zeros(len(data), dtype=np.int8)
    for at, tier in ((100, 1), (102, 3), (301, 2)):
        alarm[FIRST + at], grade[FIRST + at] = True, tier
    figure = judge_b.figure([judge_b.account(data, alarm, grade)])
    assert (figure.exact, figure.severe_recall, figure.severe_precision) == (0.5, 1.0, 1.0)


@pytest.mark.parametrize("suite", [suite_a.suite, suite_b.suite])
def test_a_suite_is_a_function_of_its_seed(suite: object) -> None:
    first, again, other = (next(iter(suite(seed, 1))) for seed in (5, 5, 6))  # type: ignore[operator]
    assert np.array_equal(first.values, again.values) and first.spikes == again.spikes
    assert not np.array_equal(first.values, other.values)


def test_suite_a_has_the_published_means() -> None:
    """Scenario 1: exp(0.1) flat; scenario 5: trend and one annual wave."""
    flat, phi = suite_a.mean_of(0)
    assert phi == 1.5 and flat == pytest.approx(np.full(624, np.exp(0.1)))
    t = 52
    assert suite_a.mean_of(4)[0][t - 1] == pytest.approx(np.exp(0.1 + 0.0025 * t + 0.6))


def test_suite_a_twins_differ_by_the_outbreak_only() -> None:
    for data in suite_a.suite(7, 42):
        assert data.quiet is not None
        apart = np.flatnonzero(data.values != data.quiet)
        assert apart.min() == data.spikes[0].start >= data.judged and apart.max() + 1 == data.spikes[0].end


def test_suite_a_counts_weeks_hits_and_first_weeks() -> None:
    data = next(iter(suite_a.suite(7, 1)))
    assert data.quiet is not None
    start = data.spikes[0].start
    score = np.zeros(624)
    score[[start, 10, data.spikes[0].end + 3 if data.spikes[0].end + 3 < 624 else 580]] = 1.0
    said = Said(score, quiet=Said(np.zeros(624)))
    row = judge_a.table([said], [data], 0.5)[0]
    truth = int((data.values > data.quiet).sum())
    assert row.tolist() == [1, 1, truth - 1, 1, 1, 0]


def test_the_matched_rate_is_that_of_the_quiet_twins() -> None:
    data = list(suite_a.suite(8, 42))
    said = [oracle.oracle(one) for one in data]
    rows = judge_a.table(said, data, judge_a.threshold(said, data, 0.02))
    assert rows[:, judge_a.TWIN].mean() == pytest.approx(0.02, abs=0.0006)


def test_the_oracle_finds_what_is_there_and_never_looks_back_beyond_a_spike() -> None:
    data = series(Spike(FIRST + 100, FIRST + 108, 3))
    values = data.values.copy()
    values[FIRST + 100 : FIRST + 108] += 20
    score = oracle.oracle(replace(data, values=values)).score
    assert score[FIRST + 100 : FIRST + 108].min() > 15
    assert score[FIRST + 108 :].max() == 0


@pytest.mark.parametrize("name", registry.DETECTORS)
def test_the_speed_of_every_detector_is_measured_on_readings_that_it_takes(name: str) -> None:
    cost, size = detector_speed.steps_of(name, 900, 120)
    assert cost > 0 and size > 100


def test_the_matched_threshold_is_the_lowest_that_keeps_to_what_is_allowed() -> None:
    scores = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    assert lowest(scores, lambda above: int((scores > above).sum()), 2) == 3.0
    assert lowest(scores, lambda above: int((scores > above).sum()), 0) == 5.0
