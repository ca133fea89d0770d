"""``fengsui demo serve`` and ``fengsui demo --incident NAME``."""

from __future__ import annotations

import click

from fengsui.cli.where import Where, pass_where


@click.group(invoke_without_command=True, short_help="演示中心：提供数据、制造事件 · the demo centre and its incidents")
@click.option(
    "--incident", metavar="NAME", help="在运行中的演示中心触发一次事件 · set off an incident in the running demo centre"
)
@click.pass_context
def demo(ctx: click.Context, incident: str | None) -> None:
    """虚构的客服中心，写入真实的渠道库 · an invented centre that writes into real channel stores."""
    if ctx.invoked_subcommand is None:
        _incident(ctx.ensure_object(Where), incident, ctx)


def _incident(where: Where, name: str | None, ctx: click.Context) -> None:
    from fengsui.demo.main import INCIDENTS, DemoFault, trigger

    if name is None:
        click.echo(ctx.get_help())
        where.tell("cli.demo.incidents", names=list(INCIDENTS))
        return
    try:
        trigger(where.home, name)
    except DemoFault as fault:
        where.fail(fault.code, fault.params)
    where.tell("cli.demo.triggered", name=name)


@demo.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), help="HTTP 渠道库端口，默认看板端口加一 · default: the dashboard's port + 1"
)
@pass_where
def serve(where: Where, port: int | None) -> None:
    """写历史数据，然后每秒产生新数据 · write the history, then new records every second."""
    from fengsui.cli.everything import dashboard_port
    from fengsui.demo.main import DemoFault
    from fengsui.demo.main import serve as serve_demo

    try:
        serve_demo(where.home, port or dashboard_port(where) + 1)
    except DemoFault as fault:
        where.fail(fault.code, fault.params)
