"""One suite for every detector of the registry: the contract of ``detectors.base``, told as what must not happen."""

from __future__ import annotations

import dataclasses
import json
import math
import pickle
import random
import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from river import base
from river.checks import common

from detectors import registry
from detectors.base import Detector, Reading, StateMismatch, Tier, Verdict, step
from tests.detectors.simulate import counts, log_durations, profile, readings, shares, stock

STEP = 900
DAY_STEPS = 96
NAMES = tuple(registry.DETECTORS)

RIVER_CHECKS = (
    common.check_repr,
    common.check_str,
    common.check_tags,
    common.check_clone_same_class,
    common.check_clone_is_idempotent,
    common.check_init_has_default_params_for_tests,
    common.check_init_default_params_are_not_mutable,
    common.check_doc,
    common.check_clone_changes_memory_addresses,
    common.check_mutate_can_be_idempotent,
    common.check_pickling_supports_roundtrip,
    common.check_repr_roundtrips_clone,
    common.check_clone_with_new_params_applies,
    common.check_get_params_matches_signature,
)
"""River's checks that need no data set of feature dictionaries; the others are told again below for readings."""


@cache
def ordinary(name: str, days: int = 12, seed: int = 1) -> tuple[Reading, ...]:
    """Quarter-hours of an unremarkable series of the detector's kind."""
    shape = profile(days, STEP)
    n = np.random.default_rng(seed).poisson(shape * 20).astype(float)
    if name in ("share_drift", "slow_decline"):
        return tuple(readings(shares(seed, np.full(len(n), 0.9), n), STEP, exposure=n))
    if name == "batch_entry":
        return tuple(readings(shares(seed, np.full(len(n), 0.02), n), STEP, exposure=n))
    if name == "duration_drift":
        return tuple(readings(log_durations(seed, np.full(len(n), 5.0), n), STEP, exposure=n))
    if name == "gauge":
        return tuple(readings(stock(seed, shape * 40), STEP, exposure=np.ones(len(n))))
    return tuple(readings(counts(seed, shape * (60 if name == "silence" else 8)), STEP))


def wild(name: str, x: Reading, factor: float = 12.0) -> Reading:
    """The same reading in a disaster: flood, broken share, endless calls, nothing at all."""
    flood = (x.value or 1) * factor + 60
    value = {
        "share_drift": 0.0,
        "slow_decline": 0.0,
        "silence": 0.0,
        "batch_entry": max(x.exposure or 0.0, 30.0),
        "duration_drift": (x.value or 0) + math.log(factor),
    }.get(name, flood)
    exposure = max(x.exposure or 0.0, 30.0) if x.exposure is not None and name != "gauge" else x.exposure
    return dataclasses.replace(x, value=value, exposure=exposure)


PATIENT = ("slow_decline", "moved_profile", "doubled_counts")
"""They look at a day, at weeks, at the parity of minutes: no quarter of an hour makes them speak (test_faults_and_declines)."""


MOST = {"batch_entry": Tier.GENERAL}
"""A fault of the data is never graver."""


def fed(name: str, xs: tuple[Reading, ...] | list[Reading]) -> tuple[Detector, list[Verdict]]:
    detector = registry.make(name)
    return detector, [step(detector, x) for x in xs]


def frozen(detector: Detector) -> str:
    return json.dumps(detector.to_state(), sort_keys=True)


each = pytest.mark.parametrize("name", NAMES)


@each
@pytest.mark.parametrize("check", RIVER_CHECKS, ids=lambda check: check.__name__)
def test_river_takes_it_for_an_anomaly_detector(name: str, check: Any) -> None:
    detector = registry.make(name)
    assert isinstance(detector, base.AnomalyDetector)
    check(detector)


@each
def test_it_scores_before_it_has_learned_anything(name: str) -> None:
    detector, x = registry.make(name), ordinary(name)[40]
    verdict = detector.judge_one(x)
    assert math.isfinite(detector.score_one(x)) and not verdict.ready and verdict.grade is Tier.NONE
    assert verdict.reason.code == "detectors.reason.learning"


@each
def test_judging_twice_gives_the_same_and_changes_nothing(name: str) -> None:
    detector, _ = fed(name, ordinary(name)[: 9 * DAY_STEPS])
    before = frozen(detector)
    for x in ordinary(name)[9 * DAY_STEPS : 9 * DAY_STEPS + 60]:
        assert detector.judge_one(x) == detector.judge_one(x)
        assert detector.judge_one(wild(name, x)) == detector.judge_one(wild(name, x))
        assert detector.score_one(x) == detector.judge_one(x).score
    assert frozen(detector) == before


@each
def test_peeking_at_other_readings_does_not_change_what_is_said_later(name: str) -> None:
    xs = ordinary(name)[: 9 * DAY_STEPS + 48]
    honest, peeking = registry.make(name), registry.make(name)
    said = [step(honest, x) for x in xs]
    for x, verdict in zip(xs, said, strict=True):
        peeking.judge_one(wild(name, x))
        assert step(peeking, x) == verdict


@each
def test_the_same_readings_give_the_same_verdicts(name: str) -> None:
    xs = ordinary(name)[: 9 * DAY_STEPS]
    first, second = fed(name, xs), fed(name, xs)
    assert first[1] == second[1] and frozen(first[0]) == frozen(second[0])


@each
def test_the_future_does_not_reach_back(name: str) -> None:
    xs = list(ordinary(name)[: 10 * DAY_STEPS])
    cut = 9 * DAY_STEPS
    future = [wild(name, x) for x in xs[cut:]]
    values = [(x.value, x.exposure) for x in future]
    random.Random(4).shuffle(values)
    future = [dataclasses.replace(x, value=v, exposure=e) for x, (v, e) in zip(future, values, strict=True)]
    assert fed(name, xs)[1][:cut] == fed(name, xs[:cut] + future)[1][:cut]


@each
def test_a_restart_at_any_step_gives_the_same_verdicts_bit_for_bit(name: str) -> None:
    """Flood included: the state passes through JSON at every step and must not lose a bit."""
    xs = list(ordinary(name)[: 9 * DAY_STEPS + 50])
    xs[9 * DAY_STEPS + 40 : 9 * DAY_STEPS + 44] = [wild(name, x) for x in xs[9 * DAY_STEPS + 40 : 9 * DAY_STEPS + 44]]
    steady, said = registry.make(name), []
    for x in xs[: 9 * DAY_STEPS]:
        step(steady, x)
    state = json.loads(frozen(steady))
    for x in xs[9 * DAY_STEPS :]:
        said.append(step(steady, x))
        reborn = registry.make(name)
        reborn.restore(state)
        assert step(reborn, x) == said[-1]
        state = json.loads(frozen(reborn))
    assert state == json.loads(frozen(steady))
    assert name in PATIENT or max(verdict.grade for verdict in said) >= MOST.get(name, Tier.IMPORTANT)


@each
def test_the_state_is_a_copy(name: str) -> None:
    detector, _ = fed(name, ordinary(name)[: 3 * DAY_STEPS])
    state = detector.to_state()
    kept = json.dumps(state)
    for x in ordinary(name)[3 * DAY_STEPS : 4 * DAY_STEPS]:
        step(detector, x)
    assert json.dumps(state) == kept
    reborn = registry.make(name)
    reborn.restore(state)
    step(reborn, ordinary(name)[3 * DAY_STEPS])
    assert json.dumps(state) == kept


@each
@pytest.mark.parametrize("change", ["schema", "detector", "version", "parameters"])
def test_a_state_of_another_kind_is_refused(name: str, change: str) -> None:
    state = registry.make(name).to_state()
    state[change] = {"schema": 99, "detector": "other", "version": 99, "parameters": {"step_s": 3600}}[change]
    with pytest.raises(StateMismatch):
        registry.make(name).restore(state)


@each
def test_the_state_stays_small(name: str) -> None:
    detector, _ = fed(name, ordinary(name))
    sizes, length = [], ordinary(name)[-1].end - ordinary(name)[0].start
    for again in range(1, 4):
        for x in ordinary(name):
            step(detector, dataclasses.replace(x, start=x.start + again * length, end=x.end + again * length))
        sizes.append(len(frozen(detector)))
    assert max(sizes) < 60_000
    assert sizes[-1] < sizes[-2] * 1.2


@each
@pytest.mark.parametrize(("day", "worst"), [(0, Tier.NONE), (4, Tier.IMPORTANT), (10, Tier.SEVERE)])
def test_day_one_is_silent_the_first_week_reaches_important_then_everything_is_possible(
    name: str, day: int, worst: Tier
) -> None:
    xs, noon = list(ordinary(name)), day * DAY_STEPS + 40
    xs[noon : noon + 8] = [wild(name, x) for x in xs[noon : noon + 8]]
    _, said = fed(name, xs[: noon + 8])
    assert max(verdict.grade for verdict in said[noon:]) == (
        Tier.NONE if name in PATIENT else min(worst, MOST.get(name, worst))
    )
    assert all(verdict.ready == (i >= DAY_STEPS) for i, verdict in enumerate(said) if abs(i - DAY_STEPS) > DAY_STEPS // 2)


@each
def test_what_has_no_value_is_said_to_have_none_and_is_not_learned(name: str) -> None:
    detector, _ = fed(name, ordinary(name)[: 9 * DAY_STEPS])
    before, x = frozen(detector), dataclasses.replace(ordinary(name)[9 * DAY_STEPS], value=None)
    verdict = step(detector, x)
    assert (verdict.reason.code, verdict.grade, verdict.value) == ("detectors.reason.no_data", Tier.NONE, None)
    assert frozen(detector) == before


@each
def test_nobody_who_could_have_called_is_no_data(name: str) -> None:
    detector, _ = fed(name, ordinary(name)[: 9 * DAY_STEPS])
    before, x = frozen(detector), dataclasses.replace(ordinary(name)[9 * DAY_STEPS], value=0.0, exposure=0.0)
    assert step(detector, x).reason.code == "detectors.reason.no_data"
    assert frozen(detector) == before


@each
def test_an_incomplete_reading_is_judged_but_not_learned(name: str) -> None:
    detector, _ = fed(name, ordinary(name)[: 9 * DAY_STEPS + 40])
    before, x = frozen(detector), dataclasses.replace(ordinary(name)[9 * DAY_STEPS + 40], complete=False)
    calm, alarm = step(detector, x), step(detector, wild(name, x))
    assert calm.reason.code == "detectors.reason.incomplete" or calm.grade > Tier.NONE
    behind = ("silence", "batch_entry")  # a source that is behind is no silent channel, and what it then brings is no batch
    assert alarm.grade >= Tier.IMPORTANT or name in (*PATIENT, *behind)
    assert frozen(detector) == before


@each
def test_a_reading_from_the_past_is_ignored(name: str) -> None:
    detector, _ = fed(name, ordinary(name)[: 9 * DAY_STEPS])
    before = frozen(detector)
    detector.learn_one(wild(name, ordinary(name)[8 * DAY_STEPS]))
    detector.learn_one(ordinary(name)[9 * DAY_STEPS - 1])
    assert frozen(detector) == before


@each
def test_a_hole_in_the_data_is_survived(name: str) -> None:
    xs = ordinary(name)
    detector, _ = fed(name, xs[: 9 * DAY_STEPS])
    for x in xs[9 * DAY_STEPS + 200 :]:
        verdict = step(detector, x)
        assert math.isfinite(verdict.score) and verdict.grade < Tier.SEVERE


BAD_VALUES = (math.nan, math.inf, -math.inf, 1e300)


@each
@pytest.mark.parametrize("value", [*BAD_VALUES, -1e6])
def test_a_senseless_value_is_an_error_that_names_the_field(name: str, value: float) -> None:
    detector, _ = fed(name, ordinary(name)[:DAY_STEPS])
    before = frozen(detector)
    with pytest.raises(ValueError, match=r"value="):
        step(detector, dataclasses.replace(ordinary(name)[DAY_STEPS + 40], value=value))
    with pytest.raises(ValueError, match=r"value="):
        detector.learn_one(dataclasses.replace(ordinary(name)[DAY_STEPS + 40], value=value))
    assert frozen(detector) == before


@each
@pytest.mark.parametrize("exposure", [*BAD_VALUES, -1.0])
def test_a_senseless_exposure_is_an_error_that_names_the_field(name: str, exposure: float) -> None:
    with pytest.raises(ValueError, match=r"exposure="):
        registry.make(name).judge_one(dataclasses.replace(ordinary(name)[40], exposure=exposure))


@each
def test_a_step_of_another_length_and_a_senseless_budget_are_errors(name: str) -> None:
    x = ordinary(name)[40]
    with pytest.raises(ValueError, match="end"):
        registry.make(name).judge_one(dataclasses.replace(x, end=x.end + (x.end - x.start)))
    with pytest.raises(ValueError, match="budget"):
        registry.make(name).judge_one(dataclasses.replace(x, context=dataclasses.replace(x.context, budget=0.0)))


@each
def test_a_live_series_of_minutes_is_warmed_by_quarter_hours(name: str) -> None:
    detector = registry.make(name, step_s=60)
    for x in ordinary(name)[: 9 * DAY_STEPS + 40]:
        step(detector, x)
    last = ordinary(name)[9 * DAY_STEPS + 40]
    minute = dataclasses.replace(last, end=last.start + (last.end - last.start) / 15)
    assert step(detector, minute).ready
    assert detector.to_state()["body"]["end"] == int(minute.end.timestamp())


@each
def test_every_number_of_a_verdict_is_finite_and_in_its_place(name: str) -> None:
    xs = [wild(name, x) if i % 37 == 0 else x for i, x in enumerate(ordinary(name))]
    for verdict in fed(name, xs)[1]:
        if verdict.expected is None:
            continue
        assert verdict.lower is not None and verdict.upper is not None
        assert verdict.lower <= verdict.upper and all(map(math.isfinite, (verdict.lower, verdict.expected, verdict.upper)))
        assert math.isfinite(verdict.score) and 1e-300 <= verdict.p_value <= 1
        assert verdict.window_start <= verdict.start and (verdict.grade == 0 or verdict.direction != "none")


@each
def test_a_smaller_budget_never_grades_higher(name: str) -> None:
    detector, _ = fed(name, ordinary(name)[: 9 * DAY_STEPS + 40])
    for factor in (1.5, 2.0, 3.0, 6.0):
        x = wild(name, ordinary(name)[9 * DAY_STEPS + 40], factor)
        tight = dataclasses.replace(x, context=dataclasses.replace(x.context, budget=0.001))
        assert detector.judge_one(tight).grade <= detector.judge_one(x).grade


@each
def test_the_registry_tells_every_parameter(name: str) -> None:
    described, detector = registry.describe(name), registry.make(name)
    assert described.kind == detector.kind and described.name == detector.name == name and described.summary
    assert {p.name: p.default for p in described.parameters} == dict(detector.parameters())
    assert all(p.meaning and p.allowed for p in described.parameters)


@each
def test_a_bad_parameter_is_an_error_that_says_what_is_allowed(name: str) -> None:
    for parameter in registry.describe(name).parameters:
        bad: Any = "sideways" if parameter.choices else -7
        with pytest.raises(ValueError, match=f"^{parameter.name}={bad!r}: .*{re.escape(parameter.allowed)}"):
            registry.make(name, **{parameter.name: bad})
    for wrong in ("x", True, None):
        with pytest.raises(ValueError, match=f"^step_s={wrong!r}: int, 60 to"):
            registry.make(name, step_s=wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^colour='red': unknown; known are"):
        registry.make(name, colour="red")


def test_an_unknown_detector_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="detector='magic': unknown; known are count_surprise"):
        registry.make("magic")


@each
def test_pickling_is_not_needed_but_does_no_harm(name: str) -> None:
    detector, _ = fed(name, ordinary(name)[: 2 * DAY_STEPS])
    assert frozen(pickle.loads(pickle.dumps(detector))) == frozen(detector)
