"""The pooled test of a family's sparse children: which child, given the parent, on one budget; its state and its memory."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from detectors import runs
from detectors.base import FamilyReading, StateMismatch, Tier, Verdict
from detectors.blocks import Blocks
from detectors.dispersion import PHI
from detectors.lean import Lean
from detectors.onset import Onset
from detectors.own_day import OwnDay
from detectors.pool import Pool

START = datetime(2026, 3, 2, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
N = 40
NAMES = [f"org.2=华南/{n:02d}" for n in range(N)]
DAYS = 24


class World:
    """A parent of 40 children of 2 to 40 a week, and what came."""

    def __init__(self, seed: int = 1, days: int = DAYS + 8) -> None:
        rng = np.random.default_rng(seed)
        self.rate = np.geomspace(2, 40, N) / 672
        hour = np.arange(days * 96) % 96 / 4
        self.shape = 0.2 + 1.6 * np.exp(-0.5 * ((hour - 14) / 4) ** 2)
        self.counts = rng.poisson(self.shape[:, None] * self.rate)

    def closed(
        self, t: int, extra: Mapping[int, int] | None = None, complete: bool = True, budget: float = 0.2
    ) -> FamilyReading:
        row = self.counts[t].copy()
        for child, n in (extra or {}).items():
            row[child] += n
        at = START + t * QUARTER
        counts = {NAMES[child]: float(row[child]) for child in np.flatnonzero(row)}
        expected = float(self.shape[t] * self.rate.sum())
        return FamilyReading(at, at + QUARTER, at.date(), expected, float(row.sum()), counts, complete, budget, at.hour, False)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def taught(world: World) -> dict[str, Any]:
    """The state after ``DAYS`` days."""
    pool = Pool()
    pool.adopt(NAMES)
    for t in range(DAYS * 96):
        pool.step(world.closed(t))
    state: dict[str, Any] = json.loads(json.dumps(pool.to_state()))
    return state


def fresh(taught: Mapping[str, Any]) -> Pool:
    pool = Pool()
    pool.restore(json.loads(json.dumps(taught)))
    return pool


def run(pool: Pool, world: World, steps: range, extra: Mapping[int, Mapping[int, int]], **about: Any) -> list[Verdict]:
    return [said for t in steps for said in pool.step(world.closed(t, extra.get(t), **about))]


NOON = DAYS * 96 + 56


def test_a_flood_of_one_child_is_an_alarm_that_names_it(world: World, taught: dict[str, Any]) -> None:
    said = run(fresh(taught), world, range(DAYS * 96, NOON + 4), {NOON: {3: 5}, NOON + 1: {3: 4}})
    assert said and {one.series for one in said} == {NAMES[3]}
    first = said[0]
    assert first.start == START + NOON * QUARTER and first.grade >= Tier.GENERAL and first.direction == "up"
    assert first.window_observed is not None and first.window_expected is not None
    assert first.window_observed >= 5 > 1 > first.window_expected
    assert first.reason.code == "detectors.reason.count_high"
    assert said[1].grade >= first.grade


def test_several_that_rise_a_little_together_are_one_alarm_that_names_them(world: World, taught: dict[str, Any]) -> None:
    few = dict.fromkeys(range(0, 16, 2), 2)
    (said,) = run(fresh(taught), world, range(DAYS * 96, NOON + 1), {NOON: few})
    assert said.reason.code == "detectors.reason.parts_high"
    assert said.reason.params["n"] >= 6 and set(said.reason.params["parts"]) <= {NAMES[child] for child in few}
    assert said.series == said.reason.params["parts"][0]


def test_a_flood_of_the_parent_is_no_flood_of_its_children(world: World, taught: dict[str, Any]) -> None:
    """The trap: judged by their own expectation, a dozen of 200 children alarm when the whole triples."""
    rng = np.random.default_rng(5)
    flood = {t: dict(enumerate(rng.poisson(2 * world.shape[t] * world.rate).tolist())) for t in range(NOON, NOON + 16)}
    assert run(fresh(taught), world, range(DAYS * 96, NOON + 16), flood) == []


def test_it_is_silent_until_the_shares_are_known(world: World) -> None:
    pool = Pool()
    pool.adopt(NAMES)
    assert run(pool, world, range(7 * 96), {6 * 96 + 50: {3: 30}}) == []
    assert not pool.ready


def test_a_state_comes_back_bit_for_bit_at_every_step(world: World, taught: dict[str, Any]) -> None:
    extra = {NOON: {3: 5}, NOON + 40: {7: 6}}
    steps = range(DAYS * 96, NOON + 100)
    one, two, said = fresh(taught), fresh(taught), []
    for t in steps:
        said.append((one.step(world.closed(t, extra.get(t))), two.step(world.closed(t, extra.get(t)))))
        again = Pool()
        again.restore(json.loads(json.dumps(two.to_state())))
        two = again
    assert any(first for first, _ in said)
    assert all(first == second for first, second in said)
    assert one.to_state() == two.to_state()


def test_the_state_of_a_child_is_small(taught: dict[str, Any]) -> None:
    size = len(json.dumps(taught, separators=(",", ":")))
    alone = len(json.dumps(Pool().to_state(), separators=(",", ":"))) + 12_000  # what the family shares
    assert (size - alone) / N < 1000


def test_an_excess_that_is_over_does_not_ring_with_the_next_event(world: World, taught: dict[str, Any]) -> None:
    said = run(fresh(taught), world, range(DAYS * 96, NOON + 60), {NOON: {3: 9}, NOON + 40: {3: 1}})
    assert [one.start for one in said if one.series == NAMES[3]] == [START + NOON * QUARTER]


def test_a_watched_child_is_told_of_at_every_step(world: World, taught: dict[str, Any]) -> None:
    pool = fresh(taught)
    for t in range(DAYS * 96, DAYS * 96 + 10):
        (said,) = [one for one in pool.step(world.closed(t), [NAMES[3], "nobody"]) if one.series == NAMES[3]]
        assert said.grade == Tier.NONE and said.score < 0.5 and said.ready
        assert said.expected is not None and said.lower is not None and said.upper is not None
        assert said.lower <= said.expected <= said.upper


def test_a_child_with_a_detector_of_its_own_goes_on_learning_and_is_not_judged(world: World, taught: dict[str, Any]) -> None:
    """Promoted and demoted without a jump: back in the pool it is expected what it would have been expected all along."""
    aside, always = fresh(taught), fresh(taught)
    aside.adopt(NAMES, muted=[NAMES[3]])
    assert run(aside, world, range(DAYS * 96, NOON + 8), {NOON: {3: 9}}) == []
    run(aside, world, range(NOON + 8, (DAYS + 4) * 96), {})
    run(always, world, range(DAYS * 96, (DAYS + 4) * 96), {NOON: {3: 9}})
    aside.adopt(NAMES)
    assert aside.shares()[NAMES[3]] == always.shares()[NAMES[3]]
    assert run(aside, world, range((DAYS + 4) * 96, (DAYS + 5) * 96), {}) == []


def test_children_come_and_go_and_the_others_keep_what_they_know(world: World, taught: dict[str, Any]) -> None:
    pool = fresh(taught)
    before = pool.shares()
    pool.adopt([*NAMES[5:], "org.2=华南/new"])
    after = pool.shares()
    assert all(after[name] == before[name] for name in NAMES[5:])
    assert after["org.2=华南/new"][0] == 0.5 and NAMES[0] not in after
    said = run(pool, world, range(DAYS * 96, NOON + 2), {NOON: {30: 12}})
    assert {one.series for one in said} == {NAMES[30]}


def test_an_incomplete_day_teaches_nothing(world: World, taught: dict[str, Any]) -> None:
    pool = fresh(taught)
    run(pool, world, range(DAYS * 96, DAYS * 96 + 1), {})  # closes the day before
    before = pool.shares()
    run(pool, world, range(DAYS * 96 + 1, (DAYS + 1) * 96 + 1), {}, complete=False)
    assert pool.shares() == before


def test_a_step_that_was_judged_is_not_judged_again(world: World, taught: dict[str, Any]) -> None:
    pool = fresh(taught)
    said = run(pool, world, range(DAYS * 96, NOON + 1), {NOON: {3: 9}})
    state = pool.to_state()
    assert said and pool.step(world.closed(NOON, {3: 9})) == [] and pool.to_state() == state


def renamed(taught: Mapping[str, Any], world: World, old: int, vanish: bool = True) -> list[Verdict]:
    """A new child gets all that ``old`` would have had; ``old`` goes on where it does not ``vanish``."""
    pool, said = fresh(taught), []
    pool.adopt([*NAMES, "org.2=华南/new"])
    for t in range(DAYS * 96, (DAYS + 3) * 96):
        x = world.closed(t)
        counts = dict(x.counts)
        moved = counts.pop(NAMES[old], 0.0) if vanish else counts.get(NAMES[old], 0.0)
        if moved:
            counts["org.2=华南/new"] = moved
        said += pool.step(dataclasses.replace(x, counts=counts, observed=sum(counts.values())))
    return said


def test_a_name_that_changed_is_a_fault_of_the_data_and_no_complaints(world: World, taught: dict[str, Any]) -> None:
    said = renamed(taught, world, N - 1)
    assert [one.reason.code for one in said] == ["detectors.reason.renamed"]
    assert said[0].series == "org.2=华南/new" and said[0].grade == Tier.GENERAL
    assert said[0].reason.params["before"] == NAMES[N - 1]


def test_a_child_that_is_new_while_no_other_vanishes_is_no_renaming(world: World, taught: dict[str, Any]) -> None:
    said = renamed(taught, world, N - 1, vanish=False)
    assert "detectors.reason.renamed" not in {one.reason.code for one in said}


def test_a_newcomer_is_no_surge(world: World, taught: dict[str, Any]) -> None:
    """Nobody knows yet what would be many of it."""
    said = renamed(taught, world, N - 1, vanish=False)
    assert said == []


def test_another_step_or_version_is_a_mismatch(taught: dict[str, Any]) -> None:
    with pytest.raises(StateMismatch):
        Pool(step_s=300).restore(taught)
    with pytest.raises(ValueError, match="step_s=7"):
        Pool(step_s=7)


def test_a_bursty_child_is_known_by_its_steps() -> None:
    rng = np.random.default_rng(3)
    lean, mean = Lean(2), 0.06
    for _ in range(60):
        for _ in range(24):
            counts = np.array([rng.poisson(mean), rng.negative_binomial(mean, 1 / 2.0)], dtype=float)
            came = np.flatnonzero(counts)
            lean.learn_step(came, counts[came], np.full(len(came), mean))
            lean.day += counts
        lean.close_day(float(2 * 24 * mean), True)
    steady, bursty = lean.phi.tolist()
    assert steady < 1.4 < 1.6 < bursty


def test_a_spike_does_not_enter_its_own_expectation_and_two_days_in_three_do() -> None:
    lean = Lean(2)
    for _ in range(40):
        lean.day += (10.0, 90.0)
        lean.close_day(100.0, True)
    usual = float(lean.share[0])
    assert usual == pytest.approx(0.1, abs=0.01)
    lean.day += (60.0, 90.0)
    lean.close_day(150.0, True)
    assert float(lean.share[0]) < 1.4 * usual
    lean.day += (60.0, 90.0)
    lean.close_day(150.0, True)
    assert float(lean.share[0]) > 1.7 * usual


def test_a_child_with_a_day_of_its_own_is_known_by_it() -> None:
    """Its nights are busy while its parent sleeps; its sibling's are as its parent's; both have a fifth of it."""
    rng, own = np.random.default_rng(7), OwnDay(2)
    hours = np.arange(24)
    usual, share = np.where(hours < 8, 2.0, 10.0), np.full(2, 0.2)
    night = np.where(hours < 8, 5.0, 0.6) * usual
    for _ in range(30):
        own.today += rng.poisson(0.2 * np.array([night, usual]))
        own.usual += usual
        own.close_day(True, False, share, np.ones(2))
    other, same = own.tilt[:, :24]
    assert other[2:6].min() > 3 and other[12:20].max() < 0.9
    assert same.min() > 0.6 and same.max() < 1.6


def test_a_parent_that_has_been_silent_for_months_teaches_no_hours() -> None:
    """The trap: what was due is nothing, its level not a number, and no series is judged any more."""
    own = OwnDay(3)
    for _ in range(400):
        own.usual[:] = 1e-7
        own.close_day(True, False, np.full(3, 0.01), np.full(3, 1.5))
    assert own.days == 0 and (own.tilt == 1).all()
    for _ in range(400):
        own.usual[:] = 5e-4
        own.close_day(True, False, np.full(3, 0.01), np.full(3, 1.5))
    again = OwnDay()
    again.load(own.body(), np.full(3, 1.5))
    assert np.isfinite(own.tilt).all() and (again.tilt == own.tilt).all()


def test_a_newcomer_has_no_tilt_before_it_has_had_a_week() -> None:
    """The trap: on past weekends it was not there, so its first one is expected at half, and is an alarm."""
    own, phi = OwnDay(1), np.full(2, 1.5)
    for day in range(33):  # from a Monday on; the newcomer from a Wednesday
        if day == 30:
            own = own.arranged([0, None], phi)
        own.usual[:] = 50.0
        own.today[:] = 2.0
        own.close_day(True, day % 7 >= 5, np.full(len(own.seen), 0.04), phi[: len(own.seen)])
    assert (own.tilt[1] == 1).all() and own.days == 33
    for day in range(33, 40):
        own.usual[:], own.today[:] = 50.0, 2.0
        own.close_day(True, day % 7 >= 5, np.full(2, 0.04), phi)
    assert own.age.tolist() == [40, 10] and (own.tilt[1] != 1).any()


def test_what_goes_on_coming_is_evidence_and_a_burst_of_a_bursty_child_is_not() -> None:
    onset, mixture = Onset(2, 900), np.zeros((2, len(PHI)))
    mixture[0, 0] = mixture[1, PHI == 3.0] = 1.0
    onset.settle(np.full(2, 0.01), mixture)
    for _ in range(500):
        onset.step(np.array([], dtype=int), np.array([]), np.array([]), mixture[:0])
    assert onset.nats().max() < 0
    onset.step(np.arange(2), np.full(2, 4.0), np.full(2, 0.01), mixture)
    steady, bursty = onset.nats().tolist()
    assert steady > 6 > 3 > bursty
    for _ in range(3):
        onset.step(np.arange(2), np.ones(2), np.full(2, 0.01), mixture)
    assert onset.nats()[1] > 8


def test_blocks_say_how_often_a_height_comes_and_leave_out_what_was_real() -> None:
    rng, blocks = np.random.default_rng(1), Blocks()
    for peak in (5 + rng.exponential(2.0, 160)).tolist():
        blocks.rise(peak, 9.0)
        blocks.close()
    weekly = 5 + 2 * np.log(28)  # passed once a week
    assert blocks.score(float(weekly)) == pytest.approx(0.0, abs=0.15)
    before = blocks.score(20.0)
    blocks.rise(500.0, 3.0)
    blocks.close()
    assert blocks.score(20.0) == before
    again = Blocks()
    again.load(json.loads(json.dumps(blocks.body())))
    assert again.score(14.0) == blocks.score(14.0)


@pytest.mark.parametrize("row", [[], [0, 0, 0], [1, 0, 0, 2, 3, 0], [0, 12, 0]])
def test_counts_are_packed_and_come_back(row: Sequence[int]) -> None:
    assert runs.unpacked(runs.packed(row)) == [float(one) for one in row]
