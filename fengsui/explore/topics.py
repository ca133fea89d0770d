"""What customers suddenly talk about: phrases of a window against the time before, in the whole centre and in its larger parts.

Copies of one text and one author count once, so a flood is no topic. Only reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select

from fengsui.explore.names import is_name
from fengsui.explore.phrases import Phrase, burst, typicality
from fengsui.store.slices import ALL, UNKNOWN, level_value, slice_key
from fengsui.store.tables import feedback, feedback_text, topic
from fengsui.text.clean import is_long

WINDOW: Final = timedelta(hours=1)
BEFORE: Final = timedelta(days=7)
MOST_NOW, MOST_BEFORE = 1_200, 4_000
LEAST_TEXTS: Final = 12
"""Fewer voices in the window say nothing sudden."""
LEAST_SAYING: Final = 5
SURE: Final = 16.0
"""Nats. A window is looked at every few minutes: what one look would find by chance once in twenty would come every day."""
TOP: Final = 5
MOST_PARTS: Final = 8
EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Said:
    """One text of the window."""

    record_key: str
    text: str
    dims: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase that rose in a slice. ``customers`` who say it now, ``usual``: how many would by the share before."""

    slice_key: str
    phrase: Phrase
    customers: int
    examples: tuple[str, ...]


def find(conn: Connection, now: datetime, levels: Sequence[str], window: timedelta = WINDOW) -> list[Found]:
    """The topics of ``[now - window, now)`` in the whole and in the parts along ``levels`` (``category.1``) that have enough
    voices; the surest first, each in the largest slice where it stands out."""
    current = _voices(_texts(conn, now - window, now, MOST_NOW))
    if len(current) < LEAST_TEXTS:
        return []
    before = _voices(_texts(conn, now - window - BEFORE, now - window, MOST_BEFORE))
    names = _names(current, _living(conn))
    found = _in_slice(ALL, current, before, names)
    for level, value in _parts(current, levels):
        inside = [said for said in current if level_value(said.dims, level) == value]
        past = [said for said in before if level_value(said.dims, level) == value]
        known = {one.phrase.text for one in found}
        part = _in_slice(slice_key({level: value}), inside, past, names)
        found += [one for one in part if not any(one.phrase.text in text or text in one.phrase.text for text in known)]
    return sorted(found, key=lambda one: -one.phrase.score)


def _living(conn: Connection) -> frozenset[str]:
    """What records of living topics carry: no name that they would have anyway."""
    return frozenset(conn.execute(select(topic.c.shown).where(topic.c.ended_at.is_(None))).scalars())


def _texts(conn: Connection, start: datetime, end: datetime, most: int) -> list[Any]:
    names = ("record_key", "dims", "customer", "repeat_of", "repeat_how")
    columns = (*(feedback.c[name] for name in names), feedback_text.c.text)
    query = select(*columns).join(feedback_text, feedback_text.c.record_key == feedback.c.record_key)
    inside = (feedback.c.opened_at >= start, feedback.c.opened_at < end, feedback.c.deleted_at.is_(None))
    return list(conn.execute(query.where(*inside).order_by(feedback.c.opened_at.desc()).limit(most)))


def _voices(rows: Sequence[Any]) -> list[Said]:
    """One text of each voice, the newest. Short ones that are nearly equal are what different people say of one thing."""
    roots = [row.repeat_of if row.repeat_how != "near" or is_long(row.text) else None for row in rows]
    copied = set(filter(None, roots))
    kept: dict[str, Said] = {}
    for row, root in zip(rows, roots, strict=True):
        voice = root or (row.record_key if row.record_key in copied else None) or row.customer or row.record_key
        kept.setdefault(voice, Said(row.record_key, row.text, row.dims))
    return list(kept.values())


def _parts(current: Sequence[Said], levels: Sequence[str]) -> list[tuple[str, str]]:
    sizes = Counter((level, level_value(said.dims, level)) for level in levels for said in current)
    large = [part for part, n in sizes.most_common() if n >= LEAST_TEXTS and n < len(current) and part[1] != UNKNOWN]
    return large[:MOST_PARTS]


def _names(current: Sequence[Said], ours: frozenset[str]) -> frozenset[str]:
    """Of channels, regions, products: of the whole centre, for who chats online says "App" of a part that is not the App."""
    given = {value for said in current for value in said.dims.values()} - ours
    return frozenset(part.casefold() for value in given for part in value.split("/"))


def _in_slice(key: str, current: Sequence[Said], before: Sequence[Said], names: frozenset[str]) -> list[Found]:
    phrases = burst([said.text for said in current], [said.text for said in before], TOP, names)
    found = []
    for phrase in phrases:
        saying = [said for said in current if phrase.text in said.text.casefold()]
        if phrase.number or phrase.score < SURE or len(saying) < LEAST_SAYING:
            continue
        if is_name(phrase.text, [said.text for said in saying]):
            continue
        typical = sorted(saying, key=lambda said: -typicality(said.text, phrases))
        found.append(Found(key, phrase, len(saying), tuple(said.record_key for said in typical[:EXAMPLES])))
    return found
