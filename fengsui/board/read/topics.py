"""Living topics with what stands behind them: how many people say it now and by the hour, and in whose (masked) words.

A person counts once an hour, and so does one text however often it was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, select

from fengsui.board import watch
from fengsui.board.read.search import holding
from fengsui.board.scope import Scope, sees_org
from fengsui.store.members import in_slice
from fengsui.store.slices import ALL
from fengsui.store.tables import feedback, feedback_text
from fengsui.text.clean import is_long
from fengsui.text.fold import fold

HOUR: Final = timedelta(hours=1)
HOURS: Final = 24
MOST: Final = 2_000
"""Records of a topic that are read, the newest."""
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
    one is ``now_n``; ``usual``: of an hour before, on average."""

    topic_id: str
    kind: str
    shown: str
    slice_key: str
    found_at: datetime
    line: tuple[int, ...]
    examples: tuple[Example, ...]

    @property
    def now_n(self) -> int:
        return self.line[-1]

    @property
    def usual(self) -> float:
        return sum(self.line[:-1]) / (len(self.line) - 1)


def living(store: Engine, scope: Scope, now: datetime) -> list[Topic]:
    """Sudden ones, the surest first, then watched ones by name. Who is bound to an organisation hears what was said there;
    a sudden topic that nobody there speaks of is not theirs."""
    with store.connect() as conn:
        return of(conn, scope, now)


def of(conn: Connection, scope: Scope, now: datetime, place: str = ALL) -> list[Topic]:
    """As ``living``, of the records of a slice only."""
    rows = watch.living(conn)
    sudden = [row for row in rows if row["kind"] == "burst"][: 3 * SUDDEN]
    watched = sorted((row for row in rows if row["kind"] == "watch"), key=lambda row: row["shown"].casefold())
    bursts = [one for row in sudden if any((one := _topic(conn, row, scope, now, place)).line)]
    return [*bursts[:SUDDEN], *(_topic(conn, row, scope, now, place) for row in watched)]


def _topic(conn: Connection, row: dict[str, Any], scope: Scope, now: datetime, place: str) -> Topic:
    said = [one for one in _said(conn, row, now, place) if sees_org(scope, one.dims.get("org"))]
    heard: list[set[str]] = [set() for _ in range(HOURS)]
    examples: dict[str, Example] = {}
    roots = {root for one in said if (root := _root(one))}
    for one in said:
        voice = _root(one) or (one.record_key if one.record_key in roots else None) or one.customer or one.record_key
        heard[HOURS - 1 - min(HOURS - 1, int((now - one.opened_at) / HOUR))].add(voice)
        examples.setdefault(voice, Example(one.record_key, one.opened_at, one.dims.get("channel"), one.text))
    line = tuple(map(len, heard))
    few = tuple(examples.values())[:EXAMPLES]
    return Topic(row["topic_id"], row["kind"], row["shown"], row["slice_key"], row["found_at"], line, few)


def _root(one: Any) -> str | None:
    """Of a copy. Short texts that are nearly equal are what different people say of one thing."""
    return one.repeat_of if one.repeat_how != "near" or is_long(one.text) else None


def _said(conn: Connection, row: dict[str, Any], now: datetime, place: str) -> Sequence[Any]:
    """The newest first, with the phrase as it stands: the index knows words, not what lies between them."""
    wanted = holding(conn, row["phrase"])
    if wanted is None:
        return []
    names = ("record_key", "opened_at", "dims", "customer", "repeat_of", "repeat_how")
    query = select(*(feedback.c[name] for name in names), feedback_text.c.text)
    query = query.join(feedback_text, feedback_text.c.record_key == feedback.c.record_key)
    lately = (feedback.c.opened_at > now - HOURS * HOUR, feedback.c.opened_at <= now, feedback.c.deleted_at.is_(None))
    query = query.where(*lately, wanted, in_slice(place), in_slice(row["slice_key"]))
    phrase = fold(row["phrase"])
    found = conn.execute(query.order_by(feedback.c.opened_at.desc(), feedback.c.record_key).limit(MOST))
    return [one for one in found if phrase in fold(one.text)]
