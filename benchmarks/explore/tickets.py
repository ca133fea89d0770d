"""Tickets that may be late: rates and volumes drift; one rate rises, or there is more of the worse, or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from benchmarks.explore.world import FINEST, HIERARCHIES, LEVELS, WINDOWS, World
from fengsui.explore.cube import Cube, Numbers, Parts

Kind = Literal["rate", "mix", "nothing"]
LATE, WORSE = 0.2, 1.4
TRIES, ELSEWHERE = 400, 10_000_000


def tickets(seed: int, kind: Kind) -> tuple[Cube, Cube, Parts | None]:
    """(all cases, late ones, the true slice)."""
    world = World(seed, records=4000.0)
    rng = np.random.default_rng([seed, 7])
    rate = LATE * np.ones(len(world.weight))
    for attribute in FINEST:
        codes = world.leaves[:, attribute]
        rate *= np.exp(rng.normal(0, 0.25, int(codes.max()) + 1))[codes]
    rate *= LATE / float((world.weight * rate).sum())  # of the whole, so that what is worse is worse than the whole
    cause = _cause(world, kind, np.minimum(rate, 0.9))
    if cause is None:  # no slice of this world is bad and large enough: another world
        return tickets(seed + ELSEWHERE, kind)
    parts, late, volume = cause
    windows = [_window(world, rng, rate, late if k == WINDOWS else None, volume if k == WINDOWS else None) for k in range(9)]
    past, now = windows[:WINDOWS], windows[WINDOWS]
    some = np.logical_or.reduce([n > 0 for n, _ in windows])
    codes = np.asfortranarray(world.leaves[some])
    cases = Cube(LEVELS, HIERARCHIES, world.values(), codes, now[0][some], np.column_stack([n[some] for n, _ in past]))
    return cases, replace(cases, now=now[1][some], past=np.column_stack([x[some] for _, x in past])), parts


def _cause(world: World, kind: Kind, rate: Numbers) -> tuple[Parts | None, Numbers | None, Numbers | None] | None:
    if kind == "nothing":
        return None, None, None
    for _ in range(TRIES):
        parts, lift = world.cause()
        inside = lift > 1
        share = float(world.weight[inside].sum())
        usual = float((world.weight * rate)[inside].sum()) / share
        if kind == "rate" and 0.02 <= share <= 0.3:
            return parts, np.where(inside, min(3.0, 0.9 / usual), 1.0), None
        if kind == "mix" and 0.03 <= share <= 0.2 and usual > WORSE * LATE:
            return parts, None, np.where(inside, 3.0, 1.0)
    return None


def _window(
    world: World, rng: np.random.Generator, rate: Numbers, late: Numbers | None, volume: Numbers | None
) -> tuple[Numbers, Numbers]:
    n = world.window(volume)
    p = rate.copy()
    for attribute in FINEST:
        codes = world.leaves[:, attribute]
        p *= np.exp(rng.normal(0, 0.10, int(codes.max()) + 1))[codes]
    if late is not None:
        p = p * late
    return n, rng.binomial(n.astype(np.int64), np.clip(p, 0.0, 0.95)).astype(float)
