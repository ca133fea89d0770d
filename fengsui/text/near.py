"""Nearly equal texts: one text with a few characters changed, cut off or put in front.

A text is the set of its Chinese characters, their neighbours, and its other words; marks, blanks, case, width and script do
not count. Two are near where the sets have ``NEAR`` of all they hold in common (Jaccard) and not both say something of their
own: two notes of one form share its headings, and differ in whole phrases. MinHash (A. Broder, 1997) in bands finds the pairs
worth comparing: a batch at a time, array operations only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from fengsui.text import features
from fengsui.text.features import HAN, Page

Marks = npt.NDArray[np.uint32]
Hashed: TypeAlias = tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]
"""Hashes of 32 bits, and the text of each."""

NEAR: Final = 0.7
"""One edit in a dozen characters leaves about 0.75; two people who report the same thing in their own words share less."""
NEAR_LONG, LONG = 0.6, 60
"""Of so many marks (thirty Chinese characters) far less is shared by chance, and edits add up."""
LEAST: Final = 18
"""Texts of fewer marks (ten Chinese characters, two dozen words) are near by chance."""
LATIN: Final = 2
"""A word that is not Chinese weighs as much as a character and its neighbour."""
PHRASE: Final = 5
"""An edit changes two pairs of neighbours. So many in a row (four characters) are something else that was said: a fault, an
address."""
BANDS, ROWS = 12, 3
_PRIME = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Print:
    """``marks``: what the text holds, rising, each once; ``bands``: two near texts nearly always have one in common;
    ``pairs``: neighbours as they stand, Chinese characters before other words."""

    marks: Marks
    bands: tuple[int, ...]
    pairs: Marks


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
    return small >= least * large and likeness(one, other) >= least and not (_own(one, other) and _own(other, one))


def _own(one: Print, other: Print) -> bool:
    """Whether ``one`` has a whole phrase that ``other`` has not: scattered edits make none."""
    new = np.concatenate([[False], ~np.isin(one.pairs, other.pairs), [False]])
    edges = np.flatnonzero(new[1:] != new[:-1])
    return bool((edges[1::2] - edges[::2] >= PHRASE).any())


def _some(texts: Sequence[str]) -> list[Print | None]:
    whole = features.page(texts)
    han, words = _neighbours(whole)
    marks, rows = _marks(whole, han)
    both = np.sort((rows.astype(np.uint64) << np.uint64(32)) | marks.astype(np.uint64))
    if len(both):
        both = both[np.concatenate([[True], both[1:] != both[:-1]])]
    kept = both & np.uint64(0xFFFFFFFF)
    starts = np.searchsorted(both, np.arange(whole.n + 1, dtype=np.uint64) << np.uint64(32))
    long = np.flatnonzero(np.diff(starts) >= LEAST)
    bands = _bands(kept, starts, long)
    found: list[Print | None] = [None] * whole.n
    small = kept.astype(np.uint32)
    ordered = [(pairs.astype(np.uint32), np.searchsorted(whose, np.arange(whole.n + 1))) for pairs, whose in (han, words)]
    for row, keys in zip(long.tolist(), bands.T.tolist(), strict=True):
        pairs = np.concatenate([held[first[row] : first[row + 1]] for held, first in ordered])
        found[row] = Print(small[starts[row] : starts[row + 1]].copy(), tuple(keys), pairs)
    return found


def _neighbours(whole: Page) -> tuple[Hashed, Hashed]:
    """(of Chinese characters, of other words), each with whose it is, as they stand."""
    han = whole.kinds == HAN
    return _pairs(whole.codes[han], whole.rows[han]), _pairs(*features.words(whole))


def _pairs(codes: npt.NDArray[np.uint64], rows: npt.NDArray[np.int64]) -> Hashed:
    inside = rows[1:] == rows[:-1]
    return _mixed(codes[:-1] * _PRIME + codes[1:])[inside], rows[1:][inside]


def _marks(whole: Page, pairs: Hashed) -> Hashed:
    han = whole.kinds == HAN
    words, whose = features.words(whole)
    each = [_mixed(words + np.uint64(n)) for n in range(LATIN)]
    return (
        np.concatenate([_mixed(whole.codes[han]), pairs[0], *each]),
        np.concatenate([whole.rows[han], pairs[1], *[whose] * LATIN]),
    )


def _bands(marks: npt.NDArray[np.uint64], starts: npt.NDArray[np.int64], long: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
    """(bands, long texts)"""
    if not len(long):
        return np.zeros((BANDS, 0), dtype=np.int64)
    found = np.empty((BANDS, len(long)), dtype=np.int64)
    held = np.flatnonzero(np.diff(starts))  # a text without marks has no least one, and must end nobody else's
    of_long = np.searchsorted(held, long)
    for band in range(BANDS):
        key = np.full(len(long), band, dtype=np.uint64)
        for row in range(ROWS):
            times, plus = _permutations()[band * ROWS + row]
            least = np.minimum.reduceat((marks * times + plus) >> np.uint64(32), starts[held])[of_long]
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
