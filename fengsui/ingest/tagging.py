"""The tagger of a store, kept up to date: lists, taxonomy, models in force, and every correction learned since."""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
SLICE_S = 0.1
"""So long a take waits for what is learned anew; a correction takes about half a millisecond."""
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Word:
    """One correction, with the text it is about."""

    label_id: str
    at: datetime
    tag: str
    truth: str
    text: str


@dataclass(slots=True)
class Taught:
    """A tagger and what it has learned. ``since``: of each tag the labels after which its layer learns; ``waiting``: words
    read and not learned yet."""

    tagger: Tagger
    basis: tuple[Any, ...]
    since: Mapping[str, datetime]
    newest: datetime
    heard: dict[str, datetime] = field(default_factory=dict)
    learned_n: int = 0
    waiting: deque[Word] = field(default_factory=deque)

    def read(self, conn: Connection) -> bool:
        """Put what is new in the queue; False where it holds what was taken back, erased or late: a layer cannot unlearn."""
        since = self.newest - LATE
        self.heard = {label_id: at for label_id, at in self.heard.items() if at > since}
        for word in words(conn, since):
            if word.label_id not in self.heard and word.at > self.since.get(word.tag, ALWAYS):
                self.heard[word.label_id] = word.at
                self.newest = max(self.newest, word.at)
                self.waiting.append(word)
        return self.learned_n + len(self.waiting) == _count(conn, self.since)

    def learn(self, seconds: float) -> bool:
        """Whether nothing is left after so long."""
        end = time.perf_counter() + seconds
        while self.waiting and time.perf_counter() < end:
            word = self.waiting.popleft()
            self.tagger.learn(word.tag, word.text, word.truth)
            self.learned_n += 1
        return not self.waiting


class Tagging:
    """Of one store and one ``Ingest``. A layer that must be learned anew is learned beside the one that speaks, a slice of
    ``SLICE_S`` at each call; the first one is learned to its end before anything is tagged."""

    def __init__(self) -> None:
        self._now: Taught | None = None
        self._next: Taught | None = None
        self._stamp = ""

    @property
    def ready(self) -> bool:
        """Whether it speaks by the lists, models and corrections that it was last asked for."""
        return self._now is not None and self._next is None and not self._now.waiting

    def tagger(self, conn: Connection, stamp: str, cues: Cues, taxonomy: tuple[int, Taxonomy]) -> Tagger:
        """The tagger as of now; what was corrected since the last call is learned first, as far as the slice goes. ``stamp``:
        nothing is read while it stays the same."""
        current = self._now
        if current is not None and self.ready and stamp == self._stamp and current.basis[:2] == (cues, taxonomy[0]):
            return current.tagger
        found = list(models.in_force(conn))
        basis = (cues, taxonomy[0], *((one.name, one.version) for one in found))
        pupil = next((one for one in (self._next, current) if one is not None and one.basis == basis), None)
        if pupil is None or not pupil.read(conn):
            pupil = _made(found, cues, taxonomy[1], basis)
            pupil.read(conn)
        done = pupil.learn(math.inf if current is None else SLICE_S)
        if done or pupil is current:
            self._now, self._next = pupil, None
        else:
            self._next = pupil
        self._stamp = stamp if done else ""
        assert self._now is not None
        return self._now.tagger


def _made(found: Sequence[models.InForce], cues: Cues, taxonomy: Taxonomy, basis: tuple[Any, ...]) -> Taught:
    """Of a version that cannot be read nothing is known: its layer learns every label."""
    speaking = lives(found)
    until = {one.name: one.labels_until for one in found}
    since = dict.fromkeys(LEARNED, ALWAYS) | {live.tag: until[live.tag] for live in speaking}
    return Taught(Tagger(cues.words, taxonomy, speaking), basis, since, min(since.values()))


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


def lives(found: Sequence[models.InForce]) -> list[Live]:
    """A body that cannot be read is left out, with a line in the log: the rules speak then."""
    speaking = []
    for one in found:
        try:
            speaking.append(Live(one.name, one.version, Base.from_bytes(one.body)))
        except ModelUnreadable as fault:
            log.error("model %s@%d: %s", one.name, one.version, fault.params["why"])
    return speaking


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
