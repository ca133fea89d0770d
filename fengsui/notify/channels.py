"""How a message leaves the house: one function per kind of channel, and faults by recovery."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import httpx

from fengsui.notify.message import Message
from fengsui.settings.model import Channel

LOG = logging.getLogger("fengsui.notify")
UNREACHABLE = "notify.fault.unreachable"
LATER = frozenset({408, 409, 425, 429})
"""Client errors that pass by themselves; every 5xx does too."""


class Undeliverable(Exception):
    """Nothing but a person can mend it: the notice fails and stays visible."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Later(Exception):
    """Try again, after ``delay`` seconds where the receiver said so."""

    def __init__(self, code: str, delay: float | None = None) -> None:
        super().__init__(code)
        self.code, self.delay = code, delay


Send: TypeAlias = Callable[[Channel, Message, str, httpx.Client], None]


def to_log(channel: Channel, message: Message, lang: str, client: httpx.Client) -> None:
    """A line of the worker's log; also what a new centre starts with."""
    LOG.info("%s -> %s: %s %s", message.kind, message.recipient, message.title, message.text)


def to_webhook(channel: Channel, message: Message, lang: str, client: httpx.Client) -> None:
    """POST as JSON. ``Idempotency-Key`` is the notice id: a receiver that has it already may answer 2xx again."""
    if not channel.url:
        raise Undeliverable("notify.fault.no_url")
    try:
        answer = client.post(str(channel.url), json=message.body(lang), headers={"Idempotency-Key": message.notice_id})
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as fault:
        raise Undeliverable("notify.fault.no_url") from fault
    except httpx.HTTPError as fault:  # refused, timed out, name not found: all may pass
        raise Later(UNREACHABLE) from fault
    if answer.is_success:
        return
    if answer.status_code >= 500 or answer.status_code in LATER:
        raise Later("notify.fault.busy", _retry_after(answer))
    raise Undeliverable("notify.fault.refused")


def _retry_after(answer: httpx.Response) -> float | None:
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None


SENDERS: Mapping[str, Send] = MappingProxyType({"log": to_log, "webhook": to_webhook})
