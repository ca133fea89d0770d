"""``fengsui drill``: begin a 演练 from the command line, as a manager of the whole centre."""

from __future__ import annotations

import click

from fengsui.cli.where import Where, pass_where, utc_now

BY = "cli"


@click.command(short_help="发起一次演练 · begin a drill")
@click.argument("scenario")
@click.option("--tier", type=click.IntRange(1, 3), default=3, show_default=True, help="级别：1 一般，2 重要，3 严重 · the tier")
@click.option("--where", "place", default="", help="范围，如 “机构 = 华南” · the place; without it the whole centre")
@click.option("--minutes", type=click.IntRange(1, 480), default=60, show_default=True, help="最长多久 · at most so long")
@pass_where
def drill(where: Where, scenario: str, tier: int, place: str, minutes: int) -> None:
    """发起一次演练：走完真实流程，处处标明【演练】，不计入统计 · the whole road, marked, in no figure."""
    from fengsui.alerts.commands import Refused, start_drill
    from fengsui.alerts.commands.handling import Somebody
    from fengsui.board.silences import where_of
    from fengsui.board.wrong import Wrong

    settings = where.settings()
    store = where.store(settings)
    try:
        levels = where_of(store, settings, place)
    except Wrong as wrong:
        where.fail(wrong.mistakes[0].code, dict(wrong.mistakes[0].params))
    by = Somebody(BY, "fengsui drill", "admin")
    answer = start_drill(store, by, utc_now(), tier=tier, where=levels, scenario=scenario, minutes=minutes)
    if isinstance(answer, Refused):
        where.fail(answer.code, dict(answer.params))
    where.tell("cli.drill.begun", tier=tier, minutes=minutes)
