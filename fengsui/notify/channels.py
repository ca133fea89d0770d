"""How a message leaves the house: one small file per kind of channel, one row here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import httpx

from fengsui.notify.apprise import service_of, to_apprise
from fengsui.notify.ding import to_ding
from fengsui.notify.dingtalk import to_dingtalk
from fengsui.notify.email import to_email
from fengsui.notify.fault import Mend
from fengsui.notify.feishu import to_feishu
from fengsui.notify.feishu_urgent import to_feishu_urgent
from fengsui.notify.gateway import to_gateway
from fengsui.notify.message import Message
from fengsui.notify.webhook import to_webhook
from fengsui.notify.wecom import to_wecom
from fengsui.settings.channel import Channel
from fengsui.settings.model import Settings

LOG = logging.getLogger("fengsui.notify")
Send: TypeAlias = Callable[[Channel, Message, httpx.Client], None]


def to_log(channel: Channel, message: Message, client: httpx.Client) -> None:
    """A line of the worker's log; also what a new centre starts with."""
    LOG.info("%s -> %s: %s %s", message.kind, message.recipient, message.title, message.text)


@dataclass(frozen=True, slots=True)
class Sender:
    """``per_minute``, ``per_second``: what the receiver bears, less a margin for its clock. ``group``: one message is read by
    all, so the same news for two roles is one message. ``personal``: the column of ``reach`` with each person's address.
    ``rush``: it asks not to be called at :00 and :30."""

    send: Send
    per_minute: int
    per_second: int | None = None
    group: bool = False
    personal: str | None = None
    rush: bool = False


SENDERS: Mapping[str, Sender] = MappingProxyType(
    {
        "log": Sender(to_log, 600),
        "webhook": Sender(to_webhook, 60),
        "wecom": Sender(to_wecom, 18, group=True),  # of 20
        "dingtalk": Sender(to_dingtalk, 18, group=True),  # of 20: one above silences it for ten minutes
        "feishu": Sender(to_feishu, 90, 4, group=True, rush=True),  # of 100 and 5
        "email": Sender(to_email, 60, personal="email"),
        "gateway": Sender(to_gateway, 60, personal="mobile"),
        "ding": Sender(to_ding, 60, personal="dingtalk"),
        "feishu_urgent": Sender(to_feishu_urgent, 60, 4, personal="feishu"),  # of 5 a second to one person
        "apprise": Sender(to_apprise, 20, group=True),
    }
)


def send(settings: Settings, name: str, message: Message, client: httpx.Client) -> None:
    """Through the channel of this name. ``NotSent``; a service behind Apprise that nobody has allowed is not even asked."""
    channel = settings.notify.channels[name]
    if channel.kind == "apprise" and service_of(channel.url) not in settings.notify.services:
        raise Mend("notify.fault.not_allowed", service_of(channel.url))
    SENDERS[channel.kind].send(channel, message, client)
