"""The scan finds what was put there, is silent where nothing was, and its sums add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.explore.tickets import tickets
from benchmarks.explore.world import World, right
from fengsui.explore import read
from fengsui.explore.background import forecast_error
from fengsui.explore.counts import of_counts
from fengsui.explore.cube import Cube, cube_of, pair_of
from fengsui.explore.likelihood import NEEDED, surprise
from fengsui.explore.ratios import of_ratios
from fengsui.explore.table import Stopped, cuboids, table
from fengsui.store.slices import level_value

SEED = 71


def flat(now: dict[tuple[str, str], float], usual: dict[tuple[str, str], float], windows: int = 8) -> Cube:
    """Region by channel, the same history in every window."""
    leaves = [({"org": org, "channel": channel}, 0, n) for (org, channel), n in now.items()]
    leaves += [({"org": org, "channel": channel}, k, n) for (org, channel), n in usual.items() for k in range(1, windows + 1)]
    return cube_of(leaves, ("org.1", "channel"), windows)


PLACES = [(org, channel) for org in ("华南", "华东", "华北") for channel in ("App", "电话", "微信")]


@pytest.mark.parametrize("seed", range(SEED, SEED + 6))
def test_a_planted_slice_is_found_and_called_an_explanation(seed: int) -> None:
    world = World(seed)
    true, lift = world.cause()
    cube = world.cube(lift)
    answer = of_counts(cube)
    assert answer.slices and right(cube, answer.slices[0].parts, true)


@pytest.mark.parametrize("seed", range(SEED + 100, SEED + 104))
def test_where_nothing_happened_nothing_is_named_but_leads_are_shown_with_what_they_lack(seed: int) -> None:
    answer = of_counts(World(seed).cube())
    assert answer.slices == () and answer.leads
    assert all(lead.gate <= NEEDED for lead in answer.leads)
    assert [lead.z for lead in answer.leads] == sorted((lead.z for lead in answer.leads), reverse=True)


def test_a_rise_of_everything_is_an_answer_of_its_own() -> None:
    world = World(SEED)
    answer = of_counts(world.cube(np.full(len(world.weight), 1.8)))
    assert answer.slices == () and answer.everywhere > 0.7 * answer.deviation
    assert answer.g == pytest.approx(1.8, rel=0.15)


def test_leaving_the_answer_out_leaves_nothing_in_particular() -> None:
    world = World(SEED)
    _, lift = world.cause()
    cube = world.cube(lift)
    answer = of_counts(cube)
    again = of_counts(cube, left_out=[one.parts for one in answer.slices])
    assert again.slices == () and again.observed < answer.observed


def test_a_fall_is_found_with_the_sign_turned() -> None:
    usual = dict.fromkeys(PLACES, 60.0)
    answer = of_counts(flat({**usual, ("华南", "App"): 4.0}, usual), falls=True)
    assert [one.now for one in answer.slices] == [4.0]
    assert of_counts(flat({**usual, ("华南", "App"): 4.0}, usual)).slices == ()


def test_the_parent_is_named_where_all_of_it_rose() -> None:
    usual = dict.fromkeys(PLACES, 40.0)
    now = {place: 120.0 if place[0] == "华南" else n for place, n in usual.items()}
    cube = flat(now, usual)
    assert [cube.key(one.parts) for one in of_counts(cube).slices] == ["org.1=华南"]


def test_a_slice_of_most_of_everything_is_named_and_not_called_everywhere() -> None:
    usual = {
        (org, channel): n for org in ("华南", "华东", "华北") for channel, n in (("App", 90.0), ("电话", 30.0), ("微信", 20.0))
    }
    now = {place: n * 2 if place[1] == "App" else n for place, n in usual.items()}
    answer = of_counts(cube := flat(now, usual))
    assert [cube.key(one.parts) for one in answer.slices] == ["channel=App"]
    assert answer.everywhere == 0 and answer.g == pytest.approx(1.0, abs=0.02)


def test_where_two_causes_meet_there_is_no_third() -> None:
    orgs, channels = [f"大区{n}" for n in range(6)], [f"渠道{n}" for n in range(6)]
    usual = {(org, channel): 40.0 for org in orgs for channel in channels}
    lift = {place: (4.0 if place[0] == "大区0" else 1.0) * (5.0 if place[1] == "渠道0" else 1.0) for place in usual}
    cube = flat({place: n * lift[place] for place, n in usual.items()}, usual)
    answer = of_counts(cube)
    assert {cube.key(one.parts) for one in answer.slices} == {"org.1=大区0", "channel=渠道0"}
    assert answer.observed == pytest.approx(answer.expected + answer.deviation)
    extra = {place: n * lift[place] * (4.0 if lift[place] == 20.0 else 1.0) for place, n in usual.items()}
    more = of_counts(flat(extra, usual))
    assert "channel=渠道0|org.1=大区0" in {cube.key(one.parts) for one in more.slices}


def test_what_never_came_before_is_no_infinite_surprise() -> None:
    usual = {place: 40.0 for place in PLACES if place != ("华北", "微信")}
    few = of_counts(flat({**usual, ("华北", "微信"): 3.0}, usual))
    many = of_counts(flat({**usual, ("华北", "微信"): 60.0}, usual))
    assert few.slices == () and len(many.slices) == 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 80), min_size=9, max_size=9), st.lists(st.integers(0, 80), min_size=9, max_size=9))
def test_observed_is_expected_and_all_the_parts(now: list[int], usual: list[int]) -> None:
    cube = flat(dict(zip(PLACES, map(float, now), strict=True)), dict(zip(PLACES, map(float, usual), strict=True)))
    answer = of_counts(cube)
    parts = answer.everywhere + sum(one.now - one.expected for one in answer.slices) + answer.rest
    assert answer.observed == pytest.approx(answer.expected + parts, abs=1e-9)
    assert answer.observed == sum(now) and answer.expected == pytest.approx(sum(usual))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_mix_and_rate_are_the_change_exactly(seed: int, windows: int) -> None:
    rng = np.random.default_rng(seed)
    leaves = [({"org": o, "channel": c}, k, float(rng.poisson(9))) for o, c in PLACES for k in range(windows + 1)]
    cases = cube_of(leaves, ("org.1", "channel"), windows)
    failed = replace(
        cases,
        now=rng.binomial(cases.now.astype(int), 0.3).astype(float),
        past=rng.binomial(cases.past.astype(int), 0.2).astype(float),
    )
    answer = of_ratios(cases, failed)
    assert answer.mix + answer.rate == pytest.approx(answer.after - answer.before, abs=1e-9)
    assert answer.after == pytest.approx(failed.now.sum() / cases.now.sum())


def test_more_of_the_worse_is_mix_and_no_rate_is_blamed() -> None:
    cases, failed, true = tickets(SEED + 1, "mix")
    answer = of_ratios(cases, failed)
    assert true is not None and any(right(cases, part.parts, true) for part in answer.mixed)
    assert answer.slices == () and answer.mix > 0


def test_a_rate_that_rose_is_found() -> None:
    cases, failed, true = tickets(SEED + 1, "rate")
    answer = of_ratios(cases, failed)
    assert true is not None and right(cases, answer.slices[0].parts, true)
    assert answer.rate > 0.04


def test_a_window_without_cases_has_no_rate_and_raises_nothing() -> None:
    cube = flat({}, dict.fromkeys(PLACES, 5.0))
    assert of_ratios(cube, cube).n == 0
    assert of_counts(cube).slices == ()


def test_a_scan_can_be_stopped() -> None:
    asked = iter([False, False, True])
    with pytest.raises(Stopped):
        table(World(SEED).cube(), 3, lambda: next(asked))


def test_no_cuboid_names_two_levels_of_one_hierarchy() -> None:
    cube = World(SEED).cube()
    for one in cuboids(cube, 3):
        assert len({cube.hierarchies[a] for a in one}) == len(one)


def test_the_error_of_forecasts_does_not_see_the_window_itself() -> None:
    world = World(SEED)
    _, lift = world.cause()
    cube = world.cube(lift)
    assert forecast_error(cube) == forecast_error(replace(cube, now=cube.now * 50))


@given(st.floats(0, 1e4), st.floats(1e-3, 1e4), st.floats(0.5, 1e6))
def test_a_surprise_is_never_negative_and_only_on_its_side(v: float, m: float, r: float) -> None:
    up, down = (float(surprise(np.array([v]), np.array([m]), r, falls=falls)[0]) for falls in (False, True))
    assert up >= 0 and down >= 0 and (up == 0 or v > m) and (down == 0 or v < m)


def test_rows_are_cut_as_slices_are_named_everywhere() -> None:
    dims = [{"org": "华南/广东/天河", "channel": "App"}, {"org": "华南", "channel": ""}, {"channel": "电话"}]
    levels = ("org.1", "org.2", "channel")
    cube = cube_of([(one, 0, 1.0) for one in dims], levels, 1)
    for row, one in enumerate(dims):
        named = {level: cube.values[a][cube.codes[row, a]] for a, level in enumerate(cube.attributes)}
        assert named == {level: level_value(one, level) for level in levels}


@pytest.mark.parametrize("windows", [2, 8])
def test_a_place_that_has_no_parts_left_is_no_error(windows: int) -> None:
    """One topic in a centre that knows nothing but topics: the whole rose, and that is the answer."""
    leaves = [({"category": "支付"}, k, 60.0 if k == 0 else 10.0) for k in range(windows + 1)]
    cases, wrong = pair_of(((leaf, leaf[2] / 10) for leaf in leaves), ["category"], windows)
    assert cases.attributes == ()
    answer = of_counts(cases)
    assert answer.slices == () and answer.leads == () and answer.observed == 60.0
    rates = of_ratios(cases, wrong)
    assert rates.slices == () and rates.mix + rates.rate == pytest.approx(rates.after - rates.before)


@pytest.mark.parametrize("length", [timedelta(minutes=15), timedelta(hours=1), timedelta(days=7)])
def test_pieces_of_time_lie_at_the_same_hours_of_every_week_and_hold_their_part_of_it(length: timedelta) -> None:
    start = datetime(2026, 11, 18, 6, 3, tzinfo=UTC)
    assert read.every_for(1_000, length) == 1
    for records in (130_000, 10**7, 10**12):
        every, piece = read.every_for(records, length), read.piece_for(length)
        here = read.pieces((start, start + length), every, piece)
        before = read.pieces((start - timedelta(days=7), start - timedelta(days=7) + length), every, piece)
        assert 1008 % every == 0 and len(here) >= 2, "a short window is never empty"
        assert [(a - timedelta(days=7), b - timedelta(days=7)) for a, b in here] == before
        held = sum((b - a for a, b in here), timedelta())
        assert abs(held - length / every) <= 2 * piece
