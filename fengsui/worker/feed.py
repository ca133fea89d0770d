"""Where the road gets its batches from: polled in line under a virtual clock, or by threads through a bounded queue.

Both keep one batch of a source outstanding: its next poll needs the cursor that the taking of this one commits.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from connectors.base import Record
from fengsui.worker.poller import Fetched, Poller

PATIENCE_S = 0.2  # how long a waiting thread sleeps before it looks whether the worker stops


class Feed(Protocol):
    """``next`` gives what is there without waiting; ``taken`` says that the batch is committed, or refused for good."""

    settled: set[str]

    def next(self, now: datetime) -> Fetched | None: ...

    def taken(self, fetched: Fetched) -> None: ...

    def waiting(self) -> int: ...


class InlineFeed:
    """For replay and tests: ``poll_all`` polls every source once; a source with more is polled again when taken."""

    def __init__(self, poller: Poller) -> None:
        self._poller = poller
        self._line: deque[Fetched] = deque()
        self._again: deque[str] = deque()
        self.settled: set[str] = set()

    def poll_all(self, now: datetime) -> int:
        """Poll what is due and not outstanding; returns how many answers wait to be taken."""
        outstanding = {fetched.source for fetched in self._line}
        for source in self._poller.connectors:
            fetched = None if source in outstanding else self._poller.poll_due(source, now)
            if fetched is not None:
                self._line.append(fetched)
        return len(self._line)

    def put(self, fetched: Fetched) -> None:
        self._line.append(fetched)

    def next(self, now: datetime) -> Fetched | None:
        if not self._line and self._again:
            self._line.append(self._poller.poll(self._again.popleft(), now))
        return self._line.popleft() if self._line else None

    def taken(self, fetched: Fetched) -> None:
        if fetched.settled:
            self.settled.add(fetched.source)
        if fetched.more:
            self._again.append(fetched.source)

    def waiting(self) -> int:
        return len(self._line) + len(self._again)


class ThreadFeed:
    """For the live worker: ``run(source)`` is the body of a polling job, called by the scheduler in a thread of its own."""

    def __init__(self, poller: Poller, size: int, clock: Callable[[], datetime]) -> None:
        self._poller = poller
        self._clock = clock
        self._line: queue.Queue[Fetched] = queue.Queue(maxsize=size)
        self._done = {source: threading.Event() for source in poller.connectors}
        self._busy = {source: threading.Lock() for source in poller.connectors}
        self._reports: deque[Fetched] = deque()
        self._stop = threading.Event()
        self._came = threading.Event()
        self._newest: dict[str, tuple[Record, ...]] = {}
        self.settled: set[str] = set()

    @property
    def sources(self) -> list[str]:
        return list(self._done)

    def run(self, source: str, asked: bool = False) -> None:
        """Poll until the source has no more, waiting each time until the batch is committed. Full queue: wait.

        ``asked``: a person wants it now, even though the source asked us to wait.
        """
        if source not in self._busy or not self._busy[source].acquire(blocking=False):
            return  # it is being polled just now
        try:
            more = asked or self._poller.due(source, self._clock())
            while more and not self._stop.is_set():
                more = self._once(source)
        finally:
            self._busy[source].release()

    def _once(self, source: str) -> bool:
        fetched = self._poller.poll(source, self._clock())
        self._done[source].clear()
        if not self.put(fetched):
            return False
        while not self._done[source].wait(PATIENCE_S):
            if self._stop.is_set():
                return False
        return fetched.more

    def put(self, fetched: Fetched) -> bool:
        """Into the queue, waiting while it is full; False when the worker stops first."""
        while not self._stop.is_set():
            try:
                self._line.put(fetched, timeout=PATIENCE_S)
            except queue.Full:
                continue
            if self._is_news(fetched):
                self._came.set()
            return True
        return False

    def _is_news(self, fetched: Fetched) -> bool:
        """Rows, and not the rows of the last poll again (a source that is read with an overlap gives them each time)."""
        rows = fetched.batch.records if fetched.batch is not None else ()
        last, self._newest[fetched.source] = self._newest.get(fetched.source), rows
        return bool(rows) and rows != last

    def rest(self, seconds: float) -> bool:
        """Sleep, at most until rows come; true when they did. A poll that brought nothing wakes nobody."""
        came = self._came.wait(seconds)
        self._came.clear()
        return came

    def report(self, fetched: Fetched) -> None:
        """A fault from before the first poll. Never waits."""
        self._reports.append(fetched)

    def next(self, now: datetime) -> Fetched | None:
        if self._reports:
            return self._reports.popleft()
        try:
            return self._line.get_nowait()
        except queue.Empty:
            return None

    def taken(self, fetched: Fetched) -> None:
        if fetched.settled:
            self.settled.add(fetched.source)
        if not fetched.sweep and fetched.source in self._done:
            self._done[fetched.source].set()

    def waiting(self) -> int:
        return self._line.qsize() + len(self._reports)

    def stop(self) -> None:
        """Threads leave within ``PATIENCE_S`` of their current poll; nothing that was not committed is lost."""
        self._stop.set()
