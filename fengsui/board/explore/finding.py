"""The scan of one question, in names: slices with parent, children and earlier windows, leads, or nothing in particular."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np
from sqlalchemy import Connection, Engine

from fengsui.board.explore import marks
from fengsui.board.explore.question import Question, inside
from fengsui.board.persons import NOBODY, Persons, check
from fengsui.board.persons import levels as names_of
from fengsui.board.scope import Scope, sees_org
from fengsui.explore import read
from fengsui.explore.counted import COUNTED, INDEXED
from fengsui.explore.counts import Answer, of_counts
from fengsui.explore.cube import Cube, Mask, Numbers, Parts
from fengsui.explore.likelihood import NEEDED
from fengsui.explore.ratios import MixPart, RateAnswer, of_ratios, usual_rates
from fengsui.explore.search import Chosen, Lead
from fengsui.explore.stopping import stoppable
from fengsui.explore.table import cuboids
from fengsui.metrics import cells
from fengsui.settings import Settings
from fengsui.store.slices import ALL, slice_id, slice_levels

ENOUGH_WINDOWS = 2
MOST_VALUES = 3
CHILDREN, PARENTS = 3, 2
READING = 0.7
"""Of a long search, what it takes to read."""
MANY_ROWS = 200_000
"""Beyond it three values together take longer than a second: two are looked at first."""
State = Literal["ok", "no_history", "no_records", "not_sliceable"]


@dataclass(frozen=True, slots=True)
class Sum:
    """A slice beside another one: ``now`` and ``expected`` records (failures, of a rate)."""

    slice_key: str
    now: float
    expected: float

    @property
    def lift(self) -> float | None:
        return self.now / self.expected if self.expected >= 0.05 else None


@dataclass(frozen=True, slots=True)
class Part:
    """An explanation, or a lead. ``score`` of ``needed``; ``share`` of the deviation; ``earlier``: the same slice in the
    earlier windows, oldest first, as a window of this length would hold. ``fresh``: it never came before."""

    slice_key: str
    now: float
    expected: float
    score: float
    share: float
    usual_share: float
    earlier: tuple[float, ...]
    parents: tuple[Sum, ...]
    children: tuple[Sum, ...]
    fresh: bool

    @property
    def excess(self) -> float:
        return self.now - self.expected

    @property
    def lift(self) -> float | None:
        return Sum(self.slice_key, self.now, self.expected).lift


@dataclass(frozen=True, slots=True)
class Mixed:
    """A slice that became more or less of the whole."""

    slice_key: str
    share: float
    usual_share: float
    rate: float
    adds: float


@dataclass(frozen=True, slots=True)
class Finding:
    """``observed`` to ``expected``: counts, or rates of what goes wrong. ``windows``: the earlier ones, newest first.

    ``totals``: of the earlier windows, oldest first, scaled. ``rows``: combinations looked at. ``every``: of so many pieces of
    time one was looked at; figures are those of the whole time, as far as that tells."""

    question: Question
    state: State
    rated: bool = False
    observed: float = 0.0
    expected: float = 0.0
    cases: float = 0.0
    g: float = 1.0
    tau: float = 0.0
    everywhere: float = 0.0
    rest: float = 0.0
    mix: float = 0.0
    rate: float = 0.0
    mix_error: float = 0.0
    slices: tuple[Part, ...] = ()
    leads: tuple[Part, ...] = ()
    mixed: tuple[Mixed, ...] = ()
    windows: tuple[read.Span, ...] = ()
    totals: tuple[float, ...] = ()
    skipped: int = 0
    rows: int = 0
    order: int = 3
    every: int = 1

    @property
    def partial(self) -> bool:
        """A first answer: of two values, or of a part of the time."""
        return self.order < MOST_VALUES or self.every > 1

    @property
    def deviation(self) -> float:
        return self.observed - self.expected

    @property
    def explained(self) -> float:
        """Share of the deviation that the slices carry."""
        if self.rated:
            carried = sum(one.excess for one in self.slices) / self.cases if self.cases else 0.0
            return carried / self.deviation if self.deviation else 0.0
        return sum(one.excess for one in self.slices) / self.deviation if self.deviation else 0.0

    @property
    def needed(self) -> float:
        return NEEDED


def find(
    store: Engine,
    settings: Settings,
    question: Question,
    scope: Scope,
    now: datetime,
    cancelled: Callable[[], bool] = lambda: False,
    order: int | None = None,
    tell: read.Tell = lambda share: None,
    persons: Persons = NOBODY,
) -> Finding:
    """Slices of up to three values; of two, and of a part of the time, where that would take longer than a click waits, unless
    ``order`` says otherwise. ``tell``: is told which share is done.
    ``persons``: by which single persons the reader may look.

    Raises ``NotAllowed`` where the question is about another; ``explore.table.Stopped`` where ``cancelled`` says so, also while
    a statement runs."""
    check(settings, persons, question.slice_key, *question.out)
    counted = COUNTED.get(question.metric)
    if counted is None:
        return Finding(question, "not_sliceable")
    levels = names_of(settings, persons)
    with store.connect() as conn, stoppable(conn, cancelled):
        known, since = marks.unlike(conn, question), marks.since(conn, question)
        before = read.partners(question.start, question.end, since, known)
        every = read.partners(question.start, question.end, since)
        if len(before.spans) < ENOUGH_WINDOWS:
            return Finding(question, "no_history", windows=before.spans)
        spans = (question.start, question.end), *before.spans
        many = records(conn, spans if counted.at in INDEXED else [read.reach(counted, spans)])
        part = 1 if order else read.every_for(many, question.end - question.start)
        span = question.start, question.end
        cases, wrong = read.cubes(
            conn, counted, question.slice_key, span, before, levels, _seen(scope), part, lambda share: tell(READING * share)
        )
    most = order or (MOST_VALUES if len(cases.now) <= MANY_ROWS else 2)
    skipped = len(every.spans) - len(before.spans)
    if not cases.now.sum() and not cases.history.sum():
        return Finding(question, "no_records", windows=before.spans)
    left_out = [parts for key in question.out if (parts := _parts(cases, question.slice_key, key)) is not None]
    cancelled = _Counted(cancelled, tell, _looks(cases, most, rated=wrong is not None))
    if wrong is None:
        kept = cases.without(left_out) if left_out else cases
        found = _counted(question, kept, of_counts(kept, most, cancelled, falls=question.falls), before, skipped)
        return _grown(found, part)
    if left_out:
        cases, wrong = cases.without(left_out), wrong.without(left_out)
    return _grown(_rated(question, cases, wrong, of_ratios(cases, wrong, most, cancelled), before, skipped), part)


@dataclass
class _Counted:
    """Asked once for each kind of slices, so it knows how far the search is."""

    cancelled: Callable[[], bool]
    tell: read.Tell
    looks: int
    n: int = 0

    def __call__(self) -> bool:
        self.n += 1
        self.tell(READING + (1 - READING) * min(1.0, self.n / self.looks))
        return self.cancelled()


def _looks(cube: Cube, most: int, *, rated: bool) -> int:
    """Kinds of slices that are looked at; of a rate those of two values twice more, for its mix."""
    more = 2 * sum(1 for _ in cuboids(cube, min(most, 2))) if rated else 0
    return max(1, sum(1 for _ in cuboids(cube, most)) + more)


def records(conn: Connection, spans: Sequence[read.Span]) -> float:
    """About how many there are in some spans, whatever the place: by the roll-ups."""
    whole = slice_id(ALL)
    sums = [cells.summed(conn, ["feedback.n"], [whole], start, end).get(whole, {}) for start, end in spans]
    return float(sum(sum(bins.values()) for one in sums for bins in one.values()))


def _grown(found: Finding, every: int) -> Finding:
    """Counts of a part of the time as those of the whole; rates stay."""
    if every == 1:
        return found

    def many(one: Part) -> Part:
        kin = (
            tuple(Sum(sum_.slice_key, sum_.now * every, sum_.expected * every) for sum_ in side)
            for side in (one.parents, one.children)
        )
        parents, children = kin
        earlier = tuple(value * every for value in one.earlier)
        return replace(
            one, now=one.now * every, expected=one.expected * every, earlier=earlier, parents=parents, children=children
        )

    slices, leads = tuple(map(many, found.slices)), tuple(map(many, found.leads))
    if found.rated:
        return replace(found, slices=slices, leads=leads, cases=found.cases * every, every=every)
    return replace(
        found,
        slices=slices,
        leads=leads,
        observed=found.observed * every,
        expected=found.expected * every,
        cases=found.cases * every,
        everywhere=found.everywhere * every,
        rest=found.rest * every,
        totals=tuple(value * every for value in found.totals),
        every=every,
    )


def _seen(scope: Scope) -> Callable[[Mapping[str, str]], bool]:
    return lambda dims: sees_org(scope, dims.get("org"))


def _parts(cube: Cube, whole: str, key: str) -> Parts | None:
    """A slice by its key, less what ``whole`` says already."""
    levels = {level: value for level, value in slice_levels(key).items() if slice_levels(whole).get(level) != value}
    return cube.parts(levels) if levels else None


def _counted(question: Question, cube: Cube, answer: Answer, before: read.Partners, skipped: int) -> Finding:
    def named(one: Chosen | Lead, score: float, within: Cube) -> Part:
        usual = within.history * within.scale * answer.g
        return _part(question, within, within.now, usual, answer.deviation, one, score)

    rest = cube.without([one.parts for one in answer.slices])
    return Finding(
        question,
        "ok",
        False,
        answer.observed,
        answer.expected,
        answer.observed,
        answer.g,
        answer.tau,
        answer.everywhere,
        answer.rest,
        slices=tuple(named(one, one.score, cube) for one in answer.slices),
        leads=tuple(named(one, one.gate, rest) for one in answer.leads),
        windows=before.spans,
        totals=_earlier(cube, np.ones(len(cube.now), dtype=np.bool_)),
        skipped=skipped,
        rows=len(cube.now),
        order=answer.order,
    )


def _rated(question: Question, cases: Cube, wrong: Cube, answer: RateAnswer, before: read.Partners, skipped: int) -> Finding:
    usual = cases.now * usual_rates(cases, wrong)

    def named(one: Chosen | Lead, score: float) -> Part:
        return _part(question, wrong, wrong.now, usual, (answer.after - answer.before) * answer.n, one, score, cases)

    return Finding(
        question,
        "ok",
        True,
        answer.after,
        answer.before,
        answer.n,
        1.0,
        answer.tau,
        mix=answer.mix,
        rate=answer.rate,
        mix_error=answer.mix_error,
        slices=tuple(named(one, one.score) for one in answer.slices),
        leads=tuple(named(one, one.gate) for one in answer.leads),
        mixed=tuple(_mixed(question, cases, one) for one in answer.mixed),
        windows=before.spans,
        totals=_rates(cases, wrong, np.ones(len(cases.now), dtype=np.bool_)),
        skipped=skipped,
        rows=len(cases.now),
        order=answer.order,
    )


def _mixed(question: Question, cube: Cube, one: MixPart) -> Mixed:
    key = _key(question, cube, one.parts)
    return Mixed(key, one.share, one.usual_share, one.rate, one.adds)


def _part(
    question: Question,
    cube: Cube,
    now: Numbers,
    usual: Numbers,
    deviation: float,
    one: Chosen | Lead,
    score: float,
    cases: Cube | None = None,
) -> Part:
    rows = cube.rows(one.parts)
    v, m = float(now[rows].sum()), float(usual[rows].sum())
    whole = float(usual.sum())
    return Part(
        _key(question, cube, one.parts),
        v,
        m,
        score,
        (one.now - one.expected) / deviation if deviation else 0.0,
        m / whole if whole else 0.0,
        _earlier(cube, rows) if cases is None else _rates(cases, cube, rows),
        tuple(_sum(question, cube, now, usual, parts) for parts in _above(cube, one.parts)),
        tuple(_below(question, cube, now, usual, one.parts, rows)),
        not cube.history[rows].sum(),
    )


def _key(question: Question, cube: Cube, parts: Parts) -> str:
    return inside(question.slice_key, {cube.attributes[a]: cube.values[a][code] for a, code in parts})


def _earlier(cube: Cube, rows: Mask) -> tuple[float, ...]:
    return tuple(float(n) * cube.width for n in cube.past[rows].sum(axis=0)[::-1])


def _rates(cases: Cube, wrong: Cube, rows: Mask) -> tuple[float, ...]:
    n, x = cases.past[rows].sum(axis=0)[::-1], wrong.past[rows].sum(axis=0)[::-1]
    return tuple(float(a / b) if b else 0.0 for a, b in zip(x, n, strict=True))


def _sum(question: Question, cube: Cube, now: Numbers, usual: Numbers, parts: Parts) -> Sum:
    rows = cube.rows(parts)
    return Sum(_key(question, cube, parts), float(now[rows].sum()), float(usual[rows].sum()))


def _above(cube: Cube, parts: Parts) -> list[Parts]:
    """With one word less; of a single value, a level higher."""
    if len(parts) > 1:
        return [tuple(one for one in parts if one != left) for left in parts][:PARENTS]
    ((attribute, code),) = parts
    higher = [a for a in range(attribute) if cube.hierarchies[a] == cube.hierarchies[attribute]]
    if not higher:
        return []
    row = int(np.argmax(cube.codes[:, attribute] == code))
    return [((higher[-1], int(cube.codes[row, higher[-1]])),)]


def _below(question: Question, cube: Cube, now: Numbers, usual: Numbers, parts: Parts, rows: Mask) -> Sequence[Sum]:
    """The parts of a slice that carry most of it, one per dimension."""
    taken = {a for a, _ in parts}
    found: list[tuple[float, Parts]] = []
    for attribute, values in enumerate(cube.values):
        kin = [a for a in taken if cube.hierarchies[a] == cube.hierarchies[attribute]]
        if attribute in taken or any(a > attribute for a in kin):
            continue
        codes = cube.codes[rows, attribute]
        v = np.bincount(codes, weights=now[rows], minlength=len(values))
        m = np.bincount(codes, weights=usual[rows], minlength=len(values))
        best = int(np.argmax(np.abs(v - m)))
        deeper = tuple(sorted((*(one for one in parts if one[0] not in kin), (attribute, best))))
        found.append((abs(float(v[best] - m[best])), deeper))
    found.sort(key=lambda one: -one[0])
    return [_sum(question, cube, now, usual, deeper) for _, deeper in found[:CHILDREN]]
