"""Access tokens of the open platforms: fetched with the app's key, kept in memory until they end, forgotten when refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TypeAlias

from fengsui.settings.channel import Channel

EARLY = timedelta(minutes=5)
Key: TypeAlias = bytes
_HELD: dict[Key, tuple[str, datetime]] = {}
_LOCK = threading.Lock()


def held(channel: Channel, now: datetime, fetch: Callable[[], tuple[str, float]]) -> str:
    """``fetch``: the token and the seconds it lasts."""
    key = _key(channel)
    with _LOCK:
        token, until = _HELD.get(key, ("", now))
        if until <= now:
            token, seconds = fetch()
            _HELD[key] = (token, now + max(timedelta(seconds=seconds) - EARLY, timedelta()))
        return token


def forget(channel: Channel) -> None:
    with _LOCK:
        _HELD.pop(_key(channel), None)


def _key(channel: Channel) -> Key:
    """By a hash: the secret itself is no key of a table in memory."""
    return blake2b(f"{channel.kind}\x1f{channel.url}\x1f{channel.app_key}\x1f{channel.secret}".encode()).digest()
