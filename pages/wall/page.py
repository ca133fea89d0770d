"""The wall: one fragment, one picture, nothing to press but the way out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from fengsui.board import read
from fengsui.board.alert import Alert
from fengsui.board.read import Picture
from fengsui.board.scope import place_of, sees
from pages.look import charts, trouble
from pages.look.alert_words import begins
from pages.look.dress import dress
from pages.look.house import house, now
from pages.look.living import living
from pages.look.pictures import newest
from pages.look.pieces import plain
from pages.look.visitor import EVERYBODY, Visitor, require_role
from pages.wall import head, heat, rhythm, rows, tiles
from pages.wall.sound import sound

HERE = Path(__file__).parent
CHART_HEIGHT = 262


def page() -> None:
    visitor = require_role(EVERYBODY)
    dress("dark", HERE / "wall.css")
    if visitor.person.role != "wall" or len(visitor.scope) > 1:
        _ways(visitor)
    st.fragment(trouble.guarded(_live), run_every=rhythm.every())()


def _live() -> None:
    visitor = require_role(EVERYBODY)
    picture = newest()
    fires = trouble.kept("fires", visitor.scope, lambda: read.burning(house().reader, visitor.scope))
    found = fires.rows
    css = (HERE / "board.css").read_text(encoding="utf-8")
    living(
        "wall_head",
        head.header(visitor, picture, house(), place()) + head.counters(visitor, found, now()),
        css,
        visitor,
        key="w_head",
        reload=True,
    )
    trouble.line(visitor.lang)
    if picture is None:
        st.html(f'<p class="empty">{visitor.say("pages.wall.no_picture")}</p>')
        return
    living("wall_tiles", tiles.tiles(visitor, picture, _here(visitor, fires.every), place()), css, visitor, key="w_tiles")
    left, right = st.columns([1035, 845], gap="small")
    with left:
        _chart(visitor, picture)
        living("wall_heat", heat.panel(visitor, picture, fires.every), css, visitor, key="w_heat")
    with right:
        ears = sound(visitor, found, house(), now())
        living("wall_rows", rows.panel(visitor, picture, found, now()), css, visitor, key="w_rows", sound=ears)
        living("wall_loop", rows.loop(visitor, picture, _today(visitor, picture)), css, visitor, key="w_loop")
    rhythm.follow()


def _today(visitor: Visitor, picture: Picture) -> Mapping[str, Any]:
    """The picture's loop is the whole centre's: a scoped person gets the loop of the scope."""
    if not visitor.scope:
        whole: Mapping[str, Any] = picture.body["loop"]
        return whole
    return trouble.kept("today", visitor.scope, lambda: read.today(house().reader, visitor.scope, visitor.zone, now()))


def _here(visitor: Visitor, alerts: list[Alert]) -> list[Alert]:
    """Alerts that may mark a figure: those of the place whose figures are shown."""
    return [alert for alert in alerts if sees([place_of(visitor.scope, place())], alert.slice_key)] if visitor.scope else alerts


def _chart(visitor: Visitor, picture: Picture) -> None:
    points = picture.view(visitor.scope, place())["curve"]
    frame = charts.band_rows(tiles.points(points), visitor.zone)
    with st.container(border=True, key="p_curve"):
        st.html(head.curve_heading(visitor))
        if frame["y"].notna().any():
            spec = charts.band(visitor.lang, "dark", CHART_HEIGHT, 16)
            st.vega_lite_chart(frame, spec, key="complaints", theme=None, width="stretch")
        else:
            st.html(f'<p class="empty">{visitor.say(_why_empty(picture))}</p>')


def _why_empty(picture: Picture) -> str:
    """Nothing was counted yet, or nothing is there."""
    return "pages.state.reading" if begins(picture.body) else "pages.state.no_data"


def _ways(visitor: Visitor) -> None:
    """Small links at the top for people who can go on from here; a wall screen has none."""
    with st.container(key="top", horizontal=True):
        _places(visitor)
        for name, target in st.session_state.get("pages", {}).items():
            if name != "wall" and visitor.person.role != "wall":
                st.page_link(target, label=visitor.say(f"pages.title.{name}"), width="content")


def place() -> str | None:
    """The organisation in the address, for whom the wall has several; what is not theirs is never drawn (``place_of``)."""
    return st.query_params.get("org")


def _places(visitor: Visitor) -> None:
    """Figures and curve are of one organisation at a time; alerts and the map show all of the scope."""
    if len(visitor.scope) < 2:
        return
    st.pills(
        visitor.say("pages.wall.place"),
        visitor.scope,
        default=place_of(visitor.scope, place()),
        format_func=lambda path: plain(path.replace("/", " ")),
        key="place",
        label_visibility="collapsed",
        on_change=_go,
    )


def _go() -> None:
    if st.session_state.get("place"):
        st.query_params["org"] = st.session_state["place"]
