"""飞书自定义机器人: signed with the time, members called by open_id, 100 a minute and 5 a second."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from types import MappingProxyType
from typing import Any

import httpx

from fengsui.notify.fault import Later, Mend, NotSent, Undeliverable
from fengsui.notify.message import Message
from fengsui.notify.robot import Refusal, signature, speak, text_of
from fengsui.settings.channel import Channel

TEXT_BYTES = 18_000  # of 20 kB for the whole body


def _fast(said: str) -> NotSent:
    return Later("notify.fault.too_fast", 30, said, whole=True)


def _bad_request(said: str) -> NotSent:
    """9499 is what a request too many is answered with, too."""
    return _fast(said) if "too many" in said.casefold() else Undeliverable("notify.fault.content", said)


REFUSALS: Mapping[int, Refusal] = MappingProxyType(
    {
        9499: _bad_request,
        11232: _fast,
        11233: _fast,
        19001: lambda said: Mend("notify.fault.robot_gone", said),
        19002: lambda said: Undeliverable("notify.fault.content", said),
        19003: _fast,
        19007: lambda said: Mend("notify.fault.robot_gone", said),
        19021: lambda said: Mend("notify.fault.signature", said),
        19022: lambda said: Mend("notify.fault.ip", said),
        19024: lambda said: Mend("notify.fault.keyword", said),
    }
)


def to_feishu(channel: Channel, message: Message, client: httpx.Client) -> None:
    calls = "".join(f'<at user_id="{escape(one.feishu)}">{escape(one.name)}</at>' for one in message.mentioned if one.feishu)
    text = text_of(
        message.plain("<", "＜"), channel.keyword, TEXT_BYTES, calls
    )  # a name may not ring everybody: <at user_id="all">
    body = {"msg_type": "text", "content": {"text": text}}
    speak(channel, client, _signed(channel, message) | body, REFUSALS)


def _signed(channel: Channel, message: Message) -> dict[str, Any]:
    if not channel.secret:
        return {}
    stamp = str(int(message.sending.timestamp()))
    return {"timestamp": stamp, "sign": signature(f"{stamp}\n{channel.secret}", "")}
