"""Living topics with what stands behind them: how many people say it now and by the hour, and in whose (masked) words.

A person counts once an hour, and so does one text however often it was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Engine, Select, and_, or_, select

from fengsui.board import watch
from fengsui.board.scope import Scope, org_slice
from fengsui.store.members import in_slice, is_in
from fengsui.store.tables import feedback, feedback_text
from fengsui.text.clean import is_long
from fengsui.text.fold import fold
from fengsui.text.search import holding, holds
from fengsui.text.search_words import phrases

Row: TypeAlias = dict[str, Any]

HOUR: Final = timedelta(hours=1)
HOURS: Final = 24
MOST: Final = 2_000
"""Records of a topic that are read, the newest."""
MOST_ALL: Final = 20_000
"""Records in which all topics are looked for at once, the newest."""
SUDDEN: Final = 12
"""So many sudden topics are shown; watched ones all."""
EXAMPLES: Final = 2


@dataclass(frozen=True, slots=True)
class Example:
    record_key: str
    at: datetime
    channel: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Topic:
    """``kind``: ``burst`` found, ``watch`` asked for. ``line``: people of each of the last ``HOURS``, the last
    one is ``now_n``; None where not all records of the hour were read. ``usual``: of an hour before, on average of those
    known, None where none is."""

    topic_id: str
    kind: str
    shown: str
    slice_key: str
    found_at: datetime
    line: tuple[int | None, ...]
    examples: tuple[Example, ...]

    @property
    def now_n(self) -> int:
        return self.line[-1] or 0

    @property
    def usual(self) -> float | None:
        known = [n for n in self.line[:-1] if n is not None]
        return sum(known) / len(known) if known else None


@dataclass(frozen=True, slots=True)
class _Read:
    """Records, the newest first; ``cut``: when the last one was opened where older ones were left out."""

    said: Sequence[Any]
    cut: datetime | None


def living(store: Engine, scope: Scope, now: datetime) -> list[Topic]:
    """Sudden ones, the surest first, then watched ones by name. Who is bound to an organisation hears what was said there;
    a sudden topic that nobody there speaks of is not theirs."""
    with store.connect() as conn:
        return _shown(watch.living(conn), lambda row: _holding(conn, row, scope, now), now)


def left_out(store: Engine) -> int:
    """Sudden topics of the centre beyond those that ``living`` lists: they live or stood out, and others are surer."""
    with store.connect() as conn:
        alive = len([row for row in watch.living(conn) if row["kind"] == "burst"])
        return max(0, alive - SUDDEN) + watch.left_out(conn)


def of_views(conn: Connection, views: Sequence[str], now: datetime) -> dict[str, list[Topic]]:
    """slice -> as ``living``, of the records of the slice. The texts are read once for all slices and topics."""
    rows = watch.living(conn)
    read = _all(conn, rows, now)
    return {view: _shown(rows, partial(_inside, read, view), now) for view in views}


def _shown(rows: Sequence[Row], read: Callable[[Row], _Read], now: datetime) -> list[Topic]:
    sudden = [row for row in rows if row["kind"] == "burst"][: 3 * SUDDEN]
    watched = sorted((row for row in rows if row["kind"] == "watch"), key=lambda row: row["shown"].casefold())
    bursts = [one for row in sudden if any((one := _topic(row, read(row), now)).line)]
    return [*bursts[:SUDDEN], *(_topic(row, read(row), now) for row in watched)]


def _topic(row: Row, read: _Read, now: datetime) -> Topic:
    heard: list[set[str]] = [set() for _ in range(HOURS)]
    examples: dict[str, Example] = {}
    roots = {root for one in read.said if (root := _root(one))}
    for one in read.said:
        voice = _root(one) or (one.record_key if one.record_key in roots else None) or one.customer or one.record_key
        heard[_hour(one.opened_at, now)].add(voice)
        examples.setdefault(voice, Example(one.record_key, one.opened_at, one.dims.get("channel"), one.text))
    known = 0 if read.cut is None else min(_hour(read.cut, now) + 1, HOURS - 1)
    line = tuple(len(voices) if n >= known else None for n, voices in enumerate(heard))
    few = tuple(examples.values())[:EXAMPLES]
    return Topic(row["topic_id"], row["kind"], row["shown"], row["slice_key"], row["found_at"], line, few)


def _hour(at: datetime, now: datetime) -> int:
    """Place in the line."""
    return HOURS - 1 - min(HOURS - 1, int((now - at) / HOUR))


def _root(one: Any) -> str | None:
    """Of a copy. Short texts that are nearly equal are what different people say of one thing."""
    return one.repeat_of if one.repeat_how != "near" or is_long(one.text) else None


def _holding(conn: Connection, row: Row, scope: Scope, now: datetime) -> _Read:
    """With the phrase as it stands: the index knows words, not what lies between them."""
    wanted = holding(conn, row["phrase"])
    if wanted is None:
        return _Read([], None)
    mine = or_(*(in_slice(org_slice(place)) for place in scope)) if scope else and_(True)
    found = conn.execute(_lately(now).where(wanted, mine, in_slice(row["slice_key"])).limit(MOST)).all()
    phrase = fold(row["phrase"])
    cut = found[-1].opened_at if len(found) == MOST else None
    return _Read([one for one in found if phrase in fold(one.text)], cut)


def _all(conn: Connection, rows: Sequence[Row], now: datetime) -> dict[str, _Read]:
    """topic -> the records that hold its phrase."""
    asked = [(row["topic_id"], fold(row["phrase"]), phrases(row["phrase"])) for row in rows]
    asked = [one for one in asked if one[2]]
    said: dict[str, list[Any]] = {row["topic_id"]: [] for row in rows}
    n, last = 0, None
    for one in conn.execute(_lately(now).limit(MOST_ALL).execution_options(yield_per=1000)) if asked else ():
        n, last = n + 1, one.opened_at
        text = fold(one.text)
        for topic_id, phrase, words in asked:
            if phrase in text and holds(one.text, words):
                said[topic_id].append(one)
    cut = last if n == MOST_ALL else None
    return {topic_id: _Read(found, cut) for topic_id, found in said.items()}


def _inside(read: Mapping[str, _Read], view: str, row: Row) -> _Read:
    mine = read[row["topic_id"]]
    return _Read([one for one in mine.said if is_in(one.dims, view) and is_in(one.dims, row["slice_key"])], mine.cut)


def _lately(now: datetime) -> Select[Any]:
    names = ("record_key", "opened_at", "dims", "customer", "repeat_of", "repeat_how")
    query = select(*(feedback.c[name] for name in names), feedback_text.c.text)
    query = query.join(feedback_text, feedback_text.c.record_key == feedback.c.record_key)
    lately = (feedback.c.opened_at > now - HOURS * HOUR, feedback.c.opened_at <= now, feedback.c.deleted_at.is_(None))
    return query.where(*lately).order_by(feedback.c.opened_at.desc(), feedback.c.record_key)
