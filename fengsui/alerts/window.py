"""Read the records of a slice and window, and tell how many people speak in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, case, func, or_, select

from fengsui.alerts.bodies import Weights
from fengsui.alerts.voices import Crowd, Heard, crowd, mood_of
from fengsui.metrics.voice import CUE_SHARES
from fengsui.store.members import in_slice
from fengsui.store.tables import feedback, feedback_text
from fengsui.text.clean import is_long
from fengsui.text.tags import sure_of

READ_MAX = 4000
"""The newest so many records decide; beyond them distinct customers are scaled up."""
KEYS_AT_ONCE = 5000
FURIOUS = 3
"""Band of a text (``text.tagger``) that no polite question has: 「麻烦告诉我怎么操作」 may be taken for angry (2)."""
TOLD = ("person", "rating")
COPIES_MIN = 10
LONGEST = timedelta(days=1)
USUAL = timedelta(days=7)

_COLUMNS = (
    feedback.c.record_key,
    feedback.c.kind,
    feedback.c.opened_at,
    feedback.c.first_stored_at,
    feedback.c.customer,
    feedback.c.repeat_of,
    feedback.c.customer_tier,
    feedback.c.dims,
    feedback.c.tags,
    feedback.c.ratings,
)
_OF_STAFF = (feedback.c.extra["customers"].as_string().label("met"), feedback.c.extra["by"].as_string().label("by"))


def read(
    conn: Connection,
    metric: str,
    slice_key: str,
    start: datetime,
    end: datetime,
    weights: Weights,
    cues: Collection[str] = (),
    *,
    known_at: datetime | None = None,
) -> Crowd:
    """The records that ``metric`` counts in the slice, opened in ``[start, end)`` (at most a day). ``cues``: only those
    with one of them; ``known_at``: only those that had come by then."""
    start = max(start, end - LONGEST)
    where = and_(_within(metric, slice_key, start, end), _with_cue(cues))
    if known_at is not None:
        where = and_(where, feedback.c.first_stored_at <= known_at)
    n = conn.scalar(select(func.count()).select_from(feedback).where(where)) or 0
    newest = select(*_COLUMNS).where(where).order_by(feedback.c.opened_at.desc(), feedback.c.record_key).limit(READ_MAX)
    return crowd(_told_apart(conn, list(map(_heard, conn.execute(newest).mappings()))), n, weights)


def of_keys(conn: Connection, keys: Collection[str], weights: Weights) -> Crowd:
    """The crowd of named records (phrase and record rules)."""
    found: list[Heard] = []
    for some in in_parts(keys):
        rows = conn.execute(select(*_COLUMNS, *_OF_STAFF).where(feedback.c.record_key.in_(some))).mappings()
        found += map(_heard, rows)
    heard = _told_apart(conn, found)
    return crowd(heard, len(heard), weights)


def in_parts(keys: Iterable[str]) -> Iterator[list[str]]:
    """As many as one statement of any store takes: PostgreSQL has 65 535 parameters, SQLite may have half of them."""
    listed = list(keys)
    return (listed[start : start + KEYS_AT_ONCE] for start in range(0, len(listed), KEYS_AT_ONCE))


def _told_apart(conn: Connection, heard: list[Heard]) -> list[Heard]:
    """Records of one long text are one voice, whatever names it was sent under: five words may be equal by chance, a
    paragraph is copied. Who sends several of them is one voice still. Asked only where one text is there many times."""
    counted = Counter(one.repeat_of for one in heard if one.repeat_of)
    roots = [root for root, n in counted.items() if n + 1 >= COPIES_MIN]
    if not roots:
        return heard
    query = select(feedback_text.c.record_key, feedback_text.c.text).where(feedback_text.c.record_key.in_(roots))
    long = {key for key, words in conn.execute(query).tuples() if is_long(words)}
    copied = {one.record_key: root for one in heard if (root := one.repeat_of or one.record_key) in long}
    authors: dict[str, str] = {}
    for one in heard:
        if one.customer and one.record_key in copied:
            authors[one.customer] = min(authors.get(one.customer, copied[one.record_key]), copied[one.record_key])
    return [replace(one, copied=authors.get(one.customer or "", copied.get(one.record_key))) for one in heard]


def usual_staff_share(conn: Connection, metric: str, slice_key: str, before: datetime, weights: Weights) -> float:
    """Share of staff entries among the slice's records of the week before; 0 where there were none."""
    channel = feedback.c.dims["channel"].as_string()
    staff = or_(feedback.c.kind.in_(weights.staff_kinds), channel.in_(weights.staff_channels))
    counted = select(func.count(), func.sum(case((staff, 1), else_=0)))
    total, entered = conn.execute(counted.where(_within(metric, slice_key, before - USUAL, before))).one()
    return float(entered or 0) / total if total else 0.0


def usual_cue_n(
    conn: Connection, metric: str, slice_key: str, before: datetime, length: timedelta, cues: Collection[str]
) -> float:
    """How many records with one of ``cues`` a window of ``length`` had on average in the week before."""
    week = and_(_within(metric, slice_key, before - USUAL, before), _with_cue(cues))
    n, first = conn.execute(select(func.count(), func.min(feedback.c.opened_at)).where(week)).one()
    known = max(before - first, length) if first else USUAL
    return float(n) * (length / known)


def _within(metric: str, slice_key: str, start: datetime, end: datetime) -> ColumnElement[bool]:
    counted = [feedback.c.deleted_at.is_(None), feedback.c.state != "cancelled"]
    if metric == "complaints":
        counted.append(feedback.c.kind == "complaint")
    if metric == "negatives":
        counted.append(feedback.c.tags["sentiment"].as_string() == "negative")
    if metric in CUE_SHARES:
        counted.append(feedback.c.tags["untagged"].as_string().is_(None))
    return and_(feedback.c.opened_at >= start, feedback.c.opened_at < end, in_slice(slice_key), *counted)


def _with_cue(cues: Iterable[str]) -> ColumnElement[bool]:
    tests = [feedback.c.tags["cues"][cue].as_string().is_not(None) for cue in cues]
    return or_(*tests) if tests else and_(True)


def _heard(row: RowMapping) -> Heard:
    tags: dict[str, Any] = row["tags"]
    mood, rated = mood_of(tags, row["ratings"])
    return Heard(
        record_key=row["record_key"],
        kind=row["kind"],
        opened_at=row["opened_at"],
        lag_s=(row["first_stored_at"] - row["opened_at"]).total_seconds(),
        customer=row["customer"],
        repeat_of=row["repeat_of"],
        customer_tier=row["customer_tier"],
        dims=row["dims"],
        cues=tuple(tags.get("cues") or ()),
        mood=mood,
        rated=rated,
        attested=rated or tags.get("src", {}).get("sentiment") in TOLD or int(tags.get("band") or 0) >= FURIOUS,
        department=tags.get("department"),
        department_sure=sure_of(tags, "department") or 0.5,
        met=_met(row),
    )


def _met(row: RowMapping) -> tuple[str, int] | None:
    """``2-3`` of the form are two at least (``board.report``); only a report of staff says it."""
    at_least = re.match(r"[0-9]{1,4}", row.get("met") or "") if row["kind"] == "staff_report" else None
    return (row["by"] or row["record_key"], int(at_least[0])) if at_least else None
