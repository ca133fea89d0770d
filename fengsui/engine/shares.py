"""What a parent publishes for its tail once a day: each child's usual share of its volume, as a gamma (a, b).

The lean model of borrowed profiles: a child is expected to have ``a / b`` of what its parent has. It learns once a day, on the
day just past, from counts winsorised at the .997 quantile of its own prediction (a spike must not enter its own expectation),
and it forgets by volume, ``a / (1 + .06² a)`` a day. No series reads another's state: the rows of ``profile`` are the seam.
Gamma-Poisson shares: prior ``a = 1/2`` of ``b = n/2``; predictive negative binomial (Johnson, Kotz & Kemp 1992, §5.6).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from scipy.stats import nbinom
from sqlalchemy import Connection, func, select

from fengsui.metrics.calendar import day_bounds, local_day
from fengsui.metrics.catalogue import METRICS, metric_of
from fengsui.store.slices import bucket
from fengsui.store.tables import profile, rollup, series
from fengsui.store.upsert import upsert

VERSION = 1
HISTORY = timedelta(days=56)
CLIP_AT = 0.997
WANDER = 0.06
GRAIN = 15


@dataclass(frozen=True, slots=True)
class Share:
    """``a / b``: the share. ``clipped``: which of the last three days were winsorised, newest last."""

    a: float
    b: float
    clipped: tuple[bool, ...] = ()

    @property
    def mean(self) -> float:
        return self.a / self.b


@dataclass(frozen=True, slots=True)
class Family:
    """A parent series with its children (slice id -> slice key), and the days that it has not learned yet."""

    parent: str
    metric: str
    slice_id: int
    children: Mapping[int, str]
    days: tuple[date, ...]


def prior(n: int) -> Share:
    """Nothing is known: every one of ``n`` children has the same share, with the weight of half a record."""
    return Share(0.5, 0.5 * max(n, 1))


def learn(known: Sequence[Share], counts: Sequence[int], total: int) -> list[Share]:
    """One day of all children of a parent that had ``total``. A day without anything teaches nothing."""
    if total <= 0 or not known:
        return list(known)
    a = np.array([share.a for share in known])
    b = np.array([share.b for share in known])
    limits = np.asarray(nbinom.ppf(CLIP_AT, a, b / (b + total)))
    return [_one(share, count, float(limit), total) for share, count, limit in zip(known, counts, limits, strict=True)]


def _one(share: Share, count: int, limit: float, total: int) -> Share:
    clipped = (*share.clipped, count > limit)[-3:]
    if sum(clipped) >= 2:  # two days in three: this is the child's new share, and the old one hardly counts
        return Share(share.a / 4 + count, share.b / 4 + total)
    keep = 1 / (1 + WANDER**2 * share.a)
    return Share(share.a * keep + min(count, limit), share.b * keep + total, clipped)


def due(conn: Connection, closed_until: datetime, zone: str) -> list[Family]:
    """The parents that have not published yet for the last whole day before ``closed_until``."""
    last = local_day(closed_until, zone) - timedelta(days=1)
    published = dict(conn.execute(select(profile.c.series, func.max(profile.c.day)).group_by(profile.c.series)).tuples().all())
    return [
        family
        for parent, metric, parent_id, children in _families(conn)
        if (family := Family(parent, metric, parent_id, children, _days(published.get(parent), last))).days
    ]


def _days(published: date | None, last: date) -> tuple[date, ...]:
    first = last - HISTORY + timedelta(days=1) if published is None else published + timedelta(days=1)
    return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))


def _families(conn: Connection) -> Iterator[tuple[str, str, int, dict[int, str]]]:
    heads = series.alias("parent")
    rows = conn.execute(
        select(heads.c.series, heads.c.metric, heads.c.slice_id.label("parent_id"), series.c.slice_id, series.c.slice_key)
        .join(heads, heads.c.series == series.c.parent)
        .where(series.c.active, series.c.role == "tail", heads.c.active)
        .order_by(heads.c.series, series.c.slice_key)
    )
    found: dict[tuple[str, str, int], dict[int, str]] = {}
    for row in rows:
        if row.metric in METRICS and metric_of(row.metric).shape == "count":  # shares of volume: of counts only
            found.setdefault((row.series, row.metric, row.parent_id), {})[row.slice_id] = row.slice_key
    return ((*key, children) for key, children in found.items())


def publish(conn: Connection, families: Sequence[Family], zone: str) -> None:
    """Learn the missing days of each parent, oldest first, and write its profile of the last."""
    for family in families:
        shares, days = _load(conn, family)
        for day in family.days:
            counts = _counts(conn, family, day, zone)
            total = counts.get(family.slice_id, 0)
            learned = learn(list(shares.values()), [counts.get(child, 0) for child in shares], total)
            shares = dict(zip(shares, learned, strict=True))
            days += total > 0
        upsert(conn, profile, [_row(family, shares, days)])


def _load(conn: Connection, family: Family) -> tuple[dict[int, Share], int]:
    body = newest(conn, family.parent)
    known = body["children"] if body else {}
    start = prior(len(family.children))
    shares = {child: share_of(known[key]) if key in known else start for child, key in family.children.items()}
    return shares, body["days"] if body else 0


def newest(conn: Connection, parent: str) -> Mapping[str, Any] | None:
    """The newest published body of ``parent``: ``{days, children: {slice_key: {a, b, clipped}}}``."""
    found = conn.execute(
        select(profile.c.body).where(profile.c.series == parent).order_by(profile.c.day.desc()).limit(1)
    ).scalar_one_or_none()
    return found if isinstance(found, Mapping) else None


def share_of(entry: Mapping[str, Any]) -> Share:
    return Share(entry["a"], entry["b"], tuple(entry["clipped"]))


def _counts(conn: Connection, family: Family, day: date, zone: str) -> dict[int, int]:
    start, end = day_bounds(day, zone)
    rows = conn.execute(
        select(rollup.c.slice_id, func.sum(rollup.c.value))
        .where(
            rollup.c.grain == GRAIN,
            rollup.c.slice_id.in_([family.slice_id, *family.children]),
            rollup.c.measure.in_(metric_of(family.metric).value),
            rollup.c.bucket >= bucket(start, GRAIN),
            rollup.c.bucket < bucket(end, GRAIN),
        )
        .group_by(rollup.c.slice_id)
    )
    return {slice_id: int(total) for slice_id, total in rows}


def _row(family: Family, shares: Mapping[int, Share], days: int) -> dict[str, object]:
    children = {
        family.children[child]: {"a": share.a, "b": share.b, "clipped": list(share.clipped)} for child, share in shares.items()
    }
    body = {"days": days, "children": children}
    return {"series": family.parent, "day": family.days[-1], "version": VERSION, "body": body}
