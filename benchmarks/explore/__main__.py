"""The scan for causes beside z-score, ThirdEye's cost and Adtributor, on worlds that were not used to choose anything.

``python -m benchmarks.explore [N [ROW …]]`` (default 60 worlds a row, all rows; the goals name 1,000): two processes can share
the rows. Numbers in docs/explore.md.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import mean
from typing import TypeAlias

import numpy as np

from benchmarks.explore import peers
from benchmarks.explore.tickets import Kind, tickets
from benchmarks.explore.world import World, right
from fengsui.explore.counts import Answer, of_counts
from fengsui.explore.cube import Cube, Parts
from fengsui.explore.ratios import of_ratios
from fengsui.explore.table import Table, table

FRESH = 7_000_000
Peer: TypeAlias = Callable[[Cube, Table], list[Parts]]
PEERS: dict[str, Peer] = {"z-score": peers.by_z, "ThirdEye cost": peers.by_cost, "Adtributor": peers.adtributor}


def main(worlds: int, rows: Sequence[str]) -> int:
    if unknown := [row for row in rows if row not in ROWS]:
        print(f"{unknown}: rows are {', '.join(ROWS)}", file=sys.stderr)
        return 2
    print(f"n = {worlds} worlds a row, seeds from {FRESH}; top-1 and top-3 count leads, F1 only what is called an explanation")
    for row in rows or ROWS:
        ROWS[row](worlds)
    return 0


def single(name: str, worlds: int, row: int, **world: float) -> None:
    scan, found = [], {peer: list[tuple[bool, bool, float]]() for peer in PEERS}
    for n in range(worlds):
        here = World(FRESH + row * 100_000 + n, **world)
        true, lift = here.cause()
        cube = here.cube(lift)
        answer = of_counts(cube)
        scan.append((*_ranks(cube, _named(answer), true), f1(cube, [one.parts for one in answer.slices], [true])))
        every = table(cube)
        for peer, ask in PEERS.items():
            named = ask(cube, every)
            found[peer].append((*_ranks(cube, named, true), f1(cube, named[:1], [true])))
    _print(name, {"gated scan": scan, **found}, ("top-1", "top-3", "F1"))


def double(worlds: int) -> None:
    scan, found = [], {peer: list[tuple[bool, float]]() for peer in PEERS}
    for n in range(worlds):
        here = World(FRESH + 300_000 + n)
        (one, lift), (other, more) = here.cause(), here.cause()
        cube = here.cube(lift * more)
        true = [one, other]
        named = [slice_.parts for slice_ in of_counts(cube).slices]
        scan.append((_both(cube, named[:2], true), f1(cube, named, true)))
        every = table(cube)
        for peer, ask in PEERS.items():
            others = ask(cube, every)[:2]
            found[peer].append((_both(cube, others, true), f1(cube, others, true)))
    _print("two causes", {"gated scan": scan, **found}, ("both in first two", "F1"))


def silence(worlds: int) -> None:
    nothing, everywhere, told = [], [], []
    for n in range(worlds):
        nothing.append((bool(of_counts(World(FRESH + 400_000 + n).cube()).slices),))
        here = World(FRESH + 500_000 + n)
        answer = of_counts(here.cube(np.full(len(here.weight), 1.6)))
        everywhere.append((bool(answer.slices),))
        told.append((answer.everywhere > 0,))
    _print("no cause", {"gated scan": nothing}, ("names a slice",))
    _print("everything x 1.6", {"gated scan": everywhere}, ("names a slice",))
    _print("everything x 1.6", {"gated scan": told}, ("says everywhere",))


def ratios(worlds: int) -> None:
    kinds: tuple[Kind, ...] = ("rate", "mix", "nothing")
    off = 0.0
    for row, kind in enumerate(kinds):
        found = []
        for n in range(worlds):
            cases, failed, true = tickets(FRESH + 600_000 + row * 100_000 + n, kind)
            answer = of_ratios(cases, failed)
            off = max(off, abs(answer.after - answer.before - answer.mix - answer.rate))
            blamed = [one.parts for one in answer.slices]
            ranked = [*blamed, *(one.parts for one in answer.leads)]
            if true is None:
                found.append((bool(blamed), 0.0))
            elif kind == "rate":
                found.append((bool(ranked) and right(cases, ranked[0], true), f1(cases, blamed, [true])))
            else:
                found.append((bool(blamed), float(any(right(cases, part.parts, true) for part in answer.mixed))))
        names = ("top-1", "F1") if kind == "rate" else ("blames a rate", "names the mix slice")
        _print(f"ratios: {kind}", {"gated scan": found}, names)
    print(f"MIX + RATE less the change, at most: {off:.1e}")


def speed(_: int) -> None:
    for rows in (100_000, 1_000_000):
        cube = _large(rows)
        for most in (2, 3):
            begun = time.process_time()
            of_counts(cube, most)
            print(f"{rows:>9,} rows, {len(cube.attributes)} attributes, {most}-way: {time.process_time() - begun:.2f} s CPU")


def _large(rows: int) -> Cube:
    rng = np.random.default_rng(FRESH)
    world = World(FRESH)
    codes = np.column_stack([rng.permutation(np.resize(world.leaves[:, a], rows)) for a in range(world.leaves.shape[1])])
    past = rng.poisson(1 / 8, (rows, 8)).astype(float)
    now = rng.poisson(1 / 8, rows).astype(float)
    return Cube(*_names(world), np.asfortranarray(codes), now, past)


def _names(world: World) -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, ...], ...]]:
    cube = world.cube()
    return cube.attributes, cube.hierarchies, cube.values


def _named(answer: Answer) -> list[Parts]:
    return [one.parts for one in answer.slices] + [one.parts for one in answer.leads]


def _ranks(cube: Cube, named: list[Parts], true: Parts) -> tuple[bool, bool]:
    hits = [right(cube, one, true) for one in named[:3]]
    return bool(hits) and hits[0], any(hits)


def _both(cube: Cube, named: list[Parts], true: list[Parts]) -> bool:
    return all(any(right(cube, one, cause) for one in named) for cause in true)


def f1(cube: Cube, named: list[Parts], true: list[Parts]) -> float:
    """Of the slices named, by records."""
    hits = sum(any(right(cube, one, cause) for one in named) for cause in true)
    return 2 * hits / (len(named) + len(true))


def _print(name: str, found: Mapping[str, Sequence[tuple[float, ...]]], columns: tuple[str, ...]) -> None:
    for method, rows in found.items():
        values = "  ".join(f"{column} {mean(float(row[n]) for row in rows):.3f}" for n, column in enumerate(columns))
        print(f"{name:24} {method:14} {values}", flush=True)


ROWS: dict[str, Callable[[int], None]] = {
    "single": lambda n: single("single cause", n, 0),
    "small": lambda n: single("500 records a window", n, 1, records=500.0),
    "drift": lambda n: single("forecast error 20 %", n, 2, drift=0.2),
    "double": double,
    "silence": silence,
    "ratios": ratios,
    "speed": speed,
}

if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60, sys.argv[2:]))
