"""Features of every text model: hashed n-grams of characters on Chinese runs, of words elsewhere. No segmenter.

A batch of texts is one array of code points; folding (case, width, traditional characters), n-grams and hashes are array
operations over it. Chinese: 1 to 3 characters; Latin and digits: 1 and 2 words; other signs (！, 🙂) one by one. A feature of a
text is present or absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fengsui.text import fold

Ints: TypeAlias = npt.NDArray[np.int64]
Words: TypeAlias = npt.NDArray[np.uint64]
Mask: TypeAlias = npt.NDArray[np.bool_]

BITS = 20
BUCKETS = 1 << BITS
MOST_CHARS = 600
"""Of a long text its beginning and its end: what the matter is stands in one of them."""

SPACE, HAN, WORD, SIGN = 0, 1, 2, 3
_PRIME = 0x9E3779B97F4A7C15
_PRIME_INVERSE = pow(_PRIME, -1, 1 << 64)
_KINDS = tuple(np.uint64(one) for one in (0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5, 0x85EBCA6B2F165667))


@dataclass(frozen=True, slots=True)
class Bags:
    """``indices[starts[i]:starts[i + 1]]``: the buckets of text i, rising, each once."""

    starts: Ints
    indices: Ints

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, row: int) -> Ints:
        return self.indices[self.starts[row] : self.starts[row + 1]]


@dataclass(frozen=True, slots=True)
class Page:
    """Many texts as one: folded, a blank between them; ``codes`` and ``kinds`` of each character, and whose it is."""

    text: str
    codes: Words
    kinds: npt.NDArray[np.uint8]
    rows: Ints
    n: int


def page(texts: Sequence[str]) -> Page:
    """Texts of any length, cut to ``MOST_CHARS``."""
    half = MOST_CHARS // 2
    cut = [text if len(text) <= MOST_CHARS else f"{text[:half]} {text[-half:]}" for text in texts]
    joined = " ".join(cut) + " "
    raw = np.frombuffer(joined.encode("utf-32-le", "replace"), dtype=np.uint32)
    codes = fold.fold_codes(raw)
    lengths = np.fromiter((len(text) + 1 for text in cut), dtype=np.int64, count=len(cut))
    rows = np.repeat(np.arange(len(cut), dtype=np.int64), lengths)
    if len(rows) < len(raw):  # no text at all: only the last blank
        rows = np.zeros(len(raw), dtype=np.int64)
    kinds = _classes()[np.minimum(codes, 0xFFFF)]
    return Page(codes.tobytes().decode("utf-32-le", "replace"), codes.astype(np.uint64), kinds, rows, len(cut))


def bags(texts: Sequence[str]) -> Bags:
    """Buckets of each text.

    >>> bags(["退款", "退 款"]).indices.size  # 退, 款, 退款; 退, 款
    5
    """
    return bags_of(page(texts))


def bags_of(whole: Page) -> Bags:
    hashes, rows = _grams(whole)
    return _gathered(hashes >> np.uint64(64 - BITS), rows, whole.n)


def trigrams(whole: Page) -> Bags:
    """Hashes of 3 characters (or 2 words) only, rising: what tells two texts apart. Values below 2**40."""
    found = [_chars(whole, 3), _words(whole)[1]]
    hashes = np.concatenate([hashes for hashes, _ in found])
    rows = np.concatenate([rows for _, rows in found])
    return _gathered(hashes >> np.uint64(24), rows, whole.n, bits=40)


def words(whole: Page) -> tuple[Words, Ints]:
    """A number for each run of letters and digits, and whose it is."""
    return _words(whole)[0]


def _grams(whole: Page) -> tuple[Words, Ints]:
    found = [_signs(whole), *(_chars(whole, n) for n in (1, 2, 3)), *_words(whole)]
    return np.concatenate([hashes for hashes, _ in found]), np.concatenate([rows for _, rows in found])


def _gathered(keys: Words, rows: Ints, n: int, bits: int = BITS) -> Bags:
    """Each key of a row once, rows in order."""
    if bits + int(n).bit_length() > 63:
        raise ValueError(f"{n} texts at once are too many")
    both = np.sort((rows << bits) | keys.astype(np.int64))
    if len(both):
        both = both[np.concatenate([[True], both[1:] != both[:-1]])]
    starts = np.searchsorted(both, np.arange(n + 1, dtype=np.int64) << bits)
    return Bags(starts.astype(np.int64), both & ((1 << bits) - 1))


def _signs(whole: Page) -> tuple[Words, Ints]:
    at = whole.kinds == SIGN
    return _mixed(whole.codes[at], 3), whole.rows[at]


def _chars(whole: Page, n: int) -> tuple[Words, Ints]:
    han = whole.kinds == HAN
    held: Mask = han[: len(han) - n + 1].copy()
    hashes = whole.codes[: len(held)].copy()
    for k in range(1, n):
        held &= han[k : len(held) + k]
        hashes = hashes * np.uint64(_PRIME) + whole.codes[k : len(held) + k]
    return _mixed(hashes[held], n - 1), whole.rows[: len(held)][held]


def _words(whole: Page) -> list[tuple[Words, Ints]]:
    """Single words and neighbours. A word's hash is a difference of running sums, moved back to the same power."""
    word = (whole.kinds == WORD).astype(np.int8)
    edges = np.diff(np.concatenate([[0], word, [0]]).astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    if not len(starts):
        nothing = (np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64))
        return [nothing, nothing]
    powers, inverses = _powers(len(word) + 1)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(whole.codes * powers[: len(word)], dtype=np.uint64)])
    one = (sums[ends] - sums[starts]) * inverses[starts]
    rows = whole.rows[starts]
    near = (rows[1:] == rows[:-1]) & (starts[1:] - ends[:-1] <= 2)
    two = one[:-1] * np.uint64(_PRIME) + one[1:]
    return [(_mixed(one, 3), rows), (_mixed(two[near], 2), rows[:-1][near])]


def _mixed(hashes: Words, kind: int) -> Words:
    """The upper bits depend on all of them; kinds of features are kept apart."""
    mixed = (hashes ^ (hashes >> np.uint64(29))) * _KINDS[kind]
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(_PRIME)
    return mixed ^ (mixed >> np.uint64(31))


@lru_cache(maxsize=4)
def _powers_to(size: int) -> tuple[Words, Words]:
    ups, downs = np.full(size, _PRIME, np.uint64), np.full(size, _PRIME_INVERSE, np.uint64)
    ups[0] = downs[0] = 1
    return np.cumprod(ups, dtype=np.uint64), np.cumprod(downs, dtype=np.uint64)


def _powers(size: int) -> tuple[Words, Words]:
    """Made for the next power of two, so that they are made a few times only."""
    return _powers_to(1 << max(16, size.bit_length()))


@lru_cache(maxsize=1)
def _classes() -> npt.NDArray[np.uint8]:
    """Kind of each code point up to U+FFFF after folding; the last one stands for all beyond, which are signs."""
    kinds = np.full(0x10000, SIGN, dtype=np.uint8)
    for code in range(0x10000):
        char = chr(code)
        if 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF:
            kinds[code] = HAN
        elif char.isalnum() or char == "'":
            kinds[code] = WORD
        elif char.isspace() or not char.isprintable() or char in ',.:;，。、：；"“”‘’()（）[]【】《》<>-_/\\|':
            kinds[code] = SPACE
    kinds[0xFFFF] = SIGN
    return kinds
