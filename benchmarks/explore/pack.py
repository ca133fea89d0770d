"""Seven labelled events of half a year of real requests: which slice is named first, with and without entries by staff.

``FENGSUI_REAL_DATA=folder python -m benchmarks.explore.pack``: Boston 311, whole event windows, all dimensions; windows of
earlier events are left out of the history of later ones. B02 asks for the overdue share. B07 is a trap: staff enter a batch.
"""

from __future__ import annotations

import csv
import gzip
import os
import sys
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from fengsui.explore.counts import of_counts
from fengsui.explore.cube import Cube, pair_of
from fengsui.explore.ratios import of_ratios
from fengsui.explore.read import Span, partners

FILE, EVENTS = "boston311_2011-07_2011-12.csv.gz", "events.csv"
LEVELS = ("channel", "region", "category", "queue", "department", "product", "ward")
RATED, STAFF = "B02", "employee"
KNOWN = ("B01", "B02", "B03", "B04")
Row = tuple[datetime, Mapping[str, str], float]


def main() -> int:
    folder = os.environ.get("FENGSUI_REAL_DATA")
    if not folder:
        print("FENGSUI_REAL_DATA names no folder", file=sys.stderr)
        return 2
    rows = sorted(_rows(Path(folder) / FILE), key=lambda row: row[0])
    times = [row[0] for row in rows]
    past: list[Span] = []
    for name, span in _events(Path(folder) / EVENTS):
        before = partners(*span, times[0], [one for one in past if one[1] <= span[0]])
        if name in KNOWN:
            past.append(span)
        cut = [rows[bisect_left(times, start) : bisect_left(times, end)] for start, end in (span, *before.spans)]
        leaves = (((dims, k, 1.0), late) for k, some in enumerate(cut) for _, dims, late in some)
        cases, late = pair_of(leaves, LEVELS, len(before.spans), before.width)
        print(f"{name}  {len(before.spans)} earlier windows")
        if name == RATED:
            _rates(cases, late)
        else:
            _counts("all", cases)
            _counts("without staff", _without_staff(cases))
    return 0


def _rows(path: Path) -> Iterator[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            at = datetime.fromisoformat(row["opened_at"].replace("Z", "+00:00"))
            yield at, {level: row[level] for level in LEVELS}, float(row["sla_met"] == "false")


def _events(path: Path) -> Iterator[tuple[str, Span]]:
    with path.open(encoding="utf-8") as lines:
        for row in csv.reader(lines):
            if row[0].startswith("B0"):
                start, end = (datetime.fromisoformat(row[n]).replace(tzinfo=UTC) for n in (3, 4))
                yield row[0], (start, end)


def _without_staff(cube: Cube) -> Cube:
    channel = cube.attributes.index("channel")
    keep: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.array([value != STAFF for value in cube.values[channel]])
    return cube.only(keep[cube.codes[:, channel]])


def _counts(which: str, cube: Cube) -> None:
    answer = of_counts(cube)
    named = [f"{cube.key(one.parts)} {one.now:.0f}/{one.expected:.1f}" for one in answer.slices] or ["nothing in particular"]
    head = f"{answer.observed:.0f} against {answer.expected:.0f}, g {answer.g:.2f}, tau {answer.tau:.2f}"
    print(f"  {which:14} {head}: {'; '.join(named)}")


def _rates(cases: Cube, late: Cube) -> None:
    answer = of_ratios(cases, late)
    named = "; ".join(f"{cases.key(one.parts)} {one.now:.0f}/{one.expected:.0f}" for one in answer.slices)
    print(f"  overdue {answer.before:.3f} -> {answer.after:.3f} = mix {answer.mix:+.3f}, rate {answer.rate:+.3f}: {named}")


if __name__ == "__main__":
    raise SystemExit(main())
