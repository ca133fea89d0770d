"""钉钉 DING: a robot of the house's own app calls one person by phone, SMS or in the app. Needs 钉钉专业版 or 专属版 and a
bought quota for phone and SMS."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import httpx

from fengsui.notify import token
from fengsui.notify.fault import Later, Mend, NotSent, Undeliverable
from fengsui.notify.message import Message
from fengsui.notify.post import ask, body_of
from fengsui.notify.robot import Refusal, cut
from fengsui.settings.channel import Channel

BASE = "https://api.dingtalk.com"
TEXT_BYTES = 900
"""Read aloud, or an SMS: nobody listens longer."""
REMIND = {"app": 1, "sms": 2, "phone": 3}


def _fast(said: str) -> NotSent:
    return Later("notify.fault.too_fast", 60, said, whole=True)


def _login(said: str) -> NotSent:
    return Mend("notify.fault.app_key", said)


REFUSALS: Mapping[str, Refusal] = MappingProxyType(
    {
        "toomuch.msg": _fast,
        "throttling": _fast,
        "forbidden.accessdenied.qpslimitforapi": _fast,
        "forbidden.accessdenied.qpslimitforappkeyandapi": _fast,
        "ding.serverquota.insufficient": lambda said: Mend("notify.fault.quota", said),
        "forbidden.accessdenied.accesstokenpermissiondenied": lambda said: Mend("notify.fault.permission", said),
        "forbidden.accessdenied.ipnotinwhitelist": lambda said: Mend("notify.fault.ip", said),
        "invalid.chatbotid": lambda said: Mend("notify.fault.robot_code", said),
        "miss.staffid": lambda said: Undeliverable("notify.fault.member", said),
        "invalidclientidorsecret": _login,
        "invalidappkeyorsecret": _login,
        "invalidauthentication": lambda said: Later("notify.fault.busy", said=said),  # the token ended: a new one next time
        "send.ding.exception": lambda said: Later("notify.fault.busy", said=said),
        "system.error": lambda said: Later("notify.fault.busy", said=said),
    }
)
"""By the ``code`` in the body, in small letters."""


def to_ding(channel: Channel, message: Message, client: httpx.Client) -> None:
    if not message.address:
        raise Undeliverable("notify.fault.nobody")
    access = token.held(channel, message.sending, lambda: _token(channel, client))
    body = {
        "robotCode": channel.robot_code,
        "remindType": REMIND[channel.urge],
        "receiverUserIdList": [message.address],
        "content": cut(message.whole, TEXT_BYTES - len(message.link.encode()) - 1) + f"\n{message.link}",
    }
    headers = {"x-acs-dingtalk-access-token": access}
    found = _answer(channel, ask(client, "POST", f"{_base(channel)}/v1.0/robot/ding/send", json=body, headers=headers))
    failed = found.get("failedList")
    if failed:
        raise Undeliverable("notify.fault.member", "、".join(str(why) for why in failed)[:80])
    if not found.get("openDingId"):
        raise Later("notify.fault.no_answer", said="openDingId")


def _token(channel: Channel, client: httpx.Client) -> tuple[str, float]:
    body = {"appKey": channel.app_key, "appSecret": str(channel.secret)}
    found = _answer(channel, ask(client, "POST", f"{_base(channel)}/v1.0/oauth2/accessToken", json=body))
    if not found.get("accessToken"):
        raise Later("notify.fault.no_answer", said="accessToken")
    return str(found["accessToken"]), float(found.get("expireIn") or 0)


def _answer(channel: Channel, answer: httpx.Response) -> dict[str, Any]:
    """The body; its ``code`` says what is wrong, whatever the status is."""
    found = body_of(answer)
    code = str(found.get("code") or "")
    if not code and answer.is_success:
        return found
    if code.casefold() == "invalidauthentication":
        token.forget(channel)
    refusal = REFUSALS.get(code.casefold())
    said = f"{code or answer.status_code} {found.get('message') or ''}".strip()
    raise refusal(said) if refusal else Undeliverable("notify.fault.refused", said)


def _base(channel: Channel) -> str:
    return str(channel.url or BASE).rstrip("/")
