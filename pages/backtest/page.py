"""回测: a form at the left, the answer at the right. The worker works it out; the page only asks and shows."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from fengsui.board import backtest
from fengsui.board.requests import Asked
from pages.backtest import form, result
from pages.look import trouble
from pages.look.dress import dress
from pages.look.house import house
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor, require_role

HERE = Path(__file__).parent
READERS = form.READERS
EVERY_S = 1.0


def page() -> None:
    visitor = require_role(READERS)
    dress(sheet=HERE / "backtest.css")
    form.tell()
    asked = _asked(visitor)
    _head(visitor)
    left, right = st.columns([400, 996], gap="small")
    with left:
        with st.container(border=True, key="p_try"):
            form.panel(visitor, asked)
        with st.container(border=True, key="p_low_tried", height="stretch"):
            _recent(visitor, asked)
    with right, st.container(border=True, key="p_low_answer", height="stretch"):
        if asked is None:
            st.html(heading(visitor.say("backtest.title")) + f'<p class="none">{esc(visitor.say("backtest.none"))}</p>')
        elif asked.over:
            result.panel(visitor, asked)
        else:
            st.fragment(trouble.guarded(_running), run_every=EVERY_S)(asked.request_id)


def _head(visitor: Visitor) -> None:
    pages = st.session_state.get("pages", {})
    with st.container(key="tools", horizontal=True, vertical_alignment="center"):
        if "explore" in pages:
            st.page_link(pages["explore"], label=visitor.say("pages.title.explore"), width="content")
            st.html(f'<div class="pt">/ {esc(visitor.say("pages.title.backtest"))}</div>', width="content")
        else:
            st.html(f'<div class="pt">{esc(visitor.say("pages.title.backtest"))}</div>', width="content")


def _asked(visitor: Visitor) -> Asked | None:
    """The one in the address, if it is for these eyes."""
    wanted = (st.query_params.get("run") or "")[:64]
    return backtest.answer(house().reader, wanted, visitor.scope) if wanted else None


def _running(request_id: str) -> None:
    visitor = require_role(READERS)
    asked = backtest.answer(house().reader, request_id, visitor.scope)
    if asked is None or asked.over:
        st.rerun()
    st.html(heading(visitor.say("backtest.title"), result.about(visitor, asked)))
    words = visitor.say("backtest.waiting" if asked.state == "new" else "backtest.running", share=asked.progress)
    st.progress(min(max(asked.progress, 0.0), 1.0), text=words)
    st.button(visitor.say("backtest.stop"), key="bt_stop", on_click=form.stop, args=(request_id,))


def _recent(visitor: Visitor, asked: Asked | None) -> None:
    found = backtest.recent(house().reader, visitor.scope)
    st.html(heading(visitor.say("backtest.recent")))
    if not found:
        st.html(f'<p class="none">{esc(visitor.say("backtest.recent_none"))}</p>')
        return
    lang = f"&lang={visitor.lang}" if "lang" in st.query_params else ""
    rows = "".join(_link(visitor, one, lang, bool(asked and asked.request_id == one.request_id)) for one in found)
    st.html(f'<div class="bts">{rows}</div>')


def _link(visitor: Visitor, one: Asked, lang: str, on: bool) -> str:
    state = visitor.say(f"backtest.state.{one.state}")
    when = visitor.say("backtest.at", at=one.at, day=one.at)
    head = f'<a class="{"on" if on else ""}" href="backtest?run={esc(one.request_id)}{lang}" target="_self">'
    return f"{head}<span>{esc(result.about(visitor, one))}</span><em>{esc(when)} · {esc(state)}</em></a>"
