"""A name that changed: is it called, and nothing else?  ``python -m benchmarks.detection.renames [--first SEED] [--n N]``

Simulated families of 40 children, 2 to 150 a week (log-uniform), variance 1.3 times the mean, the day of faults.py. After
24 days a child with at least 20 a week is renamed: it vanishes and another appears with the same records. Or there is
a child that is new while all others go on, or one that closes while nothing appears, or a public holiday of three days, or the
whole doubles for good, or nothing. ``called``: said at all within four days; ``right``: of the newcomer, with the old name.
"""

from __future__ import annotations

import argparse
from datetime import timedelta

import numpy as np

from benchmarks.detection.faults import A_DAY, HOLIDAY_DAYS, START, usual
from benchmarks.detection.series import Values
from detectors import registry
from detectors.base import FamilyReading

CHILDREN, RATES, LEAST = 40, (2.0, 150.0), 20.0
KNOWN, AFTER = 24, 4
PHI, BUDGET = 1.3, 0.02
NAMES = [f"category.2=part {i:02d}" for i in range(CHILDREN)]
FRESH = "category.2=fresh"


def called(seed: int, what: str) -> tuple[bool, bool]:
    """Whether a renaming was said at all, and rightly."""
    rng = np.random.default_rng([seed, sum(map(ord, what))])
    low, high = np.log(RATES)
    rate = np.exp(rng.uniform(low, high, CHILDREN)) / (7 * A_DAY)
    old = int(rng.choice(np.flatnonzero(rate * 7 * A_DAY >= LEAST)))
    days = range(KNOWN + AFTER)
    shape = np.concatenate([usual(day, what == "holiday" and KNOWN <= day < KNOWN + HOLIDAY_DAYS) for day in days])
    after = slice(KNOWN * A_DAY, None)
    counts, fresh = _drawn(rng, shape[:, None] * rate), np.zeros(len(shape))
    if what == "level":
        counts[after] += _drawn(rng, shape[after, None] * rate)
    if what == "renamed":
        fresh[after] = counts[after, old]
    if what == "new":
        fresh[after] = _drawn(rng, shape[after] * rate[old])
    if what in ("renamed", "closed"):
        counts[after, old] = 0
    return _heard(np.column_stack([counts, fresh]), shape * rate.sum(), NAMES[old])


def _drawn(rng: np.random.Generator, mean: Values) -> Values:
    return rng.negative_binomial(mean / (PHI - 1), 1 / PHI).astype(float)


def _heard(counts: Values, expected: Values, old: str) -> tuple[bool, bool]:
    pool, names, said = registry.pool(), [*NAMES, FRESH], []
    pool.adopt(NAMES)
    for t, row in enumerate(counts):
        if t == KNOWN * A_DAY:
            pool.adopt(names)
        at = START + timedelta(minutes=15 * t)
        came = {names[i]: float(row[i]) for i in np.flatnonzero(row).tolist()}
        x = FamilyReading(
            at,
            at + timedelta(minutes=15),
            at.date(),
            float(expected[t]),
            float(row.sum()),
            came,
            True,
            BUDGET,
            at.hour,
            at.weekday() >= 5,
        )
        said += [one for one in pool.step(x) if one.reason.code == "detectors.reason.renamed"]
    return bool(said), any(one.series == FRESH and one.reason.params["before"] == old for one in said)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--first", type=int, default=1, help="first seed")
    parser.add_argument("--n", type=int, default=72)
    asked = parser.parse_args()
    for what in ("renamed", "quiet", "new", "closed", "holiday", "level"):
        found = [called(seed, what) for seed in range(asked.first, asked.first + asked.n)]
        right = f", right {sum(good for _, good in found)}" if what == "renamed" else ""
        print(f"{what}: called {sum(said for said, _ in found)} of {asked.n}{right}", flush=True)


if __name__ == "__main__":
    main()
