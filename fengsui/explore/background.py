"""What the rest does (g), and by how much a forecast for a slice usually misses (tau)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fengsui.explore.cube import Cube, Mask, Numbers

ENOUGH = 5.0
"""Values expected to hold less are put together: the ratio of nothing to nothing is no ratio."""
MIDDLE = 0.455
"""Median of a squared standard normal variable."""
USUAL, MOST = 0.2, 1.0
LEAST_SLICES = 12


def background(cube: Cube, now: Numbers, past: Numbers, *, falls: bool = False) -> float:
    """g: by how much everything that no cause touched rose. Of each attribute the median over its values; then the smallest
    over attributes, for a cause pollutes every attribute except its own (the largest, where falls are looked for)."""
    ratios = [ratio for attribute in range(len(cube.attributes)) if (ratio := _median(cube, attribute, now, past)) is not None]
    if not ratios:
        whole = float(past.sum())
        return float(now.sum()) / whole if whole > 0 else 1.0
    return float(max(ratios) if falls else min(ratios))


def _median(cube: Cube, attribute: int, now: Numbers, past: Numbers) -> float | None:
    v, m = _by_value(cube, attribute, now), _by_value(cube, attribute, past)
    small = m < ENOUGH
    v = np.append(v[~small], v[small].sum())
    m = np.append(m[~small], m[small].sum())
    v, m = v[m > 0], m[m > 0]
    if not len(m):
        return None
    order = np.argsort(v / m)
    weights = np.cumsum(m[order])
    return float((v / m)[order][np.searchsorted(weights, weights[-1] / 2)])


def _by_value(cube: Cube, attribute: int, counts: Numbers) -> Numbers:
    summed = np.bincount(cube.codes[:, attribute], weights=counts, minlength=len(cube.values[attribute]))
    return np.asarray(summed, dtype=np.float64)


def forecast_error(cube: Cube) -> float:
    """tau, from earlier windows only: a cause inflates its own window. Each is foretold from the others."""
    if cube.windows < 3 or not cube.attributes:
        return USUAL
    gaps, means, known = (np.concatenate(parts) for parts in zip(*_misses(cube), strict=True))
    usable = means >= ENOUGH / 2
    return tau_of(gaps[usable], means[usable], means[usable], known[usable])


def tau_of(gaps: Numbers, means: Numbers, noise: Numbers, known: Numbers) -> float:
    """The tau at which half of the squared misses lie below their median. ``noise``: variance of counting."""
    if len(gaps) < LEAST_SLICES:
        return USUAL

    def middle(tau: float) -> float:
        return float(np.median(gaps**2 / (noise + means**2 * (tau**2 + 1.0 / (known + 0.5)))))

    low, high = 0.0, MOST
    if middle(low) <= MIDDLE:
        return 0.0
    if middle(high) >= MIDDLE:
        return MOST
    for _ in range(30):
        half = (low + high) / 2
        low, high = (half, high) if middle(half) > MIDDLE else (low, half)
    return (low + high) / 2


def _misses(cube: Cube) -> Iterator[tuple[Numbers, Numbers, Numbers]]:
    """(miss, forecast, records it rests on) of every value of every attribute in every earlier window."""
    sums = [
        np.stack([_by_value(cube, attribute, cube.past[:, k]) for k in range(cube.windows)])
        for attribute in range(len(cube.attributes))
    ]
    for k in range(cube.windows):
        others = cube.history - cube.past[:, k]
        g = background(cube, cube.past[:, k], others / (cube.windows - 1))
        for by_value in sums:
            known = by_value.sum(axis=0) - by_value[k]
            m = g * known / (cube.windows - 1)
            yield by_value[k] - m, m, known


def level_error(cube: Cube) -> float:
    """By how much the whole usually misses: spread of the totals of earlier windows, relative."""
    totals = cube.past.sum(axis=0)
    if len(totals) < 3 or totals.mean() <= 0:
        return USUAL
    noise = 1.0 / totals.mean()
    return float(np.sqrt(max(totals.var(ddof=1) / totals.mean() ** 2 - noise, 0.0)))


def outside(cube: Cube, covered: Mask) -> tuple[Numbers, Numbers]:
    """Counts now and expected, of the rows that nothing explains yet."""
    return np.where(covered, 0.0, cube.now), np.where(covered, 0.0, cube.history * cube.scale)
