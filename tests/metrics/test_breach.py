"""Kaplan-Meier against scipy, and breach risk against what came."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from fengsui.metrics.breach import ENOUGH, Watched, brier, expected, reliability, risks
from fengsui.metrics.survival import survival
from tests.metrics.outage import HOURS, TARGET, simulate

LASTED = st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=80).filter(
    lambda each: any(e for _, e in each)
)


@given(LASTED)
def test_the_curve_is_scipys(watched: list[tuple[int, bool]]) -> None:
    length, ended = (np.array(column) for column in zip(*watched, strict=True))
    theirs = stats.ecdf(stats.CensoredData(uncensored=length[ended], right=length[~ended])).sf
    ours = survival(length, ended)
    for t, share in zip(theirs.quantiles, theirs.probabilities, strict=True):
        assert ours.at(float(t)) == pytest.approx(share, abs=1e-12)
    assert ours.at(-1.0) == 1.0 and (ours.n, ours.ends) == (len(length), int(ended.sum()))


def test_the_interval_is_scipys() -> None:
    rng = np.random.default_rng(3)
    length, ended = rng.exponential(10, 200), rng.random(200) < 0.7
    theirs = stats.ecdf(stats.CensoredData(uncensored=length[ended], right=length[~ended])).sf
    bounds = theirs.confidence_interval(method="log-log")
    ours = survival(length, ended)
    for n in (20, 60, 120):
        found = ours.interval(float(theirs.quantiles[n]))
        assert found == pytest.approx((bounds.low.probabilities[n], bounds.high.probabilities[n]), abs=1e-9)


def test_the_median_needs_half_of_them_to_have_ended() -> None:
    assert survival([1, 2, 3, 4], [True, True, True, True]).median() == 2
    assert survival([1, 2, 3, 4], [True, False, False, False]).median() is None


def test_beyond_what_was_watched_nothing_is_known() -> None:
    open_end = survival([1, 5, 9], [True, True, False])
    assert open_end.at(8) == pytest.approx(1 / 3) and open_end.at(10) is None and open_end.reach(2, 10) is None
    assert survival([1, 5], [True, True]).at(10) == 0 and survival([1, 5], [True, True]).reach(9, 10) is None
    assert survival([], []).at(0.0) == 1.0 and survival([], []).at(1.0) is None


def test_few_closures_ask_the_parent_and_say_so() -> None:
    many = [Watched("卡", "normal", 10.0 + n, True) for n in range(ENOUGH)]
    few = [Watched("卡", "high", 1.0, True)] * (ENOUGH - 1)
    other = [Watched("贷", "normal", 5.0, True)] * 3
    found = risks([*many, *few, *other])
    assert found.of("卡", "normal", 0, 20).stratum == ("卡", "normal")
    assert found.of("卡", "high", 0, 20).stratum == ("卡", None)
    assert found.of("贷", "normal", 0, 20).stratum == (None, None)
    assert risks(few).of("卡", "high", 0, 20).p is None  # nobody has enough
    assert found.of("卡", "normal", 20, 20).p == 1.0 and risks([]).of(None, None, 9, 3).p == 1.0
    alone = found.of("卡", "normal", 12, 24)
    assert alone.p == pytest.approx(15 / 27) and alone.n == ENOUGH and expected([alone, alone]) == pytest.approx(30 / 27)


def test_stated_chances_come_true_on_queues_that_are_like_the_last_ones() -> None:
    """Curves of 20 runs without the outage, asked of 20 others at each hour; calibration by bins and Brier's score."""
    past = [
        Watched("q", "normal", min(one.solved, 30.0) - one.opened, one.solved <= 30.0)
        for seed in range(100, 120)
        for one in simulate(seed)
        if one.opened < 30.0
    ]
    curves = risks(past)
    pairs = []
    for seed in range(200, 220):
        for one in simulate(seed):
            for now in np.arange(12.0, 26.0, 1.0):
                if one.opened <= now < one.solved and one.due < HOURS and one.due > now:
                    p = curves.of("q", "normal", now - one.opened, TARGET).p
                    assert p is not None
                    pairs.append((p, one.solved > one.due))
    base = sum(came for _, came in pairs) / len(pairs)
    score = brier(pairs)
    assert score is not None and score <= base * (1 - base) + 0.005
    for stated, came, n in reliability(pairs):
        assert abs(stated - came) <= 3 * np.sqrt(0.25 / n) + 0.05, (stated, came, n)
    assert brier([]) is None
