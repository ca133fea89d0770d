"""A page of several sections: its title and their names in one bar, and one address each, ``?section=…``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import streamlit as st

from pages.look.pieces import esc
from pages.look.visitor import Visitor

Section: TypeAlias = Callable[[Visitor], None]


def chosen(
    visitor: Visitor, page: str, label: str, names: str, sections: Mapping[str, Section], left: Callable[[], None] | None = None
) -> Section:
    """The section of the address, else the first. ``label``: code of what the bar is called; ``names``: what stands before a
    section's own in the code of its name; ``left``: when somebody goes to another one."""
    first = next(iter(sections))
    wanted, key = st.query_params.get("section"), f"{page}_section"
    with st.container(key="flt", horizontal=True, vertical_alignment="center"):
        st.html(f'<div class="pt">{esc(visitor.say(f"pages.title.{page}"))}</div>', width="content")
        name = st.segmented_control(
            visitor.say(label),
            list(sections),
            default=wanted if wanted in sections else first,
            required=True,
            format_func=lambda name: visitor.say(f"{names}.{name}"),
            label_visibility="collapsed",
            key=key,
            width="content",
            on_change=_elsewhere,
            args=(key, left),
        )
    return sections.get(name or first, sections[first])


def _elsewhere(key: str, left: Callable[[], None] | None) -> None:
    if left:
        left()
    wanted = st.session_state.get(key)
    if wanted:
        st.query_params["section"] = wanted
