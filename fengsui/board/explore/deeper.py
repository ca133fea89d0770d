"""The longer search beside the page: all records, slices of three values, where that is too much for a click to wait for.

One search per question and reader; it says how far it is; who asks the same meanwhile looks at the same one, and it can be
stopped by the last one who waits for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from fengsui.board.explore.finding import Finding
from fengsui.explore.table import Stopped

Ask: TypeAlias = Callable[["Search"], Finding]
MOST = 8
FRESH_S = 60.0
"""An answer is shown for so long after it came; then records have, too."""
Clock: TypeAlias = Callable[[], float]
WAITING_S = 10.0
"""Who has not looked for so long waits no more: a page looks each second."""


@dataclass
class Search:
    """``found``: once it is there. ``fault``: why it will not come. ``share``: how far it is, 0..1.
    ``over_at``: when it was over, by ``clock`` (seconds that only go on)."""

    ask: Ask
    clock: Clock = time.monotonic
    found: Finding | None = None
    fault: Exception | None = None
    share: float = 0.0
    over_at: float = 0.0
    _seen: dict[str, float] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        threading.Thread(target=self._run, name="explore", daemon=True).start()

    def look(self, who: str, at: float) -> None:
        """``who`` waits for it at ``at`` (seconds of any clock that only goes on)."""
        self._seen[who] = at

    def stop(self, who: str = "", at: float = 0.0) -> int:
        """Stops it, unless others wait for it, too: how many."""
        self._seen.pop(who, None)
        others = sum(at - seen < WAITING_S for seen in list(self._seen.values()))
        if not others:
            self._stop.set()
        return others

    def unwanted(self) -> bool:
        return self._stop.is_set()

    def tell(self, share: float) -> None:
        self.share = max(self.share, min(share, 1.0))

    @property
    def running(self) -> bool:
        return not self._over.is_set()

    @property
    def stopped(self) -> bool:
        return not self.running and self.found is None

    def wait(self, seconds: float) -> bool:
        """True once it is over."""
        return self._over.wait(seconds)

    def _run(self) -> None:
        try:
            self.found = self.ask(self)
            self.tell(1.0)
        except Stopped:
            pass
        except Exception as fault:  # kept for the page, which says it
            self.fault = fault
        finally:
            self.over_at = self.clock()
            self._over.set()


class Searches:
    """Those of this process, by key, while they run and for ``FRESH_S`` after; the oldest that is over makes room."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[object, Search] = {}
        self._lock = threading.Lock()

    def get(self, key: object) -> Search | None:
        with self._lock:
            self._drop(FRESH_S)
            return self._known.get(key)

    def forget(self) -> None:
        """What was found is not true any more; what runs goes on."""
        with self._lock:
            self._drop(0.0)

    def begin(self, key: object, ask: Ask) -> Search | None:
        """A new one, or the one that runs already; None where too many run at once."""
        with self._lock:
            self._drop(FRESH_S)
            known = self._known.get(key)
            if known is not None and not known.stopped:
                return known
            for old in [one for one, search in self._known.items() if not search.running][
                : max(0, len(self._known) - MOST + 1)
            ]:
                del self._known[old]
            if len(self._known) >= MOST and key not in self._known:
                return None
            self._known[key] = Search(ask, self._clock)
            self._known[key].start()
            return self._known[key]

    def _drop(self, older_s: float) -> None:
        late = self._clock() - older_s
        self._known = {key: one for key, one in self._known.items() if one.running or one.over_at > late}
