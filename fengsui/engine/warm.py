"""Warm-up: a detector reads the whole history of its series in one pass, quarter-hours first, then minutes.

Nothing is judged but the newest day's quarter-hours, whose bands the chart shows; those verdicts carry ``seq`` 0, so that no
alert is ever made of the past. Afterwards the detector goes once through its canonical JSON, like one that was restarted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import Connection

from detectors.base import Reading, Verdict
from fengsui.engine import state, topics
from fengsui.engine.live import Live, heard, taught
from fengsui.engine.planned import Planned
from fengsui.metrics import read
from fengsui.metrics.catalogue import metric_of
from fengsui.metrics.cells import begins
from fengsui.metrics.read import Value
from fengsui.store.slices import bucket, bucket_start

QUARTER = 15
DAY = 1440
FINE = timedelta(days=3)
"""By the minute no further back: a detector's state moves by the quarter of an hour, only its sense of how high chance peaks
of single minutes rise needs some days of them, and minutes are most of the time that a start takes."""
HISTORY = timedelta(weeks=26)
"""No further back: a detector has forgotten more."""

WARM_SEQ = 0


@dataclass(frozen=True, slots=True)
class Span:
    """Steps of ``minutes`` in ``[start, end)``, in minutes since the epoch."""

    start: int
    end: int
    minutes: int

    @property
    def steps(self) -> int:
        return max(0, self.end - self.start) // self.minutes


Part: TypeAlias = tuple[Span, Mapping[int, Value]]
"""A span and the values of its buckets."""
Judged: TypeAlias = tuple[Reading, Verdict]


def spans(first: int, end: int, step_minutes: int, minute_cut: int) -> list[Span]:
    """Old history in quarter-hours (or in steps, where those are longer), what is left of the minutes in steps."""
    coarse = max(QUARTER, step_minutes)
    if step_minutes >= QUARTER:
        return [Span(_up(first, step_minutes), end, step_minutes)]
    cut = _up(max(minute_cut, first, end - int(FINE.total_seconds() // 60)), coarse)
    if cut >= end:
        return [Span(_up(first, coarse), end - end % coarse, coarse)]
    return [Span(_up(first, coarse), cut, coarse), Span(cut, end, step_minutes)]


def minute_cut(now: datetime, kept_days: int) -> int:
    """The first quarter-hour whose minutes are all there; one more, because the cut of ingest moves with its own clock."""
    return bucket(now - timedelta(days=kept_days), QUARTER) + 2 * QUARTER


def first_bucket(conn: Connection, planned: Planned, end: int) -> int:
    """Start of the series' history, at most ``HISTORY`` back; ``end`` where nothing has been counted."""
    earliest = end - int(HISTORY.total_seconds() // 60)
    since = topics.begins(conn, planned.slice_key)
    if since is not None:
        return min(end, max(earliest, bucket(since, QUARTER)))
    found = begins(conn, metric_of(planned.rule.metric).measures(), [planned.slice_id], earliest)
    return end if found is None or found > end else found


def history(conn: Connection, planned: Planned, parts: Sequence[Span]) -> Iterator[Part]:
    """The cells of one series over its history, part by part."""
    for part in parts:
        start, end = bucket_start(part.start), bucket_start(part.end)
        cells = read.steps(conn, planned.rule.metric, [planned.slice_id], start, end, part.minutes * 60)
        yield part, cells.get(planned.slice_id, {})


def learn(live: Live, parts: Iterator[Part], end: int) -> list[Judged]:
    """Learn all of it; gives back the judged quarter-hour closes of the newest day. ``live.last_end`` becomes ``end``."""
    judged = []
    for part, cells in parts:
        for start in range(part.start, part.end, part.minutes):
            usual = live.maker.learnable(start, part.minutes)
            reading = live.maker.reading(start, part.minutes, cells.get(start), usual)
            close = start + part.minutes
            if close > end - DAY and close % QUARTER == 0:
                judged.append(heard(live.detector, reading))
            else:
                taught(live.detector, reading)
    live.last_end = end
    live.ready = bool(judged) and judged[-1][1].ready
    state.restore(live.detector, state.canonical(live.detector))
    return judged


def _up(minute: int, minutes: int) -> int:
    return -(-minute // minutes) * minutes
