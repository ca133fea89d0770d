"""The page of figures as a table to take away: numbers as numbers, each with its unit."""

from __future__ import annotations

from fengsui.board.export import Cell, Table
from fengsui.board.kpi_sheet import Row, Sheet, Window
from pages.kpi import window as windows
from pages.look import charts
from pages.look.visitor import Visitor

COLUMNS = (
    "group", "name", "id", "value", "unit", "target", "gap", "lower", "upper", "n", "before", "usual", "state", "version"
)  # fmt: skip


def table(visitor: Visitor, sheet: Sheet, place: str, window: Window) -> Table:
    rows = [_row(visitor, group, row) for group, found in sheet.groups.items() for row in found]
    about = visitor.say(
        "pages.export.kpi",
        place=place,
        window=windows.words(visitor, window),
        start=f"{charts.wall_time(sheet.start, visitor.zone):%Y-%m-%d %H:%M}",
        end=f"{charts.wall_time(sheet.end, visitor.zone):%Y-%m-%d %H:%M}",
    )
    return Table("kpi", visitor.say("pages.title.kpi"), about, _heads(visitor), rows)


def _heads(visitor: Visitor) -> tuple[str, ...]:
    return tuple(visitor.say(f"pages.export.column.{name}") for name in COLUMNS)


def _row(visitor: Visitor, group: str, row: Row) -> list[Cell]:
    metric, kpi = row.metric, row.kpi
    scale, unit = _unit(visitor, row)
    figures = (kpi.value, metric.target, row.gap, kpi.lower, kpi.upper, row.before, row.usual)
    value, target, gap, lower, upper, before, usual = (None if one is None else round(one * scale, 4) for one in figures)
    names = (visitor.say(f"pages.kpi.group.{group}"), visitor.say(f"locale.metric.{metric.id}"), metric.id)
    state = visitor.say(f"metrics.state.{kpi.state}") if kpi.state != "ok" else visitor.say("pages.export.ok")
    return [*names, value, unit, target, gap, lower, upper, kpi.n, before, usual, state, kpi.version]


def _unit(visitor: Visitor, row: Row) -> tuple[float, str]:
    """Always the same unit for a figure, so that rows of two files can be put together: per cent, seconds, counts."""
    metric = row.metric
    if metric.unit == "permille":
        return 1000.0, "‰"
    if metric.shape in ("share", "ratio"):
        return 100.0, "%"
    if metric.shape in ("duration", "mean", "work_off"):
        return 1.0, visitor.say("locale.unit.second")
    return 1.0, visitor.say(f"pages.unit.{metric.unit}")
