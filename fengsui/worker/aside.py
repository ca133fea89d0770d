"""Something slow in a thread of its own, read by a chore without waiting."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")

AHEAD = 2
PATIENCE_S = 0.2


class _End:
    """The thread is done; ``fault`` is what ended it, if it failed."""

    def __init__(self, fault: BaseException | None) -> None:
        self.fault = fault


class Aside(Generic[Item]):
    """Iterates ``make()`` in a thread, at most two items ahead.

    ``items()`` yields ``None`` while there is nothing yet, then each item; it raises what the thread raised. ``close`` lets
    the thread go at its next item.
    """

    def __init__(self, make: Callable[[], Iterable[Item]]) -> None:
        self._make = make
        self._line: queue.Queue[Item | _End] = queue.Queue(maxsize=AHEAD)
        self._closed = threading.Event()
        threading.Thread(target=self._run, daemon=True, name="fengsui-aside").start()

    def items(self) -> Iterator[Item | None]:
        try:
            while True:
                try:
                    found = self._line.get_nowait()
                except queue.Empty:
                    yield None
                    continue
                if isinstance(found, _End):
                    if found.fault is not None:
                        raise found.fault
                    return
                yield found
        finally:
            self._closed.set()

    def _run(self) -> None:
        fault: BaseException | None = None
        try:
            for item in self._make():
                if not self._put(item):
                    return
        except Exception as raised:  # carried over to the writer's thread, where it is handled
            fault = raised
        self._put(_End(fault))

    def _put(self, item: Item | _End) -> bool:
        while not self._closed.is_set():
            try:
                self._line.put(item, timeout=PATIENCE_S)
            except queue.Full:
                continue
            return True
        return False
