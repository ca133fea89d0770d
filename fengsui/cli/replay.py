"""``fengsui replay``: history through the real road under a virtual clock."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from fengsui.cli.where import Where, pass_where

_TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(short_help="回放历史文件：当时会在何时预警 · what would we have seen, and when")
@click.argument("file", type=_FILE)
@click.option("--mapping", type=_FILE, required=True, help="字段映射（TOML） · mapping of its columns")
@click.option("--start", type=_TIME, help="起始时间，不写时区按 UTC · begin here; UTC unless it has an offset")
@click.option("--end", type=_TIME, help="结束时间 · end here")
@click.option("--live-from", type=_TIME, help="此前的数据作为历史一次读入 · what is older is read at once, as first history")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default="alerts.csv", show_default=True)
@pass_where
def replay(
    where: Where,
    file: Path,
    mapping: Path,
    start: datetime | None,
    end: datetime | None,
    live_from: datetime | None,
    out: Path,
) -> None:
    """用虚拟时钟回放 FILE（CSV 或 CSV.GZ），写出每次预警变化 · one row per machine transition."""
    from connectors.base import ConfigFault
    from fengsui.replay.history import BadHistory
    from fengsui.replay.main import run
    from fengsui.settings import SettingsFault

    try:
        played = run(file, mapping, start=_aware(start), end=_aware(end), live_from=_aware(live_from), out=out, lang=where.lang)
    except SettingsFault as fault:
        where.print_mistakes(fault.mistakes, mapping.name)
        raise SystemExit(2) from None
    except ConfigFault as fault:
        where.fail(fault.code, fault.params)
    except BadHistory as fault:
        where.fail(f"cli.replay.{fault.kind}", fault.params)
    where.tell(
        "cli.replay.done", minutes=played.virtual_minutes, rows=played.rows, transitions=played.transitions, out=str(out)
    )


def _aware(at: datetime | None) -> datetime | None:
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)
