"""How fast the heavy state lives: what differs between a step of minutes to a day and a step of a week."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from detectors import maturity
from detectors.annual import Annual
from detectors.baseline import DAY, Baseline
from detectors.grid_noise import GridNoise
from detectors.log_linear import LogLinear
from detectors.noise import Noise

WEEK = 604800
THRESHOLD = 4.0
"""Surprise in nats above which peaks of the heavy scan are counted."""

PEAKS = 1.8
"""Expected peaks a step over e^-THRESHOLD: windows overlap, so more than one test is made, but fewer than there are windows."""

WEEKS_SILENT, WEEKS_YOUNG = 26, 52
"""A weekly series is silent for half a year, and young for another half: at most important. Its bands stay wider for as many
silent times as those of days do: with wide ones gone after a year, 1.6 % of the weeks of years three and four alarm where 1 %
is asked for."""


@dataclass(frozen=True, slots=True)
class Pace:
    """``widths`` of the heavy scan in its steps; ``memory`` of the noise and ``noise_after`` in steps; ``calm``: steps that
    end a cluster of peaks, which by chance come ``peaks`` a step, believed as much as ``believed`` peaks seen; ``high``: sd
    above its expectation from which the last hour (week) lets longer windows speak; ``alike_s``: how long an error of the
    expectation lasts; ``days_per_step``: how a step ages the detector; ``young_after``: steps after which it may be severe;
    ``weighs``: steps are learned by how usual they are
    (``outbreak``), else winsorised, and those of an alarm not at all."""

    baseline: Callable[[int], LogLinear]
    noise: Callable[[Sequence[int], float], Noise]
    widths: tuple[int, ...]
    memory: float
    noise_after: int
    calm: int
    peaks: float
    believed: float
    high: float
    alike_s: float
    days_per_step: float
    patience: int
    young_after: float
    weighs: bool


def pace(heavy_s: int) -> Pace:
    """For a heavy step of ``heavy_s`` seconds: at most a day, or a week."""
    return _weekly() if heavy_s == WEEK else _daily(heavy_s)


def _daily(heavy_s: int) -> Pace:
    return Pace(
        baseline=Baseline,
        noise=Noise,
        widths=_widths(heavy_s),
        memory=4000.0,
        noise_after=100,
        calm=max(2, round(7200 / heavy_s)),
        peaks=PEAKS * math.exp(-THRESHOLD),
        believed=40.0,
        high=0.5,
        alike_s=max(7200.0, 2.0 * heavy_s),
        days_per_step=heavy_s / DAY,
        patience=8,
        young_after=maturity.YOUNG_DAYS * DAY / heavy_s,
        weighs=False,
    )


def _weekly() -> Pace:
    return Pace(
        baseline=Annual,
        noise=GridNoise,
        widths=(1, 2, 3),
        memory=400.0,
        noise_after=20,
        calm=2,
        peaks=PEAKS * math.exp(-THRESHOLD),
        believed=100.0,
        high=0.0,
        alike_s=3.0 * WEEK,
        days_per_step=maturity.SILENT_DAYS / WEEKS_SILENT,
        patience=8,
        young_after=WEEKS_YOUNG,
        weighs=True,
    )


def _widths(heavy_s: int) -> tuple[int, ...]:
    """One step, two, and 1, 2, 4, 8 hours, or as near as the step allows."""
    hour = 3600 / heavy_s
    return tuple(sorted({1, 2, max(1, round(hour)), max(2, round(2 * hour)), max(3, round(4 * hour)), max(4, round(8 * hour))}))
