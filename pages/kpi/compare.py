"""两段对比: the figure here and now beside another window, another place, or both; by parts, level and mix apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from fengsui.board import comparison, kpi_sheet
from fengsui.board.comparison import Comparison, Effect, Kpi, Parts, Side
from fengsui.board.kpi_sheet import Row, Sheet, Window
from fengsui.board.span import Span
from fengsui.locale.formats import MINUS
from pages.kpi import window as windows
from pages.look import trouble
from pages.look.figures import figure, signed, together
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor

SAME = ""
THEN = ("before", "usual", "same", windows.CUSTOM)
SHOWN = 8
_PLACE, _WINDOW, _LEVEL = "cmp_place", "cmp_window", "cmp_level"


def panel(visitor: Visitor, sheet: Sheet, row: Row, place: str, window: Window, places: Sequence[str]) -> None:
    here, there = Side(place, sheet.start, sheet.end), _then(sheet, place, window, places)
    if there == here:  # beside itself nothing is to be seen
        there = Side(place, *_back(sheet, kpi_sheet.backs(house().settings, window, now())[0]))
    level = st.session_state.get(_LEVEL)
    found = trouble.kept(
        "compared",
        (row.metric.id, there, here, level),
        lambda: comparison.compared(house().reader, house().settings, row.metric, there, here, now(), level),
    )
    st.html(heading(visitor.say("pages.kpi.parts"), _second(visitor, there, here)))
    with st.container(horizontal=True, vertical_alignment="center", key="cmp_row"):
        _controls(visitor, places, found)
    sides = ("then", "now") if there.place == here.place else ("there", "here")
    st.html(_both(visitor, row, found, sides) if found.parts is None else _table(visitor, row, found.parts, sides))


def _controls(visitor: Visitor, places: Sequence[str], found: Comparison) -> None:
    st.selectbox(
        visitor.say("pages.kpi.other"),
        [SAME, *places],
        format_func=lambda key: visitor.say("pages.kpi.slice", place=key) if key else visitor.say("pages.kpi.other.same"),
        label_visibility="collapsed",
        key=_PLACE,
        width=150,
        on_change=_placed,
    )
    st.selectbox(
        visitor.say("pages.kpi.then"),
        THEN,
        format_func=lambda name: visitor.say(f"pages.kpi.then.{name}"),
        label_visibility="collapsed",
        key=_WINDOW,
        width=130,
    )
    if len(found.levels) > 1:
        st.selectbox(
            visitor.say("pages.kpi.level"),
            found.levels,
            format_func=lambda level: visitor.say("pages.kpi.by", level=_level(visitor, level)),
            label_visibility="collapsed",
            key=_LEVEL,
            width=130,
        )
    if st.session_state.get(_WINDOW) == windows.CUSTOM:
        windows.fields(visitor, _WINDOW)


def _placed() -> None:
    """Another place is first looked at over the same time."""
    if st.session_state.get(_PLACE) and st.session_state.get(_WINDOW) in (None, THEN[0]):
        st.session_state[_WINDOW] = "same"


def _then(sheet: Sheet, place: str, window: Window, places: Sequence[str]) -> Side:
    """The other side; never a place outside the scope, whatever the session holds."""
    wanted = str(st.session_state.get(_PLACE) or place)
    other = wanted if wanted in places else place
    kind = st.session_state.get(_WINDOW) or THEN[0]
    if kind == "same":
        return Side(other, sheet.start, sheet.end)
    held: Span | None = st.session_state.get(f"{_WINDOW}_span") if kind == windows.CUSTOM else None
    if held is not None:
        return Side(other, held.start, min(held.end, now()))
    back, usual, _ = kpi_sheet.backs(house().settings, window, now())
    return Side(other, *_back(sheet, usual if kind == "usual" else back))


def _back(sheet: Sheet, days: int) -> Span:
    return Span(sheet.start - timedelta(days=days), sheet.end - timedelta(days=days))


def _second(visitor: Visitor, there: Side, here: Side) -> str:
    sides = {name: _side(visitor, one, there.place != here.place) for name, one in (("then", there), ("now", here))}
    return visitor.say("pages.kpi.sides", **sides)


def _side(visitor: Visitor, one: Side, named: bool) -> str:
    between = windows.between(visitor, Span(one.start, one.end))
    return f"{visitor.say('pages.kpi.slice', place=one.place)} {between}" if named else between


def _level(visitor: Visitor, level: str) -> str:
    return house().settings.dimension(level.partition(".")[0]).level_title(level, visitor.lang)


def _both(visitor: Visitor, row: Row, found: Comparison, sides: tuple[str, str]) -> str:
    """Two figures with their intervals: of counts, durations and scores, and where no parts are kept."""
    head = "".join(f"<th>{esc(visitor.say(f'pages.kpi.part.{name}'))}</th>" for name in ("side", "value", "interval", "n"))
    rows = "".join(
        _figure(visitor, row, visitor.say(f"pages.kpi.part.{name}"), one)
        for name, one in zip(sides, (found.then, found.now), strict=True)
    )
    if found.then.value is not None and found.now.value is not None:
        change = signed(visitor, row.metric.shape, row.metric.unit, found.now.value - found.then.value)
        rows += f"<tr><td>{esc(visitor.say('pages.kpi.part.change'))}</td><td>{esc(change)}</td><td></td><td></td></tr>"
    return f'<table class="cmp"><tr>{head}</tr>{rows}</table>'


def _figure(visitor: Visitor, row: Row, name: str, one: Kpi) -> str:
    metric = row.metric
    value = together(visitor, metric.shape, metric.unit, one.value if one.state != "no_data" else None)
    ends = [together(visitor, metric.shape, metric.unit, end) for end in (one.lower, one.upper) if end is not None]
    return f"<tr><td>{esc(name)}</td><td>{esc(value)}</td><td>{esc(' – '.join(ends) or '—')}</td><td>{one.n:,}</td></tr>"


def _table(visitor: Visitor, row: Row, found: Parts, sides: tuple[str, str]) -> str:
    names = (*sides, "change", "level", "mix")
    head = f"<th>{esc(_level(visitor, found.level))}</th>"
    head += "".join(f"<th>{esc(visitor.say(f'pages.kpi.part.{name}'))}</th>" for name in names)
    total = visitor.say("pages.kpi.whole")
    lines = "".join(_line(visitor, row, one, one.name or "—") for one in found.parts[:SHOWN]) + _line(
        visitor, row, found.whole, total
    )
    left = len(found.parts) - SHOWN
    more = f'<p class="df">{esc(visitor.say("pages.kpi.part.more", n=left))}</p>' if left > 0 else ""
    return f'<table class="cmp"><tr>{head}</tr>{lines}</table>{more}{_why(visitor, row, found)}'


def _line(visitor: Visitor, row: Row, one: Effect, name: str) -> str:
    rates = [figure(visitor, row.metric.shape, row.metric.unit, rate)[0] for rate in (one.before, one.after)]
    change = None if one.before is None or one.after is None else one.after - one.before
    cells = [*rates, *(_signed(row, value) for value in (change, one.level, one.mix))]
    return f"<tr><td>{esc(name)}</td>{''.join(f'<td>{esc(cell)}</td>' for cell in cells)}</tr>"


def _why(visitor: Visitor, row: Row, found: Parts) -> str:
    """The part, and whether its level or its weight, that moved the whole most in its direction; and Simpson, where he is."""
    change = found.whole.level + found.whole.mix
    sign = 1 if change > 0 else -1
    moves = [(sign * value, kind, one.name) for one in found.parts for kind, value in (("level", one.level), ("mix", one.mix))]
    most, kind, name = max(moves)
    if most <= 0 or _signed(row, change).strip("+−±0.") == "":
        return f'<p class="df">{esc(visitor.say("pages.kpi.why.none"))}</p>'
    words = [visitor.say(f"pages.kpi.why.{kind}", place=name, value=_signed(row, sign * most))]
    if _simpson(found, sign):
        words.append(visitor.say("pages.kpi.why.simpson"))
    return f'<p class="df">{esc(" ".join(words))}</p>'


def _simpson(found: Parts, sign: int) -> bool:
    """The whole moved one way and every part that both sides have the other way."""
    moved = [one.after - one.before for one in found.parts if one.before is not None and one.after is not None]
    return len(moved) > 1 and all(sign * one < 0 for one in moved)


def _signed(row: Row, value: float | None) -> str:
    """Percentage points, per mille or seconds, with a true minus."""
    if value is None:
        return "—"
    scale = 1000.0 if row.metric.unit == "permille" else 1.0 if row.metric.shape == "mean" else 100.0
    number = f"{abs(value) * scale:.1f}"
    return number if float(number) == 0 else f"{'+' if value > 0 else MINUS}{number}"
