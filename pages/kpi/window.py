"""The window of the page: today, a week, four weeks, or as somebody types it."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from fengsui.board import span
from fengsui.board.kpi_sheet import Named, Window
from fengsui.board.span import Span
from fengsui.board.wrong import Wrong
from pages.look import charts
from pages.look.house import house, now
from pages.look.pieces import esc
from pages.look.visitor import Visitor

NAMED: tuple[Named, ...] = ("today", "week", "month")
CUSTOM = "custom"


def control(visitor: Visitor, key: str) -> None:
    st.segmented_control(
        visitor.say("pages.kpi.window"),
        [*NAMED, CUSTOM],
        default="today",
        required=True,
        format_func=lambda name: visitor.say(f"pages.kpi.window.{name}"),
        label_visibility="collapsed",
        key=key,
        width="content",
    )
    if st.session_state.get(key) == CUSTOM:
        fields(visitor, key)


def fields(visitor: Visitor, key: str) -> None:
    """From and to, and what is wrong with them."""
    for name in ("start", "end"):
        st.text_input(
            visitor.say(f"pages.kpi.span.{name}"),
            key=f"{key}_{name}",
            placeholder=visitor.say(f"pages.kpi.span.{name}_hint"),
            label_visibility="collapsed",
            width=170,
            on_change=_read,
            args=(key,),
        )
    faults: tuple[tuple[str, str, dict[str, object]], ...] = st.session_state.get(f"{key}_wrong", ())
    told = [
        visitor.say("pages.admin.mistake", where=visitor.say(f"pages.kpi.span.{name}"), words=visitor.say(code, **params))
        for name, code, params in faults
    ]
    if told:
        st.html(f'<span class="c3" role="alert">✖ {esc("；".join(told))}</span>', width="content")


def _read(key: str) -> None:
    """Both ends are there: the window is what they say, or stays what it was and they are told why."""
    start, end = (str(st.session_state.get(f"{key}_{name}") or "").strip() for name in ("start", "end"))
    st.session_state.pop(f"{key}_wrong", None)
    if not (start and end):
        return
    try:
        st.session_state[f"{key}_span"] = span.typed(house().settings, start, end, now())
    except Wrong as fault:
        st.session_state[f"{key}_wrong"] = tuple((str(one.place[0]), one.code, dict(one.params)) for one in fault.mistakes)


def chosen(key: str) -> Window:
    """Today, until both ends of another one were typed."""
    wanted = st.session_state.get(key)
    if wanted == CUSTOM:
        held: Span | None = st.session_state.get(f"{key}_span")
        return held or "today"
    return next((name for name in NAMED if name == wanted), "today")


def words(visitor: Visitor, window: Window) -> str:
    return between(visitor, window) if isinstance(window, Span) else visitor.say(f"pages.kpi.window.{window}")


def between(visitor: Visitor, one: Span) -> str:
    """``11-01 00:00 – 11-08 00:00``; whole days without times, the last one named."""
    start, end = (charts.wall_time(at, visitor.zone) for at in one)
    if not any((start.hour, start.minute, end.hour, end.minute)):
        return f"{start:%Y-%m-%d} – {end - timedelta(days=1):%Y-%m-%d}"
    return f"{start:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M}"
