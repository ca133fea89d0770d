"""``fengsui``: the operator's commands. One file per group; what a command needs is imported when it runs.

Exit codes: 0 done, 1 something is wrong that the output names, 2 the command or fengsui.toml cannot be read.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from fengsui import __version__
from fengsui.cli.backtest import backtest
from fengsui.cli.check import check
from fengsui.cli.definitions import export_definitions, import_definitions
from fengsui.cli.demo import demo
from fengsui.cli.drill import drill
from fengsui.cli.migrate import migrate
from fengsui.cli.processes import dashboard, run, worker
from fengsui.cli.replay import replay
from fengsui.cli.report import report
from fengsui.cli.rota import rota
from fengsui.cli.train import train
from fengsui.cli.user import user
from fengsui.cli.wall import wall
from fengsui.cli.where import Where, preferred_language

COMMANDS = {
    "run": run,
    "worker": worker,
    "dashboard": dashboard,
    "demo": demo,
    "replay": replay,
    "backtest": backtest,
    "check": check,
    "migrate": migrate,
    "user": user,
    "report": report,
    "wall": wall,
    "rota": rota,
    "drill": drill,
    "train": train,
    "export": export_definitions,
    "import": import_definitions,
}


class InOrder(click.Group):
    """Lists commands as they stand in the table, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=InOrder, commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="FENGSUI_HOME",
    default="home",
    show_default=True,
    help="fengsui.toml、数据库与密钥所在目录 · folder of fengsui.toml, store and keys",
)
@click.option("--lang", type=click.Choice(["zh_CN", "en"]), envvar="FENGSUI_LANG", help="输出语言 · language of the output")
@click.version_option(__version__)
@click.pass_context
def main(ctx: click.Context, home: Path, lang: str | None) -> None:
    """Fengsui 烽燧：客户服务质量实时监测与预警 · real-time service-quality monitoring and early warning."""
    os.umask(0o077)  # store, keys and logs are of customers: nobody else on this machine reads them
    ctx.obj = Where(home.expanduser().absolute(), lang or preferred_language())
