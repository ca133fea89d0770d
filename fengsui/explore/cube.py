"""Counts of a window and of its earlier partners over every combination of dimension values that occurs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fengsui.store.slices import UNKNOWN, slice_key

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
    return pair_of(((leaf, 0.0) for leaf in leaves), levels, windows, width)[0]


def pair_of(leaves: Iterable[tuple[Leaf, float]], levels: Sequence[str], windows: int, width: float = 1.0) -> tuple[Cube, Cube]:
    """The same rows twice: all counts, and those that went wrong. Dimensions that are one object are looked at once."""
    places: dict[tuple[str, ...], int] = {}
    seen: dict[int, tuple[int, Mapping[str, str]]] = {}
    values = _splitter(levels)
    rows, at, counts, wrong = [], [], [], []
    for (dims, window, count), bad in leaves:
        known = seen.get(id(dims))
        if known is None:  # the mapping is kept beside its place: no other object gets its id meanwhile
            known = seen[id(dims)] = (places.setdefault(values(dims), len(places)), dims)
        rows.append(known[0])
        at.append(window)
        counts.append(count)
        wrong.append(bad)
    shape = (len(places), windows + 1)
    where = np.array(rows, dtype=np.int64) * shape[1] + np.array(at, dtype=np.int64)
    whole, failed = (
        np.bincount(where, weights=np.array(one, dtype=np.float64), minlength=shape[0] * shape[1])
        .reshape(shape)
        .astype(np.float64)
        for one in (counts, wrong)
    )
    cube = coded(list(places), levels, whole[:, 0], whole[:, 1:], width)
    return cube, replace(cube, now=failed[:, 0], past=failed[:, 1:])


def _splitter(levels: Sequence[str]) -> Callable[[Mapping[str, str]], tuple[str, ...]]:
    """``level_value`` of all levels at once: a path is cut once, not once for each of its levels."""
    asked = [(name, int(depth or 0)) for name, _, depth in (level.partition(".") for level in levels)]

    def values(dims: Mapping[str, str]) -> tuple[str, ...]:
        cut: dict[str, list[str]] = {}
        found = []
        for name, depth in asked:
            if not depth:
                found.append(dims.get(name) or UNKNOWN)
                continue
            if name not in cut:
                cut[name] = (dims.get(name) or UNKNOWN).split("/")
            found.append("/".join(cut[name][:depth]))
        return tuple(found)

    return values


def coded(rows: Sequence[Sequence[str]], levels: Sequence[str], now: Numbers, past: Numbers, width: float = 1.0) -> Cube:
    """Rows of values as a cube."""
    names, columns, known = [], [], []
    for n, level in enumerate(levels):
        values = sorted({row[n] for row in rows})
        if len(values) > 1:
            place = {value: code for code, value in enumerate(values)}
            names.append(level)
            columns.append(np.fromiter((place[row[n]] for row in rows), np.int64, len(rows)))
            known.append(tuple(values))
    table = np.asfortranarray(np.column_stack(columns)) if columns else np.zeros((len(rows), 0), dtype=np.int64)
    hierarchies = tuple(name.partition(".")[0] for name in names)
    return Cube(tuple(names), hierarchies, tuple(known), table, now, past, width)
