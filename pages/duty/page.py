"""值守: 我的待办, 交接班, 静默, 预警质量. One address each: ``?section=…``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from pages.duty import handover, quality, reach, said, silence, todo
from pages.look import trouble
from pages.look.dress import dress
from pages.look.pieces import esc
from pages.look.visitor import DESK, Visitor, require_role

HERE = Path(__file__).parent
SECTIONS: Mapping[str, Callable[[Visitor], None]] = {
    "todo": todo.section,
    "handover": handover.section,
    "silence": silence.section,
    "quality": quality.section,
    "reach": reach.section,
}


def page() -> None:
    visitor = require_role(DESK)
    dress(sheet=HERE / "duty.css")
    said.tell()
    wanted = st.query_params.get("section")
    with st.container(key="flt", horizontal=True, vertical_alignment="center"):
        st.html(f'<div class="pt">{esc(visitor.say("pages.title.duty"))}</div>', width="content")
        chosen = st.segmented_control(
            visitor.say("duty.bar.section"),
            list(SECTIONS),
            default=wanted if wanted in SECTIONS else "todo",
            required=True,
            format_func=lambda name: visitor.say(f"duty.bar.{name}"),
            label_visibility="collapsed",
            key="duty_section",
            width="content",
            on_change=_elsewhere,
        )
    trouble.guarded(SECTIONS.get(chosen or "todo", todo.section))(visitor)


def _elsewhere() -> None:
    chosen = st.session_state.get("duty_section")
    if chosen:
        st.query_params["section"] = chosen
