"""Suites S and T: service times and breaches of a promise that drift, with a weak (S) or a strong (T) daily profile.

What is simulated, and what was assumed where the published description (log-normal mixture response times, breach counts
with exposure, sinusoid as daily shape, no wander of the level, no weekday) leaves it open:

- A step is a quarter of an hour; 6000 steps. The first ``WARM`` only teach; the drift begins at a step from 3500 to 4499.
- Durations: one case a step. The logarithm of its seconds is a mixture: 85 % routine (sd .45), 15 % hard (1.5 longer, sd .7),
  all in all sd .73, plus the daily wave.
- Breaches: n is Poisson about 10 a step with a daily wave in volume; the share of late cases is 3 to 15 % (log-uniform), with a
  wave of its own on the logit; cases of one step are correlated (beta-binomial, rho up to .01).
- Drifts: sudden, gradual (a ramp of 600 steps for durations, 300 for shares), and for durations also in the tail (a part of the
  cases takes four times as long), each in three sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detectors.base import Context, Reading

Numbers: TypeAlias = NDArray[np.float64]
Kind: TypeAlias = Literal["duration", "share"]

STEPS = 6000
WARM = 2000
HORIZON = 1500
"""Steps after the onset; a drift not found within counts as missed with this delay."""
STEP_S = 900
A_DAY = 96
RAMPS: Mapping[str, int] = MappingProxyType({"duration": 600, "share": 300})
"""Steps of a gradual drift until it has its full size."""
START = datetime.fromisoformat("2026-03-02T00:00:00+08:00")

WAVES: Mapping[str, tuple[float, float, float]] = MappingProxyType({"S": (0.1, 0.1, 0.2), "T": (0.5, 0.8, 0.8)})
"""suite -> amplitude of the daily wave on log seconds, on the logit of the breach share, and on the logarithm of volume"""

SHIFTS = (0.15, 0.3, 0.6)
TAILS = (0.05, 0.1, 0.2)
ODDS = (1.4, 1.8, 2.6)
SIZES = ("small", "medium", "large")
FOURFOLD = float(np.log(4))

HARD = 0.15
HARDER = 1.5
SDS = (0.45, 0.7)


@dataclass(frozen=True, slots=True)
class Drifting:
    """One series. Durations: ``value`` log seconds, ``exposure`` 1. Shares: ``value`` breaches of ``exposure`` cases.

    ``mean``: the truth before the drift, per step: mean log seconds of routine cases, or the breach share.
    """

    suite: str
    kind: Kind
    seed: int
    value: Numbers
    exposure: Numbers
    mean: Numbers
    rho: float
    onset: int
    form: str
    size: str


def make(suite: str, kind: Kind, seed: int, index: int) -> Drifting:
    rng = np.random.default_rng([seed, index, ("S", "T").index(suite), ("duration", "share").index(kind)])
    onset = int(rng.integers(3500, 4500))
    size = int(rng.integers(3))
    forms = ("sudden", "gradual", "tail") if kind == "duration" else ("sudden", "gradual")
    form = str(rng.choice(forms))
    ramp = np.clip((np.arange(STEPS) - onset + 1) / (RAMPS[kind] if form == "gradual" else 1), 0, 1)
    draw = _durations if kind == "duration" else _shares
    value, exposure, mean, rho = draw(rng, suite, form, size, ramp)
    return Drifting(suite, kind, seed, value, exposure, mean, rho, onset, form, SIZES[size])


def _wave(rng: np.random.Generator, amplitude: float) -> Numbers:
    """The daily sinusoid: amplitude within a fifth of the suite's, any phase."""
    height = amplitude * rng.uniform(0.8, 1.2)
    return np.asarray(height * np.sin(2 * np.pi * (np.arange(STEPS) / A_DAY + rng.random())))


def _durations(
    rng: np.random.Generator, suite: str, form: str, size: int, ramp: Numbers
) -> tuple[Numbers, Numbers, Numbers, float]:
    mean = rng.uniform(4, 7) + _wave(rng, WAVES[suite][0])
    hard = rng.random(STEPS) < HARD
    noise = rng.normal(0, 1, STEPS) * np.where(hard, SDS[1], SDS[0]) + HARDER * hard
    slower = (rng.random(STEPS) < TAILS[size]) * FOURFOLD * ramp if form == "tail" else SHIFTS[size] * ramp
    return mean + noise + slower, np.ones(STEPS), mean, 0.0


def _shares(
    rng: np.random.Generator, suite: str, form: str, size: int, ramp: Numbers
) -> tuple[Numbers, Numbers, Numbers, float]:
    base = float(np.exp(rng.uniform(np.log(0.03), np.log(0.15))))
    logit = np.log(base / (1 - base)) + _wave(rng, WAVES[suite][1])
    n = rng.poisson(10 * np.exp(_wave(rng, WAVES[suite][2]))).astype(float)
    rho = float(rng.uniform(0, 0.01))
    p = _expit(logit + np.log(ODDS[size]) * ramp)
    held = rng.beta(p * (1 / rho - 1), (1 - p) * (1 / rho - 1))
    return rng.binomial(n.astype(int), held).astype(float), n, _expit(logit), rho


def _expit(x: Numbers) -> Numbers:
    return np.asarray(1 / (1 + np.exp(-x)))


def readings(series: Drifting, budget: float) -> list[Reading]:
    """As the engine would hand them over; successes of a share are the cases in time. No weekdays: every day is a workday."""
    step, out = timedelta(seconds=STEP_S), []
    value = series.value if series.kind == "duration" else series.exposure - series.value
    for i, (one, n) in enumerate(zip(value.tolist(), series.exposure.tolist(), strict=True)):
        at = START + i * step
        context = Context(at.replace(tzinfo=None), "workday", (), budget)
        out.append(Reading("drift", at, at + step, one, n, True, context))
    return out
