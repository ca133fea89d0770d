"""The online layer over a base: learns from every correction of staff at once, with the base's own score as one more feature.

Softmax regression by AdaGrad (J. Duchi, E. Hazan, Y. Singer, JMLR 12, 2011) over the same hashed features. It starts as the
base itself, and what it has learned is not stored: the labels are, and it is learned again from them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from fengsui.text.features import Bags, Ints
from fengsui.text.model import softmax
from fengsui.text.table import BucketTable, Floats

RATE = 0.5
BIAS_RATE = 0.05
FREE, MORE, ONE_SIDED = 4, 2, 2.0
"""Of one label so many corrections count in full whatever else was said, and so many for each of another label; how steeply
further ones weigh less."""
_START = 1.0
"""Where AdaGrad's sums of squares begin: the first correction moves no weight by more than about ``RATE / 2``."""
UNHEARD = -4.0
"""Margin of a class that the base does not know."""


class Online:
    """One for each model. Not for two threads."""

    def __init__(self, classes: Sequence[str], rate: float = RATE) -> None:
        self.classes = list(classes)
        self._rate = rate
        self._learned = BucketTable(len(self.classes))
        self._squares = BucketTable(len(self.classes))
        self._trust = np.ones(len(self.classes), dtype=np.float32)
        self._bias = np.zeros(len(self.classes), dtype=np.float32)
        self._trust_squares = np.full(len(self.classes), 10.0, dtype=np.float32)
        self._bias_squares = np.full(len(self.classes), _START, dtype=np.float32)
        self._said: Counter[str] = Counter()
        self.n = 0

    def margins(self, bags: Bags, base: Floats) -> Floats:
        """(texts, classes). ``base``: (texts, classes the base knows), in the order of ours."""
        base = self._padded(base)
        if self.n == 0:
            return base
        size = np.sqrt(np.maximum(np.diff(bags.starts), 1)).astype(np.float32)[:, None]
        found: Floats = base * self._trust + self._learned.sums(bags) / size + self._bias
        return found

    def learn(self, buckets: Ints, base: Floats, truth: str) -> None:
        """One correction: ``truth`` of the text with these buckets, of which the base says ``base`` (classes,)."""
        self._know(truth)
        one = Bags(np.array([0, len(buckets)], dtype=np.int64), buckets)
        known = self._padded(base[None, :])
        self.n += 1
        slope = softmax(self.margins(one, base[None, :]))[0]
        slope[self.classes.index(truth)] -= 1.0
        slope *= self._weight(truth)
        self._step(buckets, slope)
        self._trust_squares += (slope * known[0]) ** 2
        self._trust -= np.float32(0.1) * slope * known[0] / np.sqrt(self._trust_squares)
        np.maximum(self._trust, 0.1, out=self._trust)
        self._bias_squares += slope**2
        self._bias -= np.float32(BIAS_RATE) * slope / np.sqrt(self._bias_squares)

    def _weight(self, truth: str) -> np.float32:
        """Of a label that nearly all corrections say, further ones count less: who calls a page of fifty questions neutral
        speaks of these, and not of every complaint that shares their small words."""
        self._said[truth] += 1
        others = self._said.total() - self._said[truth]
        return np.float32(min(1.0, (FREE + MORE * others) / self._said[truth]) ** ONE_SIDED)

    def _step(self, buckets: Ints, slope: Floats) -> None:
        if not len(buckets):
            return
        each = slope / np.sqrt(np.float32(len(buckets)))
        at = self._squares.rows_for(buckets)
        self._squares.values[at] += each**2
        divisor = np.sqrt(self._squares.values[at] + np.float32(_START / len(buckets)))
        rows = self._learned.rows_for(buckets)
        self._learned.values[rows] -= np.float32(self._rate) * each / divisor

    def _know(self, label: str) -> None:
        if label in self.classes:
            return
        self.classes.append(label)
        width = len(self.classes)
        self._learned.widen(width)
        self._squares.widen(width)
        self._trust = np.append(self._trust, np.float32(1.0))
        self._bias = np.append(self._bias, np.float32(0.0))
        self._trust_squares = np.append(self._trust_squares, np.float32(10.0))
        self._bias_squares = np.append(self._bias_squares, np.float32(_START))

    def _padded(self, base: Floats) -> Floats:
        missing = len(self.classes) - base.shape[1]
        return np.pad(base, ((0, 0), (0, missing)), constant_values=UNHEARD) if missing > 0 else base
