"""The HTTP clients of one delivery: one for all channels, one more for each proxy; opened when first needed."""

from __future__ import annotations

import ssl
from contextlib import ExitStack
from functools import cache
from types import TracebackType
from typing import Self

import httpx

from fengsui.settings.model import Settings

TIMEOUT_S = 5.0


class Lines:
    def __init__(self, settings: Settings, given: httpx.Client | None = None) -> None:
        self._channels, self._given = settings.notify.channels, given
        self._open: dict[str | None, httpx.Client] = {}
        self._stack = ExitStack()

    def of(self, channel: str) -> httpx.Client:
        if self._given is not None:
            return self._given
        proxy = str(self._channels[channel].proxy or "") or None
        if proxy not in self._open:
            made = httpx.Client(timeout=TIMEOUT_S, verify=_authorities(), proxy=proxy)
            self._open[proxy] = self._stack.enter_context(made)
        return self._open[proxy]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()


@cache
def _authorities() -> ssl.SSLContext:
    """Read once: the list of certificate authorities takes 20 ms."""
    return httpx.create_ssl_context()
