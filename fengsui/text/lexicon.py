"""Lists of words looked up in a whole batch of texts at once.

The first two characters of every word are marked in a table, one look-up finds the few places where a word may begin, and only
there words are compared. Chinese words are found anywhere, Latin ones as whole words, or as stems where they end in ``*``;
digits are no part of a longer number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from fengsui.text import fold
from fengsui.text.features import Ints, Mask, Page, Words, page

Meaning = TypeVar("Meaning")

_SLOTS = 1 << 18
_SHIFT = np.uint64(64 - 18)
_SPREAD = 0x9E3779B97F4A7C15


class Hit(NamedTuple, Generic[Meaning]):
    """``word`` stands at ``at`` of the page, in text ``row``."""

    row: int
    at: int
    word: str
    meaning: Meaning


class Lexicon(Generic[Meaning]):
    """Words with a meaning each. The same word may be given twice, with two meanings."""

    def __init__(self, words: Iterable[tuple[str, Meaning]]) -> None:
        self._by_start: dict[str, list[tuple[str, str, bool, Meaning]]] = {}
        for word, meaning in words:
            folded = fold.fold(word.rstrip("*"))
            if folded:
                free = not _latin(folded[0]) and not _latin(folded[-1])
                self._by_start.setdefault(folded[:2], []).append((folded, word, free, meaning))
        self._pairs, self._singles = self._marks()

    def _marks(self) -> tuple[Mask, Mask]:
        pairs, singles = np.zeros(_SLOTS, dtype=np.bool_), np.zeros(0x10000, dtype=np.bool_)
        for start in self._by_start:
            if len(start) == 1:
                singles[min(ord(start), 0xFFFF)] = True
            else:
                codes = np.array([ord(start[0]), ord(start[1])], dtype=np.uint64)
                pairs[_slots(codes[:1], codes[1:])] = True
        return pairs, singles

    def hits(self, whole: Page) -> list[Hit[Meaning]]:
        """Every word that stands anywhere, by text; in no order within one."""
        found: list[Hit[Meaning]] = []
        text, starts = whole.text, self._by_start
        for length, places in ((1, self._alone(whole)), (2, self._paired(whole))):
            for at, row in zip(places.tolist(), whole.rows[places].tolist(), strict=True):
                for folded, word, free, meaning in starts.get(text[at : at + length], ()):
                    if text.startswith(folded, at) and (free or _stands(text, at, folded, word)):
                        found.append(Hit(row, at, word.rstrip("*"), meaning))
        return found

    def in_text(self, text: str) -> list[Hit[Meaning]]:
        """The hits in one text."""
        return self.hits(page([text]))

    def _alone(self, whole: Page) -> Ints:
        """Where a word of one character stands."""
        return np.flatnonzero(self._singles[np.minimum(whole.codes, np.uint64(0xFFFF)).astype(np.int64)])

    def _paired(self, whole: Page) -> Ints:
        """Where a longer word may begin."""
        codes = whole.codes
        return np.flatnonzero(self._pairs[_slots(codes[:-1], codes[1:])]) if len(codes) > 1 else np.zeros(0, dtype=np.int64)


def by_row(hits: Iterable[Hit[Meaning]]) -> Mapping[int, list[Hit[Meaning]]]:
    """Hits of each text that has any."""
    found: dict[int, list[Hit[Meaning]]] = {}
    for hit in hits:
        found.setdefault(hit.row, []).append(hit)
    return found


def _slots(first: Words, second: Words) -> Ints:
    return (((first << np.uint64(21)) | second) * np.uint64(_SPREAD) >> _SHIFT).astype(np.int64)


def _stands(text: str, at: int, folded: str, word: str) -> bool:
    """``sue you`` is not in ``issue you``, ``on fire`` not in ``on firefox``."""
    first, end = folded[0], at + len(folded)
    if _latin(first) and at and _latin(text[at - 1]):
        return False
    if word.endswith("*") or not _latin(folded[-1]) or end >= len(text):
        return True
    after = text[end]
    return not (after.isdigit() if folded.isdigit() else _latin(after))


def _latin(char: str) -> bool:
    return char.isascii() and char.isalnum()
