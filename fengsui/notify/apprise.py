"""Every other service, through Apprise. Off until an administrator lists the service under ``[notify] services``; what may
leave the country is said in words wherever the channel is shown."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import httpx

from fengsui.notify.fault import Later, Mend, Undeliverable
from fengsui.notify.message import Message
from fengsui.notify.robot import cut
from fengsui.settings.channel import Channel

TEXT_BYTES = 4000
TIMEOUT_S = 5.0
DOMESTIC = frozenset(
    (
        *("dingtalk", "feishu", "wecom", "wecombot", "wechat", "wxpusher"),
        *("pushplus", "pushdeer", "pushme", "schan", "spugpush", "qq", "kook"),
    )
)
"""Services that are run in the mainland."""
OWN = frozenset(
    (
        *("apprise", "apprises", "form", "forms", "json", "jsons", "xml", "xmls", "mailto", "mailtos", "rsyslog"),
        *("gotify", "gotifys", "matrix", "matrixs", "mmost", "mmosts", "nctalk", "nctalks", "ntfy", "ntfys"),
        *("pushdeers", "rocket", "rockets", "synology", "synologys"),
    )
)
"""Run by whoever has the host; which country it stands in only its address can tell."""


def service_of(url: str | None) -> str:
    """``tgram`` of ``tgram://…``; empty where there is none."""
    return str(url or "").partition("://")[0].strip().casefold() if "://" in str(url or "") else ""


def leaves(url: str | None) -> bool:
    """Whether what it is told leaves the mainland, as far as one can know: yes for everything that is not known to stay."""
    service = service_of(url)
    if service in DOMESTIC:
        return False
    return service not in OWN or not _inside(urlsplit(str(url)).hostname or "")


def to_apprise(channel: Channel, message: Message, client: httpx.Client) -> None:
    """Apprise says only whether it worked; a service that was refused once is tried again, and the fallback takes over."""
    from apprise import Apprise, AppriseAsset, NotifyType  # 0.3 s, for who uses it

    asset = AppriseAsset(app_id="Fengsui", app_desc="Fengsui 烽燧", async_mode=False, secure_logging=True)
    service = Apprise.instantiate(str(channel.url), asset=asset, suppress_exceptions=True)
    if service is None or isinstance(service, Apprise):
        raise Mend("notify.fault.apprise_url", service_of(channel.url))
    service.socket_connect_timeout = service.socket_read_timeout = TIMEOUT_S
    body = cut("\n".join(part for part in (message.text, message.link) if part), TEXT_BYTES)
    kind = NotifyType.FAILURE if message.tier >= 3 else NotifyType.WARNING
    try:
        taken = service.notify(body=body, title=message.title, notify_type=kind)
    except (TypeError, ValueError) as fault:
        raise Undeliverable("notify.fault.content", type(fault).__name__) from fault
    if not taken:
        raise Later("notify.fault.apprise", said=service_of(channel.url))


def _inside(host: str) -> bool:
    """An address or a name of the house's own network."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or "." not in host or host.endswith((".local", ".internal", ".lan"))
