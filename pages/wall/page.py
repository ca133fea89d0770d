"""The wall: one board, nothing to press but the way out.

It asks for its own news (``pages.wall.route``) and needs no script run for them.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from fengsui.board.scope import place_of
from pages.look import trouble
from pages.look.dress import dress
from pages.look.house import house
from pages.look.living import living
from pages.look.pieces import plain
from pages.look.visitor import EVERYBODY, Visitor, require_role, start
from pages.wall.ask import ask
from pages.wall.board import FRAME
from pages.wall.boards import boards
from pages.wall.route import BUILD, NAME

HERE = Path(__file__).parent
SIGN_IN_S = 10.0
"""Where the session is over, a screen looks this often whether somebody opened its link again."""
LIGHT = "light"
ONWARD = ("alerts", "duty", "explore", "kpi", "due", "running")
"""Ways from the wall; from each of them one comes to the other pages."""


def page() -> None:
    visitor = require_role(EVERYBODY)
    dress(LIGHT if st.query_params.get("theme") == LIGHT else "dark", HERE / "wall.css")
    if visitor.person.role != "wall" or len(visitor.scope) > 1:
        _ways(visitor)
    trouble.calm()
    asked = ask(visitor.person, visitor.lang, st.query_params)
    found = trouble.kept("board", asked, lambda: boards().of(asked))
    living(
        "wall",
        FRAME,
        (HERE / "board.css").read_text(encoding="utf-8"),
        visitor,
        key="wall",
        reload=True,
        parts=found.parts,
        sound=found.sound,
        feed={
            "url": f"{start()}/{NAME}?{asked.query()}",
            "tag": found.tag,
            "build": BUILD,
            "views": found.views,
            "mark": visitor.person.name if house().settings.wall.watermark else "",
            "muted": st.query_params.get("sound") == "0",
            "ended": visitor.say("pages.entrance.ended"),
            "ended_s": SIGN_IN_S,
        },
    )
    trouble.line(visitor.lang)


def _ways(visitor: Visitor) -> None:
    """Small links at the top for people who can go on from here; a wall screen has none."""
    with st.container(key="top", horizontal=True):
        _places(visitor)
        known = st.session_state.get("pages", {})
        for name, target in ((name, known[name]) for name in ONWARD if name in known):
            if visitor.person.role != "wall":
                st.page_link(target, label=visitor.say(f"pages.title.{name}"), width="content")


def _places(visitor: Visitor) -> None:
    """Figures and curve are of one organisation at a time; alerts and the map show all of the scope."""
    if len(visitor.scope) < 2:
        return
    st.pills(
        visitor.say("pages.wall.place"),
        visitor.scope,
        default=place_of(visitor.scope, st.query_params.get("org")),
        format_func=lambda path: plain(path.replace("/", " ")),
        key="place",
        label_visibility="collapsed",
        on_change=_go,
    )


def _go() -> None:
    if st.session_state.get("place"):
        st.query_params["org"] = st.session_state["place"]
