"""Living topics as rows, and their records as a slice: a record that says the phrase carries it in the dimension ``topic``, and
detectors watch it like any other slice while it lives.

What comes is marked as it is taken (``living``); what came shortly before a topic was found is marked when it is found, and
then the weeks before, so that a detector learns what is usual and not that nobody ever spoke of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, select, tuple_, update

from fengsui.ingest import living, retag, search_index
from fengsui.ingest.fence import Fence
from fengsui.ingest.living import BACK, Living
from fengsui.ingest.retag import Change, Turn
from fengsui.settings.model import Settings
from fengsui.store.database import reading
from fengsui.store.members import in_slice
from fengsui.store.tables import audit, feedback, feedback_text, topic, watermark
from fengsui.store.upsert import upsert
from fengsui.text.search import holding

NAME: Final = "topics"
LIVES: Final = timedelta(hours=3)
"""A burst that has not stood out for so long is over."""
MOST: Final = 20
"""Sudden topics that live at once: the surest."""
PAST: Final = timedelta(days=28)
MOST_PAST: Final = 20_000
"""Records of a topic's past that are marked, the newest: beyond them its past begins later."""
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


def note(store: Engine, seen: Iterable[Seen], now: datetime, fence: Fence) -> int:
    """Write down what stands out (``seen``, the surest first), but what a person ended within ``LIVES``; what has not stood out
    for so long ends. How many topics are new."""
    with store.begin() as conn:
        fence(conn)
        alive = {(row.phrase, row.slice_key): row for row in conn.execute(_living().where(topic.c.kind == "burst"))}
        over = _ended(conn, now - LIVES)
        new = 0
        for one in seen:
            row = alive.get((one.phrase, one.slice_key))
            if (one.phrase, one.slice_key) in over or (row is None and len(alive) + new >= MOST):
                continue
            new += row is None
            upsert(conn, topic, [_row(one, row, now)])
        past = (topic.c.kind == "burst") & topic.c.ended_at.is_(None) & (topic.c.last_at < now - LIVES)
        conn.execute(update(topic).where(past).values(ended_at=now))
    return new


def mark(store: Engine, settings: Settings, turn: Callable[[], Turn]) -> Iterator[int]:
    """Records stored since the last time, or opened lately where a topic is new, get their topic: some thousand in a
    transaction, oldest tick first; how many did each time. ``turn``: asked before each. Begun again after a crash, it goes on
    where it was."""
    with reading(store).connect() as conn:
        alive = living.load(conn)
        done = conn.execute(select(watermark.c.seq, watermark.c.tag).where(watermark.c.name == NAME)).first()
    tag = _print("|".join(sorted(one.topic_id for one in alive.topics)))
    place = (int(done.seq), "") if done is not None and done.tag == tag else (0, "")
    while True:
        now, fence = turn()
        with reading(store).connect() as conn:
            newest = int(conn.execute(select(func.coalesce(func.max(feedback.c.seq), 0))).scalar_one())
            found = _candidates(conn, place, now - BACK)
            changes = _marked(conn, alive, [key for _, key in found])
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


def fill(store: Engine, settings: Settings, turn: Callable[[], Turn]) -> Iterator[int]:
    """The past of each topic that has none: records of the weeks before it that say it, as the search finds them, so many in a
    transaction; how many each time. While the search has much to catch up with nothing is filled in. Begun again after a
    crash, it finds marked what was marked."""
    with reading(store).connect() as conn:
        without = _living().where(topic.c.marked_from.is_(None))
        waiting = conn.execute(without.order_by(topic.c.kind, topic.c.score.desc(), topic.c.topic_id)).all()
        oldest = conn.execute(select(func.min(feedback.c.opened_at))).scalar()
    if not waiting or oldest is None or search_index.behind(store, search_index.AT_ONCE):
        return
    for row in waiting:
        since = max(row.found_at - PAST, oldest)
        with reading(store).connect() as conn:
            keys, since = _said_before(conn, row, since)
        for start in range(0, len(keys), retag.AT_ONCE):
            yield _write(store, settings, row, keys[start : start + retag.AT_ONCE], turn)
        _, fence = turn()
        with store.begin() as conn:
            fence(conn)
            conn.execute(update(topic).where(topic.c.topic_id == row.topic_id).values(marked_from=since))
        yield 0


def _said_before(conn: Connection, row: Any, since: datetime) -> tuple[list[str], datetime]:
    """(records that say the topic, the newest first; since when they are all of them)."""
    wanted = holding(conn, row.phrase)
    if wanted is None:
        return [], since
    mine = (feedback.c.opened_at >= since, feedback.c.deleted_at.is_(None), in_slice(row.slice_key), wanted)
    query = select(feedback.c.record_key, feedback.c.opened_at).where(*mine)
    found = conn.execute(query.order_by(feedback.c.opened_at.desc(), feedback.c.record_key).limit(MOST_PAST)).all()
    full = len(found) == MOST_PAST
    return [one.record_key for one in found], found[-1].opened_at if full else since


def _write(store: Engine, settings: Settings, row: Any, keys: Sequence[str], turn: Callable[[], Turn]) -> int:
    now, fence = turn()
    with reading(store).connect() as conn:
        alive = living.load(conn)
        alone = Living([replace(one, since=now - 2 * PAST) for one in alive.topics if one.topic_id == row.topic_id], alive.over)
        changes = _marked(conn, alone, keys)
    with store.begin() as conn:
        fence(conn)
        return retag.write(conn, settings, changes, now)


def _living() -> Any:
    return select(topic).where(topic.c.ended_at.is_(None))


def _ended(conn: Connection, since: datetime) -> set[tuple[str, str]]:
    """(phrase, slice key) of sudden topics that a person ended, as the audit says: what ended by itself may return."""
    said = conn.execute(select(audit.c.params).where(audit.c.action == ENDED, audit.c.at >= since)).scalars()
    mine = topic.c.topic_id.in_([str(params["topic"]) for params in said])
    return {(row.phrase, row.slice_key) for row in conn.execute(select(topic).where(mine, topic.c.kind == "burst"))}


def _candidates(conn: Connection, place: tuple[int, str], since: datetime) -> list[tuple[int, str]]:
    """(seq, record_key) of the first ``AT_ONCE`` with a text after ``place``."""
    seq, key = feedback.c.seq + 0, feedback.c.record_key  # + 0: sorted, else SQLite walks the index of all that is stored
    joined = select(feedback.c.seq, key).join(feedback_text, feedback_text.c.record_key == key)
    mine = joined.where(feedback.c.opened_at >= since, feedback.c.deleted_at.is_(None))
    if place != (0, ""):
        mine = mine.where(feedback.c.seq >= place[0], tuple_(seq, key) > tuple_(*place))
    return [(int(row.seq), row.record_key) for row in conn.execute(mine.order_by(seq, key).limit(AT_ONCE))]


def _marked(conn: Connection, alive: Living, keys: Iterable[str]) -> list[Change]:
    rows = retag.stored(conn, keys)
    return [Change(row, row["tags"], alive.marked(row["dims"], row["text"] or "", row["opened_at"])) for row in rows]


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
        "marked_from": before.marked_from if before is not None else None,
        "now_n": one.now_n,
        "customers": one.customers,
        "usual": one.usual,
        "score": one.score,
        "examples": list(one.examples),
    }


def _print(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()
