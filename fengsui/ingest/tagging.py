"""The tagger of a store, kept up to date: lists, taxonomy, models in force, and every correction learned since."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, cast, func, or_, select

from fengsui.ingest import models
from fengsui.store.tables import feedback_text, label, model
from fengsui.text.cues import Cues
from fengsui.text.live import Live
from fengsui.text.model import Base, ModelUnreadable
from fengsui.text.tagger import Tagger
from fengsui.text.tags import LEARNED
from fengsui.text.taxonomy import Taxonomy

log = logging.getLogger(__name__)

LATE = timedelta(minutes=1)
"""Dashboards on other machines date their labels by their own clocks."""
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Word:
    """One correction, with the text it is about."""

    label_id: str
    at: datetime
    tag: str
    truth: str
    text: str


class Tagging:
    """Of one store and one ``Ingest``."""

    def __init__(self) -> None:
        self._tagger: Tagger | None = None
        self._stamp = ""
        self._basis: tuple[Any, ...] = ()
        self._since: dict[str, datetime] = {}
        self._heard: dict[str, datetime] = {}
        self._newest = ALWAYS
        self._learned_n = 0

    def tagger(self, conn: Connection, stamp: str, cues: Cues, taxonomy: tuple[int, Taxonomy]) -> Tagger:
        """The tagger as of now; what was corrected since the last call is learned first. ``stamp``: nothing is read while it
        stays the same."""
        if self._tagger is None or stamp != self._stamp or self._basis[:2] != (cues, taxonomy[0]):
            found = list(models.in_force(conn))
            basis = (cues, taxonomy[0], *((one.name, one.version) for one in found))
            if self._tagger is None or basis != self._basis:
                self._tagger, self._basis = self._made(found, cues, taxonomy[1]), basis
            self._learn(conn, self._tagger)
            if self._learned_n != _count(conn, self._since):  # taken back, erased, or late: a layer cannot unlearn
                self._tagger = self._made(found, cues, taxonomy[1])
                self._learn(conn, self._tagger)
            self._stamp = stamp
        return self._tagger

    def _made(self, found: Sequence[models.InForce], cues: Cues, taxonomy: Taxonomy) -> Tagger:
        self._since = dict.fromkeys(LEARNED, ALWAYS) | {one.name: one.labels_until for one in found}
        self._heard.clear()
        self._learned_n = 0
        self._newest = min(self._since.values())
        return Tagger(cues.words, taxonomy, [live for one in found if (live := _live(one)) is not None])

    def _learn(self, conn: Connection, tagger: Tagger) -> None:
        for word in self._fresh(conn):
            tagger.learn(word.tag, word.text, word.truth)
            self._learned_n += 1

    def _fresh(self, conn: Connection) -> Iterator[Word]:
        since = self._newest - LATE
        self._heard = {label_id: at for label_id, at in self._heard.items() if at > since}
        for word in words(conn, since):
            if word.label_id in self._heard or word.at <= self._since.get(word.tag, ALWAYS):
                continue
            self._heard[word.label_id] = word.at
            self._newest = max(self._newest, word.at)
            yield word


def words(conn: Connection, since: datetime) -> list[Word]:
    """Corrections after ``since`` that models learn from, in the order in which they were made."""
    columns = (label.c.label_id, label.c.at, label.c.tag, label.c.new, feedback_text.c.text)
    query = select(*columns).join(feedback_text, feedback_text.c.record_key == label.c.record_key)
    wanted = (label.c.at > since) & label.c.tag.in_(LEARNED) & label.c.new.is_not(None)
    rows = conn.execute(query.where(wanted).order_by(label.c.at, label.c.label_id))
    return [Word(row.label_id, row.at, row.tag, row.new, row.text) for row in rows]


def _count(conn: Connection, since: Mapping[str, datetime]) -> int:
    """How many words a tagger made now would learn."""
    query = select(func.count()).join_from(label, feedback_text, feedback_text.c.record_key == label.c.record_key)
    wanted = or_(*((label.c.tag == tag) & (label.c.at > at) for tag, at in since.items()))
    return int(conn.execute(query.where(wanted, label.c.new.is_not(None))).scalar_one())


def _live(one: models.InForce) -> Live | None:
    """None, and a line in the log, for a body that cannot be read: the rules speak then."""
    try:
        return Live(one.name, one.version, Base.from_bytes(one.body))
    except ModelUnreadable as fault:
        log.error("model %s@%d: %s", one.name, one.version, fault.params["why"])
        return None


def stamp() -> ColumnElement[str]:
    """Changes with every model and label: their numbers only rise, but for what is erased."""
    counts = [
        select(func.count()).select_from(model).scalar_subquery(),
        select(func.count()).where(model.c.state == models.WITHDRAWN).scalar_subquery(),
        select(func.count()).select_from(label).scalar_subquery(),
    ]
    newest = select(func.max(label.c.at)).scalar_subquery()
    first, *others = [cast(one, String) for one in (*counts, func.coalesce(cast(newest, String), ""))]
    return reduce(lambda so_far, one: so_far.concat("/").concat(one), others, first)
