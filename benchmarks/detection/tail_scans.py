"""What children of a family say, step by step: the product's pool, each child by its own hour of the week, and the oracle."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
from scipy.special import betainc
from scipy.stats import nbinom

from benchmarks.detection.series import Values
from benchmarks.detection.tail_series import A_DAY, HOUR, START, STEP_S, Family, parents, widths
from detectors import tail
from detectors.base import FamilyReading, Verdict
from detectors.look import Look
from detectors.pool import POOLED, Pool

FLOOR, LEAST = 5.0, 2.0
"""Nats of a tail, and of a likelihood ratio, below which nobody would alarm on a family of 200."""


@dataclass
class Heard:
    """``alone``: (step, child, nats) of events that stand out; ``sums``: (step, sum, child that would be named); ``alarms``:
    (step, child) of the detector's own."""

    alone: list[tuple[int, int, float]] = field(default_factory=list)
    sums: list[tuple[int, float, int]] = field(default_factory=list)
    alarms: list[tuple[int, int]] = field(default_factory=list)


class Listened(Pool):
    """The pool, with all that it saw."""

    def __init__(self) -> None:
        super().__init__(STEP_S)
        self.heard = Heard()
        self.t = 0

    def _say(self, x: FamilyReading, look: Look, watched: Collection[str]) -> list[Verdict]:
        if look.arrived.any():
            loud = look.arrived & (look.evidence > LEAST)
            pairs = zip(look.places[loud].tolist(), look.evidence[loud].tolist(), strict=True)
            self.heard.alone += [(self.t, child, nats) for child, nats in pairs]
            first = look.first(look.evidence > POOLED)
            if first is not None and look.total > 0:
                self.heard.sums.append((self.t, look.total, int(look.places[first])))
        return super()._say(x, look, watched)


def pooled(one: Family, values: Values, budget: float) -> Heard:
    pool, names = Listened(), [str(child) for child in range(values.shape[1])]
    pool.adopt(names)
    expected, total = parents(one, values), values.sum(axis=1)
    for t in range(len(values)):
        at = START + timedelta(seconds=STEP_S * t)
        came = np.flatnonzero(values[t])
        counts = {names[child]: float(values[t, child]) for child in came.tolist()}
        end, off = at + timedelta(seconds=STEP_S), at.weekday() >= 5
        x = FamilyReading(at, end, at.date(), float(expected[t]), float(total[t]), counts, True, budget, at.hour, off)
        pool.t = t
        for said in pool.step(x):
            if said.grade:
                pool.heard.alarms.append((t, int(said.series)))
    return pool.heard


def own_week(_: Family, values: Values) -> Heard:
    """Each child by its own hour of the week, exponentially forgotten, with a level of its own: the same windows and tails."""
    days, n = len(values) // A_DAY, values.shape[1]
    bins, seen, level = np.zeros((168, n)), np.zeros(168), np.full(n, 15 / 168)
    phi, square, mean, relative = np.full(n, 1.3), np.zeros(n), np.zeros(n), np.zeros(n)
    expected, phis, relatives = np.empty(values.shape), np.empty((days, n)), np.empty((days, n))
    for day in range(days):
        hours = (day % 7) * 24 + np.arange(24)
        hourly = values[day * A_DAY : (day + 1) * A_DAY].reshape(24, HOUR, n).sum(axis=1)
        usual = np.maximum((2 * level + bins[hours]) / (2 + seen[hours])[:, None], 1e-6)
        relative = 0.01 + 1 / (4 + 8 * seen.mean() * np.maximum(level, 0.01))
        expected[day * A_DAY : (day + 1) * A_DAY] = np.repeat(usual / HOUR, HOUR, axis=0)
        phis[day], relatives[day] = phi, relative
        due, came = usual.sum(axis=0), hourly.sum(axis=0)
        over = np.maximum(phi * due + relative * due**2 - due, 1e-6)
        limit = np.maximum(nbinom.ppf(0.997, due**2 / over, due / (due + over)), 1)
        part = np.where(came > 0, np.minimum(came, limit) / np.maximum(came, 1), 1.0)
        bins[hours], seen[hours] = 0.85 * bins[hours] + hourly * part, 0.85 * seen[hours] + 1
        level += max(1 / (day + 2), 0.03) * (came * part / 24 - level)
        if day >= 2:
            calm = came <= limit
            square = 0.99 * square + np.where(calm, ((hourly - usual) ** 2).sum(axis=0), 0)
            mean = 0.99 * mean + np.where(calm, due, 0)
            phi = np.clip((square + 30 * 1.3) / (mean + 30), 1, 8)
    return _scanned(values, expected, lambda day: phis[day], lambda day: relatives[day])


def oracle(one: Family, values: Values) -> Heard:
    """Knows the true mean and dispersion of each child and step."""
    return _scanned(values, one.mean, lambda _: one.phi, lambda _: np.zeros(len(one.phi)))


def _scanned(values: Values, expected: Values, phi: Callable[[int], Values], relative: Callable[[int], Values]) -> Heard:
    heard, zero = Heard(), np.zeros((1, values.shape[1]))
    seen, due = (np.vstack([zero, np.cumsum(one, axis=0)]) for one in (values, expected))
    for day in range(len(values) // A_DAY):
        steps = np.arange(day * A_DAY, (day + 1) * A_DAY)
        nats = np.zeros((A_DAY, values.shape[1]))
        for width in widths():
            then = np.maximum(steps + 1 - width, 0)
            observed, usual = seen[steps + 1] - seen[then], np.maximum(due[steps + 1] - due[then], 1e-6)
            nats = np.maximum(nats, surprises(observed, usual, phi(day) * usual + relative(day) * usual**2))
        at, child = np.nonzero((nats > FLOOR) & (values[steps] > 0))
        heard.alone += zip((at + steps[0]).tolist(), child.tolist(), nats[at, child].tolist(), strict=True)
        total, arrived = np.maximum(nats - 3, 0).sum(axis=1), values[steps].any(axis=1)
        heard.sums += [
            (int(steps[i]), float(total[i]), int(nats[i].argmax())) for i in np.flatnonzero(arrived & (total > 0)).tolist()
        ]
    return heard


def surprises(observed: Values, expected: Values, variance: Values) -> Values:
    """-ln P(X >= observed) of the negative binomial, where there is an excess, else 0."""
    nats = np.zeros(observed.shape)
    worth = (observed > expected) & ((observed - expected) ** 2 > 1.5 * variance)
    k, e, v = observed[worth], expected[worth], variance[worth]
    over = np.maximum(v - e, 1e-9 * e)
    p = np.asarray(betainc(k, e * e / over, over / (e + over)))
    far = zip(k[p <= tail.TINY], e[p <= tail.TINY], v[p <= tail.TINY], strict=True)
    found = -np.log(np.maximum(p, tail.TINY))
    found[p <= tail.TINY] = [tail.upper(*one) for one in far]
    nats[worth] = found
    return nats
