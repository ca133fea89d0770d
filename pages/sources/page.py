"""One row per source; below it the chosen one, what could not be read, and files by hand."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from fengsui.board import read
from fengsui.board.export import Table
from fengsui.board.read.completeness import completeness
from fengsui.board.wrong import Mistake, Wrong
from pages.look import export, system, trouble
from pages.look.dress import dress
from pages.look.house import house, now
from pages.look.pictures import every, newest
from pages.look.pieces import plain
from pages.look.visitor import DESK, Visitor, require_role
from pages.sources import ask, chosen, listing, table, upload

HERE = Path(__file__).parent


def page() -> None:
    visitor = require_role(DESK)
    dress(sheet=HERE / "sources.css")
    _tell()
    picture = newest()
    if picture is None:
        st.html(f'<p class="note">{visitor.say("pages.wall.no_picture")}</p>')
        return
    with st.container(key="flt", horizontal=True, vertical_alignment="center"):
        st.html(listing.summary(visitor, picture), width="content")
        if visitor.handles and not visitor.scope:
            st.button(visitor.say("pages.sources.upload"), key="up", on_click=upload.open_dialog)
        export.button(visitor, "sources")
    st.html(listing.calendar(visitor, picture))
    system.banner(visitor)
    st.fragment(trouble.guarded(_rows), run_every=every())()
    source = picked(picture.body["sources"])
    if source is not None:
        st.fragment(trouble.guarded(_below), run_every=every())(source)
    upload.dialog(visitor)
    export.dialog(visitor, "sources", _table)


def _table(visitor: Visitor) -> Table:
    """The list as it is when the file is made."""
    picture = newest()
    if picture is None:
        raise Wrong([Mistake(("format",), "board.wrong.missing")])
    return table.table(visitor, picture)


def _tell() -> None:
    """An open dialog tells by itself."""
    if not upload.is_open():
        ask.tell()


def picked(sources: list[dict[str, object]]) -> str | None:
    """The source in the address if it exists; else the first that is not well; else the first."""
    names = [str(source["source"]) for source in sources]
    wanted = st.query_params.get("source")
    if wanted in names:
        return wanted
    ill = [str(source["source"]) for source in sources if source["standing"] != "ok"]
    return next(iter([*ill, *names]), None)


def _rows() -> None:
    visitor = require_role(DESK)
    picture = newest()
    if picture is None:
        return
    with st.container(border=True, key="p_list"):
        chosen_now = picked(picture.body["sources"])
        wanted = listing.rows(visitor, picture, chosen_now)
    if wanted and wanted != chosen_now:
        st.query_params["source"] = wanted
        st.rerun()


def _below(source: str) -> None:
    visitor = require_role(DESK)
    _tell()
    picture = newest()
    state = next((one for one in (picture.body["sources"] if picture else []) if one["source"] == source), None)
    if state is None:
        return
    found = trouble.kept("source", source, lambda: read.source_detail(house().reader, source, now()))
    filled = trouble.kept("fields", source, lambda: completeness(house().reader, house().settings, source, now()))
    left, middle, right = st.columns([444, 420, 532], gap="small")
    with left, st.container(border=True, key="p_low_a", height="stretch"):
        chosen.panel(visitor, state, found, filled)
    with middle, st.container(border=True, key="p_low_b", height="stretch"):
        _held(visitor, source)
    with right, st.container(border=True, key="p_low_c", height="stretch"):
        ask.preview(visitor, source)


def _held(visitor: Visitor, source: str) -> None:
    held = trouble.kept("held", (source, visitor.scope), lambda: read.quarantined(house().reader, visitor.scope, source))
    if visitor.scope:
        ask.whole_only(visitor, "quarantine")
        return
    st.html(chosen.quarantine(visitor, held))
    if held and visitor.handles:
        with st.container(key="qb", horizontal=True):
            title = house().settings.title(source, visitor.lang)
            label = visitor.say("pages.sources.replay", source=title, n=sum(one.n for one in held))
            st.button(plain(label), key=f"replay_{source}", on_click=ask.replay, args=(source,))
