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

BACK: Final = timedelta(hours=2)
"""Records so old are marked when their topic is found; what is older when its past is filled in."""


@dataclass(frozen=True, slots=True)
class Known:
    """One living topic. ``shown``: the value of the dimension; ``since``: older records do not carry it."""

    topic_id: str
    phrase: str
    folded: str
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
        the source gave stays, and a topic that lives."""
        held = dims.get(TOPIC)
        if not self.topics or (held and held not in self.over):
            return dims
        folded = fold(text)
        for one in self.topics:
            if one.folded in folded and opened_at >= one.since and cuboid_slice(dims, one.cuboid) == one.slice_key:
                return {**dims, TOPIC: one.shown}
        return dims


def load(conn: Connection) -> Living:
    rows = conn.execute(select(topic).order_by(topic.c.kind, topic.c.score.desc(), topic.c.topic_id)).all()
    alive = tuple(_known(row) for row in rows if row.ended_at is None)
    return Living(alive, frozenset(flat(row.shown) for row in rows) - {one.shown for one in alive})


def stamp() -> ColumnElement[str]:
    """Changes with every topic that begins, ends, or gets its past."""
    columns = (topic.c.topic_id, topic.c.ended_at, topic.c.marked_from)
    counts = [select(func.count(column)).scalar_subquery() for column in columns]
    first, *others = [cast(one, String) for one in counts]
    return reduce(lambda so_far, one: so_far.concat(".").concat(one), others, first)


def _known(row: Any) -> Known:
    cuboid = "|".join(sorted(slice_levels(row.slice_key))) or ALL
    since = row.marked_from or row.found_at - BACK
    return Known(row.topic_id, row.phrase, fold(row.phrase), flat(row.shown), row.slice_key, cuboid, since)
