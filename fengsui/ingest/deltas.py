"""Signed roll-up deltas of a batch, gathered and added up before anything is written.

Contributions times slices times grains would be hundreds of dictionary steps per record; here each contribution is one row
of an array, expanded to its slices and summed by numpy. Cells come out in the order of the primary key, which a B-tree likes:
packed into one number, 27 bits of (slice, measure), 26 of bucket (until the year 2097), 10 of bin (0: no bin).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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


_WIDTHS: tuple[Width, ...] = ("every", "full", "narrow")
Columns: TypeAlias = tuple[Ints, Ints, Ints, Ints]
"""Of each cell: its place in the list of slices and measures, bucket, bin as stored, value."""
Pairs: TypeAlias = list[tuple[int, str]]
"""(slice_id, measure)"""


@dataclass(frozen=True, slots=True)
class _Table:
    """Contributions, side by side. ``group``: of the slices that one is counted in."""

    group: Ints
    kind: Ints
    bin: Ints
    minute: Ints
    value: Ints
    source: Ints
    fine: NDArray[np.bool_]

    def where(self, mask: NDArray[np.bool_]) -> _Table:
        return _Table(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


class _Numbers(dict[Any, int]):
    """Numbers things as they come."""

    def __missing__(self, key: Any) -> int:
        number = self[key] = len(self)
        return number


class Deltas:
    """What a batch changes in the roll-ups, and which sources feed which measures of which slices."""

    def __init__(self, minutes_from: datetime, counts_only: frozenset[str] = frozenset()) -> None:
        """``minutes_from``: minute cells are written for buckets at or after it (``minutes_cut``). ``counts_only``: cuboids
        that keep measures of width ``every`` and no others."""
        self._cut = bucket(minutes_from, MINUTE)
        self._counts_only = counts_only
        self._slices, self._kinds, self._sources = _Numbers(), _Numbers(), _Numbers()
        self._places: dict[tuple[str, ...], int] = {}
        self._members, self._sizes = array("q"), array("q")  # of the groups: three of each place, one for each width
        self._masks: dict[tuple[str, ...], list[list[bool]]] = {}
        self._found: list[Contribution] = []
        self._rows = array("q")  # of each row: how many contributions, place, sign, source, whether by the minute
        self._also: dict[tuple[str, str], set[tuple[str, ...]]] = {}
        self._gathered: _Table | None = None  # of what was added so far

    def add(self, found: Sequence[Contribution], slices: tuple[str, ...], sign: int, source: str, *, minutes: bool) -> None:
        """Contributions of one row of ``source`` in its slices; ``minutes`` False: a batch source or an aggregate."""
        place = self._places.get(slices)
        if place is None:
            place = self._place(slices)
        self._gathered = None
        self._found += found
        self._rows.extend((len(found), place, sign, self._sources[source], minutes))

    def feeds(self, measures: Iterable[str], slices: tuple[str, ...], source: str) -> None:
        """``source`` feeds these measures too: a gauge, or events of another source's records."""
        for measure in measures:
            kept = tuple(key for key in slices if self._counted(_width(measure), cuboid_of(key)))
            self._also.setdefault((measure, source), set()).add(kept)

    def fed(self) -> dict[tuple[str, str], set[str]]:
        """(measure, source) -> the slice keys it feeds."""
        fed = {pair: set().union(*also) for pair, also in self._also.items()}
        table = self._table()
        if not (table.value > 0).all():
            table = table.where(table.value > 0)
        rows, members = self._expanded(table.group)
        each = np.unique((members << 32) | (table.kind << 16 | table.source)[rows])
        slices, measures, sources = list(self._slices), list(self._kinds), list(self._sources)
        for packed in each.tolist():
            pair = measures[(packed >> 16) & 0xFFFF], sources[packed & 0xFFFF]
            fed.setdefault(pair, set()).add(slices[packed >> 32])
        return fed

    def blocks(self) -> list[Block]:
        """The changed cells as rows of the store, in the order of its key."""
        return [row for grain, pairs, cells in self._summed() for row in blocks.packed(grain, pairs, *cells)]

    def cells(self) -> list[Cell]:
        """The changed cells one by one, in the same order."""
        return [
            (grain, *pairs[place], bin_, at, value)
            for grain, pairs, (which, buckets, bins, values) in self._summed()
            for place, at, bin_, value in zip(
                which.tolist(), buckets.tolist(), blocks.plain_bins(bins).tolist(), values.tolist(), strict=True
            )
        ]

    def _summed(self) -> Iterator[tuple[int, Pairs, Columns]]:
        """Of each grain the cells that are not 0, in the order of the store's key."""
        table = self._table()
        for grain, some in ((MINUTE, table.where(table.fine & (table.minute >= self._cut))), (QUARTER, table)):
            if len(some.group):
                yield grain, *self._of_grain(grain, some)

    def _table(self) -> _Table:
        if self._gathered is None:
            self._gathered = self._gather()
        return self._gathered

    def _gather(self) -> _Table:
        if not self._found:
            none = np.zeros(0, dtype=np.int64)
            return _Table(none, none, none, none, none, none, none != 0)
        measures, bins, times, values = zip(*self._found, strict=True)
        n, place, sign, source, by_minute = np.array(self._rows, dtype=np.int64).reshape(-1, 5).T
        kind = np.fromiter(map(self._kinds.__getitem__, measures), dtype=np.int64, count=len(measures))
        known = [BY_ID.get(measure) for measure in self._kinds]
        width = np.array([_WIDTHS.index(_width(measure)) for measure in self._kinds])
        fine = np.array([each is None or each.minutes for each in known])
        return _Table(
            group=np.repeat(place * len(_WIDTHS), n) + width[kind],
            kind=kind,
            bin=_stored_bins(np.array(bins, dtype=np.int64)),
            minute=_minutes(times),
            value=np.array(values, dtype=np.int64) * np.repeat(sign, n),
            source=np.repeat(source, n),
            fine=fine[kind] & np.repeat(by_minute == 1, n),
        )

    def _place(self, slices: tuple[str, ...]) -> int:
        """The number of this set of slices; of each width the group of those in which such a measure is kept."""
        numbers = [self._slices[key] for key in slices]
        for mask in self._mask(tuple(map(cuboid_of, slices))):
            before = len(self._members)
            self._members.extend(compress(numbers, mask))
            self._sizes.append(len(self._members) - before)
        number = self._places[slices] = len(self._places)
        return number

    def _mask(self, cuboids: tuple[str, ...]) -> list[list[bool]]:
        if cuboids not in self._masks:
            self._masks[cuboids] = [[self._counted(width, cuboid) for cuboid in cuboids] for width in _WIDTHS]
        return self._masks[cuboids]

    def _counted(self, width: Width, cuboid: str) -> bool:
        if width == "every":
            return True
        return cuboid in NARROW if width == "narrow" else cuboid not in self._counts_only

    def _expanded(self, group: Ints) -> tuple[Ints, Ints]:
        """Each contribution once for each slice of its group: which contribution, and the number of the slice."""
        sizes = np.array(self._sizes, dtype=np.int64)
        times, starts = sizes[group], (np.cumsum(sizes) - sizes)[group]
        rows = np.repeat(np.arange(len(group)), times)
        at = np.arange(len(rows)) + np.repeat(starts - np.cumsum(times) + times, times)
        return rows, np.array(self._members, dtype=np.int64)[at]

    def _of_grain(self, grain: int, table: _Table) -> tuple[Pairs, Columns]:
        ids, order = _ranked([slice_id(key) for key in self._slices])
        names, name_order = _ranked(list(self._kinds))
        rows, members = self._expanded(table.group)
        kind, at = np.array(name_order)[table.kind], (table.minute - table.minute % grain) << 10 | table.bin
        ranks = None
        if len(ids) * len(names) < _PAIRS:
            packed = (np.array(order, dtype=np.int64) * len(names) << 36)[members]
            packed += ((kind << 36) + at)[rows]
        else:  # a source with thousands of measures: only those pairs that occur
            ranks, pair = np.unique(np.array(order, dtype=np.int64)[members] * len(names) + kind[rows], return_inverse=True)
            packed = (pair << 36) | at[rows]
        sorted_ = np.argsort(packed)
        packed = packed[sorted_]
        starts = np.flatnonzero(_changes(packed))
        sums = np.add.reduceat(table.value[rows[sorted_]], starts)
        kept = sums != 0
        unique, sums = packed[starts][kept], sums[kept]
        pair = unique >> 36
        first = _changes(pair)
        which = pair[first] if ranks is None else ranks[pair[first]]
        pairs = [(ids[each // len(names)], names[each % len(names)]) for each in which.tolist()]
        return pairs, (np.cumsum(first) - 1, (unique >> 10) & 0x3FFFFFF, unique & 0x3FF, sums)


def _changes(values: Ints) -> NDArray[np.bool_]:
    """Where a value differs from the one before; the first one does."""
    changes = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=changes[1:])
    return changes


def _width(measure: str) -> Width:
    known = BY_ID.get(measure)
    return known.width if known else "every" if measure.startswith("g.") else "full"


def _stored_bins(bins: Ints) -> Ints:
    return np.where(bins == NO_BIN, 0, bins + 1)


def _minutes(times: Sequence[datetime]) -> Ints:
    """Minutes since the epoch. Contributions come by their time axis: runs of the same object are converted once."""
    found, last, minute = [], None, 0
    for at in times:
        if at is not last:
            last, minute = at, int(at.timestamp()) // 60
        found.append(minute)
    return np.array(found, dtype=np.int64)


def _ranked(values: list[Any]) -> tuple[list[Any], list[int]]:
    """The values sorted, and the rank of each in the order given."""
    ranked = sorted(values)
    rank = {value: number for number, value in enumerate(ranked)}
    return ranked, [rank[value] for value in values]


def minutes_cut(now: datetime, days: int) -> datetime:
    """Minute cells are kept from the quarter-hour ``days`` before ``now`` on."""
    return bucket_start(bucket(now - timedelta(days=days), QUARTER))
