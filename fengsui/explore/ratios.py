"""Why a rate rose: MIX, because there is more of what fails anyway; RATE, because something fails more often.

R1 - R0  =  (sum n p / n - R0)  +  ((x - sum n p) / n)        exactly, with p the rate that history leads one to expect
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fengsui.explore.background import ENOUGH, LEAST_SLICES, tau_of
from fengsui.explore.counts import of_counts
from fengsui.explore.cube import Cube, Mask, Numbers, Parts
from fengsui.explore.search import Chosen, Lead, explain, leads, scored
from fengsui.explore.table import Cancelled, table

PSEUDO, SWEEPS = 10.0, 4
MIX_WORTH = 0.2
LARGE = 20.0
"""Forecast failures from which on a miss says more of the forecast than of counting."""
HIGHEST = 0.7
"""The variance of failures is taken as that of a rate of at most 70 %."""


@dataclass(frozen=True)
class MixPart:
    """A slice that became more (or less) of the whole. ``adds``: to the rate of the whole; ``rate``: its usual one."""

    parts: Parts
    share: float
    usual_share: float
    rate: float
    adds: float


@dataclass(frozen=True)
class RateAnswer:
    """Rates in [0, 1]: ``after - before = mix + rate``. ``mix_error``: by how much the mix misses by chance alone.

    ``slices``: counts of failures, now and as the usual rates would have it. ``n``: cases of the window."""

    before: float
    after: float
    mix: float
    rate: float
    mix_error: float
    n: float
    tau: float
    slices: tuple[Chosen, ...]
    leads: tuple[Lead, ...]
    mixed: tuple[MixPart, ...]
    windows: int
    order: int

    @property
    def opposed(self) -> bool:
        """Simpson: the two parts pull in different directions."""
        return self.mix * self.rate < 0


def of_ratios(
    cases: Cube, failed: Cube, most: int = 3, cancelled: Cancelled = lambda: False, *, left_out: Sequence[Parts] = ()
) -> RateAnswer:
    """``cases`` and ``failed``: the same rows, counts of all and of those that failed. Raises ``Stopped``."""
    if left_out:
        cases, failed = cases.without(left_out), failed.without(left_out)
    n, x = float(cases.now.sum()), float(failed.now.sum())
    before = _over(float(failed.history.sum()), float(cases.history.sum()))
    if not n:
        return RateAnswer(before, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, (), (), (), cases.windows, most)
    p = usual_rates(cases, failed)
    foreseen = float((cases.now * p).sum()) / n
    tau = _error(cases, failed, p)
    chosen, left = _rate_slices(cases, failed, p, tau, most, cancelled)
    spread = float((cases.now * (p - foreseen) ** 2).sum()) / n
    mixed = _mix_slices(cases, p, before, foreseen - before, most, cancelled)
    return RateAnswer(
        before, x / n, foreseen - before, x / n - foreseen, float(np.sqrt(spread / n)), n, tau, tuple(chosen), tuple(left),
        tuple(mixed), cases.windows, most,
    )  # fmt: skip


def usual_rates(cases: Cube, failed: Cube) -> Numbers:
    """The rate of every row by main effects of history, multiplied, parents before children, each shrunk to none."""
    n, x = cases.history, failed.history
    p = np.full(len(n), _over(float(x.sum()), float(n.sum())))
    for _ in range(SWEEPS):
        for attribute, values in enumerate(cases.values):
            codes = cases.codes[:, attribute]
            have = np.bincount(codes, weights=x, minlength=len(values))
            want = np.bincount(codes, weights=n * p, minlength=len(values))
            p = np.clip(p * ((have + PSEUDO) / (want + PSEUDO))[codes], 0.0, 1.0)
    scale = _over(float(x.sum()), float((n * p).sum()))
    return np.clip(p * scale, 0.0, 1.0) if scale else p


def _rate_slices(
    cases: Cube, failed: Cube, p: Numbers, tau: float, most: int, cancelled: Cancelled
) -> tuple[list[Chosen], list[Lead]]:
    """The scan on failures against what usual rates lead one to expect of this window's cases; the whole competes as
    everywhere, so the background stays 1."""
    asked = _as_counts(cases, failed, p)
    slices = table(asked, most, cancelled)
    found = scored(slices, asked.scale, 1.0, tau)
    chosen = explain(asked, slices, found)
    if not chosen:
        return [], [_unit(asked, failed, cases, p, one) for one in leads(asked, slices, found)]
    covered: Mask = np.zeros(len(asked.now), dtype=np.bool_)
    for one in chosen:
        covered |= asked.rows(one.parts)
    rest = asked.only(~covered)
    left = table(rest, min(2, most))
    more = leads(rest, left, scored(left, rest.scale, 1.0, tau))
    return [_counted(cases, failed, p, chosen, n) for n in range(len(chosen))], [
        _unit(asked, failed, cases, p, one) for one in more
    ]


def _as_counts(cases: Cube, failed: Cube, p: Numbers) -> Cube:
    """Failures over their variance: in units in which a binomial of a high rate is as noisy as a Poisson.

    History is as long as that of the failures, so that what is known of a slice weighs as much as it should."""
    unit = 1.0 / (1.0 - np.minimum(p, HIGHEST))
    weight = _over(float(failed.history.sum()), float((cases.now * p).sum()))
    foreseen = (cases.now * p * unit * weight)[:, np.newaxis]
    return replace(failed, now=failed.now * unit, past=foreseen, width=_over(1.0, weight))


def _counted(cases: Cube, failed: Cube, p: Numbers, chosen: Sequence[Chosen], n: int) -> Chosen:
    """In failures again, of rows that none before it explains."""
    rows = cases.rows(chosen[n].parts)
    for before in chosen[:n]:
        rows &= ~cases.rows(before.parts)
    return replace(chosen[n], now=float(failed.now[rows].sum()), expected=float((cases.now * p)[rows].sum()))


def _unit(asked: Cube, failed: Cube, cases: Cube, p: Numbers, lead: Lead) -> Lead:
    rows = cases.rows(lead.parts)
    return replace(lead, now=float(failed.now[rows].sum()), expected=float((cases.now * p)[rows].sum()))


def _error(cases: Cube, failed: Cube, p: Numbers) -> float:
    """tau of rates, from earlier windows: failures of every value against its usual rate."""
    gaps, means, noise, known = [], [], [], []
    for attribute, values in enumerate(cases.values):
        codes = cases.codes[:, attribute]
        past = np.bincount(codes, weights=failed.history, minlength=len(values))
        for k in range(cases.windows):
            m = cases.past[:, k] * p
            want = np.bincount(codes, weights=m, minlength=len(values))
            gap = np.bincount(codes, weights=failed.past[:, k], minlength=len(values)) - want
            gaps.append(gap * cases.windows / max(cases.windows - 1, 1))  # the usual rate has seen this window, too
            noise.append(np.bincount(codes, weights=m * (1 - p), minlength=len(values)))
            means.append(want)
            known.append(past)
    if not gaps:
        return tau_of(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0))
    columns = [np.concatenate(part).astype(np.float64) for part in (gaps, means, noise, known)]
    large = columns[1] >= LARGE
    usable = large if large.sum() >= LEAST_SLICES else columns[1] >= ENOUGH / 2
    return tau_of(*(column[usable] for column in columns))


def _mix_slices(cases: Cube, p: Numbers, before: float, mix: float, most: int, cancelled: Cancelled) -> list[MixPart]:
    """The same scan on how much of each there is, kept where it moves the whole by a fifth of the mix."""
    n, past = float(cases.now.sum()), float(cases.history.sum())
    if not mix or not past:
        return []
    found = []
    for falls in (False, True):
        for one in of_counts(cases, min(most, 2), cancelled, falls=falls).slices:
            rows = cases.rows(one.parts)
            share, usual = float(cases.now[rows].sum()) / n, float(cases.history[rows].sum()) / past
            rate = _over(float((cases.history * p)[rows].sum()), float(cases.history[rows].sum())) or _over(
                float((cases.now * p)[rows].sum()), float(cases.now[rows].sum())
            )
            adds = (share - usual) * (rate - before)
            if adds * mix > 0 and abs(adds) > MIX_WORTH * abs(mix):
                found.append(MixPart(one.parts, share, usual, rate, adds))
    return sorted(found, key=lambda part: -abs(part.adds))


def _over(value: float, n: float) -> float:
    return value / n if n else 0.0
