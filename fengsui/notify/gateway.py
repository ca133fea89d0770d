"""SMS, voice or any service with an HTTP interface of its own: what to send is a template, what means success a path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from fengsui.notify.fault import Undeliverable
from fengsui.notify.message import Message
from fengsui.notify.post import accepted, ask, body_of
from fengsui.settings.channel import Channel


def to_gateway(channel: Channel, message: Message, client: httpx.Client) -> None:
    if not message.address:
        raise Undeliverable("notify.fault.nobody")
    filled = fill(channel.template, words_of(channel, message))
    how = {"json": "json", "form": "data", "query": "params"}[channel.encoding]
    answer = accepted(ask(client, channel.method, channel.url, headers=dict(channel.headers), **{how: filled}))
    if channel.success is None:
        return
    body = body_of(answer)
    if text_at(body, channel.success) not in channel.success_values:
        raise Undeliverable("notify.fault.refused", json.dumps(body, ensure_ascii=False))


def words_of(channel: Channel, message: Message) -> dict[str, str]:
    """What a template may name."""
    text = message.whole.replace("\n", " ")
    return {
        "phone": message.address or "",
        "text": text if len(text) <= channel.text_chars else text[: channel.text_chars - 1] + "…",
        "title": message.title,
        "link": message.link,
        "id": message.notice_id,
        "tier": str(message.tier),
    }


def fill(template: Any, words: Mapping[str, str]) -> Any:
    """``template`` with ``{phone}`` and the others in every text of it; what a word holds is never read as a template."""
    if isinstance(template, dict):
        return {key: fill(value, words) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [fill(value, words) for value in template]
    if not isinstance(template, str):
        return template
    parts = template.split("{")
    text = parts[0]
    for part in parts[1:]:
        name, close, rest = part.partition("}")
        text += words[name] + rest if close and name in words else "{" + part
    return text


def text_at(body: Any, path: str) -> str | None:
    """``data.code`` in ``{"data": {"code": 0}}`` is ``"0"``; a list is entered by its number."""
    for part in path.split("."):
        if isinstance(body, list) and part.isascii() and part.isdigit() and int(part) < len(body):
            body = body[int(part)]
        elif isinstance(body, dict) and part in body:
            body = body[part]
        else:
            return None
    return body if isinstance(body, str) else json.dumps(body)
