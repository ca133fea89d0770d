"""What is most useful to label next: where the machine is unsure, and each unlike the others; or the weekly random sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, select

from fengsui.board.scope import EVERYTHING, Scope, sees_org
from fengsui.store.tables import feedback, feedback_text, label, sample
from fengsui.text import features
from fengsui.text.tags import PERSON, source_of, sure_of

BACK: Final = timedelta(days=30)
READ: Final = 3_000
LIKE: Final = 0.5
"""Texts that share more of their trigrams teach the same."""
OFFERED: Final = 40


@dataclass(frozen=True, slots=True)
class Week:
    """A random sample. ``keys``: what is left to check for the tag, in the order drawn; ``of_n``: records it was drawn
    from."""

    name: str
    keys: tuple[str, ...]
    checked: int
    drawn: int
    of_n: int


def uncertain(conn: Connection, tag: str, now: datetime, limit: int = 20, scope: Scope = EVERYTHING) -> list[str]:
    """Keys of records, the most useful first: least sure of ``tag``, no copies, and no two alike."""
    done = select(label.c.record_key).where(label.c.tag == tag)
    query = select(feedback.c.record_key, feedback.c.tags, feedback.c.dims, feedback_text.c.text).join(
        feedback_text, feedback_text.c.record_key == feedback.c.record_key
    )
    wanted = (
        feedback.c.opened_at >= now - BACK,
        feedback.c.deleted_at.is_(None),
        feedback.c.repeat_of.is_(None),
        feedback.c.record_key.not_in(done),
    )
    rows = conn.execute(query.where(*wanted).order_by(feedback.c.opened_at.desc()).limit(READ))
    held = [row for row in rows if _askable(row.tags, tag) and sees_org(scope, row.dims.get("org"))]
    held.sort(key=lambda row: (sure_of(row.tags, tag) or 0.0, row.record_key))
    return _unlike(held[: limit * 10], limit)


def random(conn: Connection, week: str, tag: str, limit: int = 100, scope: Scope = EVERYTHING) -> list[str]:
    """What is left to check of the week's sample, in the order in which it was drawn."""
    done = select(label.c.record_key).where(label.c.tag == tag, label.c.why == "random")
    query = select(sample.c.record_key, feedback.c.dims).join(feedback, feedback.c.record_key == sample.c.record_key)
    left = query.where(sample.c.week == week, sample.c.record_key.not_in(done), feedback.c.deleted_at.is_(None))
    rows = conn.execute(left.order_by(sample.c.place))
    return [row.record_key for row in rows if sees_org(scope, row.dims.get("org"))][:limit]


def offered(store: Engine, tag: str, now: datetime, scope: Scope = EVERYTHING) -> tuple[str, ...]:
    """``uncertain``, for a page."""
    with store.connect() as conn:
        return tuple(uncertain(conn, tag, now, OFFERED, scope))


def week(store: Engine, tag: str, scope: Scope = EVERYTHING) -> Week | None:
    """The newest random sample; None before the first is drawn."""
    checked = select(label.c.record_key).where(label.c.tag == tag, label.c.why == "random")
    with store.connect() as conn:
        name = conn.execute(select(func.max(sample.c.week))).scalar()
        if name is None:
            return None
        query = (
            select(sample.c.record_key, sample.c.of_n, feedback.c.dims, sample.c.record_key.in_(checked).label("done"))
            .join(feedback, feedback.c.record_key == sample.c.record_key)
            .where(sample.c.week == name, feedback.c.deleted_at.is_(None))
            .order_by(sample.c.place)
        )
        rows = [row for row in conn.execute(query) if sees_org(scope, row.dims.get("org"))]
    left = tuple(row.record_key for row in rows if not row.done)
    return Week(name, left, len(rows) - len(left), len(rows), rows[0].of_n if rows else 0)


def _askable(tags: Any, tag: str) -> bool:
    return "untagged" not in tags and source_of(tags, tag) != PERSON


def _unlike(rows: Sequence[Any], limit: int) -> list[str]:
    """One after another those that are not like any taken before."""
    grams = features.trigrams(features.page([row.text for row in rows]))
    taken: list[tuple[str, set[int]]] = []
    for at, row in enumerate(rows):
        mine = set(grams.of(at).tolist())
        if all(len(mine & other) <= LIKE * max(min(len(mine), len(other)), 1) for _, other in taken):
            taken.append((row.record_key, mine))
        if len(taken) == limit:
            break
    return [key for key, _ in taken]
