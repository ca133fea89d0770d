"""视图: one's own questions under a name: open, keep the present one, drop."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from fengsui.board.explore import views
from fengsui.board.wrong import Wrong
from pages.explore import mark
from pages.look.house import house, now
from pages.look.pieces import esc, plain
from pages.look.visitor import DESK, Visitor, require_role


def panel(visitor: Visitor) -> None:
    mine = views.views(house().reader, visitor.person.person_id)
    with st.popover(visitor.say("explore.views.open"), key="ex_views"):
        if not mine:
            st.html(f'<p class="none">{esc(visitor.say("explore.views.none"))}</p>')
        for one in mine:
            with st.container(horizontal=True, vertical_alignment="center"):
                lang = {"lang": [visitor.lang]} if "lang" in st.query_params else {}
                href = esc("explore?" + urlencode({**one.query, **lang}, doseq=True))
                st.html(f'<a class="vw" href="{href}" target="_self">{esc(one.name)}</a>')
                st.button(visitor.say("explore.views.drop"), key=f"ex_drop_{one.id}", on_click=_drop, args=(one.id,))
        st.text_input(visitor.say("explore.views.name"), key="ex_view", max_chars=views.NAME_MAX)
        query = {name: st.query_params.get_all(name) for name in views.ASKED}
        st.button(visitor.say("explore.views.keep"), key="ex_keep", type="primary", on_click=_keep, args=(query,))
        st.html(f'<p class="none">{esc(visitor.say("explore.views.hint"))}</p>')


def _keep(query: dict[str, list[str]]) -> None:
    visitor = require_role(DESK)
    name = str(st.session_state.get("ex_view") or "")
    try:
        views.keep(house().writer, visitor.person, name, query, now())
    except Wrong as fault:
        told = [visitor.say(one.code, **one.params) for one in fault.mistakes]
        mark.say_later(visitor.say("explore.mark.refused", why="；".join(told)))
        return
    except Exception as fault:  # refused like any other, and said
        mark.say_later(visitor.say("explore.mark.refused", why=visitor.why(fault)))
        return
    mark.say_later(visitor.say("explore.views.kept", name=plain(name.strip())))


def _drop(view_id: str) -> None:
    visitor = require_role(DESK)
    try:
        views.drop(house().writer, visitor.person, view_id, now())
    except Exception as fault:  # refused like any other, and said
        mark.say_later(visitor.say("explore.mark.refused", why=visitor.why(fault)))
