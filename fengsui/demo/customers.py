"""The invented customers: who they are and how often they come back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from fengsui.demo.places import BRANCHES

POPULATION = 60_000
TIERS = ("普通", "银卡", "金卡", "重点")
TIER_SHARES = (0.72, 0.17, 0.08, 0.03)
P_COMPANY = 0.06
KEENNESS_SHAPE = 0.35  # gamma: most customers come once, a few come often


@dataclass(frozen=True, slots=True)
class Customers:
    """Columns over all customers: branch, tier (positions), whether a company, and the cumulated chance to be the next."""

    branch: npt.NDArray[np.int64]
    tier: npt.NDArray[np.int64]
    company: npt.NDArray[np.bool_]
    cumulated: npt.NDArray[np.float64]

    def draw(self, rng: np.random.Generator, n: int) -> npt.NDArray[np.int64]:
        """``n`` contacts' customers; keen ones come again."""
        return np.searchsorted(self.cumulated, rng.random(n), side="right").clip(max=POPULATION - 1)

    def distinct_of(self, rng: np.random.Generator, branches: list[int], n: int) -> npt.NDArray[np.int64]:
        """``n`` different customers of the given branches."""
        return rng.choice(np.flatnonzero(np.isin(self.branch, branches)), size=n, replace=False)


def customer_id(number: int) -> str:
    return f"C{number + 100_000:07d}"


@lru_cache(maxsize=4)
def customers(seed: int) -> Customers:
    """The population of a seed; the same in every run."""
    rng = np.random.default_rng([seed, 7])
    shares = np.array([b.share for b in BRANCHES])
    keen = rng.gamma(KEENNESS_SHAPE, size=POPULATION)
    return Customers(
        branch=rng.choice(len(BRANCHES), size=POPULATION, p=shares / shares.sum()),
        tier=rng.choice(len(TIERS), size=POPULATION, p=TIER_SHARES),
        company=rng.random(POPULATION) < P_COMPANY,
        cumulated=np.cumsum(keen) / keen.sum(),
    )
