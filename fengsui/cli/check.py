"""``fengsui check``: is what the operator wrote right, do the sources answer, are the roll-ups what the records say."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from fengsui.cli.where import Where, pass_where, utc_now, why

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from connectors.base import Connector
    from fengsui.settings import Mistake, Settings


@click.group(invoke_without_command=True, short_help="检查设置、数据源与数据库 · settings, sources and store")
@click.pass_context
def check(ctx: click.Context) -> None:
    """检查 fengsui.toml、每个数据源的选项与映射、密钥和数据库 · everything that can be checked without polling."""
    if ctx.invoked_subcommand is None and not check_everything(ctx.ensure_object(Where)):
        raise SystemExit(1)


@check.command("source")
@click.argument("name")
@pass_where
def check_source(where: Where, name: str) -> None:
    """试读数据源，按入库后的样子显示前几行 · the first rows as they would be stored, and what is wrong."""
    from connectors.base import Fault
    from fengsui.cli.preview import print_preview

    settings = where.settings()
    if name not in settings.sources:
        where.fail("cli.check.no_source", {"name": name, "allowed": list(settings.sources)})
    mistake, connector = _built(settings, where, name)
    if mistake is None and connector is None:
        where.tell("cli.check.source_pushed", name=name, kind=settings.sources[name].kind)
        return
    if connector is None:
        where.print_mistakes([mistake] if mistake else [])
        raise SystemExit(1)
    try:
        preview = connector.preview(settings.limits.preview_rows, utc_now())
    except Fault as fault:
        where.fail(fault.code, fault.params)
    finally:
        connector.close()
    if print_preview(where, settings, preview):
        raise SystemExit(1)


@check.command("notify")
@click.argument("names", nargs=-1)
@click.option("--to", metavar="PERSON|ADDRESS", help="发给谁：账号、邮箱或手机号 · a person, or the address itself")
@pass_where
def check_notify(where: Where, names: tuple[str, ...], to: str | None) -> None:
    """给通知渠道发一条测试通知，不写渠道名则逐个发 · a marked test notice through each channel, outside of every count."""
    from fengsui.notify import NotSent, send_test

    settings = where.settings()
    channels = settings.notify.channels
    for name in names:
        if name not in channels:
            where.fail("cli.check.no_channel", {"name": name, "allowed": ", ".join(channels)})
    store, well = where.store(settings), True
    for name in names or tuple(channels):
        try:
            send_test(store, settings, name, utc_now(), to)
        except NotSent as fault:
            well = False
            words = {"name": name, "why": where.say(fault.code), "said": fault.said or "—"}
            click.echo(where.say("cli.check.notify_failed", words), err=True)
        else:
            where.tell("cli.check.notify_ok", name=name, kind=channels[name].kind)
    if not well:
        raise SystemExit(1)


@check.command("store")
@pass_where
def check_store(where: Where) -> None:
    """从记录重算全部汇总并比对 · recompute every roll-up from the records and compare."""
    from fengsui.ingest.check import check_store as compare

    settings = where.settings()
    comparison = compare(where.store(settings), settings, utc_now())
    for found in comparison.shown:
        click.echo(f"{found.cell} {found.stored} != {found.wanted}")
    if not comparison.equal:
        where.fail("cli.check.store_differs", {"cells": comparison.cells, "differing": comparison.differing})
    where.tell("cli.check.store_equal", cells=comparison.cells)


def check_everything(where: Where) -> bool:
    """All checks in turn, each with its line; True when all is well."""
    settings = where.settings()
    where.tell("cli.check.settings_ok", file=str(where.file))
    return all([_sources(where, settings), _keys(where, settings), _store(where, settings)])


def _sources(where: Where, settings: Settings) -> bool:
    mistakes = []
    for name, source in settings.sources.items():
        mistake, connector = _built(settings, where, name) if source.enabled else (None, None)
        if connector:
            connector.close()
        if mistake:
            mistakes.append(mistake)
        else:
            where.tell("cli.check.source_ok" if source.enabled else "cli.check.source_off", name=name, kind=source.kind)
    where.print_mistakes(mistakes)
    return not mistakes


def _built(settings: Settings, where: Where, name: str) -> tuple[Mistake | None, Connector | None]:
    """The connector of a source, or its mistake with the line of the key."""
    from connectors.base import Common, ConfigFault
    from connectors.registry import build
    from fengsui.settings import Mistake, key_lines, line_of_key
    from fengsui.worker.sources import mapper_for

    source = settings.sources[name]
    try:
        if source.pushed:
            mapper_for(settings, name)
            return None, None
        return None, build(source.kind, Common(**settings.common(name)), source.options, source.map)
    except ConfigFault as fault:
        key = str(fault.params.get("field", f"source.{name}"))
        line = line_of_key(key_lines(where.file.read_text(encoding="utf-8-sig")), key)
        return Mistake(line, key, str(fault.params.get("value", "")), fault.code, fault.params), None


def _keys(where: Where, settings: Settings) -> bool:
    """Keys that exist are keys. Missing files are made when the first process starts, not by a check."""
    from fengsui.settings import SettingsFault, open_keys

    files = [ref.partition(":")[2] for ref in (settings.keys.customer, settings.keys.data) if ref.startswith("file:")]
    if not all((settings.home / file).exists() for file in files):
        where.tell("cli.check.keys_later")
        return True
    try:
        open_keys(settings, os.environ)
    except SettingsFault as fault:
        where.print_mistakes(fault.mistakes)
        return False
    where.tell("cli.check.keys_ok")
    return True


def _sealed(where: Where, settings: Settings, engine: Engine) -> bool:
    """Which older keys are still needed, and what no key of settings opens."""
    from fengsui.ingest.rotation import sealed_by

    left = sealed_by(engine)
    for key_id in settings.keys.retired:
        where.tell("cli.check.key_needed" if left[key_id] else "cli.check.key_free", key=key_id, n=left[key_id])
    known = {settings.keys.data_key_id, *settings.keys.retired}
    lost = {key_id: n for key_id, n in left.items() if key_id not in known}
    for key_id, n in lost.items():
        click.echo(where.say("cli.check.key_lost", {"key": key_id, "n": n}), err=True)
    return not lost


def _store(where: Where, settings: Settings) -> bool:
    from sqlalchemy.exc import SQLAlchemyError

    from fengsui.store.database import open_store
    from fengsui.store.migrate import StoreTooNew, current, head

    engine, well = open_store(settings.store.url), True
    try:
        found = current(engine)
        if found == head():
            well = _sealed(where, settings, engine)
    except StoreTooNew as fault:
        click.echo(where.say(fault.code, fault.params), err=True)
        return False
    except SQLAlchemyError as fault:
        click.echo(where.say("cli.store.unreachable", why=why(fault)), err=True)
        return False
    finally:
        engine.dispose()
    where.tell("cli.check.store_ok" if found == head() else "cli.check.store_old", found=found or "—", known=head())
    return well
