"""Living topics made ready to be found in records, as they are taken and afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, String, cast, func, select

from fengsui.settings.dimension import TOPIC
from fengsui.store.slices import ALL, cuboid_slice, flat, slice_levels
from fengsui.store.tables import topic
from fengsui.text.fold import fold
from fengsui.text.search import holds
from fengsui.text.search_words import phrases

BACK: Final = timedelta(hours=2)
"""Records so old are marked when their topic is found; what is older when its past is filled in."""


@dataclass(frozen=True, slots=True)
class Known:
    """One living topic. ``asked``: its words as the search looks for them; ``shown``: the value of the dimension; ``since``:
    older records do not carry it."""

    topic_id: str
    phrase: str
    folded: str
    asked: Sequence[Sequence[str]]
    shown: str
    slice_key: str
    cuboid: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Living:
    """``topics``: the surest first; ``over``: values of topics that ended, which a living one may take the place of."""

    topics: Sequence[Known] = ()
    over: frozenset[str] = frozenset()

    def marked(self, dims: Mapping[str, str], text: str, opened_at: datetime) -> Mapping[str, str]:
        """``dims`` with the surest topic whose phrase stands in the (masked) text and in whose slice the record lies; what
        the source gave stays, and a topic that lives. Latin letters begin a word, as the search finds them (``vip`` is not in
        ``SVIP``): what comes is counted by the rule by which the past is."""
        held = dims.get(TOPIC)
        if not self.topics or (held and held not in self.over):
            return dims
        folded = fold(text)
        for one in self.topics:
            inside = opened_at >= one.since and cuboid_slice(dims, one.cuboid) == one.slice_key
            if one.folded in folded and inside and holds(text, one.asked):
                return {**dims, TOPIC: one.shown}
        return dims


def load(conn: Connection) -> Living:
    """A phrase without a word that the search knows (``!!``) marks nothing: it would never have a past."""
    names = ("topic_id", "phrase", "shown", "slice_key", "found_at", "marked_from")
    living = select(*(topic.c[name] for name in names)).where(topic.c.ended_at.is_(None))
    rows = conn.execute(living.order_by(topic.c.kind, topic.c.score.desc(), topic.c.topic_id)).all()
    alive = tuple(one for row in rows if (one := _known(row)).asked)
    ended = conn.execute(select(topic.c.shown).where(topic.c.ended_at.is_not(None)).distinct()).scalars()
    return Living(alive, frozenset(map(flat, ended)) - {flat(row.shown) for row in rows})


def stamp() -> ColumnElement[str]:
    """Changes with every topic that begins, ends, or gets its past."""
    columns = (topic.c.topic_id, topic.c.ended_at, topic.c.marked_from)
    counts = [select(func.count(column)).scalar_subquery() for column in columns]
    first, *others = [cast(one, String) for one in counts]
    return reduce(lambda so_far, one: so_far.concat(".").concat(one), others, first)


def _known(row: Any) -> Known:
    cuboid = "|".join(sorted(slice_levels(row.slice_key))) or ALL
    since = row.marked_from or row.found_at - BACK
    folded, asked = fold(row.phrase), phrases(row.phrase)
    return Known(row.topic_id, row.phrase, folded, asked, flat(row.shown), row.slice_key, cuboid, since)
