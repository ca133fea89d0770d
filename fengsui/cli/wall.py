"""``fengsui wall link``: addresses that open the wall on a screen without keyboard, and end when they are revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from fengsui.cli import links
from fengsui.cli.where import Where, pass_where, utc_now

if TYPE_CHECKING:
    from sqlalchemy import Engine


@click.group(short_help="大屏链接：生成、列出、收回 · links that open the wall")
def wall() -> None:
    """大屏 · the wall."""


@wall.group(short_help="只读链接：生成、列出、收回 · read-only links")
def link() -> None:
    """打开大屏的只读链接，随时可收回 · read-only, revocable links to the wall."""


@link.command()
@click.option("--name", required=True, help="屏幕名称，如 大厅东墙 · what the screen is called")
@click.option("--scope", multiple=True, metavar="ORG", help="可见机构，可多次 · organisation scope, repeatable")
@click.option("--days", type=click.IntRange(1, 3650), help="几天后失效，默认一直有效 · ends after so many days")
@click.option("--address", multiple=True, metavar="NETWORK", help="只许从这里打开，如 10.1.0.0/16，可多次 · only from here")
@click.option("--views", metavar="IDS", help="轮换的视图，如 overview,sla，或 all · views that take turns, or all")
@click.option("--turn", type=click.IntRange(15, 60), default=None, help="每个视图停几秒 · seconds for each view")
@click.option("--url", metavar="URL", help="看板对外的地址，默认按配置 · where browsers reach the dashboard")
@pass_where
def make(
    where: Where,
    name: str,
    scope: tuple[str, ...],
    days: int | None,
    address: tuple[str, ...],
    views: str | None,
    turn: int | None,
    url: str | None,
) -> None:
    """生成链接，只显示这一次 · make a link; it is shown this once."""
    from fengsui.people import PersonFault, make_link

    settings, now = where.settings(), utc_now()
    until = now + timedelta(days=days) if days else None
    start = links.outside(where, settings, url)
    store = where.store(settings)
    carried: dict[str, Any] = {"views": _views(where, store, views), "turn_s": turn or 0}
    try:
        made, token = make_link(store, name, by=links.BY, now=now, scope=scope, expires_at=until, addresses=address, **carried)
    except PersonFault as fault:
        where.fail(fault.code, fault.params)
    where.tell("cli.wall.made", link=made.person.person_id, name=name)
    click.echo(f"{start}wall/enter/{token}")
    where.tell("cli.wall.once")


def _views(where: Where, store: Engine, given: str | None) -> list[str]:
    """As they are known; ``all`` stays ``all``, so that a view made later is in it."""
    from fengsui.metrics import view_body

    wanted = [id_.strip() for id_ in (given or "").split(",") if id_.strip()]
    with store.connect() as conn:
        known = [*view_body.load(conn, utc_now()), "all"]
    unknown = [id_ for id_ in wanted if id_ not in known]
    if unknown:
        where.fail("cli.wall.view", {"value": unknown[0][:40], "known": known}, status=2)
    return wanted


@link.command("list")
@pass_where
def list_(where: Where) -> None:
    """列出链接 · list links."""
    from fengsui.people.link import START

    links.show(where, START)


@link.command()
@click.argument("link_id", metavar="ID")
@pass_where
def revoke(where: Where, link_id: str) -> None:
    """收回链接，它打开的大屏立即看不到数据 · revoke a link; the screens it opened show nothing more."""
    links.take_back(where, link_id, "cli.wall.revoked")
