"""How often somebody may try to sign in. Lives in the memory of the dashboard: a restart forgives."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

Key: TypeAlias = tuple[str, ...]

MOST_KEYS = 10_000
NAMES = 10
"""An address may try so many times as often as one name: whoever walks through names is stopped, an office is not."""


@dataclass(frozen=True, slots=True)
class Locked:
    """``ip``: from where the name may not try until ``until``; empty: from nowhere (codes of a second factor)."""

    person_id: str
    ip: str
    until: datetime


class Tries:
    """At most ``limit`` tries per name and address in ``window``, and ``NAMES`` times as many per address.

    A try counts when it begins, so that tries sent side by side count, too. At most ``MOST_KEYS`` pairs are remembered, the
    longest unused are forgotten first."""

    def __init__(self, limit: int, window: timedelta) -> None:
        self.limit = limit
        self.window = window
        self._times: dict[Key, deque[datetime]] = {}
        self._lock = threading.Lock()

    def take(self, person_id: str, ip: str | None, now: datetime) -> float:
        """0: go on, the try is counted. Else: seconds until the next one may begin."""
        with self._lock:
            counted = [self._recent(key, now) for key in _keys(person_id, ip)]
            full = [
                times[0] for times, limit in zip(counted, (self.limit, NAMES * self.limit), strict=True) if len(times) >= limit
            ]
            if full:
                return (max(full) + self.window - now).total_seconds()
            for times in counted:
                times.append(now)
            return 0.0

    def forget(self, person_id: str, ip: str | None) -> None:
        """A right password wipes the slate of the name, and its own try of the address's."""
        name, address = _keys(person_id, ip)
        with self._lock:
            self._times.pop(name, None)
            if self._times.get(address):
                self._times[address].pop()

    def locked(self, now: datetime) -> tuple[Locked, ...]:
        """Who has to wait now."""
        with self._lock:
            held = [(key, times) for key, times in self._times.items() if len(key) == 2 and len(times) >= self.limit]
            found = [Locked(key[0].split(" ")[0], key[1], times[0] + self.window) for key, times in held]
        return tuple(one for one in found if one.until > now)

    def release(self, person_id: str) -> None:
        """Nothing was tried under this name."""
        name = person_id.casefold()
        with self._lock:
            for key in [key for key in self._times if len(key) == 2 and key[0].split(" ")[0] == name]:
                del self._times[key]

    def _recent(self, key: Key, now: datetime) -> deque[datetime]:
        times = self._times.pop(key, deque())
        while times and times[0] <= now - self.window:
            times.popleft()
        self._times[key] = times  # to the end: newest use
        if len(self._times) > MOST_KEYS:
            del self._times[next(iter(self._times))]
        return times


def _keys(person_id: str, ip: str | None) -> tuple[Key, Key]:
    """Of the name at its address, and of the address."""
    return (person_id.casefold(), ip or ""), (ip or "",)
