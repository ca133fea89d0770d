"""A centre on paper: 9 attributes in 6 hierarchies, correlated, drifting, with repeat contacts; and causes put into it.

Sizes and drifts are those under which the method was chosen; the seeds are not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fengsui.explore.cube import Cube, Numbers, Parts

LEVELS = ("channel", "category.1", "category.2", "org.1", "org.2", "org.3", "product", "tier", "queue")
HIERARCHIES = tuple(level.partition(".")[0] for level in LEVELS)
SIZES = {"channel": 6, "category.2": 80, "org.3": 160, "product": 20, "tier": 4, "queue": 10}
NESTED = {"category.2": 8, "org.2": 4, "org.3": 7}
"""How many values of a level lie in one of the level above."""
FINEST = tuple(LEVELS.index(level) for level in SIZES)
WINDOWS = 8
Table = npt.NDArray[np.int64]


@dataclass
class World:
    """``records``: of one window on average. ``drift``: of every value of every dimension, ``total``: of the whole."""

    seed: int
    records: float = 2000.0
    drift: float = 0.10
    total: float = 0.05
    dense: bool = False
    leaves: Table = field(init=False)
    weight: Numbers = field(init=False)
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        n = 40_000
        category = self.rng.choice(80, n, p=_skewed(self.rng, 80))
        org = self.rng.choice(160, n, p=_skewed(self.rng, 160))
        queue = (category // 8 + (self.rng.random(n) < 0.4) * self.rng.integers(0, 10, n)) % 10
        product = (category // 4 + self.rng.choice(20, n, p=_skewed(self.rng, 20))) % 20
        channel = (self.rng.choice(6, n, p=_skewed(self.rng, 6)) + (category % 3 == 0)) % 6
        tier = self.rng.choice(4, n, p=[0.6, 0.25, 0.1, 0.05])
        columns = [channel, category // 8, category, org // 28, org // 7, org, product, tier, queue]
        rows, counts = np.unique(np.column_stack(columns), axis=0, return_counts=True)
        self.leaves = np.asfortranarray(rows.astype(np.int64))
        weight = counts * self.rng.gamma(1.0, 1.0, len(rows))
        self.weight = weight / weight.sum()

    def window(self, lift: Numbers | None = None) -> Numbers:
        """One window: drifts, repeat contacts (negative binomial), and what a cause adds."""
        mean = self.weight * self.records * np.exp(self.rng.normal(0, self.total))
        for attribute in FINEST:
            codes = self.leaves[:, attribute]
            mean = mean * np.exp(self.rng.normal(-(self.drift**2) / 2, self.drift, int(codes.max()) + 1))[codes]
        if lift is not None:
            mean = mean * lift
        return self.rng.poisson(mean * self.rng.gamma(8.0, 1 / 8.0, len(mean))).astype(float)

    def cube(self, lift: Numbers | None = None) -> Cube:
        past = np.column_stack([self.window() for _ in range(WINDOWS)])
        now = self.window(lift)
        some = (now > 0) | (past.sum(axis=1) > 0)
        codes = np.asfortranarray(self.leaves[some])
        return Cube(LEVELS, HIERARCHIES, self.values(), codes, now[some], past[some], 1.0)

    def values(self) -> tuple[tuple[str, ...], ...]:
        """Names of the codes of every level; of a path with what stands above, as records name it."""
        names: list[tuple[str, ...]] = []
        for a, level in enumerate(LEVELS):
            size = int(self.leaves[:, a].max()) + 1
            above = names[-1] if a and HIERARCHIES[a - 1] == HIERARCHIES[a] else ()
            per = NESTED.get(level, 1)
            names.append(tuple(f"{above[v // per]}/{v}" if above else str(v) for v in range(size)))
        return tuple(names)

    def cause(self) -> tuple[Parts, Numbers]:
        """A slice of one to three values and the factor of every leaf: an excess of 4 to 12 roots of the window's records,
        at 1.5 to 20 times the usual."""
        while True:
            order = int(self.rng.choice([1, 2, 3], p=[0.4, 0.4, 0.2]))
            names = self.rng.permutation(len(LEVELS))
            attributes: list[int] = []
            for name in names:
                if HIERARCHIES[name] not in {HIERARCHIES[a] for a in attributes}:
                    attributes.append(int(name))
                if len(attributes) == order:
                    break
            leaf = self.leaves[self.rng.choice(len(self.weight), p=self.weight)]
            parts = tuple(sorted((a, int(leaf[a])) for a in attributes))
            inside = np.logical_and.reduce([self.leaves[:, a] == code for a, code in parts])
            usual = float(self.weight[inside].sum()) * self.records
            excess = float(self.rng.uniform(4, 12)) * np.sqrt(self.records)
            if usual > 0 and 1.5 <= 1 + excess / usual <= 20:
                return parts, np.where(inside, 1 + excess / usual, 1.0)


def right(cube: Cube, found: Parts, true: Parts) -> bool:
    """The same slice, or 95 % of the same records."""
    if found == true:
        return True
    one, other = cube.rows(found), cube.rows(true)
    both, either = cube.now[one & other].sum(), cube.now[one | other].sum()
    return bool(either > 0 and both / either >= 0.95)


def _skewed(rng: np.random.Generator, n: int) -> Numbers:
    weights = rng.permutation(1.0 / np.arange(1, n + 1) ** 0.7)
    return np.asarray(weights / weights.sum(), dtype=np.float64)
