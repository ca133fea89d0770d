"""Living topics as rows, and their records as a slice: where settings have a dimension ``topic``, a record that says the phrase
carries it there, and detectors watch it like any other slice while it lives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, select, tuple_, update

from fengsui.ingest import retag
from fengsui.ingest.fence import Fence
from fengsui.ingest.retag import Change, Turn
from fengsui.ingest.tag_dims import TOPIC
from fengsui.settings.model import Settings
from fengsui.store.database import reading
from fengsui.store.slices import ALL, cuboid_slice, slice_levels
from fengsui.store.tables import audit, feedback, feedback_text, topic, watermark
from fengsui.store.upsert import upsert
from fengsui.text.fold import fold

NAME: Final = "topics"
LIVES: Final = timedelta(hours=3)
"""A burst that has not stood out for so long is over."""
BACK: Final = timedelta(hours=2)
"""Records so old are marked when their topic is found."""
ENDED: Final = "topic.end"
"""What the audit calls it where a person ends a topic (``topic``: its id)."""
AT_ONCE: Final = 2_000


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


@dataclass(frozen=True, slots=True)
class Known:
    """A living topic, made ready to be looked for in many records. ``shown``: the value of the dimension."""

    topic_id: str
    folded: str
    shown: str
    slice_key: str
    cuboid: str


def note(store: Engine, seen: Iterable[Seen], now: datetime, fence: Fence) -> int:
    """Write down what stands out, but what a person ended within ``LIVES``; what has not stood out for so long ends. How many
    topics are new."""
    with store.begin() as conn:
        fence(conn)
        alive = {(row.phrase, row.slice_key): row for row in conn.execute(_living().where(topic.c.kind == "burst"))}
        over = _ended(conn, now - LIVES)
        new = 0
        for one in seen:
            if (one.phrase, one.slice_key) in over:
                continue
            row = alive.get((one.phrase, one.slice_key))
            new += row is None
            upsert(conn, topic, [_row(one, row, now)])
        past = (topic.c.kind == "burst") & topic.c.ended_at.is_(None) & (topic.c.last_at < now - LIVES)
        conn.execute(update(topic).where(past).values(ended_at=now))
    return new


def mark(store: Engine, settings: Settings, turn: Callable[[], Turn]) -> Iterator[int]:
    """Records stored since the last time, or opened lately where a topic is new, get their topic: some thousand in a
    transaction, oldest tick first; how many did each time. ``turn``: asked before each. Begun again after a crash, it goes on
    where it was."""
    if TOPIC not in settings.dimension_names:
        return
    with reading(store).connect() as conn:
        topics = [_known(row) for row in conn.execute(_living().order_by(topic.c.score.desc(), topic.c.topic_id))]
        done = conn.execute(select(watermark.c.seq, watermark.c.tag).where(watermark.c.name == NAME)).first()
    tag = _print("|".join(sorted(one.topic_id for one in topics)))
    place = (int(done.seq), "") if done is not None and done.tag == tag else (0, "")
    while True:
        now, fence = turn()
        with reading(store).connect() as conn:
            newest = int(conn.execute(select(func.coalesce(func.max(feedback.c.seq), 0))).scalar_one())
            found = _candidates(conn, place, now - BACK)
            changes = [_marked(row, topics) for row in retag.stored(conn, (key for _, key in found))]
        more = len(found) >= AT_ONCE
        seq = found[-1][0] if more else newest
        with store.begin() as conn:
            fence(conn)
            changed = retag.write(conn, settings, changes, now)
            upsert(conn, watermark, [{"name": NAME, "at": now, "seq": seq, "tick": None, "tag": tag}])
        yield changed
        if not more:
            return
        place = found[-1]


def _living() -> Any:
    return select(topic).where(topic.c.ended_at.is_(None))


def _ended(conn: Connection, since: datetime) -> set[tuple[str, str]]:
    """(phrase, slice key) of sudden topics that a person ended, as the audit says: what ended by itself may return."""
    said = conn.execute(select(audit.c.params).where(audit.c.action == ENDED, audit.c.at >= since)).scalars()
    mine = topic.c.topic_id.in_([str(params["topic"]) for params in said])
    return {(row.phrase, row.slice_key) for row in conn.execute(select(topic).where(mine, topic.c.kind == "burst"))}


def _known(row: Any) -> Known:
    cuboid = "|".join(sorted(slice_levels(row.slice_key))) or ALL
    return Known(row.topic_id, fold(row.phrase), row.shown.replace("/", " "), row.slice_key, cuboid)


def _candidates(conn: Connection, place: tuple[int, str], since: datetime) -> list[tuple[int, str]]:
    """(seq, record_key) of the first ``AT_ONCE`` with a text after ``place``."""
    seq, key = feedback.c.seq + 0, feedback.c.record_key  # + 0: sorted, else SQLite walks the index of all that is stored
    joined = select(feedback.c.seq, key).join(feedback_text, feedback_text.c.record_key == key)
    mine = joined.where(feedback.c.opened_at >= since, feedback.c.deleted_at.is_(None))
    if place != (0, ""):
        mine = mine.where(feedback.c.seq >= place[0], tuple_(seq, key) > tuple_(*place))
    return [(int(row.seq), row.record_key) for row in conn.execute(mine.order_by(seq, key).limit(AT_ONCE))]


def _marked(row: dict[str, Any], topics: Sequence[Known]) -> Change:
    """The surest topic whose phrase stands in the text and in whose slice the record lies; what the source gave stays."""
    text, dims = fold(row["text"] or ""), row["dims"]
    if not dims.get(TOPIC):
        for one in topics:
            if one.folded in text and cuboid_slice(dims, one.cuboid) == one.slice_key:
                return Change(row, row["tags"], {**dims, TOPIC: one.shown})
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
