"""Faults of the data: is a moved day called, with its hours, and nothing else?  ``python -m benchmarks.detection.faults``

Simulated head series: 1 to 40 records a quarter of an hour (log-uniform), two humps a day, weekends at 60 %, negative binomial
with variance 1.5 times the mean. From the fourth Monday on the day is moved by 3 to 12 hours, or has twice the level, or there
is a public holiday of three days at the weekend's profile, or a flood of three hours, or nothing. ``called``: a verdict with a
grade within 25 hours; ``right``: with exactly the hours that it was moved. The limit is the likeliest move under the true
profile.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np

from detectors import registry
from detectors.base import Context, DayType, Reading, Verdict, step

A_DAY = 96
DAYS = 24
FROM = 21 * A_DAY
RATES = (1.0, 40.0)
START = datetime.fromisoformat("2026-03-02T00:00:00+08:00")
HOLIDAY_DAYS = 3
BUDGET = 0.03


def usual(day: int, holiday: bool) -> np.ndarray:
    """Mean of each quarter of an hour of a day, mean one on workdays."""
    hour = (np.arange(A_DAY) + 0.5) / 4
    shape = 0.1 + np.exp(-0.5 * ((hour - 10.5) / 2.2) ** 2) + 0.9 * np.exp(-0.5 * ((hour - 15.5) / 2.8) ** 2)
    return np.asarray(shape / shape.mean() * (0.6 if holiday or day % 7 >= 5 else 1.0))


def series(seed: int, what: str, hours: int) -> list[Reading]:
    rng = np.random.default_rng([seed, sum(map(ord, what))])
    free = [what == "holiday" and 21 <= day < 21 + HOLIDAY_DAYS for day in range(DAYS)]
    mean = _profile(free) * float(np.exp(rng.uniform(*np.log(RATES))))
    if what == "moved":
        mean[FROM:] = np.roll(mean, 4 * hours)[FROM:]
    if what == "level":
        mean[FROM:] *= 2
    if what == "flood":
        mean[FROM + 40 : FROM + 52] *= 4
    values = rng.negative_binomial(mean / 0.5, 1 / 1.5)
    return [_reading(i, float(value), free[i // A_DAY]) for i, value in enumerate(values.tolist())]


def _profile(free: list[bool]) -> np.ndarray:
    return np.concatenate([usual(day, free[day]) for day in range(DAYS)])


def likeliest(xs: list[Reading]) -> int:
    """The hours of a move that the true profile makes likeliest of the first 24 hours after it."""
    seen = np.array([x.value for x in xs[FROM : FROM + A_DAY]])
    told = {}
    for hours in range(-12, 13):
        mean = np.roll(_profile([False] * DAYS), 4 * hours)[FROM : FROM + A_DAY]
        told[hours] = float(seen @ np.log(mean) - seen.sum() * np.log(mean.sum()))
    return max(told, key=lambda hours: told[hours])


def _reading(i: int, value: float, free: bool) -> Reading:
    at = START + timedelta(minutes=15 * i)
    kind: DayType = "holiday" if free else "weekend" if at.weekday() >= 5 else "workday"
    context = Context(at.replace(tzinfo=None), kind, (), BUDGET)
    return Reading("faults", at, at + timedelta(minutes=15), value, None, True, context)


def called(seed: int, what: str, hours: int = 0) -> tuple[bool, int | None]:
    """Whether anything was said before the change (quiet: ever), and the hours called within 25 hours of it (signed)."""
    detector = registry.make("moved_profile")
    said = [step(detector, x) for x in series(seed, what, hours)]
    early = any(verdict.grade for verdict in said[:FROM])
    after = [verdict for verdict in said[FROM : FROM + (A_DAY + 4 if what == "moved" else 3 * A_DAY)] if verdict.grade]
    return early, _hours(after[-1]) if after else None


def _hours(verdict: Verdict) -> int:
    told: Mapping[str, int] = verdict.reason.params
    return told["hours"] * (1 if verdict.reason.code.endswith("later") else -1)


def _same(told: int | None, truth: int) -> bool:
    """Half a day later is half a day earlier."""
    return told == truth or {told, truth} == {-12, 12}


def _apart(told: int | None, truth: int) -> int:
    """Hours between two moves, around the clock."""
    by = abs((told or 0) - truth)
    return min(by, 24 - by)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--first", type=int, default=1, help="first seed")
    parser.add_argument("--n", type=int, default=72)
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.n)
    moves = [k for k in range(-12, 13) if abs(k) >= 3]
    truth = {seed: moves[seed % len(moves)] for seed in seeds}
    found = {seed: called(seed, "moved", hours) for seed, hours in truth.items()}
    hits = [seed for seed in seeds if found[seed][1] is not None]
    right = [seed for seed in hits if _same(found[seed][1], truth[seed])]
    near = [seed for seed in hits if _apart(found[seed][1], truth[seed]) <= 1]
    limit = [seed for seed in seeds if _same(likeliest(series(seed, "moved", truth[seed])), truth[seed])]
    print(f"moved n={asked.n}: called {len(hits) / asked.n:.3f}, of these right {len(right) / max(len(hits), 1):.3f}")
    print(f"  of these right or one hour beside it {len(near) / max(len(hits), 1):.3f}")
    print(f"  the true profile would be right in {len(limit) / asked.n:.3f}")
    print(f"  before the move: {sum(early for early, _ in found.values())} of {asked.n}")
    for what in ("quiet", "level", "holiday", "flood"):
        false = sum(hours is not None for _, hours in (called(seed, what) for seed in seeds))
        print(f"{what}: called {false} of {asked.n}")


if __name__ == "__main__":
    main()
