"""Every slice of up to three values that holds anything: counts, and what naming it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log

import numpy as np

from fengsui.explore.cube import Codes, Cube, Numbers, Parts

LEAST = 3
"""Fewer records are no slice."""
WORD = 0.7
DENSE = 1 << 20
"""Most combinations of values for which a table by key is kept; beyond it keys are sorted."""

Cancelled = Callable[[], bool]


class Stopped(Exception):
    """Somebody does not want the answer any more."""


@dataclass(frozen=True)
class Table:
    """One entry per slice. ``cuboid`` and ``key`` name it; ``past``: sum over all earlier windows; ``price``: natural
    logarithm of how many slices could have been named instead."""

    cuboids: tuple[tuple[int, ...], ...]
    cards: tuple[tuple[int, ...], ...]
    cuboid: Codes
    key: Codes
    now: Numbers
    past: Numbers
    price: Numbers

    def parts(self, n: int) -> Parts:
        key, found = int(self.key[n]), []
        which = int(self.cuboid[n])
        for attribute, card in zip(reversed(self.cuboids[which]), reversed(self.cards[which]), strict=True):
            key, code = divmod(key, card)
            found.append((attribute, code))
        return tuple(sorted(found))


def cuboids(cube: Cube, most: int) -> Iterator[tuple[int, ...]]:
    """Combinations of attributes, at most one per hierarchy, small ones first."""
    for order in range(1, most + 1):
        for attributes in combinations(range(len(cube.attributes)), order):
            if len({cube.hierarchies[a] for a in attributes}) == order:
                yield attributes


def table(cube: Cube, most: int = 3, cancelled: Cancelled = lambda: False, *, falls: bool = False) -> Table:
    """Slices with at least ``LEAST`` records (expected ones, where falls are looked for). Raises ``Stopped``."""
    every = list(cuboids(cube, most))
    orders = [len(one) for one in every]
    cards = [tuple(len(cube.values[a]) for a in one) for one in every]
    found: list[tuple[int, Codes, Numbers, Numbers, float]] = []
    asked = cube.history if falls else cube.now
    least = LEAST / cube.scale if falls and cube.scale else float(LEAST)
    some = np.flatnonzero(asked > 0)
    for n, (attributes, card) in enumerate(zip(every, cards, strict=True)):
        if cancelled():
            raise Stopped
        keys = _keys(cube, attributes, card)
        picked, held = _held(keys[some], asked[some], least)
        if len(picked):
            now, past = (
                (held, _looked_up(keys, cube.history, picked)) if not falls else (_looked_up(keys, cube.now, picked), held)
            )
            price = log(_distinct(keys, card)) + log(orders.count(orders[n])) + WORD * orders[n]
            found.append((n, picked, now, past, price))
    return _together(tuple(every), tuple(cards), found)


def _together(
    every: tuple[tuple[int, ...], ...],
    cards: tuple[tuple[int, ...], ...],
    found: Sequence[tuple[int, Codes, Numbers, Numbers, float]],
) -> Table:
    if not found:
        nothing = np.zeros(0, dtype=np.int64)
        return Table(every, cards, nothing, nothing, np.zeros(0), np.zeros(0), np.zeros(0))
    which = np.concatenate([np.full(len(keys), n, dtype=np.int64) for n, keys, _, _, _ in found])
    price = np.concatenate([np.full(len(keys), price) for _, keys, _, _, price in found])
    keys, now, past = (np.concatenate([one[i] for one in found]) for i in (1, 2, 3))
    return Table(every, cards, which, keys, now, past, price)


def _keys(cube: Cube, attributes: tuple[int, ...], card: tuple[int, ...]) -> Codes:
    keys = cube.codes[:, attributes[0]]
    for attribute, n in zip(attributes[1:], card[1:], strict=True):
        keys = keys * n + cube.codes[:, attribute]
    return keys


def _held(keys: Codes, counts: Numbers, least: float) -> tuple[Codes, Numbers]:
    """Keys that hold enough, ascending, and how much they hold."""
    known, place = np.unique(keys, return_inverse=True)
    sums: Numbers = np.bincount(place, weights=counts, minlength=len(known)).astype(np.float64)
    enough = sums >= least
    return known[enough], sums[enough]


def _looked_up(keys: Codes, counts: Numbers, wanted: Codes) -> Numbers:
    """Sums of ``counts`` over the rows of each wanted key (ascending)."""
    top = int(keys.max()) + 1
    if top <= DENSE:
        place = np.full(top, len(wanted), dtype=np.int64)
        inside = wanted[wanted < top]
        place[inside] = np.arange(len(inside))
        at = place[keys]
    else:
        at = np.minimum(np.searchsorted(wanted, keys), len(wanted) - 1)
        at = np.where(wanted[at] == keys, at, len(wanted))
    return np.asarray(np.bincount(at, weights=counts, minlength=len(wanted) + 1)[: len(wanted)], dtype=np.float64)


def _distinct(keys: Codes, card: tuple[int, ...]) -> int:
    if int(np.prod(card)) > DENSE:
        return len(np.unique(keys))
    seen = np.zeros(int(np.prod(card)), dtype=np.bool_)
    seen[keys] = True
    return int(seen.sum())
