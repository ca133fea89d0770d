"""Figures side by side: a row for each channel, category or organisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fengsui.board.alert import Alert
from fengsui.locale import tier_mark
from fengsui.store.slices import slice_levels
from pages.look.figures import figure, signed, together
from pages.look.pieces import esc, heading, line
from pages.look.visitor import Visitor

TALL, LOW, ROOMY = 8, 5, 6
COLOURS = {"met": "c0", "near": "c2", "missed": "c2"}


def panel(visitor: Visitor, level: str, data: Mapping[str, Any], alerts: Sequence[Alert], *, tall: bool) -> str:
    head = heading(visitor.say(f"pages.wall.by.{level}"), visitor.say("pages.wall.by_second"))
    rows = data.get("rows", [])
    words = "pages.state.no_data" if data else "pages.wall.soon"
    body = _table(visitor, data, alerts, TALL if tall else LOW) if rows else f'<p class="empty">{esc(visitor.say(words))}</p>'
    return f'<div class="panel side{" tall" if tall else ""}">{head}{body}</div>'


def _table(visitor: Visitor, data: Mapping[str, Any], alerts: Sequence[Alert], most: int) -> str:
    names = "".join(f"<th>{esc(_title(visitor, metric))}</th>" for metric in data["metrics"])
    rows = "".join(_row(visitor, data["metrics"], row, alerts) for row in data["rows"][:most])
    left = len(data["rows"]) - most + data["rest"]
    rest = f'<p class="rest">{esc(visitor.say("pages.wall.by_rest", n=left))}</p>' if left > 0 else ""
    trend = esc(visitor.say("pages.wall.by_trend", metric=data["metrics"][0]["metric"]))
    room = ' class="roomy"' if len(data["rows"]) <= ROOMY else ""
    return f"<table{room}><thead><tr><th></th>{names}<th>{trend}</th></tr></thead><tbody>{rows}</tbody></table>{rest}"


def _title(visitor: Visitor, metric: Mapping[str, Any]) -> str:
    window = visitor.say("pages.window.last", h=metric["window_s"] / 3600)
    name = visitor.say(f"locale.metric.{metric['metric']}")
    return f"{name} · {window}"


def _row(visitor: Visitor, metrics: Sequence[Mapping[str, Any]], row: Mapping[str, Any], alerts: Sequence[Alert]) -> str:
    tier = max((alert.tier for alert in alerts if _inside(alert.slice_key, row["slice_key"])), default=0)
    mark = f'<i class="c{tier}">{tier_mark(tier)}</i> ' if tier else ""
    cells = "".join(_cell(visitor, metric, one) for metric, one in zip(metrics, row["figures"], strict=True))
    trend = line(row["spark"], "var(--mut)", metrics[0]["target"], "var(--faint)", 160, 30)
    return f"<tr><th>{mark}{esc(row['name'])}</th>{cells}<td>{trend}</td></tr>"


def _inside(key: str, place: str) -> bool:
    """The alert is on this very place, or on something inside it."""
    levels = slice_levels(key)
    return all(
        levels.get(name) == value
        or any(level.startswith("org.") and at.startswith(f"{value}/") for level, at in levels.items())
        for name, value in slice_levels(place).items()
    )


def _cell(visitor: Visitor, metric: Mapping[str, Any], one: Mapping[str, Any]) -> str:
    if one["value"] is None:
        return "<td>—</td>"
    shown = esc(together(visitor, metric["shape"], metric["unit"], one["value"], brief=True))
    before = one["last_week"]
    gap = "" if before is None else _gap(visitor, metric, one["value"] - before)
    few = ' class="few"' if one["state"] == "few" else ""
    return f'<td{few}><b class="{COLOURS.get(one["standing"], "")}">{shown}</b><em>{esc(gap)}</em></td>'


def _gap(visitor: Visitor, metric: Mapping[str, Any], gap: float) -> str:
    """With its unit where that may be another one than the figure's."""
    written = signed(visitor, metric["shape"], metric["unit"], gap, brief=True)
    unit = figure(visitor, metric["shape"], metric["unit"], abs(gap))[1]
    return f"{written} {unit}" if metric["shape"] in ("duration", "mean") else written
