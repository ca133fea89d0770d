"""Where: complaints of the last hour by organisation and channel, beside what is usual at this hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fengsui.board.alert import Alert
from fengsui.board.heat import COLUMNS, ROWS, busiest, visible
from fengsui.board.read import Picture
from fengsui.locale import tier_mark
from fengsui.locale.formats import MINUS
from fengsui.store.slices import slice_levels
from pages.look.figures import short
from pages.look.pieces import esc
from pages.look.visitor import Visitor

STRONG = 2.5
"""Deviations (in square roots of the usual count) above this are lifted from the background; no tier without an alert."""


def panel(visitor: Visitor, picture: Picture, alerts: Sequence[Alert]) -> str:
    cells = visible(list(picture.body["heat"]), visitor.scope)
    known = all(cell["observed"] is not None for cell in cells)
    title, second = visitor.say("pages.heat.title"), visitor.say("pages.heat.second" if known else "pages.heat.reading")
    head = f'<h3 class="h">{esc(title)}<em>{esc(second)}</em></h3>'
    body = _grid(visitor, cells, alerts) if cells else f'<p class="empty">{esc(visitor.say("pages.state.no_data"))}</p>'
    return f'<div class="panel heat">{head}{body}</div>'


def _grid(visitor: Visitor, cells: list[dict[str, Any]], alerts: Sequence[Alert]) -> str:
    orgs, channels = busiest(cells, "org", ROWS), busiest(cells, "channel", COLUMNS)
    by_place = {(cell["org"], cell["channel"]): cell for cell in cells}
    head = "<span></span>" + "".join(f'<span class="hd">{esc(channel)}</span>' for channel in channels)
    rows = "".join(
        f'<span class="rw">{esc(org)}</span>'
        + "".join(_cell(visitor, by_place.get((org, channel)), alerts) for channel in channels)
        for org in orgs
    )
    return f'<div class="grid" style="grid-template-columns:76px repeat({len(channels)},1fr)">{head}{rows}</div>'


def tier_at(cell: Mapping[str, Any], alerts: Sequence[Alert]) -> int:
    """The highest alert on exactly this organisation and channel, or on something inside both."""
    place = {"org.1": cell["org"], "channel": cell["channel"]}
    return max((alert.tier for alert in alerts if _covers(alert.slice_key, place)), default=0)


def _covers(key: str, place: Mapping[str, str]) -> bool:
    levels = slice_levels(key)
    return all(levels.get(name) == value for name, value in place.items())


def _cell(visitor: Visitor, cell: Mapping[str, Any] | None, alerts: Sequence[Alert]) -> str:
    if cell is None:
        return '<span class="cell none">—</span>'
    tier = tier_at(cell, alerts)
    strong = "strong" if (cell["deviation"] or 0) >= STRONG else ""
    mark = f"{tier_mark(tier)} " if tier else ""
    number = "—" if cell["observed"] is None else short(visitor, cell["observed"])
    return f'<span class="cell t{tier} {strong}">{mark}<b>{number}</b><em>{_excess(visitor, cell)}</em></span>'


def _excess(visitor: Visitor, cell: Mapping[str, Any]) -> str:
    if cell["expected"] is None:
        return ""
    excess = round(cell["observed"] - cell["expected"])
    return f"{'+' if excess > 0 else MINUS}{short(visitor, abs(excess))}" if excess else "±0"
