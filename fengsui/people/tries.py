"""How often somebody may try to sign in. Lives in the memory of the dashboard: a restart forgives."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

MOST_KEYS = 10_000


class Tries:
    """At most ``limit`` tries per name and address in ``window``; a try counts when it begins, so that tries sent side by
    side count, too. At most ``MOST_KEYS`` pairs are remembered, the longest unused are forgotten first."""

    def __init__(self, limit: int, window: timedelta) -> None:
        self.limit = limit
        self.window = window
        self._times: dict[tuple[str, str], deque[datetime]] = {}
        self._lock = threading.Lock()

    def take(self, person_id: str, ip: str | None, now: datetime) -> float:
        """0: go on, the try is counted. Else: seconds until the next one may begin."""
        key = (person_id.casefold(), ip or "")
        with self._lock:
            times = self._times.pop(key, deque())
            while times and times[0] <= now - self.window:
                times.popleft()
            self._times[key] = times  # to the end: newest use
            if len(self._times) > MOST_KEYS:
                del self._times[next(iter(self._times))]
            if len(times) >= self.limit:
                return (times[0] + self.window - now).total_seconds()
            times.append(now)
            return 0.0

    def forget(self, person_id: str, ip: str | None) -> None:
        """A right password wipes the slate."""
        with self._lock:
            self._times.pop((person_id.casefold(), ip or ""), None)
