"""Records of a window and of its earlier partners, counted by combination of dimensions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, String, and_, case, cast, func, or_, select

from fengsui.explore.counted import OPENED, Counted
from fengsui.explore.cube import Cube, Leaf, pair_of
from fengsui.store.members import in_slice
from fengsui.store.tables import feedback

WEEK = timedelta(days=7)
MOST, MOST_OF_LONG = 8, 4
LONG = timedelta(days=2)
SHORTEST = timedelta(hours=2)
OLDEST = timedelta(days=30)
"""A record that falls due (is answered …) later than this after its beginning is not looked for."""

Span = tuple[datetime, datetime]
Seen = Callable[[Mapping[str, str]], bool]


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


def cubes(
    conn: Connection, counted: Counted, slice_key: str, now: Span, before: Partners, levels: Sequence[str], seen: Seen
) -> tuple[Cube, Cube | None]:
    """(all cases, those that went wrong; None for a plain count). ``seen``: whether the reader may see records of these
    dimensions."""
    rows = _rows(conn, counted, slice_key, (now, *before.spans), seen)
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
    if counted.at == OPENED:
        return inside
    return and_(inside, feedback.c.opened_at >= span[0] - OLDEST, feedback.c.opened_at < span[1])


def _rows(
    conn: Connection, counted: Counted, slice_key: str, spans: Sequence[Span], seen: Seen
) -> Iterable[tuple[Leaf, float]]:
    dims = cast(feedback.c.dims, String).label("dims")
    bad = func.sum(case((counted.wrong, 1), else_=0)) if counted.wrong is not None else func.count()
    for window, text, n, wrong in _asked(conn, counted, slice_key, spans, dims, bad):
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
) -> Iterable[tuple[int, str, int, int]]:
    """By index where windows are cut by the beginning; else in one pass, for no index knows the other times."""
    inside = in_slice(slice_key)
    if counted.at == OPENED:
        for window, span in enumerate(spans):
            query = select(dims, func.count(), bad).where(within(counted, span), inside).group_by(dims)
            for text, n, wrong in conn.execute(query).tuples():
                yield window, text, n, wrong
        return
    at = feedback.c[counted.at]
    windows = [(and_(at >= start, at < end), window) for window, (start, end) in enumerate(spans)]
    which = case(*windows, else_=-1).label("window")
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    met = or_(*(condition for condition, _ in windows))
    bounds = and_(feedback.c.opened_at >= first - OLDEST, feedback.c.opened_at < last)
    whole: Select[Any] = select(which, dims, func.count(), bad).where(bounds, met, counted.cases, kept(), inside)
    rows: Iterable[Any] = conn.execute(whole.group_by(which, dims))
    for row in rows:
        yield row.window, row.dims, row[2], row[3]


@lru_cache(maxsize=50_000)
def _read(text: str) -> Mapping[str, str]:
    found: Mapping[str, str] = json.loads(text)
    return found
