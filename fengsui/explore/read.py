"""Records of a window and of its earlier partners, counted by combination of dimensions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, String, and_, bindparam, case, cast, func, or_, select

from fengsui.explore.counted import INDEXED, Counted
from fengsui.explore.cube import Cube, Leaf, pair_of
from fengsui.store.members import in_slice
from fengsui.store.tables import feedback

WEEK = timedelta(days=7)
MOST, MOST_OF_LONG = 8, 4
LONG = timedelta(days=2)
SHORTEST = timedelta(hours=2)
OLDEST = timedelta(days=30)
"""A record that falls due (is answered …) later than this after its beginning is not looked for."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE, PIECE, DAY = timedelta(minutes=1), timedelta(minutes=10), timedelta(days=1)
PIECES = 1008
"""Of ten minutes, in a week."""
LEAST_PIECES = 3
PARTS = 4
"""In which a long window is asked for, so that it can be said how far a question has come."""
AT_ONCE = 30_000
"""Records that a first answer reads, of all its windows together: a second's work."""

Span = tuple[datetime, datetime]
Seen = Callable[[Mapping[str, str]], bool]
Tell = Callable[[float], None]


@dataclass(frozen=True)
class Partners:
    """Earlier windows of the same weekday and hours, the newest first. ``width``: the window over one of them: where the
    window is shorter than two hours its partners are two hours long around it."""

    spans: tuple[Span, ...]
    width: float


def partners(start: datetime, end: datetime, since: datetime | None, left_out: Sequence[Span] = ()) -> Partners:
    """Weeks back; of a window longer than a week whole multiples of it. None that begins before ``since`` (the first record)
    or meets a span ``left_out`` (known events)."""
    length = end - start
    pad = max(SHORTEST - length, timedelta()) / 2
    step = WEEK * max(1, -(-length // WEEK))
    found = []
    for k in range(1, (MOST if length <= LONG else MOST_OF_LONG) + 1):
        span = start - pad - k * step, end + pad - k * step
        if since is None or span[0] < since:
            break
        if not any(span[0] < out[1] and out[0] < span[1] for out in left_out):
            found.append(span)
    return Partners(tuple(found), length / (length + 2 * pad))


def every_for(records: float, length: timedelta) -> int:
    """Of how many pieces of time one is read, so that at most ``AT_ONCE`` records are: 1, or a divisor of ``PIECES``, for then
    the pieces of a window lie at the hours of those of the weeks before. A window of ``length`` keeps some of its own."""
    wanted = min(ceil(records / AT_ONCE), length // (LEAST_PIECES * piece_for(length)))
    return max((n for n in range(1, max(wanted, 1) + 1) if PIECES % n == 0), default=1)


def piece_for(length: timedelta) -> timedelta:
    return PIECE if length >= DAY else MINUTE


def pieces(span: Span, every: int, piece: timedelta) -> list[Span]:
    """Of ``span`` each ``every``-th piece, counted from 1970; all of it, in a few parts where it is long, where ``every`` is 1.
    Each is read by a question of its own: no planner finds many short spans by an index."""
    if every == 1:
        parts = PARTS if span[1] - span[0] > DAY else 1
        cuts = [span[0] + n * (span[1] - span[0]) / parts for n in range(parts)] + [span[1]]
        return [*pairwise(cuts)]
    step = every * piece
    first = EPOCH + (span[0] - EPOCH) // step * step
    found = []
    while first < span[1]:
        start, end = max(first, span[0]), min(first + piece, span[1])
        if start < end:
            found.append((start, end))
        first += step
    return found


def cubes(
    conn: Connection,
    counted: Counted,
    slice_key: str,
    now: Span,
    before: Partners,
    levels: Sequence[str],
    seen: Seen,
    every: int = 1,
    tell: Tell = lambda share: None,
) -> tuple[Cube, Cube | None]:
    """(all cases, those that went wrong; None for a plain count). ``seen``: whether the reader may see records of these
    dimensions. ``every``: only that part of the time, in each window at the same hours: the scan of less time, not another
    scan. ``tell``: is told which share is read."""
    rows = _rows(conn, counted, slice_key, (now, *before.spans), seen, every, tell)
    cases, wrong = pair_of(rows, levels, len(before.spans), before.width)
    return cases, None if counted.wrong is None else wrong


def first_at(conn: Connection) -> datetime | None:
    """Of the oldest record."""
    return conn.execute(select(func.min(feedback.c.opened_at))).scalar()


def kept() -> ColumnElement[bool]:
    return and_(feedback.c.deleted_at.is_(None), feedback.c.state != "cancelled")


def within(counted: Counted, span: Span) -> ColumnElement[bool]:
    at = feedback.c[counted.at]
    inside = and_(at >= span[0], at < span[1], counted.cases, kept())
    if counted.at in INDEXED:
        return inside
    return and_(inside, feedback.c.opened_at >= span[0] - OLDEST, feedback.c.opened_at < span[1])


def _rows(
    conn: Connection, counted: Counted, slice_key: str, spans: Sequence[Span], seen: Seen, every: int, tell: Tell
) -> Iterable[tuple[Leaf, float]]:
    dims = cast(feedback.c.dims, String).label("dims")
    bad = func.sum(case((counted.wrong, 1), else_=0)) if counted.wrong is not None else func.count()
    for window, text, n, wrong in _asked(conn, counted, slice_key, spans, dims, bad, every, tell):
        found = _read(text)
        if seen(found):
            yield (found, window, float(n)), float(wrong)


def _asked(
    conn: Connection,
    counted: Counted,
    slice_key: str,
    spans: Sequence[Span],
    dims: ColumnElement[str],
    bad: ColumnElement[int],
    every: int,
    tell: Tell,
) -> Iterable[tuple[int, str, int, int]]:
    """By index where windows are cut by a time that has one; else in one pass, for no index knows the other times. A question
    is built once for all pieces: thousands of them would take longer to write than to answer."""
    inside = in_slice(slice_key)
    at = feedback.c[counted.at] if counted.at in INDEXED else feedback.c.opened_at
    bounds = and_(at >= bindparam("since"), at < bindparam("until"))
    if counted.at in INDEXED:
        query = select(dims, func.count(), bad).where(bounds, counted.cases, kept(), inside).group_by(dims)
        for window, span in enumerate(spans):
            asked = pieces(span, every, piece_for(spans[0][1] - spans[0][0]))
            for part, piece in enumerate(asked):
                for text, n, wrong in conn.execute(query, {"since": piece[0], "until": piece[1]}).tuples():
                    yield window, text, n, wrong
                tell((window + (part + 1) / len(asked)) / len(spans))
        return
    when = feedback.c[counted.at]
    windows = [(and_(when >= start, when < end), window) for window, (start, end) in enumerate(spans)]
    which = case(*windows, else_=-1).label("window")
    met = or_(*(condition for condition, _ in windows))
    asked = pieces(reach(counted, spans), every, piece_for(spans[0][1] - spans[0][0]))
    whole: Select[Any] = select(which, dims, func.count(), bad).where(bounds, met, counted.cases, kept(), inside)
    for part, piece in enumerate(asked):
        rows: Iterable[Any] = conn.execute(whole.group_by(which, dims), {"since": piece[0], "until": piece[1]})
        for row in rows:
            yield row.window, row.dims, row[2], row[3]
        tell((part + 1) / len(asked))


def reach(counted: Counted, spans: Sequence[Span]) -> Span:
    """From the first to the last beginning of a record that may count in one of ``spans``."""
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    return (first, last) if counted.at in INDEXED else (first - OLDEST, last)


def cut(counted: Counted, span: Span, every: int) -> list[ColumnElement[bool]]:
    """The records of ``span`` that count, to be asked for one condition after the other; of one of ``every`` pieces of time."""
    if counted.at in INDEXED or every == 1:
        return [within(counted, piece) for piece in pieces(span, every, PIECE)]
    at = feedback.c.opened_at
    return [and_(within(counted, span), at >= a, at < b) for a, b in pieces(reach(counted, [span]), every, PIECE)]


@lru_cache(maxsize=50_000)
def _read(text: str) -> Mapping[str, str]:
    found: Mapping[str, str] = json.loads(text)
    return found
