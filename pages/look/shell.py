"""Who is asking, which pages are theirs, and the frame around the page. A role sees no page that is not its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from fengsui.locale import say
from fengsui.people import NotSignedIn
from pages.alerts.page import page as alerts
from pages.due.page import page as due
from pages.kpi.page import page as kpi
from pages.look import trouble
from pages.look.bar import bar
from pages.look.dress import dress
from pages.look.pictures import every
from pages.look.visitor import DESK, EVERYBODY, Visitor, entrance, who
from pages.running.page import page as running
from pages.sources.page import page as sources
from pages.wall.page import page as wall

Page = Callable[[], None]
PAGES: Mapping[str, tuple[Page, frozenset[str]]] = {
    "wall": (wall, EVERYBODY),
    "alerts": (alerts, DESK),
    "kpi": (kpi, DESK),
    "due": (due, DESK),
    "sources": (sources, DESK),
    "running": (running, frozenset({"manager", "admin", "analyst"})),
}
"""name (also the address) -> page, roles. The page asks again itself: this table only decides what is offered."""


def run() -> None:
    try:
        visitor = who()
    except NotSignedIn:
        st.set_page_config(page_title=say("zh_CN", "pages.bar.name"), layout="wide")
        st.navigation([st.Page(entrance, title=say("zh_CN", "pages.entrance.again"), default=True)], position="hidden").run()
        return
    except Exception as fault:  # a boundary: said in place of the page
        _away(fault)
        return
    mine = offered(visitor)
    current = st.navigation(
        [st.Page(_home(mine), title=visitor.say("pages.bar.name"), default=True), *mine.values()], position="hidden"
    )
    st.set_page_config(page_title=f"{current.title} · {visitor.say('pages.bar.name')}", layout="wide")
    if current.url_path not in ("", "wall"):
        dress()
        bar(mine, visitor)
    st.session_state["pages"] = mine
    drawn(current.run)


def drawn(page: Page) -> None:
    """The page; or, where it cannot be drawn, why, until it can."""
    trouble.calm()
    try:
        page()
    except Exception as fault:  # a boundary: said in place of the page
        trouble.page(fault, every())


def _away(fault: Exception) -> None:
    """Nobody can say who is asking: no page, at whatever address, so that the same address is right again afterwards."""

    def page() -> None:
        dress()
        trouble.page(fault, every())

    brand = say(trouble.language(), "pages.bar.name")
    st.set_page_config(page_title=brand, layout="wide")
    every_page = [st.Page(page, title=brand, url_path=name) for name in PAGES]
    st.navigation([st.Page(page, title=brand, default=True), *every_page], position="hidden").run()


def offered(visitor: Visitor) -> dict[str, Any]:
    return {
        name: st.Page(page, title=visitor.say(f"pages.title.{name}"), url_path=name)
        for name, (page, roles) in PAGES.items()
        if visitor.person.role in roles
    }


def _home(mine: Mapping[str, Any]) -> Page:
    """The bare address: everybody starts at the wall."""

    def home() -> None:
        st.switch_page(mine["wall"])

    return home
