"""Sparse counts as short rows of whole numbers."""

from __future__ import annotations

from collections.abc import Sequence


def packed(counts: Sequence[float]) -> list[int]:
    """Counts as whole numbers; so many zeros in a row as their number below zero."""
    if not any(counts):  # most children, most of the time
        return [-len(counts)] if counts else []
    row: list[int] = []
    zeros_from = 0
    for at, count in enumerate(counts):
        if count:
            if at > zeros_from:
                row.append(zeros_from - at)
            row.append(round(count))
            zeros_from = at + 1
    if zeros_from < len(counts):
        row.append(zeros_from - len(counts))
    return row


def unpacked(row: Sequence[int]) -> list[float]:
    counts: list[float] = []
    for one in row:
        counts += [0.0] * -one if one < 0 else [float(one)]
    return counts
