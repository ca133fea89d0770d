"""A row of numbers for some of the buckets, zeros for the rest: what linear models and their online layers are made of."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fengsui.text.features import BUCKETS, Bags, Ints

Floats: TypeAlias = npt.NDArray[np.float32]
_ROOM = 1024
_TEXTS = 500
"""So many at once: the rows of all their buckets lie in memory."""


class BucketTable:
    """``width`` numbers for each bucket that was ever written. Row 0 is the row of all others."""

    def __init__(self, width: int, buckets: Ints | None = None, values: Floats | None = None) -> None:
        self._place = np.zeros(BUCKETS, dtype=np.int32)
        self._n = 1
        held = 0 if buckets is None else len(buckets)
        self._values = np.zeros((held + 1, width), dtype=np.float32)
        if buckets is not None and values is not None:
            self._place[buckets] = np.arange(1, held + 1, dtype=np.int32)
            self._values[1:] = values
            self._n = held + 1

    @property
    def width(self) -> int:
        return self._values.shape[1]

    def __len__(self) -> int:
        return self._n - 1

    def sums(self, bags: Bags) -> Floats:
        """(texts, width): the sum over the buckets of each text."""
        if self._n == 1 or not len(bags.indices):
            return np.zeros((len(bags), self.width), dtype=np.float32)
        summed = np.zeros((len(bags), self.width), dtype=np.float32)
        for first in range(0, len(bags), _TEXTS):
            starts = bags.starts[first : first + _TEXTS + 1]
            spoken = np.flatnonzero(np.diff(starts))  # a text without buckets has no place of its own in the rows
            if len(spoken):
                rows = self._values[self._place[bags.indices[starts[0] : starts[-1]]]]
                summed[first + spoken] = np.add.reduceat(rows, starts[spoken] - starts[0], axis=0)
        return summed

    def rows_for(self, buckets: Ints) -> npt.NDArray[np.int32]:
        """Places of these buckets in ``values``, made where there were none."""
        fresh = buckets[self._place[buckets] == 0]
        if len(fresh):
            end = self._n + len(fresh)
            if end > len(self._values):
                grown = np.zeros((max(end + _ROOM, 2 * len(self._values)), self.width), dtype=np.float32)
                grown[: self._n] = self._values[: self._n]
                self._values = grown
            self._place[fresh] = np.arange(self._n, end, dtype=np.int32)
            self._n = end
        return self._place[buckets]

    @property
    def values(self) -> Floats:
        """Written in place by who asked for the rows; asked for again after ``rows_for``, which may move it."""
        return self._values

    def widen(self, width: int) -> None:
        """More numbers a row, zero so far."""
        if width > self.width:
            self._values = np.pad(self._values, ((0, 0), (0, width - self.width)))
