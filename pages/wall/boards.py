"""Boards drawn once for all screens that ask the same.

Anew when the worker drew a picture, somebody decided, or a minute passed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import inf
from threading import Lock
from time import monotonic

from fengsui.board import Store, read
from pages.look import pictures
from pages.look.house import House, house, now
from pages.wall import views
from pages.wall.ask import EVERY, Ask
from pages.wall.board import Board, board

LOOK_S = 0.5
"""So long nobody looks whether anything changed."""
KEPT_S = 120.0
MOST = 64


@dataclass(slots=True)
class _Held:
    lock: Lock = field(default_factory=Lock)
    board: Board | None = None
    stamp: tuple[int | None, int, int] | None = None
    looked: float = 0.0


class Boards:
    """Of this process. A store that is away raises its fault, and what is held stays."""

    def __init__(self) -> None:
        self._held: dict[Ask, _Held] = {}  # the longest unasked first
        self._views, self._views_looked = frozenset[str](), -inf
        self._lock = Lock()

    def of(self, ask: Ask) -> Board:
        ask = self._plain(ask)
        held = self._of(ask)
        with held.lock:
            if held.board is None or monotonic() - held.looked >= LOOK_S:
                self._look(ask, held, house())
            assert held.board is not None
            return held.board

    def _look(self, ask: Ask, held: _Held, home: House) -> None:
        at = now()
        version, decision = read.stamp(home.reader)
        stamp = (version, decision, int(at.timestamp() // 60))
        if held.board is None or stamp != held.stamp:
            picture = None if version is None else pictures.by_version(home.reader, version)
            held.board, held.stamp = board(ask, home, picture, at), stamp
        held.looked = monotonic()

    def _of(self, ask: Ask) -> _Held:
        with self._lock:
            for other in [other for other, held in self._held.items() if held.board and monotonic() - held.looked > KEPT_S]:
                del self._held[other]
            held = self._held.pop(ask, None) or _Held()
            while len(self._held) >= MOST:
                del self._held[next(iter(self._held))]
            self._held[ask] = held
            return held

    def _plain(self, ask: Ask) -> Ask:
        """Without views there are none of: a screen with invented ones is shown what others are shown."""
        if not ask.views or ask.views == (EVERY,):
            return ask
        if monotonic() - self._views_looked >= LOOK_S:
            reader = house().reader
            version = read.latest_version(reader)
            self._views = views.ids(None if version is None else pictures.by_version(reader, version))
            self._views_looked = monotonic()
        return replace(ask, views=tuple(id_ for id_ in ask.views if id_ in self._views))


def boards() -> Boards:
    return _of(house().reader)


@lru_cache(maxsize=1)
def _of(reader: Store) -> Boards:
    return Boards()
