"""钉钉群机器人: signed with the time, members called by userId or mobile, 20 a minute and ten minutes of silence above it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import httpx

from fengsui.notify.fault import Later, Mend, NotSent, Undeliverable
from fengsui.notify.message import Message
from fengsui.notify.robot import Refusal, signature, speak, text_of
from fengsui.settings.channel import Channel

TEXT_BYTES = 18_000  # of 20,000 for the whole body
BLOCKED_S = 600.0


def _security(said: str) -> NotSent:
    """One number for four refusals: only the words tell which."""
    words = said.casefold()
    if "timestamp" in words:
        return Later("notify.fault.clock", said=said)
    if "sign" in words:
        return Mend("notify.fault.signature", said)
    if "ip" in words and "whitelist" in words:
        return Mend("notify.fault.ip", said)
    return Mend("notify.fault.keyword", said)


def _blocked(said: str) -> NotSent:
    return Later("notify.fault.too_fast", BLOCKED_S, said, whole=True)


def _gone(said: str) -> NotSent:
    return Mend("notify.fault.robot_gone", said)


def _content(said: str) -> NotSent:
    return Undeliverable("notify.fault.content", said)


REFUSALS: Mapping[int, Refusal] = MappingProxyType(
    {
        -1: lambda said: Later("notify.fault.busy", said=said),
        310000: _security,
        130101: _blocked,
        410100: _blocked,
        90030: _blocked,
        **dict.fromkeys((300001, 300005, 400013, 400101, 400102, 400106), _gone),
        **dict.fromkeys((430101, 430102, 430103, 430104, 460101, 40035, 400105), _content),
    }
)


def to_dingtalk(channel: Channel, message: Message, client: httpx.Client) -> None:
    ids = [one.dingtalk for one in message.mentioned if one.dingtalk]
    mobiles = [one.mobile for one in message.mentioned if one.mobile and not one.dingtalk]
    calls = " ".join(f"@{one}" for one in (*ids, *mobiles))  # in the text, too, or nobody is rung
    body = {
        "msgtype": "text",
        "text": {"content": text_of(message, channel.keyword, TEXT_BYTES, calls)},
        "at": {"atUserIds": ids, "atMobiles": mobiles, "isAtAll": False},
    }
    speak(channel, client, body, REFUSALS, **_signed(channel, message))


def _signed(channel: Channel, message: Message) -> dict[str, Mapping[str, str]]:
    if not channel.secret:
        return {}
    stamp = str(int(message.sending.timestamp() * 1000))
    url = httpx.URL(str(channel.url or ""))
    sign = signature(str(channel.secret), f"{stamp}\n{channel.secret}")
    return {"params": dict(url.params) | {"timestamp": stamp, "sign": sign}}  # httpx replaces the query of the address by this
