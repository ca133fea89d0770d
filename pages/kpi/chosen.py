"""The chosen figure: what it says, by which definition, its four weeks, and the window beside the one before."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import pandas as pd
import streamlit as st

from fengsui.board import chart_marks, comparison, goals, kpi_sheet, targets
from fengsui.board.chart_marks import Mark
from fengsui.board.goals import Aim
from fengsui.board.kpi_sheet import Row, Sheet, Window
from fengsui.board.outlook import Outlook, outlook
from pages.kpi import compare
from pages.kpi.chart import weeks
from pages.look import charts, trouble
from pages.look.figures import figure, together
from pages.look.house import house, now
from pages.look.pieces import badge, esc, heading
from pages.look.tokens import mode
from pages.look.visitor import Visitor

NUMBERS = ("y", "g", "low", "mid", "high", "aim")
"""Columns of the chart of days."""
SLOW_S = 600


def panels(visitor: Visitor, sheet: Sheet, row: Row, place: str, window: Window, tier: int, places: Sequence[str]) -> None:
    with st.container(border=True, key="p_chosen"):
        st.html(_head(visitor, row, tier, sheet.by_festival))
    if any(value is not None for value in row.line):
        with st.container(border=True, key="p_weeks"):
            aim = trouble.kept("aim", (row.metric.id, place), lambda: _aim(row, place))
            ahead = trouble.kept("outlook", (row.metric.id, place), lambda: _outlook(row, row.metric.id, place))
            _weeks(visitor, row, place, aim, ahead)
    if comparison.comparable(row.metric):
        with st.container(border=True, key="p_parts", height="stretch"):
            compare.panel(visitor, sheet, row, place, window, places)


def interval(visitor: Visitor, row: Row) -> str:
    """``91.0–93.0`` in the unit of the figure; empty where it has none."""
    if row.kpi.lower is None or row.kpi.upper is None or row.kpi.value is None:
        return ""
    ends = [figure(visitor, row.metric.shape, row.metric.unit, end) for end in (row.kpi.lower, row.kpi.upper)]
    numbers = [number if unit == ends[1][1] else f"{number} {unit}" for number, unit in ends]
    return "–".join(numbers)


def _head(visitor: Visitor, row: Row, tier: int, by_festival: bool) -> str:
    metric, kpi = row.metric, row.kpi
    number, unit = figure(visitor, metric.shape, metric.unit, kpi.value)
    said = []
    if metric.target is not None:
        said.append(visitor.say("pages.partner.target", value=together(visitor, metric.shape, metric.unit, metric.target)))
    if bounds := interval(visitor, row):
        said.append(visitor.say("pages.kpi.interval", bounds=bounds))
    said.append(visitor.say("pages.kpi.n", n=kpi.n))
    said += [
        visitor.say("pages.kpi.quantile", q=name[1:], value=together(visitor, "duration", metric.unit, seconds))
        for name, seconds in kpi.more.items()
        if name != f"p{round(metric.quantile * 100)}"
    ]
    if row.year is not None:
        code = "pages.kpi.last_year_festival" if by_festival else "pages.kpi.last_year"
        said.append(visitor.say(code, value=together(visitor, metric.shape, metric.unit, row.year)))
    facts = "".join(f"<span>{esc(words)}</span>" for words in said)
    state = "" if kpi.state == "ok" else f'<p class="df c2">{esc(visitor.say(f"metrics.state.{kpi.state}"))}</p>'
    mark = badge(visitor, tier) if tier else ""
    return (
        f'<div class="kt"><h1>{esc(visitor.say(f"locale.metric.{metric.id}"))}</h1>{mark}<span class="v">{esc(_versions(visitor, row))}</span></div>'
        f'<div class="big"><b>{esc(number)}{esc(unit if unit in ("%", "‰") else "")}</b><span>{esc("" if unit in ("%", "‰") else unit)}</span>{facts}</div>'
        f'{state}<p class="df">{esc(visitor.say(f"metrics.means.{metric.id}"))}</p>'
    )


def _versions(visitor: Visitor, row: Row) -> str:
    found = trouble.kept("versions", row.metric.id, lambda: kpi_sheet.versions(house().reader, row.metric.id, now()))
    parts = [
        visitor.say(f"pages.kpi.version.{kind}", version=one[0], at=one[1])
        for kind, one in (("metric", found.metric), ("target", found.target))
        if one is not None
    ]
    return " · ".join(parts)


@st.cache_resource(ttl=SLOW_S, max_entries=200, show_spinner=False)
def _outlook(_row: Row, metric: str, place: str) -> Outlook | None:
    return outlook(house().reader, house().settings, _row.metric, place, now())


def _today(visitor: Visitor, row: Row, ahead: Outlook) -> str:
    """Where today will end, and how far the bands of the days ahead go."""
    words = []
    if ahead.today is not None:
        ends = {"at": ahead.today.middle, "low": ahead.today.low, "high": ahead.today.high}
        told = {name: together(visitor, row.metric.shape, row.metric.unit, value) for name, value in ends.items()}
        words.append(visitor.say("pages.kpi.outlook.today", **told))
    words.append(visitor.say("pages.kpi.outlook.band" if ahead.days else "pages.kpi.outlook.young"))
    return f'<p class="df">{esc(" ".join(words))}</p>'


def _aim(row: Row, place: str) -> Aim | None:
    return goals.aim(house().reader, house().settings, row.metric, place, now())


def _goal(visitor: Visitor, row: Row, aim: Aim) -> str:
    """The way, what it asks for today, how far off the last week is, and where the trend leads."""
    shown = aim.progress
    numbers = {"from": shown.goal.start_value, "to": shown.goal.end_value, "required": shown.required}
    numbers |= {
        name: value
        for name, value in (("week", aim.week), ("at", shown.forecast), ("low", shown.lower), ("high", shown.upper))
        if value is not None
    }
    told = {name: together(visitor, row.metric.shape, row.metric.unit, value) for name, value in numbers.items()}
    days = {"start": shown.goal.start.isoformat(), "end": shown.goal.end.isoformat()}
    words = [visitor.say("pages.kpi.goal.way", **told, **days)]
    if shown.gap is not None:
        words.append(visitor.say("pages.kpi.goal.ahead" if shown.gap >= 0 else "pages.kpi.goal.behind", **told))
    if shown.forecast is not None:
        words.append(visitor.say("pages.kpi.goal.trend", **told, **days))
    tone = "c0" if shown.chance == "likely" else "c2" if shown.chance == "unlikely" else "mut"
    verdict = f'<b class="{tone}">{esc(visitor.say(f"pages.kpi.goal.{shown.chance}"))}</b>'
    return f'<p class="df">{esc(" ".join(words))} {verdict}</p>'


def _marks(row: Row, place: str, first: date, last: date) -> list[Mark]:
    start, end = (datetime.combine(day, time(), house().settings.centre.tz) for day in (first, last + timedelta(days=1)))
    return chart_marks.marks(house().reader, row.metric.id, place, start, end)


def _targets(row: Row, first: date, days: int) -> list[float | None]:
    """Of each day its own: the past is held against the target of then."""
    ask = (house().reader, house().settings, row.metric, first, days)
    return trouble.kept("targets", (row.metric.id, first, days), lambda: targets.by_day(*ask))


def _scaled(values: dict[str, float | None], scale: float) -> dict[str, float | None]:
    return {name: None if value is None else value * scale for name, value in values.items()}


def _weeks(visitor: Visitor, row: Row, place: str, aim: Aim | None, ahead: Outlook | None) -> None:
    st.html(heading(visitor.say("pages.kpi.weeks"), visitor.say("pages.kpi.weeks_second")))
    today = charts.wall_time(now(), visitor.zone).date()  # whatever the window: the line ends yesterday
    first = today - timedelta(days=len(row.line))
    scale = {"share": 100.0, "ratio": 100.0}.get(row.metric.shape, 1000.0 if row.metric.unit == "permille" else 1.0)
    scale = 1000.0 if row.metric.unit == "permille" else scale
    shown: dict[date, dict[str, float | None]] = {first + timedelta(days=n): {"y": value} for n, value in enumerate(row.line)}
    for day, band in ahead.days if ahead is not None else ():
        shown[day] = {"low": band.low, "mid": band.middle, "high": band.high}
    if aim is not None:
        shown = {day: {**values, "g": aim.required(day)} for day, values in shown.items()}
    targeted = _targets(row, first, (max(shown) - first).days + 1)
    shown = {day: {**values, "aim": targeted[(day - first).days]} for day, values in shown.items()}
    points = [{"t": pd.Timestamp(day), **dict.fromkeys(NUMBERS), **_scaled(values, scale)} for day, values in shown.items()]
    spec = weeks(
        visitor.lang, mode(), 210, any(value is not None for value in targeted), aim is not None, bool(ahead and ahead.days)
    )
    frame = pd.DataFrame(points).astype(dict.fromkeys(NUMBERS, float))
    found = trouble.kept("marks", (row.metric.id, place, first), lambda: _marks(row, place, first, max(shown)))
    st.vega_lite_chart(charts.marked(frame, found, visitor), spec, key="weeks", theme=None, width="stretch")
    if aim is not None:
        st.html(_goal(visitor, row, aim))
    if ahead is not None:
        st.html(_today(visitor, row, ahead))
