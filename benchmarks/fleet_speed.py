"""What the detectors of a large centre cost: 500 series read by the minute and 5,000 children of the long tail.

Run ``python benchmarks/fleet_speed.py``. Two rates for each rich series (a scan each minute, the heavy state each quarter
of an hour), a pooled test of 200 children for each family, each quarter. Detectors only: no store, no engine. Each class of
volume is warmed once over its history and copied by its state, so every series has a state of its own. Each detector's
midnight is in it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np

from benchmarks.detector_speed import POOL_DAYS, START, readings, shape, warmed
from detectors import registry
from detectors.base import Detector, FamilyReading, step
from detectors.pool import Pool

RICH, FAMILIES, CHILDREN = 500, 25, 200
VOLUMES = (0.01, 0.1, 0.5, 2.0, 10.0)
"""Mean events a minute; a hundred series of each."""
LIVE_H = 24
MB = 1 << 20


def rich() -> list[tuple[Detector, np.ndarray]]:
    """Each with the counts of its live minutes."""
    fleet = []
    for i, volume in enumerate(VOLUMES):
        first, rng = warmed(volume, seed=i)
        state = json.dumps(first.to_state())
        for _ in range(RICH // len(VOLUMES)):
            one = registry.make("count_surprise")
            one.restore(json.loads(state))
            values = rng.poisson(shape(LIVE_H * 60, 1440) * volume)
            fleet.append((one, values.astype(np.int16)))
    return fleet


def families() -> list[tuple[Pool, list[FamilyReading]]]:
    """Copies of a warmed family (70 % of its children at 0.5 to 20 a week, 22 % up to 200, 8 % up to 840), and its quarters."""
    rng = np.random.default_rng(1)
    parts = [(0.7, 0.5, 20), (0.22, 20, 200), (0.08, 200, 840)]
    rate = (
        np.concatenate([np.exp(rng.uniform(np.log(low), np.log(high), round(part * CHILDREN))) for part, low, high in parts])
        / 672
    )
    names, first = [f"org.2=part {i:04d}" for i in range(CHILDREN)], Pool()
    first.adopt(names)
    for x in _quarters(rng, rate, names, 0, POOL_DAYS * 96):
        first.step(x)
    state, fleet = json.dumps(first.to_state()), []
    for _ in range(FAMILIES):
        one = Pool()
        one.restore(json.loads(state))
        fleet.append((one, list(_quarters(rng, rate, names, POOL_DAYS * 96, LIVE_H * 4))))
    return fleet


def _quarters(rng: np.random.Generator, rate: np.ndarray, names: list[str], first: int, n: int) -> Iterator[FamilyReading]:
    for t in range(first, first + n):
        at, row = START + timedelta(minutes=15 * t), rng.poisson(rate)
        came = {names[i]: float(row[i]) for i in np.flatnonzero(row).tolist()}
        due, had, off = float(rate.sum()), float(row.sum()), at.weekday() >= 5
        yield FamilyReading(at, at + timedelta(minutes=15), at.date(), due, had, came, True, 0.02, at.hour, off)


def a_minute(heads: list[tuple[Detector, np.ndarray]], minute: int) -> float:
    """CPU seconds of one minute of all; making the readings is not counted."""
    at = START + timedelta(days=28, minutes=minute)
    due = [(detector, readings([float(counts[minute])], 60, at)[0]) for detector, counts in heads]
    began = time.process_time()
    for detector, x in due:
        step(detector, x)
    return time.process_time() - began


def resident() -> float:
    """Megabytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / MB


def main() -> None:
    empty = resident()
    heads, tails = rich(), families()
    head_s = sum(a_minute(heads, minute) for minute in range(LIVE_H * 60))
    head_ms = 1000 * head_s / (LIVE_H * 60)
    began = time.process_time()
    for quarter in range(LIVE_H * 4):
        for pool, quarters in tails:
            pool.step(quarters[quarter])
    tail_ms = 1000 * (time.process_time() - began) / (LIVE_H * 60)
    print("| what | ms a minute | of a core |\n|---|---|---|")
    rows = (f"{RICH} rich series, two rates", head_ms), (f"{FAMILIES * CHILDREN} children in {FAMILIES} pools", tail_ms)
    for name, ms in (*rows, ("both", head_ms + tail_ms)):
        print(f"| {name} | {ms:.1f} | {ms / 600:.3f} % |")
    print(f"resident: {resident():.0f} MB, {empty:.0f} of them before the first series")


if __name__ == "__main__":
    main()
