"""Suite A's judge: alarms per week at one threshold for all series, or the detector's own.

False-positive rate on the quiet twins; POD = share of outbreaks with an alarm in any of their weeks, POD-1 in their first;
sensitivity and precision by week on the series with outbreaks, F1 their harmonic mean, weeks pooled over series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.series import Mask, Series, Values
from benchmarks.detection.verdicts import Said

Table = NDArray[np.float64]
"""One row per series: hits, false alarms, misses by week; detected; detected in the first week; false alarms of the twin."""

TP, FP, FN, POD, FIRST, TWIN = range(6)


@dataclass(frozen=True)
class FigureA:
    f1: float
    pod: float
    first: float
    fpr: float


def threshold(said: Sequence[Said], series: Sequence[Series], fpr: float) -> float:
    """The score that the given share of quiet judged weeks exceeds."""
    scores = np.concatenate([_twin(one)[data.judged :] for one, data in zip(said, series, strict=True)])
    ordered = np.sort(scores)[::-1]
    return float(ordered[int(fpr * len(ordered))])


def table(said: Sequence[Said], series: Sequence[Series], above: float | None) -> Table:
    """``above``: alarm where the score exceeds it; None: the detector's own alarms."""
    return np.array([_row(one, data, above) for one, data in zip(said, series, strict=True)])


def _row(said: Said, data: Series, above: float | None) -> tuple[float, ...]:
    alarm, twin = _alarms(said, above)[data.judged :], _alarms(said.quiet or said, above)[data.judged :]
    spike = data.spikes[0]
    assert data.quiet is not None
    truth = (data.values > data.quiet)[data.judged :]
    start, end = spike.start - data.judged, spike.end - data.judged
    hits = alarm & truth
    return (
        hits.sum(),
        (alarm & ~truth).sum(),
        (truth & ~alarm).sum(),
        float(alarm[start:end].any()),
        float(alarm[start]),
        twin.mean(),
    )


def figure(rows: Table) -> FigureA:
    tp, fp, fn = rows[:, TP].sum(), rows[:, FP].sum(), rows[:, FN].sum()
    pod, first, fpr = rows[:, POD].mean(), rows[:, FIRST].mean(), rows[:, TWIN].mean()
    return FigureA(float(2 * tp / max(2 * tp + fp + fn, 1)), float(pod), float(first), float(fpr))


def by_scenario(rows: Table, series: Sequence[Series]) -> dict[str, float]:
    """False-positive rate of each scenario."""
    groups = np.array([data.group for data in series])
    return {str(name): float(rows[groups == name, TWIN].mean()) for name in dict.fromkeys(groups.tolist())}


def _twin(said: Said) -> Values:
    return (said.quiet or said).score


def _alarms(said: Said, above: float | None) -> Mask:
    if above is not None:
        return np.asarray(said.score > above)
    assert said.alarm is not None
    return said.alarm
