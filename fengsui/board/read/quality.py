"""How good the tags are, for a page: from what people checked, by week and channel, and how many records nobody could tag.

Only the weekly random sample gives unbiased figures; what people chose to correct is mostly what was wrong. So both are read
apart, and ``random`` is what a page shows first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, case, func, select

from fengsui.board.scope import EVERYTHING, Scope, sees_org
from fengsui.ingest import models as stored
from fengsui.metrics.quality import NOTHING, Pair, Quality, Share, of, share
from fengsui.store.tables import feedback, label, model, sample
from fengsui.text.drift import Drift, drifts
from fengsui.text.tagger import SURE
from fengsui.text.tags import PERSON

__all__ = [
    "NOTHING",
    "Drift",
    "Measured",
    "Quality",
    "Share",
    "Untagged",
    "dispatched",
    "drifted",
    "left_to_check",
    "measured",
    "models",
    "of_tag",
    "unreadable",
    "untagged",
    "untagged_of",
    "versions",
]  # fmt: skip
WEEK: Final = timedelta(days=7)
UNKNOWN: Final = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one tag in ``[start, end)``. ``random``: from the weekly samples; ``all``: every check, biased towards errors."""

    tag: str
    start: datetime
    end: datetime
    random: Quality
    all: Quality
    by_channel: Mapping[str, Quality]
    by_week: Sequence[tuple[datetime, Quality]]
    by_source: Mapping[str, Quality]


@dataclass(frozen=True, slots=True)
class Untagged:
    """Share of the week's records with a text in which the tag is missing."""

    week: datetime
    channel: str
    share: Share


def measured(conn: Connection, tag: str, start: datetime, end: datetime, scope: Scope = EVERYTHING) -> Measured:
    """First word of a person about each record's machine-made tag: what came later was not about the machine."""
    first = _first(conn, tag, start, end, scope)
    random = [row for row in first if row.why == "random"]
    return Measured(
        tag,
        start,
        end,
        of(map(_pair, random)),
        of(map(_pair, first)),
        _split(random, lambda row: str(row.dims.get("channel") or UNKNOWN)),
        [(week, of(_pair(row) for row in random if week <= row.at < week + WEEK)) for week in _weeks(start, end)],
        _split(random, lambda row: row.old_by),
    )


def untagged(conn: Connection, tag: str, start: datetime, end: datetime) -> list[Untagged]:
    """By week and channel, weeks in order. Words alone decide ``demand``, ``product`` and ``region``; there it says how many
    texts name one."""
    found = []
    for week in _weeks(start, end):
        inside = (feedback.c.opened_at >= week, feedback.c.opened_at < min(week + WEEK, end), feedback.c.deleted_at.is_(None))
        channel = feedback.c.dims["channel"].as_string()
        missing = func.sum(case((feedback.c.tags[tag].as_string().is_(None), 1), else_=0))
        said = feedback.c.tags["untagged"].as_string()
        spoken = (said.is_(None)) | (said != "empty")
        rows = conn.execute(select(channel, func.count(), missing).where(*inside, spoken).group_by(channel))
        found += [Untagged(week, name or UNKNOWN, share(int(none or 0), n)) for name, n, none in rows]
    return sorted(found, key=lambda one: (one.week, one.channel))


def models(conn: Connection) -> list[Mapping[str, Any]]:
    """Every version without its bytes, the newest first."""
    columns = [column for column in model.columns if column.name != "body"]
    rows = conn.execute(select(*columns).order_by(model.c.name, model.c.version.desc()))
    return [dict(row) for row in rows.mappings()]


def left_to_check(conn: Connection, week: str, tag: str) -> tuple[int, int]:
    """(checked, drawn) of a week's random sample."""
    done = select(label.c.record_key).where(label.c.tag == tag, label.c.why == "random")
    drawn = conn.execute(select(func.count()).where(sample.c.week == week)).scalar_one()
    checked = conn.execute(select(func.count()).where(sample.c.week == week, sample.c.record_key.in_(done))).scalar_one()
    return int(checked), int(drawn)


def _first(conn: Connection, tag: str, start: datetime, end: datetime, scope: Scope) -> list[Any]:
    columns = (
        label.c.record_key,
        label.c.at,
        label.c.old,
        label.c.old_by,
        label.c.old_sure,
        label.c.new,
        label.c.why,
        feedback.c.dims,
    )
    query = select(*columns).join(feedback, feedback.c.record_key == label.c.record_key)
    mine = (label.c.tag == tag, label.c.at >= start, label.c.at < end, label.c.old_by != PERSON)
    first: dict[str, Any] = {}
    for row in conn.execute(query.where(*mine).order_by(label.c.at, label.c.label_id)):
        if sees_org(scope, row.dims.get("org")):
            first.setdefault(row.record_key, row)
    return list(first.values())


def _pair(row: Any) -> Pair:
    return Pair(row.old or NOTHING, row.new or NOTHING, row.old_sure)


def _split(rows: Sequence[Any], name: Any) -> dict[str, Quality]:
    return {one: of(_pair(row) for row in rows if name(row) == one) for one in sorted({name(row) for row in rows})}


def _weeks(start: datetime, end: datetime) -> Iterable[datetime]:
    week = start
    while week < end:
        yield week
        week += WEEK


def of_tag(store: Engine, tag: str, start: datetime, end: datetime, scope: Scope = EVERYTHING) -> Measured:
    with store.connect() as conn:
        return measured(conn, tag, start, end, scope)


def dispatched(store: Engine, now: datetime) -> tuple[Share, Share]:
    """How often a proposed department was right by the random samples of the last four weeks: where it was sure enough to be
    proposed alone, and where it was the first of several."""
    with store.connect() as conn:
        said = _first(conn, "department", now - 4 * WEEK, now, EVERYTHING)
    checked = [row for row in said if row.why == "random" and row.old]
    alone = [row.old == row.new for row in checked if (row.old_sure or 0.0) >= SURE]
    first = [row.old == row.new for row in checked if (row.old_sure or 0.0) < SURE]
    return share(sum(alone), len(alone)), share(sum(first), len(first))


def untagged_of(store: Engine, tag: str, start: datetime, end: datetime) -> list[Untagged]:
    with store.connect() as conn:
        return untagged(conn, tag, start, end)


def versions(store: Engine) -> list[Mapping[str, Any]]:
    with store.connect() as conn:
        return models(conn)


def unreadable(store: Engine, tag: str) -> frozenset[int]:
    """Versions of an older program, which nobody can put in force."""
    with store.connect() as conn:
        return stored.unreadable(conn, tag)


def drifted(store: Engine, now: datetime) -> list[Drift]:
    with store.connect() as conn:
        return drifts(conn, now)
