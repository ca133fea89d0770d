"""企业微信群机器人: a text of 2,048 bytes, members called by userid or mobile, 20 a minute."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import httpx

from fengsui.notify.fault import Later, Mend, Undeliverable
from fengsui.notify.message import Message
from fengsui.notify.robot import Refusal, speak, text_of
from fengsui.settings.channel import Channel

TEXT_BYTES = 2048
REFUSALS: Mapping[int, Refusal] = MappingProxyType(
    {
        -1: lambda said: Later("notify.fault.busy", said=said),
        45009: lambda said: Later("notify.fault.too_fast", 60, said, whole=True),
        45033: lambda said: Later("notify.fault.too_fast", 60, said, whole=True),
        93000: lambda said: Mend("notify.fault.robot_gone", said),
        93004: lambda said: Mend("notify.fault.robot_gone", said),
        93008: lambda said: Mend("notify.fault.robot_gone", said),
        60020: lambda said: Mend("notify.fault.ip", said),
        40058: lambda said: Undeliverable("notify.fault.content", said),
        44004: lambda said: Undeliverable("notify.fault.content", said),
    }
)


def to_wecom(channel: Channel, message: Message, client: httpx.Client) -> None:
    text = {"content": text_of(message, channel.keyword, TEXT_BYTES)}
    known = [one for one in message.mentioned if one.wecom or one.mobile]
    called = {
        "mentioned_list": [one.wecom for one in known if one.wecom],
        "mentioned_mobile_list": [one.mobile for one in known if not one.wecom],
    }
    speak(channel, client, {"msgtype": "text", "text": text | {name: ids for name, ids in called.items() if ids}}, REFUSALS)
