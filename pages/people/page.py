"""人员: everybody in one list; beside it the chosen person, a new one, and who is signed in."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.look import trouble
from pages.look.dress import dress
from pages.look.pieces import esc, plain
from pages.look.visitor import Visitor, require_role
from pages.people import chosen, fresh, links, listing, said, signed

HERE = Path(__file__).parent
READERS = frozenset({"admin", "auditor"})


def page() -> None:
    visitor = require_role(READERS)
    dress(sheet=HERE / "people.css")
    told = said.once()
    if told:
        st.toast(plain(told))
    known = trouble.kept("people", None, lambda: listing.everybody(visitor))
    with st.container(key="flt", horizontal=True, vertical_alignment="center"):
        title, sums = esc(visitor.say("pages.title.people")), esc(listing.summary(visitor, known))
        st.html(f'<div class="pt">{title}<em>{sums}</em></div>', width="content")
    if visitor.person.role != "admin":
        _read(visitor, known)
        return
    left, right = st.columns([860, 536], gap="small")
    with left:
        with st.container(border=True, key="p_people"):
            st.html(listing.table(visitor, known))
        with st.container(border=True, key="p_signed"):
            signed.panel(visitor)
    with right:
        with st.container(border=True, key="p_chosen"):
            chosen.panel(visitor, known)
        with st.container(border=True, key="p_fresh"):
            fresh.panel(visitor)
        with st.container(border=True, key="p_links"):
            links.panel(visitor)


def _read(visitor: Visitor, known: tuple[listing.Known, ...]) -> None:
    with st.container(border=True, key="p_people"):
        st.html(listing.table(visitor, known))
    with st.container(border=True, key="p_signed"):
        st.html(signed.table(visitor))
