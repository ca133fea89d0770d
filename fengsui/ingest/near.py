"""The texts of the last day, source by source, held to find those that nearly repeat one of them.

Held in memory and never stored: what is here is a function of the rows (of a source, opened in the ``SPAN`` before its newest
record: the newest ``MOST`` texts that repeat no other, and the first ``VARIANTS`` that nearly repeat each), so after a restart
the same texts are found again.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection, func, select

from fengsui.store.tables import feedback, feedback_text
from fengsui.text.near import Print, are_near, likeness, prints

EQUAL, NEAR = "equal", "near"
SPAN: Final = timedelta(days=1)
MOST: Final = 8_000
"""About three kilobytes each."""
VARIANTS: Final = 12
"""Whoever edits one text again and again makes two that are further from each other than each is from the first."""
AKIN: Final = 0.5
"""So like the first one a text must be, however like a variant: a chain of edits does not lead anywhere."""
COMPARED: Final = 8
"""Of the texts that share a band, those that share most are looked at."""
CROWDED: Final = 32
"""A band of more texts is a form's own wording, and says nothing."""


@dataclass(frozen=True, slots=True)
class Held:
    """``root``: the record that it repeats, or itself. ``print`` None: too short to be near to any, but one of the newest.
    ``own``: hash of the numbers that are a customer's own (``feedback_text.own_hash``)."""

    opened_at: datetime
    print: Print | None
    root: str
    own: str | None = None


class Window:
    """Of one source."""

    def __init__(self, newest: datetime | None) -> None:
        self.newest = newest
        self._held: dict[str, Held] = {}
        self._banded: dict[int, list[str]] = {}
        self._variants: Counter[str] = Counter()
        self._order: list[tuple[datetime, str]] = []

    def __len__(self) -> int:
        return len(self._held)

    def moves(self, opened_at: datetime, now: datetime) -> None:
        """A record was opened then; one that lies ahead of the clock moves nothing."""
        if opened_at <= now and (self.newest is None or opened_at > self.newest):
            self.newest = opened_at
            while self._order and self._late(self._order[0][0]):
                self._pop()

    def first(self, key: str, opened_at: datetime, one: Print | None, own: str | None = None) -> str:
        """The record whose text ``one`` nearly repeats, else ``key`` itself; held from now on."""
        if self._late(opened_at):
            return key
        root = key if one is None else self._like(one, own) or key
        self.hold(key, Held(opened_at, one, root, own))
        return root

    def hold(self, key: str, one: Held) -> None:
        self.forget(key)
        if one.root != key:
            if self._variants[one.root] >= VARIANTS:
                return
            self._variants[one.root] += 1
        self._held[key] = one
        for band in one.print.bands if one.print is not None else ():
            self._banded.setdefault(band, []).append(key)
        heapq.heappush(self._order, (one.opened_at, key))
        while len(self._held) - self._variants.total() > MOST:
            self._pop()

    def forget(self, key: str) -> None:
        """Its place in the order stays until it comes to the front."""
        one = self._held.pop(key, None)
        if one is None:
            return
        if one.root != key:
            self._variants[one.root] -= 1
        for band in one.print.bands if one.print is not None else ():
            keys = self._banded[band]
            keys.remove(key)
            if not keys:
                del self._banded[band]

    def _like(self, one: Print, own: str | None) -> str | None:
        lists = (self._banded.get(band, ()) for band in one.bands)
        shared = Counter(chain.from_iterable(keys for keys in lists if len(keys) <= CROWDED))
        if len(shared) > COMPARED:
            shared = Counter({key: n for key, n in shared.items() if n > 1})
        best = heapq.nsmallest(COMPARED, shared, key=lambda key: (-shared[key], self._held[key].opened_at, key))
        return next((self._held[key].root for key in best if self._repeats(one, own, key)), None)

    def _repeats(self, one: Print, own: str | None, key: str) -> bool:
        held = self._held[key]
        first = self._held.get(held.root)
        if first is None or not own == held.own == first.own:  # one form, filled in by two people
            return False
        if first.print is None or held.print is None or not are_near(one, held.print):
            return False
        return first is held or likeness(one, first.print) >= AKIN

    def _pop(self) -> None:
        at, oldest = heapq.heappop(self._order)
        if oldest in self._held and self._held[oldest].opened_at == at:
            self.forget(oldest)

    def _late(self, opened_at: datetime) -> bool:
        return self.newest is not None and opened_at < self.newest - SPAN


class Windows:
    """Of one ``Ingest``. What is held belongs to committed rows: after a fault forget it all."""

    def __init__(self) -> None:
        self._windows: dict[str, Window] = {}

    def of(self, conn: Connection, source: str) -> Window:
        if source not in self._windows:
            self._windows[source] = _read(conn, source)
        return self._windows[source]

    def forget(self) -> None:
        self._windows.clear()


def _read(conn: Connection, source: str) -> Window:
    mine = feedback.c.source == source
    known = select(feedback.c.opened_at).join(feedback_text, feedback_text.c.record_key == feedback.c.record_key)
    known = known.where(mine, feedback.c.opened_at <= feedback.c.first_stored_at)
    newest = conn.execute(known.order_by(feedback.c.opened_at.desc()).limit(1)).scalar()
    window = Window(newest)
    if newest is None:
        return window
    names = [feedback.c[name] for name in ("record_key", "opened_at", "repeat_of")]
    place = func.row_number().over(partition_by=feedback.c.repeat_of, order_by=(feedback.c.opened_at, feedback.c.record_key))
    said = select(*names, feedback_text.c.text, feedback_text.c.own_hash, place.label("place"))
    said = said.join(feedback_text, feedback_text.c.record_key == feedback.c.record_key)
    said = said.where(mine, feedback.c.deleted_at.is_(None), feedback.c.opened_at >= newest - SPAN)
    first = said.where(feedback.c.repeat_of.is_(None)).order_by(feedback.c.opened_at.desc(), feedback.c.record_key.desc())
    _hold(window, conn.execute(first.limit(MOST)).all()[::-1])
    ranked = said.where(feedback.c.repeat_how == NEAR).subquery()
    variants = select(ranked).where(ranked.c.place <= VARIANTS).order_by(ranked.c.opened_at, ranked.c.record_key)
    _hold(window, conn.execute(variants.limit(MOST)).all())
    return window


def _hold(window: Window, rows: Sequence[Any]) -> None:
    for row, one in zip(rows, prints([row.text for row in rows]), strict=True):
        window.hold(row.record_key, Held(row.opened_at, one, row.repeat_of or row.record_key, row.own_hash))
