"""Notices go out in a thread of their own: a receiver that hangs costs the tick nothing.

One round at a time. Each tick hands over its ``now`` and fence; while a round is under way the tick only asks what has become
of it. State is asked again when a row is sent, and rows are noted once, whoever calls: both lie in ``notify.deliver``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from fengsui.store.leadership import LostLeadership
from fengsui.worker.journal import Fence

PATIENCE_S = 10.0
"""How long the end of a term waits for a round: a receiver may hang for five seconds, and what it took should be noted."""


class Courier:
    """``deliver(now, fence)`` returns how many were sent."""

    def __init__(self, deliver: Callable[[datetime, Fence], int]) -> None:
        self._deliver = deliver
        self._round: threading.Thread | None = None
        self._lock = threading.Lock()
        self._sent = 0
        self._fault: Exception | None = None

    def call(self, now: datetime, fence: Fence) -> int:
        """Begin a round unless one is under way; returns what was sent since the last call. Raises the fault of a round that
        failed, once, so that the tick's row names it. Called from one thread."""
        with self._lock:
            sent, fault = self._sent, self._fault
            self._sent, self._fault = 0, None
        if self._round is None or not self._round.is_alive():
            self._round = threading.Thread(target=self._run, args=(now, fence), daemon=True, name="fengsui-courier")
            self._round.start()
        if fault is not None:
            raise fault
        return sent

    def stop(self) -> bool:
        """At the end of a term; False where a round still hangs: what it sent is noted by nobody, and sent again."""
        if self._round is None:
            return True
        self._round.join(PATIENCE_S)
        return not self._round.is_alive()

    def _run(self, now: datetime, fence: Fence) -> None:
        try:
            sent = self._deliver(now, fence)
        except LostLeadership:  # the tick finds out by itself
            return
        except Exception as fault:  # carried over to the tick, whose row names it
            with self._lock:
                self._fault = fault
        else:
            with self._lock:
                self._sent += sent
