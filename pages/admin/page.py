"""管理, for administrators: calendar, SLA policy, targets, known events, and who changed what when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from pages.admin import calendar, drafts, events, history, moved, policy, saving, targets
from pages.look.dress import dress
from pages.look.pieces import esc
from pages.look.visitor import Visitor, require_role

HERE = Path(__file__).parent
SECTIONS: Mapping[str, Callable[[Visitor], None]] = {
    "calendar": calendar.section,
    "policy": policy.section,
    "targets": targets.section,
    "events": events.section,
    "history": history.section,
    "file": moved.section,
}


def page() -> None:
    visitor = require_role(saving.ADMIN)
    dress(sheet=HERE / "admin.css")
    saving.said()
    wanted = st.query_params.get("section")
    with st.container(key="flt", horizontal=True, vertical_alignment="center"):
        st.html(f'<div class="pt">{esc(visitor.say("pages.title.admin"))}</div>', width="content")
        chosen = st.segmented_control(
            visitor.say("pages.admin.section"),
            list(SECTIONS),
            default=wanted if wanted in SECTIONS else "calendar",
            required=True,
            format_func=lambda name: visitor.say(f"pages.admin.section.{name}"),
            label_visibility="collapsed",
            key="adm_section",
            width="content",
            on_change=_elsewhere,
        )
    if visitor.scope:
        st.html(f'<p class="note" role="status">{esc(visitor.say("board.wrong.centre_wide"))}</p>')
    SECTIONS.get(chosen or "calendar", calendar.section)(visitor)


def _elsewhere() -> None:
    """Another section: its address, and what was wrong in the last one is over. Drafts stay."""
    saving.calm()
    drafts.renew()
    chosen = st.session_state.get("adm_section")
    if chosen:
        st.query_params["section"] = chosen
