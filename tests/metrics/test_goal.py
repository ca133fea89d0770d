"""A dated goal: the way is straight, the gap has the sign of the goal, and the forecast is right about as often as it says."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fengsui.metrics.goal import Goal, progress

UP = Goal(start=date(2026, 5, 1), end=date(2026, 11, 1), start_value=0.6, end_value=0.95)
DOWN = Goal(start=date(2026, 5, 1), end=date(2026, 11, 1), start_value=7200, end_value=1800)
SHARE = (0.0, 1.0)


def test_the_way_is_straight_and_flat_outside() -> None:
    assert [UP.required(day) for day in (date(2026, 1, 1), UP.start, UP.end, date(2027, 1, 1))] == [0.6, 0.6, 0.95, 0.95]
    assert UP.required(date(2026, 8, 1)) == pytest.approx(0.775)


def test_ahead_is_above_a_rising_way_and_below_a_falling_one() -> None:
    up = progress(UP, date(2026, 8, 1), 0.75, [], SHARE)
    down = progress(DOWN, date(2026, 8, 1), 4000, [], (0, float("inf")))
    assert up.gap == pytest.approx(-0.025) and down.gap == pytest.approx(500)
    assert (up.chance, up.forecast) == ("unknown", None)
    assert progress(UP, date(2026, 8, 1), None, [], SHARE).gap is None


@pytest.mark.parametrize(("per_week", "chance"), [(0.015, "likely"), (0.0, "unlikely"), (0.0134, "open")])
def test_the_trend_says_whether_it_will_do(per_week: float, chance: str) -> None:
    noise = np.random.default_rng(3).normal(0, 0.004, 12)
    weeks = [0.775 + per_week * (n - 11) + float(noise[n]) for n in range(12)]
    found = progress(UP, date(2026, 8, 1), weeks[-1], weeks, SHARE)
    assert found.chance == chance
    assert found.lower is not None and found.upper is not None and found.forecast is not None
    assert 0 <= found.lower <= found.forecast <= found.upper <= 1


def test_on_the_last_day_the_figure_itself_decides() -> None:
    assert progress(UP, UP.end, 0.96, [0.1] * 12, SHARE).chance == "likely"
    assert progress(UP, UP.end + timedelta(days=9), 0.94, [0.99] * 12, SHARE).chance == "unlikely"
    assert progress(UP, UP.end, None, [], SHARE).chance == "unknown"


def test_weeks_without_a_figure_are_no_zeros() -> None:
    weeks = [0.7, None, 0.71, None, 0.72, 0.725, 0.73, 0.735]
    found = progress(UP, date(2026, 8, 1), 0.735, weeks, SHARE)
    assert found.forecast is not None and found.forecast == pytest.approx(0.735 + 0.005 * 92 / 7, abs=0.01)
    assert progress(UP, date(2026, 8, 1), 0.735, weeks[:6], SHARE).chance == "unknown"


def test_the_band_holds_nine_of_ten() -> None:
    """Straight ways with noise: the last day's value lies in the 90 % band about as often as that."""
    rng, inside = np.random.default_rng(5), 0
    for _ in range(400):
        weeks = 0.6 + 0.004 * np.arange(12) + rng.normal(0, 0.01, 12)
        came = 0.6 + 0.004 * (11 + 92 / 7) + rng.normal(0, 0.01)
        found = progress(UP, date(2026, 8, 1), float(weeks[-1]), [float(one) for one in weeks], (-9, 9))
        assert found.lower is not None and found.upper is not None
        inside += found.lower <= came <= found.upper
    assert 0.86 < inside / 400 < 0.94


@pytest.mark.parametrize("body", [{"end": "2026-04-01"}, {"end_value": 0.6}, {"end_value": "nan"}, {"ends": 3}])
def test_a_goal_goes_somewhere(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Goal.model_validate({**UP.model_dump(mode="json"), **body})


@given(st.floats(0, 1), st.integers(-400, 400))
def test_what_is_asked_for_lies_between_both_ends(end_value: float, days: int) -> None:
    if end_value == 0.3:
        return
    goal = Goal(start=date(2026, 1, 1), end=date(2026, 7, 1), start_value=0.3, end_value=end_value)
    assert min(0.3, end_value) - 1e-12 <= goal.required(date(2026, 4, 1) + timedelta(days=days)) <= max(0.3, end_value) + 1e-12
