"""飞书加急: a message of the house's own app to one person, made urgent by phone, SMS or in the app. Phone and SMS need a
bought quota; only what the app itself sent can be made urgent, so this is no matter of a group's robot."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import httpx

from fengsui.notify import token
from fengsui.notify.fault import Later, Mend, NotSent, Undeliverable
from fengsui.notify.message import Message
from fengsui.notify.post import ask, body_of
from fengsui.notify.robot import Refusal, text_of
from fengsui.settings.channel import Channel

BASE = "https://open.feishu.cn"
TEXT_BYTES = 18_000
MOST_KEPT = 500
ENDED = (99991661, 99991663, 99991664, 99991668, 99991671)
"""The token is none any more."""
_SENT: OrderedDict[str, str] = OrderedDict()
_LOCK = threading.Lock()


def _fast(said: str) -> NotSent:
    return Later("notify.fault.too_fast", 60, said, whole=True)


def _login(said: str) -> NotSent:
    return Mend("notify.fault.app_key", said)


def _right(said: str) -> NotSent:
    return Mend("notify.fault.permission", said)


def _member(said: str) -> NotSent:
    return Undeliverable("notify.fault.member", said)


REFUSALS: Mapping[int, Refusal] = MappingProxyType(
    {
        **dict.fromkeys((10003, 10014, 10015, 10012), _login),
        **dict.fromkeys((99991400, 11232, 230020), _fast),
        **dict.fromkeys((99991672, 99991679, 230027), _right),
        **dict.fromkeys(ENDED, lambda said: Later("notify.fault.busy", said=said)),
        99991401: lambda said: Mend("notify.fault.ip", said),
        230006: lambda said: Mend("notify.fault.robot_code", said),
        230024: lambda said: Mend("notify.fault.quota", said),
        **dict.fromkeys((230013, 230023, 230034, 99992351, 99992361), _member),
        **dict.fromkeys((230001, 230025), lambda said: Undeliverable("notify.fault.content", said)),
    }
)


def to_feishu_urgent(channel: Channel, message: Message, client: httpx.Client) -> None:
    """Sent once: where only making it urgent failed, the next try takes up the same message."""
    if not message.address:
        raise Undeliverable("notify.fault.nobody")
    key = f"{message.notice_id}:{message.address}"
    with _LOCK:
        sent = _SENT.get(key)
    if sent is None:
        sent = _write(channel, message, client)
        with _LOCK:
            _SENT[key] = sent
            while len(_SENT) > MOST_KEPT:
                _SENT.popitem(last=False)
    path, body = f"/open-apis/im/v1/messages/{sent}/urgent_{channel.urge}", {"user_id_list": [message.address]}
    found = _call(channel, message, client, "PATCH", path, body, {"user_id_type": "open_id"})
    if (found.get("data") or {}).get("invalid_user_id_list"):
        raise Undeliverable("notify.fault.member", "invalid_user_id_list")


def _write(channel: Channel, message: Message, client: httpx.Client) -> str:
    text = text_of(message.plain("<", "＜"), None, TEXT_BYTES)
    body = {"receive_id": message.address, "msg_type": "text", "uuid": message.notice_id[:50]}
    body["content"] = json.dumps({"text": text}, ensure_ascii=False)
    found = _call(channel, message, client, "POST", "/open-apis/im/v1/messages", body, {"receive_id_type": "open_id"})
    sent = (found.get("data") or {}).get("message_id")
    if not isinstance(sent, str) or not sent.replace("_", "").isalnum():
        raise Later("notify.fault.no_answer", said="message_id")
    return sent


def _call(
    channel: Channel, message: Message, client: httpx.Client, method: str, path: str, body: Any, query: Mapping[str, str]
) -> dict[str, Any]:
    access = token.held(channel, message.sending, lambda: _token(channel, client))
    headers = {"Authorization": f"Bearer {access}"}
    return _answer(channel, ask(client, method, f"{_base(channel)}{path}", json=body, params=query, headers=headers))


def _token(channel: Channel, client: httpx.Client) -> tuple[str, float]:
    url = f"{_base(channel)}/open-apis/auth/v3/tenant_access_token/internal"
    found = _answer(channel, ask(client, "POST", url, json={"app_id": channel.app_key, "app_secret": str(channel.secret)}))
    if not found.get("tenant_access_token"):
        raise Later("notify.fault.no_answer", said="tenant_access_token")
    return str(found["tenant_access_token"]), float(found.get("expire") or 0)


def _answer(channel: Channel, answer: httpx.Response) -> dict[str, Any]:
    """The body; 0 is the only yes, whatever the status is."""
    found = body_of(answer)
    code = found.get("code")
    if code == 0:
        return found
    if code in ENDED:
        token.forget(channel)
    refusal = REFUSALS.get(code) if isinstance(code, int) else None
    said = f"{code if code is not None else answer.status_code} {found.get('msg') or ''}".strip()
    raise refusal(said) if refusal else Undeliverable("notify.fault.refused", said)


def _base(channel: Channel) -> str:
    return str(channel.url or BASE).rstrip("/")
