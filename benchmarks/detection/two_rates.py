"""Two rates: is a count that is read by the minute heard sooner than by the quarter of an hour, and found no less?

``python -m benchmarks.detection.two_rates --seed S --n N``: the quarter-hourly series of suite B, each quarter's count spread
over its minutes by chance, so that both read the same numbers. Four weeks of history in quarter-hours, six judged weeks.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count, islice

import numpy as np

from benchmarks.detection import product, suite_b
from benchmarks.detection.report import rows_b
from benchmarks.detection.series import Series, Spike
from benchmarks.detection.verdicts import Said
from detectors import registry
from detectors.base import step

MINUTE, QUARTER = 60, 900
EACH = QUARTER // MINUTE


def quarterly(seed: int, n: int) -> list[Series]:
    """The first ``n`` series of suite B that step by quarters of an hour."""
    places = (i for i in count() if suite_b.STEPS[i % len(suite_b.STEPS)] == QUARTER)
    return [suite_b.one(seed, i) for i in islice(places, n)]


def minutely(seed: int, n: int, data: Series) -> Series:
    """The same by the minute; ``n``: its place in the suite."""
    rng = np.random.default_rng([seed, n, 3])
    values = rng.multinomial(data.values.astype(int), np.full(EACH, 1 / EACH)).reshape(-1).astype(float)
    spikes = tuple(Spike(EACH * one.start, EACH * one.end, one.tier) for one in data.spikes)
    mean, excused = np.repeat(data.mean / EACH, EACH), np.repeat(data.excused, EACH)
    return replace(data, step_s=MINUTE, values=values, mean=mean, judged=EACH * data.judged, spikes=spikes, excused=excused)


def by_minute(fine: Series, coarse: Series) -> Said:
    """History in quarter-hours, then minutes, as the engine reads them; before the judged weeks nothing is heard."""
    detector = registry.make(product.NAME, step_s=MINUTE)
    for i, value in enumerate(coarse.values[: coarse.judged].tolist()):
        detector.learn_one(product.reading(coarse, i, value, product.budget_of(coarse)))
    score, grade = np.full(len(fine), -1.0), np.zeros(len(fine), dtype=np.int8)
    for i, value in enumerate(fine.values[fine.judged :].tolist(), start=fine.judged):
        verdict = step(detector, product.reading(fine, i, value, product.budget_of(fine)))
        score[i], grade[i] = verdict.score, verdict.grade
    return Said(score, grade > 0, grade)


def lines(coarse: Sequence[Series], fine: Sequence[Series]) -> Iterator[str]:
    yield from rows_b("by the quarter", [product.product(data) for data in coarse], coarse)
    began = time.process_time()
    said = [by_minute(a, b) for a, b in zip(fine, coarse, strict=True)]
    minutes = sum(len(data) - data.judged for data in fine)
    yield from rows_b("by the minute", said, fine)
    yield f"{1e6 * (time.process_time() - began) / minutes:.1f} us a minute, history and driver included"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--n", type=int, default=48)
    asked = parser.parse_args()
    coarse = quarterly(asked.seed, asked.n)
    fine = [minutely(asked.seed, n, data) for n, data in enumerate(coarse)]
    print(f"two rates, {asked.n} series, seed {asked.seed}, {product.NAME} {product.version()}\n")
    for line in lines(coarse, fine):
        print(line, flush=True)


if __name__ == "__main__":
    main()
