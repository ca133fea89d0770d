"""What one transaction of the engine closes: quiet instants, and perhaps one that speaks at their end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from detectors.base import Reading
from fengsui.engine import state, tail, verdicts
from fengsui.engine.live import Live
from fengsui.engine.marks import Ahead, View
from fengsui.engine.pools import Pooled
from fengsui.engine.warm import Judged
from fengsui.store.slices import bucket_start
from fengsui.store.tables import verdict
from fengsui.store.upsert import upsert

EPOCH = bucket_start(0)
STUCK = 120
"""Minutes that a series lies behind before its whole state is written, so that the readings of the others need not stay."""


@dataclass(slots=True)
class Stretch:
    """``more``: series whose next step can be closed. ``refused``: series whose reading was left out. ``known_until``: every
    whole state in the store knows what ended by then (minutes)."""

    instants: int = 0
    steps: int = 0
    at: datetime = EPOCH
    speaks: bool = False
    more: bool = False
    rows: list[dict[str, Any]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    pools: dict[str, Pooled] = field(default_factory=dict)
    wholes: dict[str, state.Whole] = field(default_factory=dict)
    batches: list[tail.Batch] = field(default_factory=list)
    known_until: int | None = None

    def close(
        self, closing: Sequence[Live], ahead: Ahead, view: View, instant: int, watched: Collection[str], about: tuple[int, int]
    ) -> list[Judged]:
        """One step of each of ``closing``, all at the same instant. ``about``: numbers of the instant and of the tick."""
        judged = []
        regular = verdicts.is_regular(instant)
        for live in closing:
            value = ahead.value(live)
            reading, found = live.close(value, view.complete(live, instant))
            if value is not None and reading.value is None:
                self.refused.add(reading.series)
            if verdicts.speaks(found, watched):
                self.speaks = True
                self.rows.append(verdicts.row(reading.complete, found, *about))
            elif regular or verdicts.is_loud(found):
                self.rows.append(verdicts.row(reading.complete, found, *about))
            judged.append((reading, found))
        self.instants += 1
        self.steps += len(judged)
        self.at = bucket_start(instant)
        return judged

    def keep(self, closing: Sequence[Live], judged: Sequence[Judged], lives: Sequence[Live], instant: int, seq: int) -> None:
        """What has to be written of the detectors."""
        fresh: list[Reading] = []
        for live, (reading, _) in zip(closing, judged, strict=True):
            if state.cuts(live.own_quarter, instant, live.minutes):
                self.wholes[live.planned.series] = live.whole()
            else:
                fresh.append(reading)
        if fresh:
            self.batches.append(tail.Batch(seq, instant, fresh))
        if len(fresh) < len(closing):
            self._drop(lives, instant)

    def _drop(self, lives: Sequence[Live], instant: int) -> None:
        """Readings that every whole state knows are over."""
        for one in lives:
            if one.has_tail and (one.last_end or 0) < instant - STUCK:
                self.wholes[one.planned.series] = one.whole()
        self.known_until = min((one.whole_end for one in lives if one.has_tail), default=instant)
        self.batches = [batch for batch in self.batches if batch.end > self.known_until]

    def write(self, conn: Connection) -> None:
        """Verdicts, and states where there are any to keep."""
        upsert(conn, verdict, self.rows)
        state.save(conn, self.wholes | self._of_pools())
        if self.known_until is not None:
            tail.drop(conn, self.known_until)
        tail.save(conn, self.batches)

    def _of_pools(self) -> dict[str, state.Whole]:
        return {key: whole for pooled in self.pools.values() for key, whole in pooled.whole().items()}
