"""Our own detector, driven as the engine drives it: judge, then learn, one reading after the other."""

from __future__ import annotations

import copy
from datetime import date, datetime, time, timedelta

import numpy as np

from benchmarks.detection.series import Series, Values
from benchmarks.detection.verdicts import Said
from detectors import registry
from detectors.base import Context, Detector, Reading, step

NAME = "count_surprise"
FALSE_POSITIVES = 0.01
"""Suite A's nominal false alarms per week."""


def budget_of(data: Series) -> float:
    """False episodes a week that are asked for: 1 in suite B, the nominal rate in suite A."""
    return FALSE_POSITIVES if data.step_s > 86400 else 1.0


def version() -> str:
    return f"v{registry.describe(NAME).version}"


def product(data: Series) -> Said:
    """The twins of suite A share their past, so it is played once."""
    detector, budget = registry.make(NAME, step_s=data.step_s), budget_of(data)
    if data.quiet is None:
        return _heard(detector, data, data.values, 0, budget)
    before = _heard(detector, data, data.values[: data.judged], 0, budget)
    twin = copy.deepcopy(detector)
    loud, quiet = (
        _joined(before, _heard(one, data, values[data.judged :], data.judged, budget))
        for one, values in ((detector, data.values), (twin, data.quiet))
    )
    return Said(loud.score, loud.alarm, loud.grade, quiet)


def reading(data: Series, at: int, value: float, budget: float) -> Reading:
    start = data.at(at)
    context = Context(_local(data, at), "weekend" if start.weekday() >= 5 else "workday", (), budget)
    return Reading(data.name, start, data.at(at + 1), value, None, True, context)


def _local(data: Series, at: int) -> datetime:
    """The wall clock; suite A's years have 52 weeks, as in the papers, so its clock goes by them."""
    if data.step_s <= 86400:
        return data.at(at).replace(tzinfo=None)
    year, week = divmod(at, 52)
    return datetime.combine(date(data.start.year + year, 1, 1) + timedelta(weeks=week), time())


def _heard(detector: Detector, data: Series, values: Values, first: int, budget: float) -> Said:
    score, grade = np.zeros(len(values)), np.zeros(len(values), dtype=np.int8)
    for i, value in enumerate(values.tolist()):
        verdict = step(detector, reading(data, first + i, value, budget))
        score[i], grade[i] = verdict.score, verdict.grade
    return Said(score, grade > 0, grade)


def _joined(before: Said, after: Said) -> Said:
    assert before.alarm is not None and before.grade is not None and after.alarm is not None and after.grade is not None
    return Said(
        np.concatenate([before.score, after.score]),
        np.concatenate([before.alarm, after.alarm]),
        np.concatenate([before.grade, after.grade]),
    )
