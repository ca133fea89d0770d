"""The series through a detector, strictly online: each step is judged by what was known before it, then learned."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple

from detectors import registry
from detectors.base import Context, Detector, Reading, Tier, step
from fengsui.backtest.fault import BadSeries
from fengsui.backtest.series import Row
from fengsui.metrics.calendar import day_type

KINDS = ("count", "share", "duration", "gauge")


class Step(NamedTuple):
    """What was said of one row, in the unit of the file (durations in seconds)."""

    row: Row
    expected: float | None
    lower: float | None
    upper: float | None
    score: float
    p_value: float
    ready: bool
    grade: Tier
    length: timedelta


def detector_for(kind: str, name: str | None, length: timedelta) -> Detector:
    """``name``, or the first of the registry that takes this kind of reading."""
    suited = [known for known in registry.DETECTORS if registry.describe(known).kind == kind]
    if name is not None and name not in registry.DETECTORS:
        raise BadSeries("detector", value=name, allowed=list(registry.DETECTORS))
    if not suited:
        raise BadSeries("no_detector", shape=kind)
    if name is not None and name not in suited:
        raise BadSeries("detector_kind", value=name, shape=kind, allowed=suited)
    try:
        return registry.make(name or suited[0], step_s=int(length.total_seconds()))
    except ValueError:
        raise BadSeries("interval", interval=f"{length.total_seconds():g}s") from None


def play(rows: Iterable[Row], detector: Detector, length: timedelta, calendar: str, budget: float) -> Iterator[Step]:
    """``budget``: false alarms a week that may be asked for."""
    inward, outward = units(detector.kind)
    lasting = detector.kind == "duration"
    for row in rows:
        context = Context(row.local, day_type(row.local.date(), calendar), (), budget)
        value, exposure = row.value, row.exposure
        if lasting:
            exposure = 0.0 if value is None else 1.0 if exposure is None else exposure
            value = None if value is None else inward(value)
        said = step(detector, Reading("backtest", row.start, row.start + length, value, exposure, True, context))
        expected, lower, upper = said.expected, said.lower, said.upper
        if lasting:
            expected, lower, upper = (None if number is None else outward(number) for number in (expected, lower, upper))
        yield Step(row, expected, lower, upper, said.score, said.p_value, said.ready, said.grade, length)


def units(kind: str) -> tuple[Callable[[float], float], Callable[[float], float]]:
    """To and from what the detector reads: durations are seconds in the file and logarithms inside."""
    if kind != "duration":
        return float, float
    return lambda seconds: math.log(max(seconds, 1.0)), math.exp
