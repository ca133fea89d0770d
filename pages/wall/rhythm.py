"""How often a wall asks anew: every two seconds while few look, less often the more do, or the busier this process is."""

from __future__ import annotations

from functools import cache
from threading import Lock
from time import monotonic, process_time

QUICK_S, SELDOM_S = 2.0, 10.0
EACH_S = 0.02
"""For each wall of this process: what a refresh costs (benchmarks/viewers), five times over."""
BUSY = 0.5
"""Of a core: above it walls make way for people who press buttons."""
GONE_S, LOOK_S = 30.0, 5.0
MOST = 2000


class Rhythm:
    """Counts the sessions that asked this process within half a minute. Not the names that screens give themselves: one person
    could invent thousands, and every wall would slow down."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}
        self._lock = Lock()
        self._busy, self._looked, self._spent = 0.0, monotonic(), process_time()

    def every(self, session: str) -> float:
        """Seconds until a screen of ``session`` (anything that names it) should ask again."""
        with self._lock:
            at = monotonic()
            self._seen.pop(session, None)
            self._seen[session] = at  # the newest last
            while self._seen and (len(self._seen) > MOST or at - next(iter(self._seen.values())) > GONE_S):
                del self._seen[next(iter(self._seen))]
            if at - self._looked >= LOOK_S:
                spent = process_time()
                self._busy = (spent - self._spent) / (at - self._looked)
                self._looked, self._spent = at, spent
            return pause(len(self._seen), self._busy)


def pause(walls: int, busy: float) -> float:
    """``busy``: share of a core that this process uses."""
    wanted = max(QUICK_S, walls * EACH_S) * max(1.0, busy / BUSY)
    return round(min(SELDOM_S, wanted), 2)


@cache
def rhythm() -> Rhythm:
    return Rhythm()
