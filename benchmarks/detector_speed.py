"""What a reading costs: microseconds of CPU per empty and busy minute and per heavy step, and bytes of state.

Run ``python benchmarks/detector_speed.py``. River's GaussianScorer, a rolling z-score, runs beside it in the same minute
on the same machine, so that figures from different machines can be compared by their ratio.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from river import anomaly

from detectors import registry
from detectors.base import Context, Detector, FamilyReading, Reading, step

START = datetime(2026, 3, 2, tzinfo=UTC)
REPEATS = 3
"""The least of so many runs: a shared machine only ever adds."""

STEPS = 2016
WEEK = 604800
POOL_DAYS = 22
BY_MINUTE = ("doubled_counts",)
CASES = 20.0
DRAWN: Mapping[str, Callable[[np.random.Generator, int], list[float]]] = {
    "count": lambda rng, n: rng.poisson(shape(n, 96) * 12).tolist(),
    "share": lambda rng, n: rng.binomial(int(CASES), 0.9, n).tolist(),
    "duration": lambda rng, n: rng.normal(5, 0.2, n).tolist(),
    "gauge": lambda rng, n: rng.poisson(shape(n, 96) * 12).tolist(),
}
EXPOSURE: Mapping[str, float | None] = {"count": None, "share": CASES, "duration": CASES, "gauge": None}
"""What a detector is fed, by the shape of reading that it takes."""

LATE = 0.02
"""Part of the arrivals that batch_entry is told came late: fed like any share it would call a batch all day long."""


def readings(values: Sequence[float], step_s: int, start: datetime, exposure: float | None = None) -> list[Reading]:
    """One reading a step."""
    out, length = [], timedelta(seconds=step_s)
    for i, value in enumerate(values):
        at = start + i * length
        context = Context(at.replace(tzinfo=None), "weekend" if at.weekday() >= 5 else "workday", (), 0.5)
        out.append(Reading("bench", at, at + length, float(value), exposure, True, context))
    return out


def shape(steps: int, per_day: int) -> np.ndarray:
    """A day's curve, mean one."""
    hour = (np.arange(steps) % per_day) * 24 / per_day
    curve = 0.1 + np.exp(-0.5 * ((hour - 13) / 4) ** 2)
    return np.asarray(curve / curve.mean())


def per_step(work: Callable[[], Callable[[], int]]) -> float:
    """Least CPU microseconds per step; ``work()`` prepares and returns the run, which returns its number of steps."""
    best = math.inf
    for _ in range(REPEATS):
        run = work()
        began = time.process_time_ns()
        steps = run()
        best = min(best, (time.process_time_ns() - began) / steps / 1000)
    return best


def warmed(per_minute: float, seed: int = 1) -> tuple[Detector, np.random.Generator]:
    """A count detector with four weeks of back-filled quarter-hours."""
    rng, detector = np.random.default_rng(seed), registry.make("count_surprise")
    for x in readings(rng.poisson(shape(28 * 96, 96) * per_minute * 15).tolist(), 900, START):
        step(detector, x)
    return detector, rng


def live_minutes(per_minute: float, empty: bool) -> float:
    """Judge and learn whole days of minutes, quarters' heavy steps included."""

    def work() -> Callable[[], int]:
        detector, rng = warmed(per_minute)
        values = np.zeros(2880) if empty else rng.poisson(shape(2880, 1440) * per_minute)
        xs = readings(values.tolist(), 60, START + timedelta(days=28))
        return lambda: _stepped(detector, xs)

    return per_step(work)


def steps_of(name: str, step_s: int, steps: int = STEPS) -> tuple[float, int]:
    """Microseconds per step and bytes of state at its end, three weeks of quarter-hours later."""
    kind, kept = registry.describe(name).kind, []

    def work() -> Callable[[], int]:
        detector = registry.make(name, step_s=step_s)
        xs = readings(_drawn(name, kind, steps), step_s, START, EXPOSURE[kind])
        kept.append(detector)
        return lambda: _stepped(detector, xs)

    cost = per_step(work)
    return cost, len(json.dumps(kept[-1].to_state()))


def _drawn(name: str, kind: str, steps: int) -> list[float]:
    rng = np.random.default_rng(2)
    return rng.binomial(int(CASES), LATE, steps).tolist() if name == "batch_entry" else DRAWN[kind](rng, steps)


def family(children: int) -> tuple[float, int]:
    """Microseconds of a quarter-hour step of a pool of sparse children, and bytes of its state: 70 % have 0.5 to 20 a week,
    22 % up to 200, 8 % up to 840."""
    rng, length = np.random.default_rng(1), timedelta(minutes=15)
    parts = [(0.7, 0.5, 20), (0.22, 20, 200), (0.08, 200, 840)]
    rate = np.concatenate([np.exp(rng.uniform(*np.log((low, high)), int(part * children))) for part, low, high in parts]) / 672
    names, pool = [f"org.2=part {i:04d}" for i in range(len(rate))], registry.pool()
    pool.adopt(names)
    xs = []
    for t in range(POOL_DAYS * 96):
        row, at = rng.poisson(rate), START + t * length
        counts = {names[i]: float(row[i]) for i in np.flatnonzero(row).tolist()}
        xs.append(
            FamilyReading(
                at, at + length, at.date(), float(rate.sum()), float(row.sum()), counts, True, 0.02, at.hour, at.weekday() >= 5
            )
        )
    for x in xs[:-96]:
        pool.step(x)
    began = time.process_time_ns()
    for x in xs[-96:]:
        pool.step(x)
    spent = (time.process_time_ns() - began) / 96_000
    return spent, len(json.dumps(pool.to_state(), separators=(",", ":")))


def peer() -> float:
    """River's GaussianScorer over a day's window, score then learn."""

    def work() -> Callable[[], int]:
        scorer, values = anomaly.GaussianScorer(window_size=96), np.random.default_rng(3).poisson(12, 5000).tolist()

        def run() -> int:
            for value in values:
                scorer.score_one(None, value)
                scorer.learn_one(None, value)
            return len(values)

        return run

    return per_step(work)


def _stepped(detector: Detector, xs: Sequence[Reading]) -> int:
    for x in xs:
        step(detector, x)
    return len(xs)


def figures() -> Iterator[tuple[str, str]]:
    """Rows of the table in docs/detectors.md."""
    full, _ = warmed(5.0)
    for x in readings(np.random.default_rng(4).poisson(5, 600).tolist(), 60, START + timedelta(days=28)):
        step(full, x)
    yield "count_surprise, empty minute, closes included", f"{live_minutes(0.1, empty=True):.1f} us"
    for rate in (0.5, 10.0, 100.0):
        yield f"count_surprise, {rate:g} a minute, closes included", f"{live_minutes(rate, empty=False):.1f} us"
    yield "count_surprise, state after four weeks", f"{len(json.dumps(full.to_state()))} bytes"
    for name in registry.DETECTORS:
        own = 60 if name in BY_MINUTE else 900
        cost, size = steps_of(name, own)
        yield f"{name}, {'minute' if own == 60 else 'quarter-hour'} step", f"{cost:.0f} us, {size} bytes"
    cost, size = steps_of("count_surprise", WEEK)
    yield "count_surprise, weekly step", f"{cost:.0f} us, {size} bytes"
    for children in (200, 1000):
        cost, size = family(children)
        told = f"{cost:.0f} us = {cost / children:.2f} us a child; {size // children} bytes a child"
        yield f"pool of {children} children, quarter-hour step", told
    yield "river GaussianScorer", f"{peer():.1f} us"


if __name__ == "__main__":
    for what, cost in figures():
        print(f"{what:50} {cost}")
