"""Links that open one door without an account, as the commands of the wall and of reports make, list and revoke them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fengsui.cli.table import print_table
from fengsui.cli.where import Where, utc_now

if TYPE_CHECKING:
    from datetime import datetime

    from fengsui.people import Link
    from fengsui.settings import Settings

BY = "cli"
HEADS = ("id", "name", "scope", "address", "made", "until", "used", "state")


def outside(where: Where, settings: Settings, url: str | None) -> str:
    """Where browsers reach the dashboard, with a slash at its end."""
    from fengsui.cli import everything

    start = url.rstrip("/") + "/" if url else everything.address(settings.server.host, settings)
    if not start.startswith(("http://", "https://")):
        where.fail("cli.wall.url", {"value": start[:80]}, status=2)
    return start


def show(where: Where, start: str) -> None:
    """A table of the links whose ids begin with ``start``."""
    from fengsui.people import every_link

    settings, now = where.settings(), utc_now()
    rows = [_row(where, each, settings.centre.zone, now) for each in every_link(where.store(settings), start)]
    print_table([where.say(f"cli.wall.head_{head}") for head in HEADS], rows)


def take_back(where: Where, link_id: str, told: str) -> None:
    """``told``: the code of the words that say so."""
    from fengsui.people import PersonFault, revoke_link

    try:
        revoke_link(where.store(where.settings()), link_id, by=BY, now=utc_now())
    except PersonFault as fault:
        where.fail(fault.code, fault.params)
    where.tell(told, link=link_id)


def _row(where: Where, link: Link, zone: str, now: datetime) -> tuple[str, ...]:
    return (
        link.person.person_id,
        link.person.name,
        " ".join(link.person.scope) or where.say("cli.wall.everything"),
        " ".join(link.addresses) or where.say("cli.wall.anywhere"),
        _day(link.created_at, zone),
        _day(link.expires_at, zone),
        _day(link.used_at, zone),
        where.say(f"cli.wall.{_state(link, now)}"),
    )


def _state(link: Link, now: datetime) -> str:
    return "opens" if link.opens(now) else "expired" if link.revoked_at is None and link.expired(now) else "closed"


def _day(at: datetime | None, zone: str) -> str:
    from zoneinfo import ZoneInfo

    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d}" if at else "—"
