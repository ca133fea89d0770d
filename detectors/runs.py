"""Sparse counts as short rows of whole numbers."""

from __future__ import annotations

from collections.abc import Sequence


def packed(counts: Sequence[float]) -> list[int]:
    """Counts as whole numbers; so many zeros in a row as their number below zero."""
    if not any(counts):  # most children, most of the time
        return [-len(counts)] if counts else []
    row: list[int] = []
    for count in counts:
        if count:
            row.append(round(count))
        elif row and row[-1] < 0:
            row[-1] -= 1
        else:
            row.append(-1)
    return row


def unpacked(row: Sequence[int]) -> list[float]:
    counts: list[float] = []
    for one in row:
        counts += [0.0] * -one if one < 0 else [float(one)]
    return counts
