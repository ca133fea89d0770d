"""Steps a CPU second of ``fengsui backtest``, CSV in to CSV out, beside their goals.

``python -m benchmarks.backtest_speed``: counts drawn around a day's curve, as files: a year of busy quarters of an hour, nine
weeks of busy minutes, and nine weeks of minutes in which little comes. Each is read, played and written as the command does;
the least CPU time of three runs, for a shared machine only ever adds. Exit code 1 below a goal.
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from benchmarks.detector_speed import shape
from fengsui.cli.backtest import backtest
from fengsui.cli.where import Where

START = datetime(2025, 3, 3, tzinfo=UTC)
REPEATS = 3
SEED = 9


@dataclass(frozen=True, slots=True)
class Series:
    """``mean`` records a step; ``goal``: steps a CPU second, none where none is stated."""

    name: str
    minutes: int
    days: int
    mean: float
    goal: float


SERIES = (
    Series("rich: quarters", 15, 364, 40.0, 10_000),
    Series("busy minutes", 1, 63, 8.0, 0),
    Series("lean: quiet minutes", 1, 63, 0.05, 50_000),
)


def main() -> int:
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for one in SERIES:
            path = Path(folder) / "series.csv"
            steps = written(path, one)
            speed = steps / min(played(path, one) for _ in range(REPEATS))
            goal = f" (goal {one.goal:,.0f})" if one.goal else ""
            print(f"{one.name:20} {steps:7,} steps: {speed:7,.0f} a CPU second{goal}", flush=True)
            good &= speed >= one.goal
    return 0 if good else 1


def written(path: Path, one: Series) -> int:
    """How many steps the file holds."""
    per_day = 1440 // one.minutes
    n = per_day * one.days
    values = np.random.default_rng(SEED).poisson(shape(n, per_day) * one.mean)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("timestamp", "value"))
        rows.writerows(((START + i * timedelta(minutes=one.minutes)).isoformat(), value) for i, value in enumerate(values))
    return n


def played(path: Path, one: Series) -> float:
    """CPU seconds."""
    asked = [str(path), "--kind", "count", "--interval", f"{one.minutes}min", "--out", str(path.with_suffix(".out"))]
    since = time.process_time()
    result = CliRunner().invoke(backtest, asked, obj=Where(path.parent, "en"))
    took = time.process_time() - since
    if result.exit_code:
        raise RuntimeError(result.output)
    return took


if __name__ == "__main__":
    sys.exit(main())
