"""Where a rise (or fall) of a count comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fengsui.explore.background import background, forecast_error, level_error, outside
from fengsui.explore.cube import Cube, Mask, Parts
from fengsui.explore.search import Chosen, Known, Lead, Scored, explain, leads, outstanding, own_error, scored
from fengsui.explore.table import Cancelled, Table, table

ROUNDS = 2
SURE = 2.0
WORTH = 0.2
"""Everywhere: the background must lie two of its tau off 1, and carry a fifth of the deviation."""


@dataclass(frozen=True)
class Answer:
    """``observed = expected + everywhere + sum of the slices' excess + rest``, exactly.

    ``g``: background factor; ``tau``: by how much such slices usually miss; ``everywhere``: records by which the background
    itself moved, 0 where that is within its error. ``slices`` empty and ``everywhere`` 0: nothing in particular."""

    observed: float
    expected: float
    g: float
    tau: float
    slices: tuple[Chosen, ...]
    leads: tuple[Lead, ...]
    everywhere: float
    windows: int
    order: int

    @property
    def deviation(self) -> float:
        return self.observed - self.expected

    @property
    def rest(self) -> float:
        return self.deviation - self.everywhere - sum(one.now - one.expected for one in self.slices)


def of_counts(
    cube: Cube, most: int = 3, cancelled: Cancelled = lambda: False, *, falls: bool = False, left_out: Sequence[Parts] = ()
) -> Answer:
    """The gated slice scan over slices of up to ``most`` values, without those ``left_out``. Raises ``Stopped``."""
    whole = cube.without(left_out) if left_out else cube
    tau = forecast_error(whole)
    slices = table(whole, most, cancelled, falls=falls)
    chosen, found = _search(whole, slices, tau, falls)
    found_leads = _leads(whole, slices, chosen, found)
    everywhere, level = _everywhere(whole, chosen, [one.parts for one in found_leads])
    factor = level / found.g if found.g else 1.0
    shown, shown_leads = tuple(_beside(chosen, factor)), tuple(_clear(found_leads, factor, falls))
    observed, expected = float(whole.now.sum()), float(whole.history.sum()) * whole.scale
    return Answer(observed, expected, level, tau, shown, shown_leads, everywhere, whole.windows, most)


def _search(cube: Cube, slices: Table, tau: float, falls: bool) -> tuple[list[Chosen], Scored]:
    """Scan, take out what is explained, ask again how the rest does, scan again."""
    known: Known = {}
    found = scored(slices, cube.scale, _start(cube, slices, tau, falls), tau, falls=falls)
    found = own_error(cube, slices, found, known)
    chosen = explain(cube, slices, found)
    for _ in range(ROUNDS):
        g = level_of(cube, covered_by(cube, chosen))
        if not chosen or abs(g - found.g) < 1e-3 * found.g:
            break
        found = own_error(cube, slices, scored(slices, cube.scale, g, tau, falls=falls), known)
        chosen = explain(cube, slices, found)
    return chosen, found


def _start(cube: Cube, slices: Table, tau: float, falls: bool) -> float:
    """g to begin with: of the medians, or of all but the slice that stands out most against everything else, whichever leaves
    more to explain; a slice of half of everything is the median itself."""
    g = background(cube, cube.now, cube.history * cube.scale, falls=falls)
    most = outstanding(slices, cube, tau, falls=falls)
    if most is None:
        return g
    rest = level_of(cube, cube.rows(most))
    return max(g, rest) if falls else min(g, rest)


def _leads(cube: Cube, slices: Table, chosen: Sequence[Chosen], found: Scored) -> list[Lead]:
    """Among what nothing explains: parts of an explanation are no leads."""
    if not chosen:
        return leads(cube, slices, found)
    rest = cube.only(~covered_by(cube, chosen))
    left = table(rest, min(2, len(slices.cuboids[-1])), falls=found.falls)
    again = scored(left, rest.scale, found.g, found.tau, falls=found.falls)
    return leads(rest, left, own_error(rest, left, again, {}))


def covered_by(cube: Cube, chosen: Sequence[Chosen]) -> Mask:
    covered: Mask = np.zeros(len(cube.now), dtype=np.bool_)
    for one in chosen:
        covered |= cube.rows(one.parts)
    return covered


def level_of(cube: Cube, covered: Mask) -> float:
    """By how much the rest rose, all of it together."""
    now, past = outside(cube, covered)
    return float(now.sum()) / float(past.sum()) if past.sum() > 0 else 1.0


def _everywhere(cube: Cube, chosen: Sequence[Chosen], others: Sequence[Parts]) -> tuple[float, float]:
    """Records by which the background moved, and its factor; (0, 1) where it did not clearly move, or where it did not without
    one of the slices that stand out most: then that slice may be all there is."""
    covered = covered_by(cube, chosen)
    level = level_of(cube, covered)
    whole = float(cube.history.sum()) * cube.scale
    deviation, moved = float(cube.now.sum()) - whole, (level - 1.0) * whole
    if abs(moved) < WORTH * abs(deviation) or moved * deviation <= 0:
        return 0.0, level
    without = (covered, *(covered | cube.rows(one) for one in others))
    clear = all(_moved(cube, some, level > 1.0) for some in without)
    return (moved if clear else 0.0), level


def _moved(cube: Cube, covered: Mask, up: bool) -> bool:
    """Whether what is not ``covered`` clearly lies off what is usual, on that side."""
    _, past = outside(cube, covered)
    expected = float(past.sum())
    if expected <= 0:
        return False
    level = level_of(cube, covered)
    error = float(np.hypot(level_error(cube), np.sqrt(1.0 / expected)))
    return (level - 1.0 > SURE * error) if up else (1.0 - level > SURE * error)


def _beside(chosen: Sequence[Chosen], factor: float) -> Iterator[Chosen]:
    """Against the background that is shown."""
    for one in chosen:
        yield Chosen(one.parts, one.score, one.now, one.expected * factor)


def _clear(found: Sequence[Lead], factor: float, falls: bool) -> Iterator[Lead]:
    """Those that still stand out against the background that is shown."""
    for one in found:
        expected = one.expected * factor
        if (one.now < expected) if falls else (one.now > expected):
            yield replace(one, expected=expected)
