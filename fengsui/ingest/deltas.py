"""Signed roll-up deltas of a batch, gathered and added up before anything is written.

Contributions times slices times grains would be hundreds of dictionary steps per record; here each contribution is one row
of an array, expanded to its slices and summed by numpy. Cells come out in the order of the primary key, which a B-tree likes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import compress
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fengsui.metrics import blocks
from fengsui.metrics.blocks import MINUTE, QUARTER, Block, Cell, Ints
from fengsui.metrics.measures import BY_ID, NO_BIN, Contribution, Width
from fengsui.store.slices import ALL, bucket, bucket_start, cuboid_slice, slice_id, slice_levels

NARROW = frozenset({ALL, "channel"})
_CACHE = 200_000
_PAIRS = 1 << 27


class Places:
    """Which slices a set of dims falls into, for the configured cuboids. Remembered by cuboid: few records have the same dims
    throughout, but nearly all have been seen before in those of one cuboid."""

    def __init__(self, cuboids: tuple[str, ...], sparse: frozenset[str] = frozenset()) -> None:
        """``sparse``: dimensions of which a record without a value is in no slice (``Settings.sparse``)."""
        self.cuboids = cuboids
        self._known: tuple[tuple[str, tuple[str, ...], tuple[str, ...], dict[tuple[str | None, ...], str]], ...] = tuple(
            (cuboid, tuple(sorted(names)), tuple(sorted(names & sparse)), {})
            for cuboid, names in ((cuboid, dimensions(cuboid)) for cuboid in cuboids)
        )

    def of_record(self, dims: Mapping[str, str]) -> tuple[str, ...]:
        """One slice key per cuboid, in the order of ``cuboids``; none of a cuboid of a sparse dimension for a record without a
        value there: all that speak of nothing sudden are no place, and most records."""
        found = []
        for cuboid, names, needed, known in self._known:
            if needed and not all(map(dims.get, needed)):
                continue
            values = tuple(map(dims.get, names))
            key = known.get(values)
            if key is None:
                if len(known) >= _CACHE:
                    known.clear()
                key = known[values] = cuboid_slice(dims, cuboid)
            found.append(key)
        return tuple(found)

    def of_aggregate(self, dims: Mapping[str, str]) -> tuple[str, ...]:
        """The slices that an aggregate belongs to: of cuboids all of whose dimensions it names."""
        return tuple(cuboid_slice(dims, cuboid) for cuboid in self.cuboids if dimensions(cuboid) <= dims.keys())


def dimensions(cuboid: str) -> set[str]:
    """``channel|org.1`` -> ``{"channel", "org"}``; ``all`` -> none."""
    return set() if cuboid == ALL else {level.partition(".")[0] for level in cuboid.split("|")}


@lru_cache(maxsize=_CACHE)
def cuboid_of(slice_key: str) -> str:
    """``channel=电话|org.1=华南`` -> ``channel|org.1``."""
    return ALL if slice_key == ALL else "|".join(sorted(slice_levels(slice_key)))


Kind: TypeAlias = tuple[int, Width, bool]
"""Of a measure: its number, where it is kept, and whether by the minute."""


class Deltas:
    """What a batch changes in the roll-ups, and which sources feed which measures of which slices."""

    def __init__(self, minutes_from: datetime, counts_only: frozenset[str] = frozenset()) -> None:
        """``minutes_from``: minute cells are written for buckets at or after it (``minutes_cut``). ``counts_only``: cuboids
        that keep measures of width ``every`` and no others."""
        self._cut = bucket(minutes_from, MINUTE)
        self._counts_only = counts_only
        self._slices: dict[str, int] = {}
        self._kinds: dict[str, Kind] = {}
        self._groups: dict[tuple[str, ...], int] = {}
        self._left: dict[tuple[str, ...], dict[Width, int]] = {}
        self._masks: dict[tuple[str, ...], dict[Width, list[bool]]] = {}
        self._sources: dict[str, int] = {}
        self._rows = array("q")  # seven numbers for each contribution, as in ``_table``
        self._also: dict[tuple[str, str], set[tuple[str, ...]]] = {}

    def add(self, found: Iterable[Contribution], slices: tuple[str, ...], sign: int, source: str, *, minutes: bool) -> None:
        """Contributions of one row of ``source`` in its slices; ``minutes`` False: a batch source or an aggregate."""
        groups = self._left.get(slices) or self._place(slices)
        fed_by = self._sources.setdefault(source, len(self._sources))
        kinds, put = self._kinds, self._rows.extend
        last, minute = None, 0
        for measure, bin_, at, value in found:
            if at is not last:  # contributions come by their time axis
                last, minute = at, int(at.timestamp()) // 60
            number, width, fine = kinds.get(measure) or self._kind(measure)
            put((groups[width], number, bin_, minute, sign * value, fed_by, fine and minutes))

    def feeds(self, measures: Iterable[str], slices: tuple[str, ...], source: str) -> None:
        """``source`` feeds these measures too: a gauge, or events of another source's records."""
        for measure in measures:
            kept = tuple(key for key in slices if self._counted(self._kind(measure)[1], cuboid_of(key)))
            self._also.setdefault((measure, source), set()).add(kept)

    def fed(self) -> dict[tuple[str, str], set[str]]:
        """(measure, source) -> the slice keys it feeds."""
        groups: dict[tuple[str, str], set[tuple[str, ...]]] = {pair: set(also) for pair, also in self._also.items()}
        members, measures, sources = list(self._groups), list(self._kinds), list(self._sources)
        table = self._table()
        added = table[table[:, 4] > 0]
        for packed in np.unique((added[:, 0] << 32) | (added[:, 1] << 16) | added[:, 5]).tolist():
            pair = measures[(packed >> 16) & 0xFFFF], sources[packed & 0xFFFF]
            groups.setdefault(pair, set()).add(members[packed >> 32])
        return {pair: set().union(*parts) for pair, parts in groups.items()}

    def blocks(self) -> list[Block]:
        """The changed cells as rows of the store, in the order of its key."""
        return [row for grain, keys, cells in self._summed() for row in blocks.packed(grain, keys, *cells)]

    def cells(self) -> list[Cell]:
        """The changed cells one by one, in the same order."""
        return [
            (grain, *keys[key], bin_, at, value)
            for grain, keys, (key, bucket_, bins, values) in self._summed()
            for key, at, bin_, value in zip(
                key.tolist(), bucket_.tolist(), blocks.plain_bins(bins).tolist(), values.tolist(), strict=True
            )
        ]

    def _summed(self) -> Iterator[tuple[int, list[tuple[int, str]], tuple[Ints, Ints, Ints, Ints]]]:
        """Of each grain the cells that are not 0: slices and measures, and of each cell its place there, bucket, bin, value."""
        if not self._rows:
            return
        table = self._table()
        fine = (table[:, 6] == 1) & (table[:, 3] >= self._cut)
        for grain, some in ((MINUTE, table[fine]), (QUARTER, table)):
            yield grain, *self._of_grain(grain, some)

    def _table(self) -> NDArray[np.int64]:
        """Columns: group, measure, bin, minute, value, source, whether by the minute."""
        return np.array(self._rows, dtype=np.int64).reshape(-1, 7)

    def _kind(self, measure: str) -> Kind:
        if measure not in self._kinds:
            known = BY_ID.get(measure)
            width: Width = known.width if known else "every" if measure.startswith("g.") else "full"
            self._kinds[measure] = len(self._kinds), width, known is None or known.minutes
        return self._kinds[measure]

    def _place(self, slices: tuple[str, ...]) -> dict[Width, int]:
        """For each width, the group of those slices in which such a measure is kept."""
        masks = self._mask(tuple(map(cuboid_of, slices)))
        found = self._left[slices] = {width: self._group(tuple(compress(slices, mask))) for width, mask in masks.items()}
        return found

    def _mask(self, cuboids: tuple[str, ...]) -> dict[Width, list[bool]]:
        if cuboids not in self._masks:
            widths: tuple[Width, ...] = ("every", "full", "narrow")
            self._masks[cuboids] = {width: [self._counted(width, cuboid) for cuboid in cuboids] for width in widths}
        return self._masks[cuboids]

    def _counted(self, width: Width, cuboid: str) -> bool:
        if width == "every":
            return True
        return cuboid in NARROW if width == "narrow" else cuboid not in self._counts_only

    def _group(self, slices: tuple[str, ...]) -> int:
        if slices not in self._groups:
            for key in slices:
                self._slices.setdefault(key, len(self._slices))
            self._groups[slices] = len(self._groups)
        return self._groups[slices]

    def _of_grain(self, grain: int, table: NDArray[np.int64]) -> tuple[list[tuple[int, str]], tuple[Ints, Ints, Ints, Ints]]:
        ids, order = self._ranked([slice_id(key) for key in self._slices])
        names, name_order = self._ranked(list(self._kinds))
        flat = np.array([order[self._slices[key]] for slices in self._groups for key in slices], dtype=np.int64)
        sizes = np.array([len(slices) for slices in self._groups])
        offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        times = sizes[table[:, 0]]
        rows = np.repeat(np.arange(len(table)), times)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
        slices_of = flat[offsets[table[rows, 0]] + within]
        buckets = table[:, 3] - table[:, 3] % grain
        pairs = slices_of * len(names) + np.array(name_order)[table[rows, 1]]
        ranks = None
        if len(ids) * len(names) >= _PAIRS:  # a source with thousands of measures: only those pairs that occur
            ranks, pairs = np.unique(pairs, return_inverse=True)
        packed = self._pack(pairs, table[rows, 2], buckets[rows])
        order_of = np.argsort(packed)
        packed = packed[order_of]
        starts = (
            np.flatnonzero(np.concatenate([[True], packed[1:] != packed[:-1]])) if len(packed) else np.zeros(0, dtype=np.int64)
        )
        sums = np.add.reduceat(table[rows[order_of], 4], starts) if len(packed) else packed
        kept = sums != 0
        unique, sums = packed[starts][kept], sums[kept]
        pairs = unique >> 36
        which, key = np.unique(pairs, return_inverse=True)
        which = which if ranks is None else ranks[which]
        keys = [(ids[pair // len(names)], names[pair % len(names)]) for pair in which.tolist()]
        return keys, (key, (unique >> 10) & 0x3FFFFFF, unique & 0x3FF, sums)

    @staticmethod
    def _ranked(values: list[Any]) -> tuple[list[Any], list[int]]:
        """The values sorted, and the rank of each in the order given."""
        ranked = sorted(values)
        rank = {value: number for number, value in enumerate(ranked)}
        return ranked, [rank[value] for value in values]

    @staticmethod
    def _pack(pairs: NDArray[np.int64], bins: NDArray[np.int64], buckets: NDArray[np.int64]) -> NDArray[np.int64]:
        """27 bits of (slice, measure), 26 of bucket (until the year 2097), 10 of bin (0: no bin)."""
        binned = np.where(bins == NO_BIN, 0, bins + 1)
        packed: NDArray[np.int64] = (pairs << 36) | (buckets << 10) | binned
        return packed


def minutes_cut(now: datetime, days: int) -> datetime:
    """Minute cells are kept from the quarter-hour ``days`` before ``now`` on."""
    return bucket_start(bucket(now - timedelta(days=days), QUARTER))
