"""``fengsui backtest``: one series from a file through a detector, strictly online."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fengsui.cli.where import Where, pass_where

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from fengsui.backtest.judge import Account

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def _interval(ctx: click.Context, param: click.Parameter, value: str) -> timedelta:
    from fengsui.settings.span import parse_span

    try:
        return parse_span(value)
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{value!r}：应为 15min、1h、1d、7d 这样的时长 · a length such as 15min, 1h, 1d, 7d") from None


@contextmanager
def _unswept() -> Iterator[None]:
    """Rows and steps are kept to the end and hold no circles: looking through them again and again for what could be thrown
    away takes a tenth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@click.command(short_help="用一条历史序列试检测器 · what a detector would have said of one series")
@click.argument("series", type=_FILE)
@click.option(
    "--kind", type=click.Choice(["count", "share", "duration", "gauge"]), required=True, help="读数的种类 · of reading"
)
@click.option("--interval", callback=_interval, required=True, help="步长，如 15min、1h、1d、7d · length of a step")
@click.option("--calendar", default="CN", show_default=True, help="节假日：CN、none 或国家代码 · holidays")
@click.option("--zone", default="Asia/Shanghai", show_default=True, help="没有时区的时间按这里算 · of times without an offset")
@click.option(
    "--budget", type=click.FloatRange(1e-6, 1000), default=0.5, show_default=True, help="每周可误报几次 · false alarms a week"
)
@click.option("--detector", help="检测器，默认按种类选 · by its name; else by the kind")
@click.option("--events", type=_FILE, help="真实事件：start,end[,name] · what really happened")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="逐步结果写入 CSV · one row per step")
@pass_where
def backtest(
    where: Where,
    series: Path,
    kind: str,
    interval: timedelta,
    calendar: str,
    zone: str,
    budget: float,
    detector: str | None,
    events: Path | None,
    out: Path | None,
) -> None:
    """SERIES.csv 的列：timestamp,value[,exposure]。逐步评分，只用此前的数据 · scores strictly online."""
    from fengsui.backtest.events import read_events
    from fengsui.backtest.fault import BadSeries
    from fengsui.backtest.judge import account
    from fengsui.backtest.play import detector_for, play
    from fengsui.backtest.report import write_steps
    from fengsui.backtest.series import read_rows

    _check_calendar(where, calendar)
    here = _zone(where, zone)
    try:
        known = read_events(events, interval, here) if events else []
        with _unswept():
            rows = read_rows(series, kind, interval, here)
            steps = list(play(rows, detector_for(kind, detector, interval), interval, calendar, budget))
        if out:
            write_steps(out, steps)
    except BadSeries as fault:
        where.fail(f"cli.backtest.{fault.kind}", fault.params)
    missing = round((rows[-1].start - rows[0].start) / interval) + 1 - len(rows)
    where.tell("cli.backtest.read", steps=len(rows), missing=missing, first=rows[0].text, last=rows[-1].text)
    _tell(where, account(steps, known), bool(events))
    if out:
        where.tell("cli.backtest.written", out=str(out))


def _check_calendar(where: Where, calendar: str) -> None:
    from pydantic_core import PydanticCustomError

    from fengsui.settings.calendar import check_calendar

    try:
        check_calendar(calendar)
    except PydanticCustomError:
        where.fail("cli.backtest.calendar", {"value": calendar})


def _zone(where: Where, name: str) -> ZoneInfo:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        where.fail("cli.backtest.zone", {"value": name})


def _tell(where: Where, found: Account, judged: bool) -> None:
    if found.per_week is None:
        where.tell("cli.backtest.not_ready")
        return
    tiers = [sum(alarm.grade == tier for alarm in found.alarms) for tier in (3, 2, 1)]
    where.tell(
        "cli.backtest.alarms",
        alarms=len(found.alarms),
        weeks=found.weeks,
        per_week=found.per_week,
        severe=tiers[0],
        important=tiers[1],
        general=tiers[2],
    )
    if not judged:
        return
    for one in found.found:
        if one.delay is None:
            where.tell("cli.backtest.missed", name=one.event.name)
        else:
            where.tell("cli.backtest.found", name=one.event.name, delay=one.delay.total_seconds(), grade=int(one.grade))
    if found.outside:
        where.tell("cli.backtest.outside", n=found.outside)
    if found.precision is not None:
        where.tell("cli.backtest.precision", precision=found.precision, about=found.about, alarms=len(found.alarms))
    if found.recall is not None:
        caught = sum(one.delay is not None for one in found.found)
        where.tell("cli.backtest.recall", recall=found.recall, found=caught, events=len(found.found))
    if found.delay is not None:
        where.tell("cli.backtest.delay", delay=found.delay.total_seconds())
