"""Living topics as rows, and their records as a slice: a record that says the phrase carries it in the dimension ``topic``, and
detectors watch it like any other slice while it lives.

What comes is marked as it is taken (``living``); what came shortly before a topic was found is marked when it is found, and
then the weeks before, so that a detector learns what is usual and not that nobody ever spoke of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, select, tuple_, update

from fengsui.ingest import living, retag, search_index
from fengsui.ingest.fence import Fence
from fengsui.ingest.living import BACK, Living
from fengsui.ingest.retag import Change, Turn
from fengsui.settings.dimension import TOPIC
from fengsui.settings.model import Settings
from fengsui.store.database import reading
from fengsui.store.members import in_slice
from fengsui.store.slices import flat, slice_levels
from fengsui.store.tables import audit, episode, feedback, feedback_text, topic, watermark
from fengsui.store.upsert import upsert
from fengsui.text.search import holding

NAME: Final = "topics"
LEFT: Final = "topics-left"
"""The watermark that says how many (``seq``) the last look left out."""
LIVES: Final = timedelta(hours=3)
"""A burst that has not stood out for so long is over."""
MOST: Final = 20
"""Sudden topics that live at once: the surest."""
STAY: Final = 1.25
"""One that lives gives way only to one so much surer: of two that are equal by and large, neither would ever have a past."""
PAST: Final = timedelta(days=28)
MOST_PAST: Final = 20_000
"""Records of a topic's past that are marked, the newest: beyond them its past begins later."""
ENDED: Final = "topic.end"
"""What the audit calls it where a person ends a topic (``topic``: its id)."""
AT_ONCE: Final = 2_000
BEGUN: Final = "+"
"""After the watermark's tag: ``mark`` is not through."""


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
class Past:
    """Records (``keys``) that said a topic (``topic_id``) before it was found, all of them since ``since``."""

    topic_id: str
    keys: Sequence[str]
    since: datetime


def note(store: Engine, seen: Iterable[Seen], now: datetime, fence: Fence) -> int:
    """Write down what stands out (``seen``, the surest first), but what a person ended within ``LIVES``; what has not stood out
    for so long ends, and where ``MOST`` live the weakest for one that is surer. How many topics are new."""
    said = {(one.phrase, one.slice_key): one for one in seen}
    with store.begin() as conn:
        fence(conn)
        alive = {(row.phrase, row.slice_key): row for row in conn.execute(_living().where(topic.c.kind == "burst"))}
        over, burning = _ended(conn, now - LIVES), _burning(conn)
        weak = {place: _score(row, said) for place, row in alive.items() if flat(row.shown) not in burning}
        new = left = 0
        for place, one in said.items():
            if place in over:
                continue
            if place not in alive and len(alive) + new >= MOST:
                weakest = min(weak, key=lambda other: weak[other], default=None)
                if weakest is None or weak[weakest] * STAY >= one.score:
                    left += 1
                    continue
                del weak[weakest]
                _end(conn, alive.pop(weakest).topic_id, now)
            new += place not in alive
            upsert(conn, topic, [_row(one, alive.get(place), now)])
        calm = (topic.c.kind == "burst") & topic.c.ended_at.is_(None) & (topic.c.last_at < now - LIVES)
        conn.execute(update(topic).where(calm).values(ended_at=now))
        upsert(conn, watermark, [{"name": LEFT, "at": now, "seq": left}])
    return new


def mark(store: Engine, settings: Settings, turn: Callable[[], Turn]) -> Iterator[int]:
    """Records stored since the last time, or opened lately where a topic is new, get their topic: some thousand in a
    transaction, oldest tick first; how many did each time. ``turn``: asked before each. Begun again after a crash, it goes on
    where it was."""
    with reading(store).connect() as conn:
        alive = living.load(conn)
        tag, (at, done) = _names(alive), _marked_to(conn)
    place = (at, "") if done in (tag, tag + BEGUN) else (0, "")
    while True:
        now, fence = turn()
        with reading(store).connect() as conn:
            newest = int(conn.execute(select(func.coalesce(func.max(feedback.c.seq), 0))).scalar_one())
            found = _candidates(conn, place, now - BACK)
            changes = _marked(conn, alive, [key for _, key in found])
        more = len(found) >= AT_ONCE
        row = {"name": NAME, "at": now, "seq": found[-1][0] if more else newest, "tick": None, "tag": tag + BEGUN * more}
        with store.begin() as conn:
            fence(conn)
            changed = retag.write(conn, settings, changes, now)
            upsert(conn, watermark, [row])
        yield changed
        if not more:
            return
        place = found[-1]


def without_past(store: Engine) -> str | None:
    """The surest topic (``topic_id``) whose past is to be filled in; None where there is none, while ``mark`` has not been
    through with all that live, and while the search has much to catch up with."""
    with reading(store).connect() as conn:
        wanted = select(topic.c.topic_id).where(topic.c.ended_at.is_(None), topic.c.marked_from.is_(None))
        first = conn.execute(wanted.order_by(topic.c.kind, topic.c.score.desc(), topic.c.topic_id).limit(1)).scalar()
        any_record = conn.execute(select(feedback.c.record_key).limit(1)).first()
        ready = any_record is not None and first is not None and _marked_to(conn)[1] == _names(living.load(conn))
    return first if ready and not search_index.behind(store, search_index.AT_ONCE) else None


def past(store: Engine, topic_id: str, now: datetime) -> Past:
    """What the search finds of the weeks before ``now``, the newest first. Reads for long: not for the writer's thread."""
    with reading(store).connect() as conn:
        row = conn.execute(select(topic.c.phrase, topic.c.slice_key).where(topic.c.topic_id == topic_id)).one()
        since = max(now - PAST, conn.execute(select(func.min(feedback.c.opened_at))).scalar_one())
        wanted = holding(conn, row.phrase)
        if wanted is None:
            return Past(topic_id, [], since)
        mine = (feedback.c.opened_at >= since, feedback.c.deleted_at.is_(None), in_slice(row.slice_key), wanted)
        query = select(feedback.c.record_key, feedback.c.opened_at).where(*mine)
        found = conn.execute(query.order_by(feedback.c.opened_at.desc(), feedback.c.record_key).limit(MOST_PAST)).all()
    return Past(topic_id, [one.record_key for one in found], found[-1].opened_at if len(found) == MOST_PAST else since)


def fill(store: Engine, settings: Settings, found: Past, turn: Callable[[], Turn]) -> Iterator[int]:
    """Mark a topic's past, so many in a transaction; how many each time. Only then it is said to be known since then. Begun
    again after a crash, it finds marked what was marked."""
    for start in range(0, len(found.keys), retag.AT_ONCE):
        now, fence = turn()
        with reading(store).connect() as conn:
            alive = living.load(conn)
            mine = [replace(one, since=found.since) for one in alive.topics if one.topic_id == found.topic_id]
            changes = _marked(conn, Living(mine, alive.over), found.keys[start : start + retag.AT_ONCE])
        with store.begin() as conn:
            fence(conn)
            changed = retag.write(conn, settings, changes, now)
        yield changed
    _, fence = turn()
    with store.begin() as conn:
        fence(conn)
        conn.execute(update(topic).where(topic.c.topic_id == found.topic_id).values(marked_from=found.since))
    yield 0


def _living() -> Any:
    return select(topic).where(topic.c.ended_at.is_(None))


def _end(conn: Connection, topic_id: str, now: datetime) -> None:
    conn.execute(update(topic).where(topic.c.topic_id == topic_id).values(ended_at=now))


def _score(row: Any, said: Mapping[tuple[str, str], Seen]) -> float:
    """As it stands out now, else as it last did."""
    now = said.get((row.phrase, row.slice_key))
    return float(row.score) if now is None else now.score


def _burning(conn: Connection) -> set[str]:
    """Values of the dimension on which an alert lives: its end is judged by the topic's own records."""
    keys = conn.execute(select(episode.c.slice_key).where(episode.c.condition != "cleared")).scalars()
    return {value for key in keys if (value := slice_levels(key).get(TOPIC)) is not None}


def _names(alive: Living) -> str:
    return _print("|".join(sorted(one.topic_id for one in alive.topics)))


def _marked_to(conn: Connection) -> tuple[int, str | None]:
    """(tick, ``_names`` of those that records were looked through for): how far ``mark`` came."""
    done = conn.execute(select(watermark.c.seq, watermark.c.tag).where(watermark.c.name == NAME)).first()
    return (int(done.seq), done.tag) if done is not None else (0, None)


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
