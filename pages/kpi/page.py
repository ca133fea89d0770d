"""One grid of figures in groups; at the right the chosen one in words, its four weeks, and why it moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from fengsui.board import kpi_sheet, read
from fengsui.board.alert import Alert
from fengsui.board.export import Table
from fengsui.board.kpi_sheet import Row, Sheet, Window
from fengsui.board.kpis import LETTERS
from pages.kpi import chosen, table, typed
from pages.kpi import window as windows
from pages.look import export, trouble
from pages.look.dress import dress
from pages.look.figures import figure, signed
from pages.look.house import house, now
from pages.look.living import living
from pages.look.pictures import every
from pages.look.pieces import badge, esc, spark
from pages.look.tokens import DARK
from pages.look.visitor import DESK, Visitor, require_role

HERE = Path(__file__).parent
COLUMNS = ("name", "value", "target", "gap", "interval", "n", "before", "usual", "line", "state")
FRESH_S, SLOW_S = 30, 600


def page() -> None:
    visitor = require_role(DESK)
    dress(sheet=HERE / "kpi.css")
    places = trouble.kept("places", visitor.scope, lambda: kpi_sheet.places(house().reader, house().settings, visitor.scope))
    if not places:
        st.html(f'<p class="note">{esc(visitor.say("pages.state.no_data"))}</p>')
        return
    with st.container(key="flt", horizontal=True, vertical_alignment="center"):
        st.html(f'<div class="pt">{esc(visitor.say("pages.title.kpi"))}</div>', width="content")
        windows.control(visitor, "kpi_window")
        st.selectbox(
            visitor.say("pages.kpi.place"),
            places,
            format_func=lambda key: visitor.say("pages.kpi.slice", place=key),
            label_visibility="collapsed",
            key="kpi_place",
            width=240,
        )
        typed.button(visitor)
        export.button(visitor, "kpi")
    st.fragment(trouble.guarded(_live), run_every=max(every(), FRESH_S))()
    export.dialog(visitor, "kpi", _table)
    typed.dialog(visitor)


def _table(visitor: Visitor) -> Table:
    """What is shown, in this visitor's scope."""
    places = kpi_sheet.places(house().reader, house().settings, visitor.scope)
    window, place = _window(), _place(places)
    return table.table(visitor, _whole(place, window), place, window)


def _whole(place: str, window: Window) -> Sheet:
    return _figures(place, window).joined(_from_records(place, window))


def _window() -> Window:
    return windows.chosen("kpi_window")


def _place(places: Sequence[str]) -> str:
    """Never one outside the scope, whatever the session holds."""
    wanted = str(st.session_state.get("kpi_place"))
    return wanted if wanted in places else places[0]


@st.cache_resource(ttl=FRESH_S, max_entries=60, show_spinner=False)
def _figures(place: str, window: Window) -> Sheet:
    """For all sessions: every figure of a place costs about a second on a year of history, and moves by the minute."""
    return kpi_sheet.figures(house().reader, house().settings, place, window, now())


@st.cache_resource(ttl=SLOW_S, max_entries=60, show_spinner=False)
def _from_records(place: str, window: Window) -> Mapping[str, tuple[Row, ...]]:
    """These look at every record of the window, and move by the day."""
    return kpi_sheet.from_records(house().reader, house().settings, place, window, now())


def _live() -> None:
    visitor = require_role(DESK)
    places = trouble.kept("places", visitor.scope, lambda: kpi_sheet.places(house().reader, house().settings, visitor.scope))
    window, place = _window(), _place(places)
    sheet = trouble.kept("kpis", (place, window), lambda: _whole(place, window))
    alerts = trouble.kept("kpi_alerts", visitor.scope, lambda: read.live(house().reader, visitor.scope))
    left, right = st.columns([925, 471], gap="small")
    with left, st.container(border=True, key="p_list", height="stretch"):
        picked = _grid(visitor, sheet, place, alerts)
        with st.container(key="typed_panel"):
            typed.panel(visitor)
    row = sheet.row(picked)
    if row is not None:
        with right:
            chosen.panels(visitor, sheet, row, place, window, tier_of(row, place, alerts), places)


def _grid(visitor: Visitor, sheet: Sheet, place: str, alerts: Sequence[Alert]) -> str | None:
    first = sheet.row("sla_attainment")
    head = "".join(f"<span>{esc(visitor.say(f'pages.kpi.column.{name}'))}</span>" for name in COLUMNS)
    body = ""
    for name, rows in sheet.groups.items():
        cells = "".join(_row(visitor, row, tier_of(row, place, alerts)) for row in rows)
        body += f'<div class="g">{esc(visitor.say(f"pages.kpi.group.{name}"))}</div>{cells}'
    css = (HERE / "rows.css").read_text(encoding="utf-8")
    shown = f'<div class="hd">{head}</div>{body}'
    return living("kpi_list", shown, css, visitor, key="kpi_rows", sel=first.metric.id if first else None)


def _row(visitor: Visitor, row: Row, tier: int) -> str:
    metric, kpi = row.metric, row.kpi
    number, unit = figure(visitor, metric.shape, metric.unit, kpi.value)
    letter = f" {visitor.say('pages.kpi.letter', letter=LETTERS[metric.id])}" if metric.id in LETTERS else ""
    name = esc(visitor.say(f"locale.metric.{metric.id}") + letter)
    bad = row.standing in ("near", "missed")
    past = [kpi.value - then if then is not None and kpi.value is not None else None for then in (row.before, row.usual)]
    changes = "".join(f'<span class="m">{esc(_beside(visitor, row, one, unit, change=True))}</span>' for one in past)
    line = spark(row.line, DARK[f"t{tier}"] if tier else DARK["mut"], None, DARK["faint"], 100, 26)
    counted = "—" if any(measure.endswith(".s") for measure in metric.exposure) else f"{kpi.n:,}"  # seconds are no sample
    return (
        f'<div class="row" data-id="{esc(metric.id)}"><span title="{name}">{name}</span>'
        f"<span><b>{esc(number)}</b><small>{esc(unit)}</small></span>"
        f'<span class="m">{esc(_beside(visitor, row, metric.target, unit))}</span>'
        f'<span class="{"bad" if bad else "m"}">{esc(_beside(visitor, row, row.gap, unit, change=True))}</span>'
        f'<span class="m">{esc(chosen.interval(visitor, row)) or "—"}</span><span class="f">{counted}</span>{changes}'
        f"<span>{line}</span><span>{_state(visitor, row, tier)}</span></div>"
    )


def _beside(visitor: Visitor, row: Row, value: float | None, unit: str, *, change: bool = False) -> str:
    """A figure beside the value, with its unit where that is another one (a target in hours, a value in minutes)."""
    if value is None:
        return "—"
    number, own = figure(visitor, row.metric.shape, row.metric.unit, abs(value) if change else value)
    shown = signed(visitor, row.metric.shape, row.metric.unit, value) if change else number
    return shown if own == unit else f"{shown} {own}"


def tier_of(row: Row, place: str, alerts: Sequence[Alert]) -> int:
    """The gravest live alert on this figure at this very place."""
    mine = (alert.tier for alert in alerts if alert.metric == row.metric.id and alert.slice_key == place)
    return max(mine, default=0)


def _state(visitor: Visitor, row: Row, tier: int) -> str:
    """An alert's tier; else why the figure may mislead; else how it stands to its target."""
    if tier:
        return badge(visitor, tier)
    if row.kpi.state != "ok":
        return f'<span class="st mut">{esc(visitor.say(f"pages.kpi.state.{row.kpi.state}"))}</span>'
    if row.standing in ("near", "missed"):
        return f'<span class="st c2">{esc(visitor.say(f"pages.standing.{row.standing}"))}</span>'
    if row.standing == "met":
        return f'<span class="st c0">✓ {esc(visitor.say("pages.kpi.state.met"))}</span>'
    return '<span class="st mut">—</span>'
