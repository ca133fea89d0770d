"""A system of the centre's own: JSON with an idempotency key, signed where a secret is set."""

from __future__ import annotations

import hmac
import json

import httpx

from fengsui.notify.message import Message
from fengsui.notify.post import accepted, ask
from fengsui.settings.channel import Channel


def to_webhook(channel: Channel, message: Message, client: httpx.Client) -> None:
    """POST as JSON. ``Idempotency-Key`` is the notice id: a receiver that has it already may answer 2xx again."""
    body = json.dumps(message.body(), ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": message.notice_id}
    if channel.secret:
        stamp = str(int(message.sending.timestamp()))
        headers |= {"X-Fengsui-Timestamp": stamp, "X-Fengsui-Signature": sign(str(channel.secret), stamp, body)}
    accepted(ask(client, "POST", channel.url, content=body, headers=headers))


def sign(secret: str, stamp: str, body: bytes) -> str:
    """``v1=`` and the HMAC-SHA256 in hex of ``timestamp.body``: the same way in which senders sign what they push to us."""
    return "v1=" + hmac.digest(secret.encode(), stamp.encode() + b"." + body, "sha256").hex()
