"""What the robots of WeCom, DingTalk and Feishu share: one text, an HTTP 200 that may be an error, refusals to name."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import httpx

from fengsui.notify.fault import NotSent, Undeliverable
from fengsui.notify.message import Message
from fengsui.notify.post import accepted, ask, body_of
from fengsui.settings.channel import Channel

Refusal: TypeAlias = Callable[[str], NotSent]
"""From what the robot said to what is to be done about it."""
CUT = "…"


def speak(
    channel: Channel, client: httpx.Client, body: Mapping[str, Any], refusals: Mapping[int, Refusal], **given: Any
) -> None:
    """Send, then read the number in the body: these robots answer HTTP 200 to what they throw away."""
    answer = ask(client, "POST", channel.url, json=body, **given)
    if answer.status_code >= 400:  # some put the reason into the body of a 400
        numbered(answer, refusals)
        accepted(answer)
    numbered(answer, refusals)


def numbered(answer: httpx.Response, refusals: Mapping[int, Refusal]) -> None:
    """Raises what the number in the body means; 0 is the only yes."""
    found = body_of(answer)
    number = next((found[key] for key in ("errcode", "code", "StatusCode") if isinstance(found.get(key), int)), None)
    if number == 0:
        return
    words = str(found.get("errmsg") or found.get("msg") or found.get("StatusMessage") or "")
    said = f"{number} {words}".strip()
    refusal = refusals.get(number) if number is not None else None
    raise refusal(said) if refusal else Undeliverable("notify.fault.refused", said)


def text_of(message: Message, keyword: str | None, most: int, mentions: str = "") -> str:
    """Title, text, link, and the word without which a robot takes nothing; in ``most`` bytes of UTF-8, the text being what is
    cut, between two characters: a link that lost its end leads nowhere."""
    word = keyword or ""
    if word and word in message.title + message.text:
        word = ""
    tail = "\n".join(part for part in (message.link, mentions, word) if part)
    room = most - len(tail.encode()) - 1
    return cut(message.whole, room) + f"\n{tail}"


def cut(text: str, most: int) -> str:
    """At most ``most`` bytes of UTF-8, never half a character."""
    if len(text.encode()) <= most:
        return text
    return text.encode()[: most - len(CUT.encode())].decode(errors="ignore") + CUT


def signature(key: str, text: str) -> str:
    return b64encode(hmac.digest(key.encode(), text.encode(), "sha256")).decode()
