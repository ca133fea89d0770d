"""Judging of suites S and T: false alarms per thousand quiet steps, drifts found, delay; matched and native, with intervals.

An alarm that stands counts once a day. Quiet steps are those between ``WARM`` and the onset. A drift is found by the first
alarm that rises within ``HORIZON`` steps of its onset; one that stands already gets no credit before it has fallen. A missed
drift has the whole horizon as its delay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.detection.drift_series import A_DAY, HORIZON, WARM, Drifting, Numbers
from benchmarks.detection.matching import lowest

PER_1000 = 0.1
RESAMPLED = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one series: false alarms and quiet steps, and the delay of the drift in steps (None: missed)."""

    false: int
    quiet: int
    delay: int | None

    @property
    def capped(self) -> int:
        return HORIZON if self.delay is None else self.delay


@dataclass(frozen=True, slots=True)
class Table:
    """Means with 95 % bootstrap intervals over series."""

    n: int
    false_per_1000: tuple[float, float, float]
    worst_per_1000: float
    found: tuple[float, float, float]
    delay: tuple[float, float, float]


def outcome(series: Drifting, alarm: np.ndarray) -> Outcome:
    return Outcome(_counted(alarm[WARM : series.onset]), series.onset - WARM, _delay(alarm, series.onset))


def _counted(alarm: np.ndarray) -> int:
    """Alarms, a standing one once a day."""
    n, last = 0, -A_DAY
    for at in np.flatnonzero(alarm).tolist():
        if at - last >= A_DAY:
            n, last = n + 1, at
    return n


def _delay(alarm: np.ndarray, onset: int) -> int | None:
    after = alarm[onset : onset + HORIZON]
    start = 0
    if alarm[onset - 1]:
        fallen = np.flatnonzero(~after)
        if not len(fallen):
            return None
        start = int(fallen[0])
    risen = np.flatnonzero(after[start:])
    return start + int(risen[0]) + 1 if len(risen) else None


def matched(all_series: Sequence[Drifting], scores: Sequence[Numbers], per_1000: float = PER_1000) -> float:
    """The lowest threshold, one for all series, at which false alarms keep to ``per_1000``."""
    quiet = sum(one.onset - WARM for one in all_series)
    parts = [score[WARM : one.onset] for one, score in zip(all_series, scores, strict=True)]
    tops = np.unique(np.concatenate([np.sort(part)[-400:] for part in parts]))
    return lowest(tops, lambda above: sum(_counted(part > above) for part in parts), per_1000 * quiet / 1000)


def tabled(outcomes: Sequence[Outcome]) -> Table:
    false = np.array([one.false for one in outcomes])
    quiet = np.array([one.quiet for one in outcomes])
    found = np.array([one.delay is not None for one in outcomes], dtype=float)
    delay = np.array([one.capped for one in outcomes], dtype=float)
    pick = np.random.default_rng(1).integers(0, len(outcomes), (RESAMPLED, len(outcomes)))
    rate = 1000 * false[pick].sum(axis=1) / quiet[pick].sum(axis=1)
    return Table(
        len(outcomes),
        (1000 * false.sum() / quiet.sum(), *_ends(rate)),
        float((1000 * false / quiet).max()),
        (found.mean(), *_ends(found[pick].mean(axis=1))),
        (delay.mean(), *_ends(delay[pick].mean(axis=1))),
    )


def ratio(ours: Sequence[Outcome], theirs: Sequence[Outcome]) -> tuple[float, float, float]:
    """Mean delay of ours over theirs on the same series, with a paired bootstrap interval."""
    a, b = (np.array([one.capped for one in some], dtype=float) for some in (ours, theirs))
    pick = np.random.default_rng(2).integers(0, len(a), (RESAMPLED, len(a)))
    return (a.mean() / b.mean(), *_ends(a[pick].mean(axis=1) / b[pick].mean(axis=1)))


def _ends(values: Numbers) -> tuple[float, float]:
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)
