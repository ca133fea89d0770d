"""``fengsui migrate``."""

from __future__ import annotations

import click

from fengsui.cli.where import Where, pass_where


@click.command(short_help="升级数据库表结构 · bring the store's tables up to date")
@pass_where
def migrate(where: Where) -> None:
    """升级数据库表结构；各进程启动时也会自动升级 · bring the store's tables up to date, as every process does at its start."""
    from fengsui.store.migrate import head

    where.store(where.settings()).dispose()
    where.tell("cli.migrate.done", revision=head())
