"""Counts of a window and of its earlier partners over every combination of dimension values that occurs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fengsui.store.slices import level_value, slice_key

Numbers: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Parts: TypeAlias = tuple[tuple[int, int], ...]
"""A slice: (attribute, code) pairs, at most one per hierarchy, sorted; empty: everything."""


@dataclass(frozen=True)
class Cube:
    """One row per combination. ``codes``: rows x attributes. ``now``: counts of the window; ``past``: rows x K, of the
    earlier windows. ``width``: length of the window over the length of one earlier window."""

    attributes: tuple[str, ...]
    hierarchies: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    codes: Codes
    now: Numbers
    past: Numbers
    width: float = 1.0

    @property
    def windows(self) -> int:
        return int(self.past.shape[1])

    @cached_property
    def history(self) -> Numbers:
        return np.asarray(self.past.sum(axis=1), dtype=np.float64)

    @property
    def scale(self) -> float:
        """What turns a sum over all earlier windows into what one window of this length would hold."""
        return self.width / self.windows if self.windows else 0.0

    def rows(self, parts: Parts) -> Mask:
        inside: Mask = np.ones(len(self.now), dtype=np.bool_)
        for attribute, code in parts:
            inside &= self.codes[:, attribute] == code
        return inside

    def key(self, parts: Parts) -> str:
        """As slices are named everywhere: ``channel=App|org.1=华南``."""
        return slice_key({self.attributes[a]: self.values[a][code] for a, code in parts})

    def parts(self, levels: Mapping[str, str]) -> Parts | None:
        """The inverse; None where a level is no attribute here or a value does not occur."""
        found = []
        for level, value in levels.items():
            if level not in self.attributes:
                return None
            attribute = self.attributes.index(level)
            if value not in self.values[attribute]:
                return None
            found.append((attribute, self.values[attribute].index(value)))
        return tuple(sorted(found))

    def without(self, parts: Iterable[Parts]) -> Cube:
        """The same without the rows of some slices."""
        keep = np.ones(len(self.now), dtype=np.bool_)
        for one in parts:
            keep &= ~self.rows(one)
        return self.only(keep)

    def only(self, keep: Mask) -> Cube:
        codes, now, past = self.codes[keep], self.now[keep], self.past[keep]
        return Cube(self.attributes, self.hierarchies, self.values, np.asfortranarray(codes), now, past, self.width)


Leaf: TypeAlias = tuple[Mapping[str, str], int, float]
"""(dimensions of the records, window: 0 now, 1.. earlier, count)"""


def cube_of(leaves: Iterable[Leaf], levels: Sequence[str], windows: int, width: float = 1.0) -> Cube:
    """Counts by leaf and window as a cube over ``levels`` (``channel``, ``org.1``, ``org.2`` …); levels of one value are left
    out, for they tell nothing apart."""
    places: dict[tuple[str, ...], int] = {}
    rows, at, counts = [], [], []
    for dims, window, count in leaves:
        values = tuple(level_value(dims, level) for level in levels)
        rows.append(places.setdefault(values, len(places)))
        at.append(window)
        counts.append(count)
    sums = np.zeros((len(places), windows + 1))
    np.add.at(sums, (np.array(rows, dtype=np.int64), np.array(at, dtype=np.int64)), np.array(counts, dtype=np.float64))
    return coded(list(places), levels, sums[:, 0], sums[:, 1:], width)


def coded(rows: Sequence[Sequence[str]], levels: Sequence[str], now: Numbers, past: Numbers, width: float = 1.0) -> Cube:
    """Rows of values as a cube."""
    names, columns, known = [], [], []
    for n, level in enumerate(levels):
        values, codes = np.unique(np.array([row[n] for row in rows], dtype=object).astype(str), return_inverse=True)
        if len(values) > 1:
            names.append(level)
            columns.append(codes.astype(np.int64))
            known.append(tuple(str(value) for value in values))
    table = np.asfortranarray(np.column_stack(columns)) if columns else np.zeros((len(rows), 0), dtype=np.int64)
    hierarchies = tuple(name.partition(".")[0] for name in names)
    return Cube(tuple(names), hierarchies, tuple(known), table, now, past, width)
