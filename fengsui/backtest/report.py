"""The steps as a CSV: one row per row of the series."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from fengsui.backtest.fault import BadSeries
from fengsui.backtest.play import Step

HEAD = ("timestamp", "value", "expected", "lower", "upper", "score", "p_value", "ready", "alarm", "grade")


def write_steps(path: Path, steps: Sequence[Step]) -> None:
    """Numbers as they are, empty where there is none; ``ready`` and ``alarm`` 0 or 1; ``grade`` none, general, important,
    severe."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEAD)
            writer.writerows(_cells(one) for one in steps)
    except OSError as fault:
        raise BadSeries("out", out=str(path), why=fault.strerror or str(fault)) from None


def _cells(one: Step) -> tuple[object, ...]:
    numbers = ["" if number is None else f"{number:.10g}" for number in (one.row.value, one.expected, one.lower, one.upper)]
    flags = int(one.ready), int(one.grade > 0), one.grade.name.lower()
    return one.row.text, *numbers, f"{one.score:.6g}", f"{one.p_value:.6g}", *flags
