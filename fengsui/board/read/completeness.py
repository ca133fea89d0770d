"""Which fields a source fills: customer, words, and every dimension of the centre, over its newest records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select

from fengsui.settings import Settings
from fengsui.store.tables import feedback, feedback_text

NEWEST, BACK = 2_000, timedelta(days=7)
PLAIN = ("customer", "text")


@dataclass(frozen=True, slots=True)
class Completeness:
    """``shares``: (field, share of records that have it), the emptiest first; ``never``: fields that no record has. Fields are
    dimensions, ``customer`` and ``text``. ``n``: records looked at."""

    n: int
    shares: tuple[tuple[str, float], ...]
    never: tuple[str, ...]


def completeness(store: Engine, settings: Settings, source: str, now: datetime) -> Completeness:
    """Of the newest 2,000 records of the last seven days."""
    mine = (feedback.c.source == source) & (feedback.c.opened_at >= now - BACK) & (feedback.c.opened_at <= now)
    columns = (feedback.c.record_key, feedback.c.customer, feedback.c.dims)
    newest = select(*columns).where(mine, feedback.c.deleted_at.is_(None)).order_by(feedback.c.opened_at.desc()).limit(NEWEST)
    rows = newest.subquery()
    dims = [func.count(func.nullif(rows.c.dims[name].as_string(), "")) for name in settings.delivered]
    joined = rows.outerjoin(feedback_text, feedback_text.c.record_key == rows.c.record_key)
    query = select(func.count(), func.count(rows.c.customer), func.count(feedback_text.c.record_key), *dims).select_from(joined)
    with store.connect() as conn:
        n, *filled = conn.execute(query).one()
    counts = dict(zip((*PLAIN, *settings.delivered), filled, strict=True))
    shares = [(name, count / n) for name, count in counts.items() if count]
    never = tuple(name for name, count in counts.items() if n and not count)
    return Completeness(n, tuple(sorted(shares, key=lambda pair: pair[1])), never)
