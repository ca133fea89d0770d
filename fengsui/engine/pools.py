"""The pooled tests of the long tail in memory: one a family, stepped with its parent at each quarter of an hour.

A child borrows what its parent's verdict expects; its own counts are read at the quarter's grain. A state is written whole at
each quarter, so there is nothing to learn again after a restart. What people said of a child's past (``said``) is learned with
the rest of its history: a marked stretch as its usual number, an old level as the new one; a marked stretch of the parent is
no example of chance.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import prod
from typing import TypeAlias

from sqlalchemy import Connection

from detectors import registry
from detectors.base import FamilyDetector, FamilyReading, Reading, StateMismatch, Verdict
from fengsui.engine import borrowed, state
from fengsui.engine.family import STEP, Family, families
from fengsui.engine.live import Live
from fengsui.engine.planned import Planned
from fengsui.engine.readings import Clock
from fengsui.engine.said import NEW_NORMAL, UNUSUAL, Past, Said
from fengsui.metrics import read
from fengsui.store.slices import bucket, bucket_start

log = logging.getLogger(__name__)

JUDGED = (*UNUSUAL, NEW_NORMAL)
HISTORY = timedelta(days=28)
"""Eight days until the shares are known, ten until it is known how high chance rises."""

Judged: TypeAlias = tuple[Reading, Verdict]
Counts: TypeAlias = Mapping[int, Mapping[int, read.Value]]
"""slice -> bucket -> value"""


@dataclass(slots=True)
class Pooled:
    """``last_end``: end of the last step, in minutes; ``None``: it has not learned its history."""

    family: Family
    test: FamilyDetector
    last_end: int | None = None

    def adopt(self) -> None:
        self.test.adopt(list(self.family.children), self.family.muted)

    def whole(self) -> dict[str, state.Whole]:
        if self.last_end is None:
            return {}
        return {self.family.key: state.Whole(state.canonical(self.test), bucket_start(self.last_end))}

    def learn(self, conn: Connection, parent: Live, clock: Clock, said: Sequence[Said] = ()) -> None:
        """The last four weeks, judged as it will judge, with what was usual of the parent at that hour."""
        end = parent.last_end or 0
        end -= end % STEP
        counts = read_cells(conn, [self.family], end - int(HISTORY.total_seconds() // 60), end)[self.family.metric]
        starts = range(min(counts.get(self.family.slice_id, {}), default=end), end, STEP)
        counts = self._as_usual(counts, starts, said)
        own, whole = counts.get(self.family.slice_id, {}), Past(parent.planned, said, counts=True)
        hours = [clock.at(at) for at in starts]
        usual = borrowed.usual([own[at].value if at in own else 0.0 for at in starts], hours, STEP)
        for at, expected in zip(starts, usual, strict=True):
            fit = whole.learnable(bucket_start(at), bucket_start(at + STEP))
            self.test.step(self._reading(at, counts, expected, clock, fit))
        self.last_end = end
        state.restore(self.test, state.canonical(self.test))
        self.adopt()

    def touched(self, parent: Live, said: Sequence[Said]) -> bool:
        """Whether anything was said of the past of a child, or of the whole."""
        mine = (parent.planned, *self.family.children.values())
        end = self.last_end
        return end is not None and any(
            one.start_at < bucket_start(end) and any(one.concerns(planned) for planned in mine) for one in said
        )

    def _as_usual(self, counts: Counts, starts: range, said: Sequence[Said]) -> Counts:
        """``counts`` as they would have been without what was said to be no example, the parent's with them."""
        found = dict(counts)
        parent = dict(counts.get(self.family.slice_id, {}))
        for child in self.family.children.values():
            own = [one for one in said if one.concerns(child) and one.verdict in JUDGED]
            if own and starts:
                found[child.slice_id], moved = as_usual(counts.get(child.slice_id, {}), starts, Past(child, own, counts=True))
                for at, by in moved.items():
                    had = parent.get(at, read.Value(0.0, 1.0))
                    parent[at] = had._replace(value=max(0.0, had.value + by))
        return {**found, self.family.slice_id: parent}

    def close(
        self, counts: Counts, instant: int, parent: Judged, clock: Clock, watched: Collection[str]
    ) -> list[tuple[bool, Verdict]]:
        """Judge and learn the quarter of an hour that ends at ``instant``; what is expected of it is said by its last step."""
        reading, verdict = parent
        self.last_end = instant
        if verdict.expected is None:
            return []
        start = instant - STEP
        expected = verdict.expected * (timedelta(minutes=STEP) / (reading.end - reading.start))
        mine = [key for key, one in self.family.children.items() if one.series in watched]
        x = self._reading(start, counts, expected, clock, reading.complete)
        return [(x.complete, replace(one, series=self.family.children[one.series].series)) for one in self.test.step(x, mine)]

    def _reading(self, start: int, counts: Counts, expected: float, clock: Clock, complete: bool) -> FamilyReading:
        own = counts.get(self.family.slice_id, {}).get(start)
        came = {
            key: cell.value
            for key, one in self.family.children.items()
            if (cell := counts.get(one.slice_id, {}).get(start)) is not None and cell.value > 0
        }
        local, kind = clock.at(start)
        had = own.value if own is not None else 0.0
        at, end = bucket_start(start), bucket_start(start + STEP)
        off = kind in ("weekend", "holiday")
        return FamilyReading(at, end, local.date(), expected, had, came, complete, self.family.budget, local.hour, off)


@dataclass(slots=True)
class Pools:
    """All pooled tests of the plan, by key."""

    known: dict[str, Pooled] = field(default_factory=dict)

    @classmethod
    def of(cls, planned: Sequence[Planned], before: Pools) -> Pools:
        """Those of ``before`` that stay keep what they know; others are to ``resume``, or know nothing."""
        return cls({family.key: _carried(family, before) or _new(family) for family in families(planned)})

    def unlearned(self) -> list[str]:
        return [key for key, one in self.known.items() if one.last_end is None]

    def resume(self, key: str, stored: state.Stored) -> None:
        """Go on from a stored state, unless it is another version's."""
        pooled = self.known[key]
        try:
            state.restore(pooled.test, stored.whole.text)
            pooled.last_end = bucket(stored.last_end, 1)
        except StateMismatch as mismatch:
            log.warning("%s: %s: learning again from the roll-ups", key, mismatch)
        pooled.adopt()

    def cold(self, lives: Mapping[str, Live]) -> list[Pooled]:
        """Those that can learn their history now."""
        return [one for one in self.known.values() if one.last_end is None and _stands(lives.get(one.family.parent))]

    def closing(self, instant: int, judged: Collection[str]) -> list[Pooled]:
        if instant % STEP:
            return []
        return [one for one in self._warm() if one.family.parent in judged and (one.last_end or 0) < instant]

    def close(
        self,
        conn: Connection,
        closing: Sequence[Pooled],
        instant: int,
        judged: Mapping[str, Judged],
        clock: Clock,
        watched: Collection[str],
    ) -> list[tuple[bool, Verdict]]:
        """Each verdict with whether its reading was complete."""
        cells = read_cells(conn, [one.family for one in closing], instant - STEP, instant)
        return [
            found
            for one in closing
            for found in one.close(cells[one.family.metric], instant, judged[one.family.parent], clock, watched)
        ]

    def _warm(self) -> Iterator[Pooled]:
        return (one for one in self.known.values() if one.last_end is not None)


def as_usual(own: Mapping[int, read.Value], starts: range, past: Past) -> tuple[dict[int, read.Value], dict[int, float]]:
    """The counts of one child, and by how much each step moved. Where nothing is to be learned stand whole numbers that keep
    its mean rate elsewhere; where the level was another, its counts at the new one."""
    fit = {at: past.learnable(bucket_start(at), bucket_start(at + STEP)) for at in starts}
    lifts = {at: prod(1.0 / event.lift for event in past.events(bucket_start(at))) for at in starts}
    had = {at: own[at].value if at in own else 0.0 for at in starts}
    known = [had[at] * lifts[at] for at in starts if fit[at]]
    mean = sum(known) / len(known) if known else 0.0
    wanted = given = 0.0
    found, moved = {}, {}
    for at in starts:
        wanted += had[at] * lifts[at] if fit[at] else mean
        value = had[at] if fit[at] and lifts[at] == 1.0 else max(0.0, float(round(wanted - given)))
        given += value
        if value:
            found[at] = own[at]._replace(value=value) if at in own else read.Value(value, 1.0)
        if value != had[at]:
            moved[at] = value - had[at]
    return found, moved


def read_cells(conn: Connection, kin: Iterable[Family], start: int, end: int) -> dict[str, Counts]:
    """Of parents and children, by metric: one read for all families of a metric."""
    ids: dict[str, set[int]] = {}
    for family in kin:
        ids.setdefault(family.metric, set()).update((family.slice_id, *(one.slice_id for one in family.children.values())))
    at, until = bucket_start(start), bucket_start(end)
    return {metric: read.steps(conn, metric, sorted(wanted), at, until, STEP * 60) for metric, wanted in ids.items()}


def _stands(parent: Live | None) -> bool:
    return parent is not None and parent.last_end is not None


def _carried(family: Family, before: Pools) -> Pooled | None:
    found = before.known.get(family.key)
    if found is None or found.last_end is None:
        return None
    pooled = Pooled(family, found.test, found.last_end)
    pooled.adopt()
    return pooled


def _new(family: Family) -> Pooled:
    pooled = Pooled(family, registry.pool(STEP * 60))
    pooled.adopt()
    return pooled
