"""Forecast bands: they hold nine of ten, begin where today stands, and say nothing on too little."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.metrics import logbins
from fengsui.metrics.forecast import Day, band, end_of_day, weeks_ahead
from fengsui.metrics.kpis import METRICS
from fengsui.metrics.measures import NO_BIN

COUNT, SHARE, DURATION = METRICS["complaints"], METRICS["sla_attainment"], METRICS["response_time"]


def counts(n: float) -> dict[str, dict[int, int]]:
    return {"complaint.n": {NO_BIN: int(n)}}


def cohort(met: int, due: int) -> dict[str, dict[int, int]]:
    return {"due.met": {NO_BIN: met}, "due.n": {NO_BIN: due}}


def test_a_band_of_exchangeable_days_holds_nine_of_ten() -> None:
    rng = np.random.default_rng(1)
    held = []
    for _ in range(3000):
        *past, today = rng.normal(0, 1, 21).tolist()
        found = band(past)
        assert found is not None
        held.append(found.low <= today <= found.high)
    assert 0.88 < np.mean(held) < 0.93


@given(st.lists(st.floats(-1e6, 1e6), max_size=60))
def test_the_middle_lies_in_the_band(samples: list[float]) -> None:
    found = band(samples)
    assert (found is None) == (len(samples) < 9)
    assert found is None or found.low <= found.middle <= found.high


def test_the_day_ends_no_lower_than_it_stands_and_a_busy_one_ends_higher() -> None:
    past = [Day(50, counts(100 + n)) for n in range(20)]
    usual, busy = end_of_day(COUNT, counts(50), past), end_of_day(COUNT, counts(100), past)
    assert usual is not None and busy is not None
    assert usual.low >= 50 and 150 <= usual.middle <= 170
    assert busy.middle - 100 > usual.middle - 50  # what is to come is more, too
    assert end_of_day(COUNT, counts(50), past[:8]) is None


def test_a_share_moves_less_the_more_has_been_counted() -> None:
    past = [Day(100, cohort(60 + n, 100)) for n in range(30)]
    early = end_of_day(SHARE, cohort(9, 10), past)
    late = end_of_day(SHARE, cohort(900, 1000), [Day(1000, one.rest) for one in past])
    assert early is not None and late is not None
    assert late.high - late.low < early.high - early.low and late.low <= 0.9 <= early.high + 0.2
    assert 0 <= early.low <= early.high <= 1


def test_a_duration_is_the_median_of_all_of_the_day() -> None:
    slow, fast = {"response.d": {logbins.bin_of(3600): 40}}, {"response.d": {logbins.bin_of(60): 60}}
    found = end_of_day(DURATION, slow, [Day(40, fast)] * 12)
    assert found is not None and found.middle == pytest.approx(60, rel=0.03)  # sixty fast ones outweigh forty slow


def test_thin_bins_do_not_vanish_when_a_day_is_scaled() -> None:
    rest = {"response.d": {logbins.bin_of(2.0**n): 1 for n in range(3, 15)}}
    found = end_of_day(DURATION, {}, [Day(50, rest)] * 12)  # a quarter of the usual has come: level well below one
    assert found is not None and 2**4 < found.middle < 2**11


def weekly(weeks: int, noise: float, seed: int = 4) -> list[float | None]:
    rng = np.random.default_rng(seed)
    shape = np.array([100, 90, 85, 85, 80, 40, 35])
    return [float(one) for one in np.tile(shape, weeks) * np.exp(rng.normal(0, noise, 7 * weeks))]


def test_four_weeks_ahead_know_the_weekday() -> None:
    ahead = weeks_ahead(COUNT, weekly(12, 0.05))
    assert len(ahead) == 28 and all(one is not None for one in ahead)
    monday, sunday = ahead[0], ahead[6]
    assert monday is not None and sunday is not None
    assert monday.middle == pytest.approx(100, rel=0.12) and sunday.middle == pytest.approx(35, rel=0.12)
    assert monday.low < monday.middle < monday.high and sunday.high < monday.low


def test_little_history_reaches_less_far_and_none_says_nothing() -> None:
    reach = [one is not None for one in weeks_ahead(COUNT, weekly(6, 0.05))]
    assert reach[0] and not reach[-1] and reach == sorted(reach, reverse=True)
    assert weeks_ahead(COUNT, weekly(2, 0.05)) == [None] * 28
    assert weeks_ahead(COUNT, [None] * 84) == [None] * 28


def test_bands_stay_where_values_can_be() -> None:
    days: list[float | None] = [0.99 if n % 3 else 0.7 for n in range(84)]
    for one in weeks_ahead(SHARE, days):
        assert one is not None and 0 <= one.low <= one.high <= 1
    zeros = weeks_ahead(COUNT, [0.0, 3.0] * 42)
    assert all(one is None or (one.low >= 0 and math.isfinite(one.high)) for one in zeros)
