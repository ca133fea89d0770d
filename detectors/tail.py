"""Tails of a predictive count: negative binomial by mean and variance, exactly.

A gamma tail is far too heavy at small means (at 0.01 expected, 3 seen: 2.5e-4 instead of 1.7e-7), so sparse series need
the discrete law. P(X >= k) of a negative binomial with mean e and variance v > e is the regularised incomplete beta
I_x(k, r), r = e^2 / (v - e), x = (v - e) / v (Abramowitz & Stegun 26.5.24); with v <= e it is Poisson's incomplete gamma.
Counts may be fractional (weights); the functions continue the discrete law.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import betainc, gammainc, gammaincc, gammaincinv

TINY = 1e-280
"""Below it the closed forms underflow; the first term of the tail series takes over."""

DISCRETE = 30.0
"""Up to this mean quantiles are found by adding up the discrete law."""


def upper(observed: float, mean: float, variance: float) -> float:
    """-ln P(X >= observed), in nats; 0 for nothing observed."""
    if observed <= 0:
        return 0.0
    over = variance - mean
    if over <= 1e-9 * mean:
        p = float(gammainc(observed, mean))
    else:
        p = float(betainc(observed, mean * mean / over, over / variance))
    return -math.log(p) if p > TINY else _far(observed, mean, max(over, 1e-9 * mean))


def lower(observed: float, mean: float, variance: float) -> float:
    """-ln P(X <= observed), in nats."""
    over = variance - mean
    if over <= 1e-9 * mean:
        p = float(gammaincc(observed + 1, mean))
    else:
        p = float(betainc(mean * mean / over, observed + 1, mean / variance))
    return -math.log(max(p, TINY))


def _far(observed: float, mean: float, over: float) -> float:
    """First term and geometric bound of the tail series: never says rarer than the truth."""
    r, x = mean * mean / over, over / (mean + over)
    log_first = (
        math.lgamma(observed + r)
        - math.lgamma(observed + 1)
        - math.lgamma(r)
        - r * math.log1p(over / mean)
        + observed * math.log(x)
    )
    ratio = min((observed + r) / (observed + 1) * x, 0.999)
    return -log_first + math.log1p(-ratio)


def quantile(probability: float, mean: float, variance: float) -> float:
    """The smallest count with at least ``probability`` at or below it; from a gamma above a mean of 30."""
    return quantiles((probability,), mean, variance)[0]


def quantiles(probabilities: Sequence[float], mean: float, variance: float) -> list[float]:
    """Of several ``probabilities``, the lowest first: one walk up the counts finds all."""
    if mean > DISCRETE:
        return [gamma_quantile(probability, mean, variance) for probability in probabilities]
    over = max(variance - mean, 1e-9 * mean)
    r, x = mean * mean / over, over / (mean + over)
    term = math.exp(-r * math.log1p(over / mean))
    total, count, found = term, 0, []
    for probability in probabilities:
        while total < probability and count < 1000:
            term *= (count + r) / (count + 1) * x
            total, count = total + term, count + 1
        found.append(float(count))
    return found


def gamma_quantile(probability: float, mean: float, variance: float) -> float:
    """Quantile of the gamma law with this mean and variance."""
    scale = variance / mean
    return float(gammaincinv(mean / scale, probability)) * scale
