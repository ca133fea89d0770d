"""``fengsui export`` and ``fengsui import``: definitions (rules, targets, policies …) as JSON, between two stores.

The file is that of ``board.definition_file``, which the page of administrators reads and writes, too. Importing adds versions;
it never changes one that is there, and skips a body that is already the newest.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fengsui.cli.where import Where, pass_where, utc_now

if TYPE_CHECKING:
    from sqlalchemy import Connection

_KEYS = {"kind": str, "id": str, "body": dict}


@click.command("export", short_help="导出规则、目标等定义 · definitions (rules, targets …) as JSON")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
@click.option("--kind", multiple=True, help="只导出这些种类，可多次 · only these kinds, repeatable")
@pass_where
def export_definitions(where: Where, file: Path, kind: tuple[str, ...]) -> None:
    """把每个定义的最新版写成 JSON · write the newest version of each definition."""
    from fengsui.board import definition_file

    with where.store(where.settings()).connect() as conn:
        found = definition_file.newest(conn, kind)
    with click.open_file(str(file), "w", encoding="utf-8") as out:
        out.write(definition_file.written(found))
    click.echo(where.say("cli.definitions.exported", n=len(found), file=str(file)), err=True)


@click.command("import", short_help="导入定义，只增加新版本 · import definitions as new versions")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--by", default="cli", show_default=True, help="记在谁名下 · who is noted as their author")
@pass_where
def import_definitions(where: Where, file: Any, by: str) -> None:
    """导入 JSON；内容不变的跳过，有一条不对就全部不导入 · all or nothing; unchanged ones are skipped."""
    from fengsui.alerts.definitions import BadDefinition

    given = _read(where, file)
    store = where.store(where.settings())
    try:
        with store.begin() as conn:
            added = add_versions(conn, given, by)
    except BadDefinition as fault:
        for field, text, _ in fault.mistakes:
            click.echo(f"{fault.kind} {fault.id} {field}: {text}", err=True)
        where.fail("cli.definitions.refused")
    where.tell("cli.definitions.imported", n=added, same=len(given) - added)


def add_versions(conn: Connection, given: list[dict[str, Any]], by: str) -> int:
    """Save each body that differs from the newest; returns how many."""
    from fengsui.alerts.definitions import save
    from fengsui.board.definition_file import newest

    known = {(row["kind"], row["id"]): row["body"] for row in newest(conn)}
    changed = [row for row in given if known.get((row["kind"], row["id"])) != row["body"]]
    for row in changed:
        save(conn, row["kind"], row["id"], row["body"], by, utc_now())
    return len(changed)


def _read(where: Where, file: Any) -> list[dict[str, Any]]:
    from fengsui.board.definition_file import FORMAT, VERSION

    try:
        given = json.load(file)
    except json.JSONDecodeError as fault:
        where.fail("cli.definitions.no_json", {"line": fault.lineno, "why": fault.msg})
    if not isinstance(given, dict) or given.get("format") != FORMAT or given.get("version") != VERSION:
        where.fail("cli.definitions.no_format", {"format": FORMAT, "version": VERSION})
    rows = given.get("definitions")
    for n, row in enumerate(rows if isinstance(rows, list) else [None], 1):
        wrong = [key for key, kind in _KEYS.items() if not isinstance(row, dict) or not isinstance(row.get(key), kind)]
        if wrong:
            where.fail("cli.definitions.row", {"n": n, "keys": wrong})
    return list(rows or [])
