"""How often somebody may try to sign in. Lives in the memory of the dashboard: a restart forgives."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

Key: TypeAlias = tuple[str, ...]
Slates: TypeAlias = dict[Key, deque[datetime]]

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
    """At most ``limit`` tries per name and address in ``window``, and ``NAMES`` times as many per address; of codes ``limit``
    per person, from wherever they come.

    A try counts when it begins, so that tries sent side by side count, too. A refused one leaves nothing: at most ``MOST_KEYS``
    pairs are remembered, the longest unused are forgotten first, and a flood of names must not push others out. Codes have
    slates of their own, which only persons there are can fill."""

    def __init__(self, limit: int, window: timedelta) -> None:
        self.limit = limit
        self.window = window
        self._times: Slates = {}
        self._codes: Slates = {}
        self._lock = threading.Lock()

    def take(self, person_id: str, ip: str | None, now: datetime) -> float:
        """0: go on, the try is counted. Else: seconds until the next one may begin."""
        name, address = _keys(person_id, ip)
        with self._lock:
            of_address = self._wait(self._times, address, NAMES * self.limit, now)
            wait_s = max(of_address, self._wait(self._times, name, self.limit, now))
            if not wait_s:
                for key in (name, address):
                    _count(self._times, key, now)
                while len(self._times) > MOST_KEYS:
                    del self._times[next(iter(self._times))]
            return wait_s

    def take_code(self, person_id: str, now: datetime) -> float:
        """As ``take``, for a code of the second factor of somebody who exists: six digits are few."""
        with self._lock:
            wait_s = self._wait(self._codes, (person_id.casefold(),), self.limit, now)
            if not wait_s:
                _count(self._codes, (person_id.casefold(),), now)
            return wait_s

    def forget(self, person_id: str, ip: str | None) -> None:
        """A right password wipes the slate of the name, and its own try of the address's."""
        name, address = _keys(person_id, ip)
        with self._lock:
            self._times.pop(name, None)
            if times := self._times.get(address):
                times.pop()
                if not times:
                    del self._times[address]

    def forget_code(self, person_id: str) -> None:
        """A right code wipes the slate."""
        with self._lock:
            self._codes.pop((person_id.casefold(),), None)

    def locked(self, now: datetime) -> tuple[Locked, ...]:
        """Who has to wait now."""
        with self._lock:
            held = [(key[0], key[1], times) for key, times in self._times.items() if len(key) == 2]
            held += [(key[0], "", times) for key, times in self._codes.items()]
            found = [Locked(name, ip, times[0] + self.window) for name, ip, times in held if len(times) >= self.limit]
        return tuple(one for one in found if one.until > now)

    def release(self, person_id: str) -> None:
        """Nothing was tried under this name."""
        name = person_id.casefold()
        with self._lock:
            self._codes.pop((name,), None)
            for key in [key for key in self._times if len(key) == 2 and key[0] == name]:
                del self._times[key]

    def _wait(self, slates: Slates, key: Key, limit: int, now: datetime) -> float:
        """Seconds until another try fits. Forgets what is older than the window, and remembers nothing."""
        times = slates.get(key)
        while times and times[0] <= now - self.window:
            times.popleft()
        if not times:
            slates.pop(key, None)
            return 0.0
        return (times[0] + self.window - now).total_seconds() if len(times) >= limit else 0.0


def _count(slates: Slates, key: Key, now: datetime) -> None:
    times = slates.pop(key, None) or deque()
    times.append(now)
    slates[key] = times  # to the end: newest use


def _keys(person_id: str, ip: str | None) -> tuple[Key, Key]:
    """Of the name at its address, and of the address."""
    return (person_id.casefold(), ip or ""), (ip or "",)
