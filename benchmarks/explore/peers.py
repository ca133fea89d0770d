"""What others do, on the same cubes: z-score and ThirdEye's cost over all slices, Adtributor by attribute.

ThirdEye: the change of a slice weighed by its size and by how far it lies from the change of the whole (startree-thirdeye,
BalancedCostFunction), here over every slice instead of along a tree. Adtributor: R. Bhagwan et al., NSDI 2014.
"""

from __future__ import annotations

import numpy as np

from fengsui.explore.cube import Cube, Numbers, Parts
from fengsui.explore.likelihood import z_score
from fengsui.explore.table import Table

TOP = 5
EXPLAINED, POWER = 0.67, 0.1


def by_z(cube: Cube, table: Table) -> list[Parts]:
    m = table.past * cube.scale * cube.now.sum() / (cube.history.sum() * cube.scale)
    return _first(table, z_score(table.now, m))


def by_cost(cube: Cube, table: Table) -> list[Parts]:
    """|change| in excess of the whole's ratio, times the logarithm of that ratio against the whole's."""
    m = table.past * cube.scale
    whole, before = float(cube.now.sum()), float(cube.history.sum()) * cube.scale
    ratio = (table.now + 1) / (m + 1)
    size = (table.now + m) / (whole + before)
    cost = np.abs(table.now - m * whole / before) * np.log(np.maximum(ratio / (whole / before), 1e-9))
    return _first(table, np.where(size > 0.002, cost, 0.0))


def adtributor(cube: Cube, table: Table) -> list[Parts]:
    """Of each attribute the values of most surprise that explain two thirds of the change; the most surprising attribute."""
    whole, before = float(cube.now.sum()), float(cube.history.sum()) * cube.scale
    change, best = whole - before, (0.0, list[Parts]())
    for attribute, values in enumerate(cube.values):
        codes = cube.codes[:, attribute]
        v = np.bincount(codes, weights=cube.now, minlength=len(values))
        m = np.bincount(codes, weights=cube.history, minlength=len(values)) * cube.scale
        surprise, power = _divergence(v / whole, m / before), (v - m) / change
        taken, explained, total = list[Parts](), 0.0, 0.0
        for code in np.argsort(-surprise):
            if power[code] > POWER:
                taken, explained, total = [*taken, ((attribute, int(code)),)], explained + power[code], total + surprise[code]
            if explained > EXPLAINED:
                break
        if explained > EXPLAINED and total > best[0]:
            best = (total, taken)
    return best[1][:TOP]


def _divergence(p: Numbers, q: Numbers) -> Numbers:
    """Jensen and Shannon's, of one value."""
    with np.errstate(divide="ignore", invalid="ignore"):
        one = np.where(p > 0, p * np.log(2 * p / (p + q)), 0.0)
        other = np.where(q > 0, q * np.log(2 * q / (p + q)), 0.0)
    return np.asarray(0.5 * (one + other), dtype=np.float64)


def _first(table: Table, score: Numbers) -> list[Parts]:
    return [table.parts(int(n)) for n in np.argsort(-score, kind="stable")[:TOP]]
