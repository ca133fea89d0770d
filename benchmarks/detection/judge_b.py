"""Suite B's judge: episodes of alarms, by series and week.

Alarms less than two hours apart are one episode, cut each six hours so that a standing alarm costs what it should. A part
that begins within a spike or less than two hours after it is no false alarm, nor is one in excused steps. A spike is found
when an alarm comes within it or one hour after, unless the episode was already standing when it began; the delay runs from
its start to the end of the alarming step. Grades are the highest within the spike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.matching import lowest
from benchmarks.detection.series import Mask, Series, Spike
from benchmarks.detection.verdicts import Said

TIERS = {1: "general", 2: "important", 3: "severe"}
Field: TypeAlias = "Callable[[FigureB], float]"
JOIN_H, PART_H, AFTER_H, GRACE_H = 2, 6, 2, 1


@dataclass(frozen=True)
class Heard:
    """One spike: its tier, minutes until heard (None: missed), highest grade within."""

    tier: int
    delay: float | None
    grade: int


@dataclass(frozen=True)
class Account:
    """One series: its false episodes and its spikes."""

    weeks: float
    false: int
    spikes: tuple[Heard, ...]

    @property
    def per_week(self) -> float:
        return self.false / self.weeks


@dataclass(frozen=True)
class FigureB:
    """``pod`` and median ``delay`` in minutes (missed = none counted) by tier; ``exact`` share of found spikes with their own
    grade; ``severe_recall`` and ``severe_precision`` of the grade."""

    false: float
    p90: float
    worst: float
    pod: tuple[float, float, float]
    delay: tuple[float, float, float]
    exact: float
    severe_recall: float
    severe_precision: float


def account(data: Series, alarm: Mask, grade: NDArray[np.int8] | None = None) -> Account:
    hour = 3600 // data.step_s if data.step_s < 3600 else 1
    at = np.flatnonzero(alarm[data.judged :]) + data.judged
    whole = list(_runs(at, JOIN_H * hour))
    heard = tuple(_hear(data, spike, at, whole, hour, grade) for spike in data.spikes)
    pardoned = data.excused.copy()
    for spike in data.spikes:
        pardoned[spike.start : spike.end + AFTER_H * hour] = True
    false = sum(not pardoned[start] for first, last in whole for start in _parts(at, first, last, PART_H * hour))
    return Account(data.weeks, false, heard)


def _runs(at: NDArray[np.intp], join: int) -> Iterator[tuple[int, int]]:
    """First and last alarming step of each episode."""
    if not len(at):
        return
    breaks = np.flatnonzero(np.diff(at) > join)
    firsts, lasts = at[np.r_[0, breaks + 1]], at[np.r_[breaks, len(at) - 1]]
    yield from zip(firsts.tolist(), lasts.tolist(), strict=True)


def _parts(at: NDArray[np.intp], first: int, last: int, part: int) -> Iterator[int]:
    """Where the parts of one episode begin: at its first alarm, then at the first alarm of each six hours after."""
    begun = -1
    for step in at[(at >= first) & (at <= last)].tolist():
        if (step - first) // part > begun:
            begun = (step - first) // part
            yield step


def _hear(
    data: Series, spike: Spike, at: NDArray[np.intp], whole: list[tuple[int, int]], hour: int, grade: NDArray[np.int8] | None
) -> Heard:
    until = spike.end + GRACE_H * hour
    within = at[(at >= spike.start) & (at < until)]
    standing = any(first < spike.start <= last for first, last in whole)
    if standing or not len(within):
        return Heard(spike.tier, None, 0)
    highest = 0 if grade is None else int(grade[within].max())
    return Heard(spike.tier, (int(within[0]) + 1 - spike.start) * data.step_s / 60, highest)


def accounts(said: Sequence[Said], series: Sequence[Series], above: float | None) -> list[Account]:
    """``above``: alarm where the score exceeds it; None: the detector's own alarms and grades."""
    out = []
    for one, data in zip(said, series, strict=True):
        if above is None:
            assert one.alarm is not None
            out.append(account(data, one.alarm, one.grade))
        else:
            out.append(account(data, np.asarray(one.score > above)))
    return out


def threshold(said: Sequence[Said], series: Sequence[Series], per_week: float) -> float:
    """The lowest score at which the mean number of false episodes per series and week is at most ``per_week``."""
    scores = np.unique(np.concatenate([one.score[data.judged :] for one, data in zip(said, series, strict=True)]))
    weeks = sum(data.weeks for data in series)
    return lowest(scores, lambda above: sum(one.false for one in accounts(said, series, above)), per_week * weeks)


def figure(found: Sequence[Account]) -> FigureB:
    rates = np.array([one.per_week for one in found])
    spikes = [spike for one in found for spike in one.spikes]
    by_tier = [[spike for spike in spikes if spike.tier == tier] for tier in TIERS]
    pod = [np.mean([spike.delay is not None for spike in of]) if of else np.nan for of in by_tier]
    delays = [[spike.delay for spike in of if spike.delay is not None] for of in by_tier]
    median = [float(np.median(of)) if of else np.nan for of in delays]
    graded = [spike for spike in spikes if spike.grade]
    severe = [spike for spike in spikes if spike.tier == 3 and spike.delay is not None]
    called = [spike for spike in graded if spike.grade == 3]
    return FigureB(
        float(rates.mean()),
        float(np.quantile(rates, 0.9)),
        float(rates.max()),
        (float(pod[0]), float(pod[1]), float(pod[2])),
        (median[0], median[1], median[2]),
        _share(spike.grade == spike.tier for spike in graded),
        _share(spike.grade == 3 for spike in severe),
        _share(spike.tier == 3 for spike in called),
    )


def _share(found: Iterator[bool]) -> float:
    values = list(found)
    return float(np.mean(values)) if values else float("nan")
