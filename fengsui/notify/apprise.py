"""Every other service, through Apprise. Off until an administrator lists the service under ``[notify] services``; what may
leave the country is said in words wherever the channel is shown."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

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
HOSTED = frozenset(("cloud", "t2bot"))
"""Modes in which one of ``OWN`` speaks to its maker's public server, whatever stands where a host would: ``ntfys://topic``."""


def service_of(url: str | None) -> str:
    """``tgram`` of ``tgram://…``; empty where there is none."""
    return str(url or "").partition("://")[0].strip().casefold() if "://" in str(url or "") else ""


def leaves(url: str | None) -> bool:
    """Whether what it is told leaves the mainland, as far as one can know: yes for everything that is not known to stay."""
    kind = service_of(url)
    if kind in DOMESTIC:
        return False
    # the written address is not asked: a topic or a token stands where the host is looked for, and smtp= sends elsewhere
    service = _service(url) if kind in OWN else None
    if service is None or getattr(service, "mode", None) in HOSTED:
        return True
    return not all(_inside(host) for host in _hosts(service))


def to_apprise(channel: Channel, message: Message, client: httpx.Client) -> None:
    """Apprise says only whether it worked; a service that was refused once is tried again, and the fallback takes over."""
    from apprise import NotifyType

    service = _service(channel.url)
    if service is None:
        raise Mend("notify.fault.apprise_url", service_of(channel.url))
    if len(service) > 1:  # one that fails would have all the others told again with each try
        raise Mend("notify.fault.apprise_targets", service_of(channel.url))
    service.socket_connect_timeout = service.socket_read_timeout = TIMEOUT_S
    body = cut("\n".join(part for part in (message.text, message.link) if part), TEXT_BYTES)
    kind = NotifyType.FAILURE if message.tier >= 3 else NotifyType.WARNING
    try:
        taken = service.notify(body=body, title=message.title, notify_type=kind)
    except (TypeError, ValueError) as fault:
        raise Undeliverable("notify.fault.content", type(fault).__name__) from fault
    if not taken:
        raise Later("notify.fault.apprise", said=service_of(channel.url))


def _service(url: str | None) -> Any:
    """The service of an address as Apprise understands it; None where it does not."""
    from apprise import Apprise, AppriseAsset  # 0.3 s, for who uses it

    asset = AppriseAsset(app_id="Fengsui", app_desc="Fengsui 烽燧", async_mode=False, secure_logging=True)
    found = Apprise.instantiate(str(url), asset=asset, suppress_exceptions=True)
    return None if isinstance(found, Apprise) else found


def _hosts(service: Any) -> Iterator[str]:
    """Where it is told, and for a mail where its readers have their box."""
    if not (host := getattr(service, "smtp_host", None)):
        yield service.host or ""
        return
    yield host
    readers = [mail for _, mail in service.targets]
    yield from (mail.rpartition("@")[2] for mail in (*readers, *service.cc, *service.bcc))


def _inside(host: str) -> bool:
    """An address or a name of the house's own network."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or "." not in host or host.endswith((".local", ".internal", ".lan"))
