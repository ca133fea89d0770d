"""The judged steps as few points: what was seen and what was expected."""

from __future__ import annotations

from collections.abc import Sequence

from fengsui.backtest.play import Step
from fengsui.store.slices import bucket

MOST = 500
QUARTER = 15


def points(steps: Sequence[Step], shape: str) -> list[list[float | None]]:
    """``[minute, seen, expected]`` of equal pieces of time, at most ``MOST``: counts are added, shares weighed by their cases,
    the rest averaged."""
    if not steps:
        return []
    first, last = bucket(steps[0].row.start, 1), bucket(steps[-1].row.start, 1)
    width = max(1, -(-(last - first + 1) // (MOST * QUARTER))) * QUARTER
    pieces: dict[int, list[Step]] = {}
    for one in steps:
        pieces.setdefault(bucket(one.row.start, 1) // width * width, []).append(one)
    return [[at, *_figures(piece, shape)] for at, piece in sorted(pieces.items())]


def _figures(piece: Sequence[Step], shape: str) -> tuple[float | None, float | None]:
    seen = [(one.row.value, one.expected, one.row.exposure) for one in piece if one.row.value is not None]
    if not seen:
        return None, None
    value, expected = sum(one[0] or 0.0 for one in seen), sum(one[1] or 0.0 for one in seen)
    if shape == "count":
        return value, expected
    if shape == "share":
        cases = sum(one[2] or 0.0 for one in seen)
        return (value / cases, expected / cases) if cases else (None, None)
    return value / len(seen), expected / len(seen)
