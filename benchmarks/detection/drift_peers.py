"""What anyone would pick instead, and the limit: each peer gives a score per step, higher is stranger, and its own alarm.

EWMA chart (Roberts 1959; lambda .02, four sigma, first 2000 steps as phase I, one-sided) on the raw figure and on the residual
of a level with four daily harmonics; River's ADWIN on the logarithm or the rate; Page-Hinkley and KSWIN as they come. The limit
is Page's CUSUM with the true distribution before the drift and the true sizes to look for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from river import drift
from river.base import DriftDetector
from scipy.special import betaln, gammaln

from benchmarks.detection.drift_series import (
    A_DAY,
    FOURFOLD,
    HARD,
    HARDER,
    ODDS,
    SDS,
    SHIFTS,
    STEPS,
    TAILS,
    WARM,
    Drifting,
    Numbers,
)

LAMBDA = 0.02
SIGMAS = 4.0
ADWIN_DELTA = 0.02
LIMIT = 9.0
"""Of the true model's CUSUM, in nats: it has no alarm of its own in practice, its rows are read matched."""


class Told(NamedTuple):
    """``score`` per step; ``alarm`` per step. None: no score that can be compared."""

    score: Numbers | None
    alarm: np.ndarray


Peer: TypeAlias = Callable[[Drifting], Told]


def raw_ewma(series: Drifting) -> Told:
    return _chart(series, np.ones((STEPS, 1)))


def residual_ewma(series: Drifting) -> Told:
    angle = 2 * np.pi * np.arange(STEPS) / A_DAY
    waves = [wave(order * angle) for order in (1, 2, 3, 4) for wave in (np.cos, np.sin)]
    return _chart(series, np.stack([np.ones(STEPS), *waves], axis=1))


def _chart(series: Drifting, rows: Numbers) -> Told:
    """EWMA of the standardised residual, one-sided towards worse; the residual is of a least squares fit of phase I."""
    first = rows[:WARM]
    if series.kind == "duration":
        fit, *_ = np.linalg.lstsq(first, series.value[:WARM], rcond=None)
        residual = series.value - rows @ fit
        z = residual / residual[:WARM].std()
    else:
        p = _binomial_fit(first, series, rows)
        plain = np.sqrt(np.maximum(series.exposure, 1) * p * (1 - p))
        z = (series.value - series.exposure * p) / plain
        z = z / float(z[:WARM][series.exposure[:WARM] > 0].std())
    smooth = _smoothed(z)
    score = smooth / np.sqrt(LAMBDA / (2 - LAMBDA))
    return Told(score, score > SIGMAS)


def _binomial_fit(first: Numbers, series: Drifting, rows: Numbers) -> Numbers:
    """Logistic regression of phase I by iteratively reweighted least squares."""
    y, n = series.value[:WARM], series.exposure[:WARM]
    fit: Numbers = np.zeros(rows.shape[1])
    fit[0] = np.log(y.sum() / (n.sum() - y.sum()))
    for _ in range(12):
        p = 1 / (1 + np.exp(-first @ fit))
        weight = n * p * (1 - p) + 1e-9
        fit = np.asarray(np.linalg.solve(first.T * weight @ first, first.T @ (weight * (first @ fit) + y - n * p)))
    return np.asarray(1 / (1 + np.exp(-rows @ fit)))


def _smoothed(z: Numbers) -> Numbers:
    out, level = np.empty_like(z), 0.0
    for i, one in enumerate(z.tolist()):
        level += LAMBDA * (one - level)
        out[i] = level
    return out


def _figure(series: Drifting) -> Numbers:
    return series.value if series.kind == "duration" else series.value / np.maximum(series.exposure, 1)


def _run(detector: DriftDetector, values: Numbers) -> Told:
    alarm = np.zeros(len(values), dtype=bool)
    for i, value in enumerate(values.tolist()):
        detector.update(value)
        alarm[i] = detector.drift_detected
    return Told(None, alarm)


def adwin(series: Drifting) -> Told:
    return _run(drift.ADWIN(delta=ADWIN_DELTA), _figure(series))  # type: ignore[no-untyped-call]


def adwin_default(series: Drifting) -> Told:
    return _run(drift.ADWIN(), _figure(series))  # type: ignore[no-untyped-call]


def page_hinkley(series: Drifting) -> Told:
    return _run(drift.PageHinkley(), _figure(series))


def kswin(series: Drifting) -> Told:
    return _run(drift.KSWIN(seed=1), _figure(series))


def true_model(series: Drifting) -> Told:
    """The highest of Page's CUSUMs, one for each size and form of drift that there is."""
    ratios = _duration_ratios(series) if series.kind == "duration" else _share_ratios(series)
    height, score = np.zeros(len(ratios)), np.empty(STEPS)
    for i in range(STEPS):
        height = np.maximum(0, height + ratios[:, i])
        score[i] = height.max()
    return Told(score, score > LIMIT)


def _duration_ratios(series: Drifting) -> Numbers:
    x = series.value - series.mean
    before = _mixture(x)
    shifted = [_mixture(x - shift) for shift in SHIFTS]
    tails = [(1 - part) * before + part * _mixture(x - FOURFOLD) for part in TAILS]
    return np.stack([np.log(after / before) for after in (*shifted, *tails)])


def _mixture(x: Numbers) -> Numbers:
    """Density of a case's deviation from the mean of routine cases."""
    parts = ((1 - HARD, 0.0, SDS[0]), (HARD, HARDER, SDS[1]))
    return np.asarray(sum(w * np.exp(-0.5 * ((x - m) / sd) ** 2) / sd for w, m, sd in parts)) + 1e-300


def _share_ratios(series: Drifting) -> Numbers:
    before = _beta_binomial(series, series.mean)
    odds = series.mean / (1 - series.mean)
    return np.stack([_beta_binomial(series, odds * r / (1 + odds * r)) - before for r in ODDS])


def _beta_binomial(series: Drifting, p: Numbers) -> Numbers:
    """Log probability of each step's breaches."""
    k, n, strength = series.value, series.exposure, 1 / series.rho - 1
    choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    a, b = p * strength, (1 - p) * strength
    return np.asarray(choose + betaln(k + a, n - k + b) - betaln(a, b))


PEERS: Mapping[str, Peer] = {
    "EWMA chart, raw": raw_ewma,
    "EWMA chart, residual": residual_ewma,
    "ADWIN .02": adwin,
    "ADWIN": adwin_default,
    "Page-Hinkley": page_hinkley,
    "KSWIN": kswin,
    "true model": true_model,
}
SLOW = ("KSWIN",)
"""Run on the first series of a seed only."""
