"""The longer search beside the page: slices of three values where there are too many combinations for a click to wait for.

One search per question and reader; it can be stopped; who asks the same meanwhile looks at the same one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from fengsui.board.explore.finding import Finding
from fengsui.explore.table import Stopped

Ask: TypeAlias = Callable[[Callable[[], bool]], Finding]
MOST = 8


@dataclass
class Search:
    """``found``: once it is there. ``fault``: why it will not come."""

    ask: Ask
    found: Finding | None = None
    fault: Exception | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        threading.Thread(target=self._run, name="explore", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

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
            self.found = self.ask(self._stop.is_set)
        except Stopped:
            pass
        except Exception as fault:  # a thread of its own: raised here, nobody would hear of it; the page says it
            self.fault = fault
        finally:
            self._over.set()


class Searches:
    """Those of this process, by key; the oldest that is over makes room."""

    def __init__(self) -> None:
        self._known: dict[object, Search] = {}
        self._lock = threading.Lock()

    def get(self, key: object) -> Search | None:
        return self._known.get(key)

    def begin(self, key: object, ask: Ask) -> Search | None:
        """A new one, or the one that runs already; None where too many run at once."""
        with self._lock:
            known = self._known.get(key)
            if known is not None and not known.stopped:
                return known
            for old in [one for one, search in self._known.items() if not search.running][
                : max(0, len(self._known) - MOST + 1)
            ]:
                del self._known[old]
            if len(self._known) >= MOST and key not in self._known:
                return None
            self._known[key] = Search(ask)
            self._known[key].start()
            return self._known[key]
