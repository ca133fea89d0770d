"""Who is told what by which channel: the tier policy and the channels of the settings, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from fengsui.alerts.definitions import NotSeeded, book
from fengsui.notify.apprise import leaves, service_of
from fengsui.settings import Settings
from fengsui.settings.channel import Channel
from fengsui.store.tables import channel_pace


@dataclass(frozen=True, slots=True)
class Tier:
    tier: int
    tell: tuple[str, ...]
    claim_s: int
    handle_s: int
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One channel. ``fault``: the code of its newest try, if that failed. ``service``: behind Apprise; ``off``: not allowed;
    ``abroad``: what it is told may leave the country."""

    name: str
    kind: str
    quiet: str | None
    fallback: str | None
    fault: str | None
    service: str = ""
    off: bool = False
    abroad: bool = False


@dataclass(frozen=True, slots=True)
class Telling:
    tiers: tuple[Tier, ...]
    escalate: tuple[str, ...]
    channels: tuple[Line, ...]


def telling(store: Engine, settings: Settings, now: datetime) -> Telling:
    """The gravest tier first; no tiers where no policy is seeded."""
    with store.connect() as conn:
        faults = {row.channel: row.fault_code for row in conn.execute(select(channel_pace))}
        try:
            policy = book(conn, now).policy
        except NotSeeded:
            policy = None
    named = settings.notify.channels
    lines = tuple(_line(name, one, settings.notify.services, faults.get(name)) for name, one in named.items())
    if policy is None:
        return Telling((), (), lines)
    tiers = []
    for tier in (3, 2, 1):
        held = policy.tiers[str(tier)]  # type: ignore[index]  # "1" | "2" | "3"
        takes = tuple(name for name in policy.channels if tier >= policy.channel_tiers.get(name, 1))
        tiers.append(Tier(tier, held.tell, held.claim_s, held.handle_s, takes))
    return Telling(tuple(tiers), policy.escalate_to, lines)


def _line(name: str, one: Channel, services: tuple[str, ...], fault: str | None) -> Line:
    service = service_of(one.url) if one.kind == "apprise" else ""
    off = one.kind == "apprise" and service not in services
    return Line(name, one.kind, one.quiet or None, one.fallback or None, fault, service, off, bool(service) and leaves(one.url))
