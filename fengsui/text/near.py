"""Nearly equal texts: one text with a few characters changed, cut off or put in front.

A text is the set of its Chinese characters, their neighbours, and its other words; marks, blanks, case, width and script do
not count. Two are near where the sets have ``NEAR`` of all they hold in common (Jaccard). MinHash (A. Broder, 1997) in bands
finds the pairs worth comparing: a batch at a time, array operations only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from fengsui.text import features
from fengsui.text.features import HAN, Page

Marks = npt.NDArray[np.uint32]

NEAR: Final = 0.7
"""One edit in a dozen characters leaves about 0.75; two people who report the same thing in their own words share less."""
NEAR_LONG, LONG = 0.6, 60
"""Of so many marks (thirty Chinese characters) far less is shared by chance, and edits add up."""
LEAST: Final = 18
"""Texts of fewer marks (ten Chinese characters, two dozen words) are near by chance."""
LATIN: Final = 2
"""A word that is not Chinese weighs as much as a character and its neighbour."""
BANDS, ROWS = 12, 3
_PRIME = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Print:
    """``marks``: what the text holds, rising, each once; ``bands``: two near texts nearly always have one in common."""

    marks: Marks
    bands: tuple[int, ...]


def prints(texts: Sequence[str]) -> list[Print | None]:
    """One for each text; None for one that is too short to be called near to another."""
    found: list[Print | None] = []
    for start in range(0, len(texts), 1000):
        found += _some(texts[start : start + 1000])
    return found


def likeness(one: Print, other: Print) -> float:
    """Jaccard: 0 nothing in common, 1 the same marks."""
    both = np.concatenate([one.marks, other.marks])
    both.sort()
    shared = int((both[1:] == both[:-1]).sum())
    return shared / (len(both) - shared)


def are_near(one: Print, other: Print) -> bool:
    small, large = sorted((len(one.marks), len(other.marks)))
    least = NEAR_LONG if small >= LONG else NEAR
    return small >= least * large and likeness(one, other) >= least


def _some(texts: Sequence[str]) -> list[Print | None]:
    whole = features.page(texts)
    marks, rows = _marks(whole)
    both = np.sort((rows.astype(np.uint64) << np.uint64(32)) | marks.astype(np.uint64))
    if len(both):
        both = both[np.concatenate([[True], both[1:] != both[:-1]])]
    kept = both & np.uint64(0xFFFFFFFF)
    starts = np.searchsorted(both, np.arange(whole.n + 1, dtype=np.uint64) << np.uint64(32))
    long = np.flatnonzero(np.diff(starts) >= LEAST)
    bands = _bands(kept, starts, long)
    found: list[Print | None] = [None] * whole.n
    small = kept.astype(np.uint32)
    for row, keys in zip(long.tolist(), bands.T.tolist(), strict=True):
        found[row] = Print(small[starts[row] : starts[row + 1]].copy(), tuple(keys))
    return found


def _marks(whole: Page) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    han = whole.kinds == HAN
    codes, rows = whole.codes[han], whole.rows[han]
    pairs = rows[1:] == rows[:-1]
    ones, twos = _mixed(codes), _mixed(codes[:-1] * _PRIME + codes[1:])[pairs]
    words, whose = features.words(whole)
    each = [_mixed(words + np.uint64(n)) for n in range(LATIN)]
    return np.concatenate([ones, twos, *each]), np.concatenate([rows, rows[:-1][pairs], *[whose] * LATIN])


def _bands(marks: npt.NDArray[np.uint64], starts: npt.NDArray[np.int64], long: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
    """(bands, long texts)"""
    if not len(long):
        return np.zeros((BANDS, 0), dtype=np.int64)
    found = np.empty((BANDS, len(long)), dtype=np.int64)
    firsts = np.minimum(starts[:-1], len(marks) - 1)
    for band in range(BANDS):
        key = np.full(len(long), band, dtype=np.uint64)
        for row in range(ROWS):
            times, plus = _permutations()[band * ROWS + row]
            least = np.minimum.reduceat((marks * times + plus) >> np.uint64(32), firsts)[long]
            key = (key ^ least) * _PRIME
            key ^= key >> np.uint64(29)
        found[band] = (key >> np.uint64(2)).astype(np.int64)
    return found


def _mixed(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """32 bits that depend on all of them."""
    mixed = (hashes ^ (hashes >> np.uint64(29))) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * _PRIME
    return mixed >> np.uint64(32)


@lru_cache(maxsize=1)
def _permutations() -> list[tuple[np.uint64, np.uint64]]:
    """Multiply-shift (M. Dietzfelbinger), the same for ever: odd factors of 64 bits."""
    drawn = np.random.Generator(np.random.PCG64(20260101)).integers(0, 1 << 63, size=(BANDS * ROWS, 2), dtype=np.uint64)
    return [(np.uint64(int(a) | 1), np.uint64(int(b))) for a, b in drawn]
