"""``fengsui rota``: the duty roster from a CSV or Excel file, who is on duty, and hours without anybody."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fengsui.cli.table import print_table
from fengsui.cli.where import Where, pass_where, utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

BY = "cli"
SHOWN = 20


@click.group(short_help="值班表：导入、列出、缺岗 · the duty roster")
def rota() -> None:
    """值班表 · who is on duty when."""


@rota.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@pass_where
def import_(where: Where, file: Path) -> None:
    """从 CSV 或 Excel 导入，替换文件所含时段 · from a file, in the place of the time that it covers."""
    from fengsui.people import RotaMistakes, save_rota, shifts_of

    settings = where.settings()
    try:
        shifts = shifts_of(_rows(where, file), settings.centre.zone)
    except RotaMistakes as wrong:
        for one in wrong.mistakes[:SHOWN]:
            text = where.say(one.code, one.params)
            click.echo(where.say("cli.rota.row", {"n": one.row, "text": text}) if one.row else text, err=True)
        where.fail("cli.rota.refused", {"n": len(wrong.mistakes)})
    kept = save_rota(where.store(settings), shifts, by=BY, now=utc_now())
    where.tell("cli.rota.imported", n=kept.added, replaced=kept.replaced)


def _rows(where: Where, file: Path) -> Iterator[dict[str, Any]]:
    from connectors.file_rows import Style, format_of, rows_of

    form = format_of(file)
    if form not in ("csv", "excel"):
        where.fail("cli.rota.format", {"file": file.name})
    try:
        for line in rows_of(file, form, Style(), 0, final=True):
            if line.bad is not None:
                where.fail("cli.rota.unread", {"file": file.name})
            yield line.values or {}
    except (OSError, EOFError, ValueError):
        where.fail("cli.rota.unread", {"file": file.name})


@rota.command("list")
@click.option("--days", type=click.IntRange(1, 62), default=7, show_default=True)
@pass_where
def list_(where: Where, days: int) -> None:
    """列出今后几天的班次 · the shifts of the next days."""
    from fengsui.people import rota as shifts

    settings, now = where.settings(), utc_now()
    found = shifts(where.store(settings), now, now + timedelta(days=days))
    zone = settings.centre.zone
    rows = [
        (
            f"{_at(one.start_at, zone)} – {_at(one.end_at, zone)}",
            where.say(f"people.rota.role_{one.role}"),
            one.name,
            one.extension or "—",
            one.team or "—",
        )
        for one in found
    ]
    print_table([where.say(f"cli.rota.head_{head}") for head in ("when", "role", "name", "extension", "team")], rows)


@rota.command()
@click.option("--days", type=click.IntRange(1, 62), default=7, show_default=True)
@pass_where
def gaps(where: Where, days: int) -> None:
    """今后几天没有值班员的时段；有则退出码 1 · hours without a named duty officer; exit status 1 where there are."""
    from fengsui.people import unmanned

    settings, now = where.settings(), utc_now()
    found = unmanned(where.store(settings), now, now + timedelta(days=days))
    for start, end in found:
        click.echo(f"{_at(start, settings.centre.zone)} – {_at(end, settings.centre.zone)}")
    where.tell("cli.rota.gaps" if found else "cli.rota.no_gaps", n=len(found), days=days)
    if found:
        raise SystemExit(1)


def _at(at: datetime, zone: str) -> str:
    from zoneinfo import ZoneInfo

    return f"{at.astimezone(ZoneInfo(zone)):%m-%d %H:%M}"
