"""Living topics as rows, and their records as a slice: where settings have a dimension ``topic``, a record that says the phrase
carries it there, and detectors watch it like any other slice while it lives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, select, update

from fengsui.ingest import retag
from fengsui.ingest.fence import Fence
from fengsui.ingest.retag import Change
from fengsui.settings.model import Settings
from fengsui.store.database import reading
from fengsui.store.slices import ALL, cuboid_slice, slice_levels
from fengsui.store.tables import feedback, feedback_text, topic, watermark
from fengsui.store.upsert import upsert
from fengsui.text.fold import fold

DIMENSION: Final = "topic"
NAME: Final = "topics"
LIVES: Final = timedelta(hours=3)
"""A burst that has not stood out for so long is over."""
BACK: Final = timedelta(hours=2)
"""Records so old are marked when their topic is found."""
AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Seen:
    """A phrase that stands out in a slice now."""

    phrase: str
    shown: str
    slice_key: str
    now_n: int
    customers: int
    usual: float
    score: float
    examples: Sequence[str]


def note(store: Engine, seen: Iterable[Seen], now: datetime, fence: Fence) -> int:
    """Write down what stands out; what has not for ``LIVES`` ends. How many topics are new."""
    with store.begin() as conn:
        fence(conn)
        alive = {(row.phrase, row.slice_key): row for row in conn.execute(_living().where(topic.c.kind == "burst"))}
        new = 0
        for one in seen:
            row = alive.get((one.phrase, one.slice_key))
            new += row is None
            upsert(conn, topic, [_row(one, row, now)])
        over = (topic.c.kind == "burst") & topic.c.ended_at.is_(None) & (topic.c.last_at < now - LIVES)
        conn.execute(update(topic).where(over).values(ended_at=now))
    return new


def mark(store: Engine, settings: Settings, now: datetime, fence: Fence) -> int:
    """Records stored since the last time, or opened lately where a topic is new, get their topic; how many did."""
    if DIMENSION not in settings.dimension_names:
        return 0
    with reading(store).connect() as conn:
        topics = list(conn.execute(_living().order_by(topic.c.score.desc(), topic.c.topic_id)))
        done = conn.execute(select(watermark.c.seq, watermark.c.tag).where(watermark.c.name == NAME)).first()
        tag = "|".join(sorted(row.topic_id for row in topics))
        fresh = done is None or done.tag != _print(tag)
        since = func.coalesce(select(func.max(feedback.c.seq)).scalar_subquery(), 0)
        newest = int(conn.execute(select(since)).scalar_one())
        keys = _candidates(conn, 0 if fresh else int(done.seq) if done else 0, now - BACK)
        changes = [change for row in retag.stored(conn, keys) if (change := _marked(row, topics)).any]
    with store.begin() as conn:
        fence(conn)
        changed = retag.write(conn, settings, changes, now)
        upsert(conn, watermark, [{"name": NAME, "at": now, "seq": newest, "tick": None, "tag": _print(tag)}])
    return changed


def _living() -> Any:
    return select(topic).where(topic.c.ended_at.is_(None))


def _candidates(conn: Connection, after: int, since: datetime) -> list[str]:
    joined = select(feedback.c.record_key).join(feedback_text, feedback_text.c.record_key == feedback.c.record_key)
    mine = joined.where(feedback.c.seq >= after, feedback.c.opened_at >= since, feedback.c.deleted_at.is_(None))
    return list(conn.execute(mine.limit(20 * AT_ONCE)).scalars())


def _marked(row: dict[str, Any], topics: Sequence[Any]) -> Change:
    """The surest topic whose phrase stands in the text and in whose slice the record lies; what the source gave stays."""
    text, dims = fold(row["text"] or ""), row["dims"]
    if not dims.get(DIMENSION):
        for one in topics:
            cuboid = "|".join(sorted(slice_levels(one.slice_key))) or ALL
            if fold(one.phrase) in text and cuboid_slice(dims, cuboid) == one.slice_key:
                return Change(row, row["tags"], {**dims, DIMENSION: one.shown.replace("/", " ")})
    return Change(row, row["tags"], dims)


def _row(one: Seen, before: Any, now: datetime) -> dict[str, Any]:
    found = before.found_at if before is not None else now
    identity = f"{one.phrase}\0{one.slice_key}\0{found.isoformat()}"
    return {
        "topic_id": before.topic_id if before is not None else _print(identity),
        "phrase": one.phrase,
        "shown": one.shown,
        "slice_key": one.slice_key,
        "kind": "burst",
        "found_at": found,
        "last_at": now,
        "ended_at": None,
        "now_n": one.now_n,
        "customers": one.customers,
        "usual": one.usual,
        "score": one.score,
        "examples": list(one.examples),
    }


def _print(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()
