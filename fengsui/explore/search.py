"""The set of slices that together explain a deviation, cheapest description first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri

from fengsui.explore.cube import Cube, Mask, Numbers, Parts
from fengsui.explore.likelihood import NEEDED, sureness, surprise, z_score
from fengsui.explore.table import Table

CANDIDATES, BEAM, SLICES = 300, 8, 4
SHARE, RHO = 0.1, 0.3
LEADS, LOOKED_AT = 5, 60
LEAST_WINDOWS, BATCHES = 4, 0.001
"""Of fewer windows nobody sees a batch; and it must be seen as clearly as once in a thousand slices by chance."""
BATCH = 5.0
"""Records more than usual: fewer in one window are no batch, whatever their odds."""
Known: TypeAlias = dict[int, float]
HALF = 0.5
"""What never came before is expected half a time in all of history: not impossible, only unknown."""


@dataclass(frozen=True)
class Scored:
    """All slices of a table under one background. ``expected``: counts that would be usual; ``noise``: what turns counts
    into units of Poisson noise (1; of failures 1 / (1 - rate))."""

    expected: Numbers
    rank: Numbers
    gate: Numbers
    phi: float
    tau: float
    g: float
    falls: bool
    taus: Numbers
    """By how much the forecast of each usually misses: ``tau``, and more of those that showed so."""


@dataclass(frozen=True)
class Chosen:
    """``score``: what it adds to the set, in nats. ``now`` and ``expected``: of its rows that none before it explains."""

    parts: Parts
    score: float
    now: float
    expected: float


@dataclass(frozen=True)
class Lead:
    """A slice that stands out and does not suffice: ``gate`` of ``needed``."""

    parts: Parts
    now: float
    expected: float
    z: float
    gate: float


def scored(table: Table, scale: float, g: float, tau: float, *, falls: bool = False) -> Scored:
    m = g * (table.past + HALF) * scale
    pure = surprise(table.now, m, table.past + HALF, falls=falls)
    best = int(np.argmax(pure - table.price)) if len(m) else -1
    phi = 1.0 + tau**2 * float(m[best]) if len(m) else 1.0
    gate = surprise(table.now, m, sureness(table.past, tau), falls=falls) - table.price
    return Scored(m, pure / phi - table.price, gate, phi, tau, g, falls, np.full(len(m), tau))


def outstanding(table: Table, cube: Cube, tau: float, *, falls: bool = False) -> Parts | None:
    """The slice that stands out most against all the rest (M. Kulldorff, Communications in Statistics 26(6), 1997), its price
    paid."""
    whole, before = float(cube.now.sum()), float(cube.history.sum())
    if not len(table.now) or whole <= 0 or before <= 0:
        return None
    m = np.minimum(whole * (table.past + HALF) / before, whole)
    other = whole - table.now
    against = surprise(table.now, m, table.past + HALF, falls=falls) + surprise(
        other, whole - m, before - table.past + HALF, falls=not falls
    )
    best = int(np.argmax(against - table.price))
    phi = 1.0 + tau**2 * float(m[best])
    best = int(np.argmax(against / phi - table.price))
    return table.parts(best) if against[best] > 0 else None


def own_error(cube: Cube, table: Table, found: Scored, known: Known) -> Scored:
    """The gates of what passes, each with the error that its own earlier windows show where that is clearly more than usual:
    what comes in batches (a day of typing in, a campaign) is no explanation for having come once more. ``known``: errors that
    an earlier round of the same search worked out."""
    passing = np.flatnonzero(found.gate > NEEDED)
    if cube.windows < LEAST_WINDOWS or not len(passing):
        return found
    totals = cube.past.sum(axis=0)
    taus = found.taus.copy()
    for n in passing[np.argsort(-found.rank[passing], kind="stable")[:CANDIDATES]]:
        if int(n) not in known:
            known[int(n)] = batch_error(cube.past[cube.rows(table.parts(int(n)))].sum(axis=0), totals, found.tau)
        taus[n] = known[int(n)]
    gate = surprise(table.now, found.expected, sureness(table.past, taus), falls=found.falls) - table.price
    return replace(found, taus=taus, gate=np.where(taus > found.tau, gate, found.gate))


def batch_error(counts: Numbers, totals: Numbers, tau: float) -> float:
    """tau of one slice from its earlier windows, each foretold from the others: ``tau``, unless they scatter far more."""
    k = len(counts)
    others = (totals.sum() - totals) / (k - 1)
    m = (counts.sum() - counts) / (k - 1) * np.divide(totals, others, out=np.ones_like(totals), where=others > 0)
    rest = np.maximum(counts.sum() - counts, 0.0)
    level = max(float(counts.mean()), HALF / k)
    noise = np.maximum(m, level) + m**2 * (tau**2 + 1.0 / (rest + 0.5))
    if counts.max() - level < BATCH or float(((counts - m) ** 2 / noise).sum()) <= float(chdtri(k, BATCHES)):
        return tau
    spread = float(((counts - m) ** 2).mean()) - level
    return max(tau, float(np.sqrt(max(spread, 0.0))) / level)


@dataclass(frozen=True)
class Groups:
    """Rows that lie in the same candidates are one group: candidates x groups."""

    inside: npt.NDArray[np.float64]
    now: Numbers
    past: Numbers


@dataclass(frozen=True)
class _State:
    score: float
    chosen: tuple[int, ...]
    gains: tuple[Chosen, ...]
    covered: Mask


def explain(cube: Cube, table: Table, found: Scored) -> list[Chosen]:
    """At most ``SLICES`` slices; ``[]``: nothing in particular."""
    passing = np.flatnonzero(found.gate > NEEDED)
    if not len(passing):
        return []
    top = passing[np.argsort(-found.rank[passing], kind="stable")[:CANDIDATES]]
    parts = [table.parts(int(n)) for n in top]
    groups = _groups(cube, parts)
    keep = _cheapest(groups, table.price[top])
    top, parts = top[keep], [parts[i] for i in keep]
    inside = Groups(groups.inside[keep], groups.now, groups.past)
    excess = abs(float(cube.now.sum()) - found.g * float(cube.history.sum()) * cube.scale)
    chosen = _beam(cube, inside, parts, table.price[top], found, excess, found.taus[top])
    known = {one: (float(table.price[n]), float(found.taus[n])) for one, n in zip(parts, top, strict=True)}
    return _without_meetings(cube, chosen, known, found)


def _without_meetings(
    cube: Cube, chosen: list[Chosen], known: Mapping[Parts, tuple[float, float]], found: Scored
) -> list[Chosen]:
    """Less those of which others that hold all their rows say as much: where two causes meet they multiply, and that is no
    third one. ``known``: price and tau of each."""
    rows = {one.parts: cube.rows(one.parts) for one in chosen}
    for one in chosen:
        inside = rows[one.parts]
        around = [other for other in chosen if other is not one and not (inside & ~rows[other.parts]).any()]
        if not around:
            continue
        lift = float(np.prod([other.now / other.expected for other in around]))
        price, tau = known[one.parts]
        v, past = float(cube.now[inside].sum()), float(cube.history[inside].sum())
        m = np.array([found.g * lift * (past + HALF) * cube.scale])
        told = surprise(np.array([v]), m, sureness(np.array([past]), tau * len(around)), falls=found.falls)[0]
        if told - price <= NEEDED:
            left = [other for other in chosen if other is not one]
            return _without_meetings(cube, _apart(cube, left, found), known, found)
    return chosen


def _apart(cube: Cube, chosen: Sequence[Chosen], found: Scored) -> list[Chosen]:
    """Each with the rows that none before it holds."""
    free = np.ones(len(cube.now), dtype=np.bool_)
    again = []
    for one in chosen:
        mine = cube.rows(one.parts) & free
        free &= ~mine
        m = found.g * (float(cube.history[mine].sum()) + HALF) * cube.scale
        again.append(replace(one, now=float(cube.now[mine].sum()), expected=m))
    return again


def _groups(cube: Cube, parts: list[Parts]) -> Groups:
    """Rows put together by a random sum over the candidates that hold them."""
    draw = np.random.default_rng(1).integers(1, 1 << 62, size=len(parts), dtype=np.int64)
    masks = [cube.rows(one) for one in parts]
    marks = np.zeros(len(cube.now), dtype=np.int64)
    for mask, mark in zip(masks, draw, strict=True):
        marks[mask] += mark
    _, first, place = np.unique(marks, return_index=True, return_inverse=True)
    inside = np.stack([mask[first] for mask in masks]).astype(np.float64)
    now, past = (
        np.bincount(place, weights=counts, minlength=len(first)).astype(np.float64) for counts in (cube.now, cube.history)
    )
    return Groups(inside, now, past)


def _cheapest(groups: Groups, price: Numbers) -> list[int]:
    """Of candidates with the same rows the one that is named with the fewest words."""
    best: dict[bytes, int] = {}
    for n, row in enumerate(groups.inside):
        mark = row.tobytes()
        if mark not in best or price[n] < price[best[mark]]:
            best[mark] = n
    return sorted(best.values())


def _beam(
    cube: Cube, groups: Groups, parts: list[Parts], price: Numbers, found: Scored, excess: float, taus: Numbers
) -> list[Chosen]:
    kin = _kin(cube, parts)
    states = [_State(0.0, (), (), np.zeros(len(groups.now), dtype=np.bool_))]
    best = states[0]
    for _ in range(SLICES):
        grown = [new for state in states for new in _grown(cube, groups, parts, price, found, excess, kin, taus, state)]
        if not grown:
            break
        different = {frozenset(state.chosen): state for state in sorted(grown, key=lambda one: one.score)}
        states = sorted(different.values(), key=lambda one: -one.score)[:BEAM]
        if states[0].score > best.score:
            best = states[0]
    return list(best.gains)


def _grown(
    cube: Cube,
    groups: Groups,
    parts: list[Parts],
    price: Numbers,
    found: Scored,
    excess: float,
    kin: npt.NDArray[np.bool_],
    taus: Numbers,
    state: _State,
) -> list[_State]:
    """``state`` with one slice more, each judged by what nothing explains yet."""
    now = groups.inside @ np.where(state.covered, 0.0, groups.now)
    past = groups.inside @ np.where(state.covered, 0.0, groups.past)
    m = found.g * (past + HALF) * cube.scale
    gain = surprise(now, m, past + HALF, falls=found.falls) / found.phi - price
    gate = surprise(now, m, sureness(past, taus), falls=found.falls) - price
    fits = (gate > NEEDED) & (gain > 0) & (np.abs(now - m) >= SHARE * excess)
    if state.chosen:
        related = kin[:, list(state.chosen)].any(axis=1)
        fits &= ~related | (gain >= RHO * state.score)
        fits[list(state.chosen)] = False
    best = [int(n) for n in np.flatnonzero(fits)[np.argsort(-gain[fits], kind="stable")[:BEAM]]]
    return [
        _State(
            state.score + float(gain[n]),
            (*state.chosen, n),
            (*state.gains, Chosen(parts[n], float(gain[n]), float(now[n]), float(m[n]))),
            state.covered | (groups.inside[n] > 0),
        )
        for n in best
    ]


def _kin(cube: Cube, parts: list[Parts]) -> npt.NDArray[np.bool_]:
    """Whether two slices share a value, or one names a part of the other's value."""
    own = [_own(cube, one) for one in parts]
    above = [mine | _ancestors(mine) for mine in own]
    return np.array([[bool(own[i] & above[j] or own[j] & above[i]) for j in range(len(own))] for i in range(len(own))])


def _own(cube: Cube, parts: Parts) -> set[tuple[str, str]]:
    return {(cube.hierarchies[a], cube.values[a][code]) for a, code in parts}


def _ancestors(values: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {
        (hierarchy, "/".join(value.split("/")[:depth]))
        for hierarchy, value in values
        for depth in range(1, value.count("/") + 1)
    }


def leads(cube: Cube, table: Table, found: Scored) -> list[Lead]:
    """The slices that stand out most by z among those whose gate is shut, each set of records once."""
    if not len(table.now):
        return []
    z = z_score(table.now, found.expected, falls=found.falls)
    z = np.where((found.gate > NEEDED) | (z <= 0), -np.inf, z)
    chosen: list[Lead] = []
    seen: list[Mask] = []
    for n in np.argsort(-z, kind="stable")[:LOOKED_AT]:
        if len(chosen) == LEADS or not np.isfinite(z[n]):
            break
        parts = table.parts(int(n))
        rows = cube.rows(parts)
        if any(_alike(cube.now, rows, other) for other in seen):
            continue
        seen.append(rows)
        chosen.append(Lead(parts, float(table.now[n]), float(found.expected[n]), float(z[n]), float(found.gate[n])))
    return chosen


def _alike(now: Numbers, one: Mask, other: Mask) -> bool:
    """Nearly the same records under another name."""
    return float(now[one & other].sum()) >= 0.8 * float(now[one | other].sum())
