"""``fengsui report link``: addresses of the form of 一线上报 for those without an account, with a QR code to print."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from fengsui.cli import links
from fengsui.cli.where import Where, pass_where, utc_now


@click.group(short_help="上报链接：生成、列出、收回 · links to the form for reports")
def report() -> None:
    """一线上报 · reports of staff."""


@report.group(short_help="免账号上报链接：生成、列出、收回 · links without an account")
def link() -> None:
    """不用账号就能上报的链接，随时可收回 · revocable links that report without an account."""


@link.command()
@click.option("--name", required=True, help="给谁用、贴在哪里，如 天河网点柜台 · who uses it, where it hangs")
@click.option("--scope", multiple=True, metavar="ORG", help="只能报哪些机构，可多次 · organisation scope, repeatable")
@click.option("--days", type=click.IntRange(1, 3650), help="几天后失效，默认一直有效 · ends after so many days")
@click.option("--qr", type=click.Path(path_type=Path, dir_okay=False), help="二维码写成 SVG 文件 · the QR code as an SVG file")
@click.option("--url", metavar="URL", help="看板对外的地址，默认按配置 · where browsers reach the dashboard")
@pass_where
def make(where: Where, name: str, scope: tuple[str, ...], days: int | None, qr: Path | None, url: str | None) -> None:
    """生成链接，只显示这一次 · make a link; it is shown this once."""
    from fengsui.people import PersonFault, make_link
    from fengsui.people.link import REPORT
    from pages.gate.qr import svg

    settings, now = where.settings(), utc_now()
    until = now + timedelta(days=days) if days else None
    start = links.outside(where, settings, url)
    try:
        made, token = make_link(where.store(settings), name, by=links.BY, now=now, scope=scope, expires_at=until, start=REPORT)
    except PersonFault as fault:
        where.fail(fault.code, fault.params)
    where.tell("cli.report.made", link=made.person.person_id, name=name)
    click.echo(f"{start}tell/{token}")
    if qr is not None:
        qr.write_text(svg(f"{start}tell/{token}", "QR"), encoding="utf-8")
        where.tell("cli.report.qr", file=str(qr))
    where.tell("cli.report.once")


@link.command("list")
@pass_where
def list_(where: Where) -> None:
    """列出链接 · list links."""
    from fengsui.people.link import REPORT

    links.show(where, REPORT)


@link.command()
@click.argument("link_id", metavar="ID")
@pass_where
def revoke(where: Where, link_id: str) -> None:
    """收回链接，表单立即打不开 · revoke a link; the form opens no more."""
    links.take_back(where, link_id, "cli.report.revoked")
