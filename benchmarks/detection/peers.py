"""What anyone would pick instead, each with its usual settings: River's scorers and rules written by hand.

Each takes a series and gives a score per step (before the step is learned) and, where it has one, its usual alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from river import anomaly, stats, time_series

from benchmarks.detection.series import Series, Values
from benchmarks.detection.verdicts import Said

WEEK = 604800
SIGMA = 3.0
MEMORY = 8
"""Weeks (years in suite A) that a slot's mean remembers."""

Peer = Callable[[Series], Said]


def rolling_z(data: Series) -> Said:
    """Excess over the mean of the last week (26 weeks in suite A) in its standard deviations; alarm at three."""
    span = max(26, WEEK // data.step_s)

    def scores(values: Values) -> Values:
        total = np.concatenate([[0.0], np.cumsum(values)])
        square = np.concatenate([[0.0], np.cumsum(values**2)])
        out = np.zeros(len(values))
        for i in range(8, len(values)):
            n = min(i, span)
            mean = (total[i] - total[i - n]) / n
            sd = np.sqrt(max((square[i] - square[i - n]) / n - mean**2, 1e-9))
            out[i] = (values[i] - mean) / max(sd, 0.3)
        return out

    return _three_sigma(data, scores)


def hour_of_week_z(data: Series) -> Said:
    """Excess over the slot's own mean (hour of week; week of the year in suite A), exponentially weighted; alarm at three."""
    return _three_sigma(data, lambda values: _slot_z(data, values))


def ewma_chart(data: Series) -> Said:
    """EWMA chart (lambda 0.2, L = 3) of the hour-of-week z."""

    def scores(values: Values) -> Values:
        level, out = 0.0, np.zeros(len(values))
        for i, z in enumerate(_slot_z(data, values).tolist()):
            level += 0.2 * (min(z, 6.0) - level)
            out[i] = level / np.sqrt(0.2 / 1.8)
        return out

    return _three_sigma(data, scores)


def _slot_z(data: Series, values: Values) -> Values:
    per_hour = max(1, 3600 // data.step_s)
    slots = 52 if data.step_s >= WEEK else 168
    mean, variance, seen = np.zeros(slots), np.zeros(slots), np.zeros(slots)
    out = np.zeros(len(values))
    for i, value in enumerate(values.tolist()):
        slot = (i // per_hour if slots == 168 else i) % slots
        if seen[slot] >= min(2 * per_hour, 3):
            out[i] = (value - mean[slot]) / max(np.sqrt(variance[slot]), np.sqrt(max(mean[slot], 0.1)))
        gain = max(1 / (seen[slot] + 1), 1 / (MEMORY * per_hour))
        apart = value - mean[slot]
        mean[slot] += gain * apart
        variance[slot] += gain * (apart * apart * (1 - gain) - variance[slot])
        seen[slot] += 1
    return out


def _three_sigma(data: Series, scores: Callable[[Values], Values]) -> Said:
    found = scores(data.values)
    quiet = None
    if data.quiet is not None:
        twin = scores(data.quiet)
        quiet = Said(twin, twin > SIGMA)
    return Said(found, found > SIGMA, quiet=quiet)


def gaussian_scorer(data: Series) -> Said:
    """river.anomaly.GaussianScorer over a week; two-sided, no alarm of its own."""
    window = max(52, WEEK // data.step_s)
    return _river(data, lambda: anomaly.GaussianScorer(window_size=window))  # type: ignore[no-untyped-call]


def standard_absolute_deviation(data: Series) -> Said:
    """river.anomaly.StandardAbsoluteDeviation with the mean."""
    return _river(data, lambda: anomaly.StandardAbsoluteDeviation(sub_stat=stats.Mean()))


def predictive(data: Series) -> Said:
    """river.anomaly.PredictiveAnomalyDetection over additive Holt-Winters with a day's season (a year's in suite A).

    Its score stops at 1, beyond three standard deviations: that is its alarm, and no threshold can be matched."""
    season = 52 if data.step_s >= WEEK else 86400 // data.step_s

    def fresh() -> anomaly.PredictiveAnomalyDetection:
        model = time_series.HoltWinters(alpha=0.1, beta=0.01, gamma=0.2, seasonality=season, multiplicative=False)  # type: ignore[no-untyped-call]
        return anomaly.PredictiveAnomalyDetection(model, horizon=1, n_std=3.0, warmup_period=2 * season)

    said = _river(data, fresh, 2 * season + 1)
    quiet = None if said.quiet is None else Said(said.quiet.score, said.quiet.score >= 1.0)
    return Said(said.score, said.score >= 1.0, quiet=quiet)


def _river(data: Series, fresh: Callable[[], Any], silent: int = 0) -> Said:
    """Supervised scorers take (x, y); the score of a step is asked before it is learned, not before ``silent`` steps."""

    def scores(values: Values) -> Values:
        out = np.zeros(len(values))
        scorer: Any = fresh()
        for i, value in enumerate(values.tolist()):
            if i >= silent:
                out[i] = scorer.score_one(None, value)
            try:
                scorer.learn_one(None, value)
            except ZeroDivisionError:  # Holt-Winters cannot begin with a season of zeros: it says nothing of this series
                return np.zeros(len(values))
        return out

    return Said(scores(data.values), quiet=None if data.quiet is None else Said(scores(data.quiet)))


def half_space_trees(data: Series) -> Said:
    """river.anomaly.HalfSpaceTrees on the value and the hour, scaled to [0, 1] by the largest so far."""

    def scores(values: Values) -> Values:
        trees: Any = anomaly.HalfSpaceTrees(n_trees=10, height=6, window_size=250, seed=1)
        out, largest = np.zeros(len(values)), 1.0
        for i, value in enumerate(values.tolist()):
            largest = max(largest, value)
            x = {"value": value / largest, "hour": data.at(i).hour / 24}
            out[i] = trees.score_one(x)
            trees.learn_one(x)
        return out

    return Said(scores(data.values), quiet=None if data.quiet is None else Said(scores(data.quiet)))


PEERS: Mapping[str, Peer] = {
    "rolling z": rolling_z,
    "hour-of-week z": hour_of_week_z,
    "EWMA chart": ewma_chart,
    "river GaussianScorer": gaussian_scorer,
    "river StandardAbsoluteDeviation": standard_absolute_deviation,
    "river PredictiveAnomalyDetection": predictive,
    "river HalfSpaceTrees": half_space_trees,
}
