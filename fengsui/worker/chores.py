"""Long work in small steps: a chore is a generator that does a little at each ``next`` and yields whether it did something;
``False``: it waits (for a slow source, say) and need not be asked again in this tick.

The writer gives all chores together a fifth of a second of each tick, so that no click on the wall waits for a sweep.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from fengsui.worker.journal import Fence

SLICE_S = 0.2


@dataclass(frozen=True, slots=True)
class Turn:
    """One tick's permission to write."""

    tick: int
    now: datetime
    fence: Fence


class Desk:
    """Where a running chore finds the turn of the current tick."""

    turn: Turn


Chore: TypeAlias = Callable[[Desk], Iterator[bool]]


class Chores:
    """Chores by name, in the order in which they were asked for; one of each name at a time.

    ``add`` may be called from any thread; the chore itself runs on the writer's.
    """

    def __init__(self) -> None:
        self._desk = Desk()
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, Chore]] = deque()
        self._names: set[str] = set()
        self._running: deque[tuple[str, Iterator[bool]]] = deque()

    def add(self, name: str, chore: Chore) -> bool:
        """False when one of this name is still waiting or running."""
        with self._lock:
            if name in self._names:
                return False
            self._names.add(name)
            self._waiting.append((name, chore))
            return True

    def step(self, tick: int, now: datetime, fence: Fence) -> int:
        """Work for at most about ``SLICE_S``, round robin; at least one step. Returns how many chores are left."""
        self._desk.turn = Turn(tick, now, fence)
        self._start()
        began, idle = time.perf_counter(), 0
        while self._running and idle < len(self._running):
            idle = 0 if self._one() else idle + 1
            if time.perf_counter() - began >= SLICE_S:
                break
        return len(self._running)

    def _start(self) -> None:
        with self._lock:
            while self._waiting:
                name, chore = self._waiting.popleft()
                self._running.append((name, chore(self._desk)))

    def _one(self) -> bool:
        name, work = self._running.popleft()
        try:
            busy = next(work)
        except StopIteration:
            self._forget(name)
            return True
        except BaseException:
            self._forget(name)
            raise
        self._running.append((name, work))
        return busy

    def _forget(self, name: str) -> None:
        with self._lock:
            self._names.discard(name)
