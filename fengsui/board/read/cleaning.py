"""What cleaning did in a span, measured: rows held back, equal and near repeats, floods; each with what it is a share of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, case, func, select

from fengsui.metrics.quality import Share, share
from fengsui.store.tables import feedback, feedback_text, quarantine
from fengsui.text.clean import is_long

FLOOD: Final = 10
"""Copies of one long text within the span from which they are called a flood."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Of one source. ``texts``: records with words; ``equal`` and ``near``: copies among them; ``floods``: long texts with at
    least ``FLOOD`` copies, ``flooded``: records in them. ``held``: rows in quarantine, ``codes``: by reason."""

    source: str
    records: int
    texts: int
    equal: Share
    near: Share
    floods: int
    flooded: int
    held: Share
    codes: Mapping[str, int]


def cleaned(store: Engine, start: datetime, end: datetime) -> list[Cleaned]:
    """By source, in the order of names. Records by the time they were opened, held rows by when they first came."""
    with store.connect() as conn:
        counts, held, floods = _counts(conn, start, end), _held(conn, start, end), _floods(conn, start, end)
    return [
        _of(source, counts.get(source, (0, 0, 0, 0)), held.get(source, {}), floods.get(source, (0, 0)))
        for source in sorted({*counts, *held})
    ]


def _of(source: str, counts: tuple[int, int, int, int], codes: Mapping[str, int], floods: tuple[int, int]) -> Cleaned:
    records, texts, equal, near = counts
    rows = sum(codes.values())
    return Cleaned(source, records, texts, share(equal, texts), share(near, texts), *floods, share(rows, rows + records), codes)


def _counts(conn: Connection, start: datetime, end: datetime) -> dict[str, tuple[int, int, int, int]]:
    near = feedback.c.repeat_how == "near"
    again = feedback.c.repeat_of.is_not(None) & func.coalesce(feedback.c.repeat_how != "near", True)
    how = [func.sum(case((condition, 1), else_=0)) for condition in (again, near)]
    joined = feedback.outerjoin(feedback_text, feedback_text.c.record_key == feedback.c.record_key)
    inside = (feedback.c.opened_at >= start, feedback.c.opened_at < end, feedback.c.deleted_at.is_(None))
    query = select(feedback.c.source, func.count(), func.count(feedback_text.c.record_key), *how).select_from(joined)
    rows = conn.execute(query.where(*inside).group_by(feedback.c.source))
    return {source: (n, texts, int(equal or 0), int(near or 0)) for source, n, texts, equal, near in rows}


def _held(conn: Connection, start: datetime, end: datetime) -> dict[str, dict[str, int]]:
    query = select(quarantine.c.source, quarantine.c.code, func.count())
    rows = conn.execute(
        query.where(quarantine.c.first_at >= start, quarantine.c.first_at < end).group_by(
            quarantine.c.source, quarantine.c.code
        )
    )
    found: dict[str, dict[str, int]] = {}
    for source, code, n in rows:
        found.setdefault(source, {})[code] = int(n)
    return found


def _floods(conn: Connection, start: datetime, end: datetime) -> dict[str, tuple[int, int]]:
    """Of long texts: a short one (处理得很快，谢谢) is what many people say."""
    n = func.count().label("n")
    inside = (feedback.c.opened_at >= start, feedback.c.opened_at < end, feedback.c.repeat_of.is_not(None))
    groups = (
        select(feedback.c.source, func.max(feedback.c.record_key).label("one"), n)
        .where(*inside, feedback.c.deleted_at.is_(None))
        .group_by(feedback.c.source, feedback.c.repeat_of)
        .having(n >= FLOOD)
        .subquery()
    )
    texts = select(groups.c.source, groups.c.n, feedback_text.c.text)
    found: dict[str, tuple[int, int]] = {}
    for source, copies, text in conn.execute(texts.join(feedback_text, feedback_text.c.record_key == groups.c.one)):
        if is_long(text):
            floods, flooded = found.get(source, (0, 0))
            found[source] = floods + 1, flooded + int(copies)
    return found
