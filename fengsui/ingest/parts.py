"""A batch cut into parts, each small enough that its transaction is over before a click would notice (DESIGN §7).

How many rows that is depends on disk, cuboids and texts, so it is measured: after each part the next one is sized by how long
the last held the write lock. Small batches, which is every one but first history, are one part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from connectors.base import BadRecord, Batch, Event, Feedback, Measurement, Reference

Item: TypeAlias = Feedback | Event | Measurement | Reference | BadRecord | str
"""What a batch brings; a text is the id of a record that is gone."""

WANTED_S = 0.1
"""Half of what is promised: the disk is not equally fast each time."""
BESIDE_S = 0.4
"""Where others write beside us (PostgreSQL) a part only keeps the next tick waiting; the larger it is, the fewer roll-up rows a
record writes."""
FIRST, FEWEST, MOST = 200, 100, 5_000
GROWTH = 2


class Pace:
    """How many rows of one source fit into a part."""

    def __init__(self, wanted_s: float = WANTED_S) -> None:
        self.rows, self._wanted_s = FIRST, wanted_s

    def learn(self, rows: int, held_s: float) -> None:
        """A part of ``rows`` held the lock for ``held_s``: shrink at once, grow step by step, and only by full parts."""
        fit = int(rows * self._wanted_s / max(held_s, 1e-6))
        if fit < self.rows and held_s > self._wanted_s:
            self.rows = max(FEWEST, fit)
        elif rows >= self.rows:
            self.rows = min(MOST, max(self.rows, fit), self.rows * GROWTH)


def items(batch: Batch) -> list[Item]:
    """Everything in the order in which it must be stored: master data before the records that it explains, deletions last."""
    first = [item for item in batch.records if isinstance(item, Reference)]
    rest = [item for item in batch.records if not isinstance(item, Reference)] if first else batch.records
    return [*first, *rest, *batch.bad, *batch.gone]


def part_of(batch: Batch, some: Sequence[Item]) -> Batch:
    """``batch`` with only ``some`` of its items."""
    bad = tuple(item for item in some if isinstance(item, BadRecord))
    gone = tuple(item for item in some if isinstance(item, str))
    records = tuple(item for item in some if not isinstance(item, BadRecord | str))
    return replace(batch, records=records, bad=bad, gone=gone)
