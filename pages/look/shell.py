"""Who is asking, which pages are theirs, and the frame around the page. A role sees no page that is not its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from fengsui.locale import say
from fengsui.people import NotAllowed, NotSignedIn
from pages.admin.page import page as admin
from pages.alerts.page import page as alerts
from pages.audit.page import page as audit
from pages.backtest.page import page as backtest
from pages.customer.page import page as customer
from pages.due.page import page as due
from pages.duty.page import page as duty
from pages.explore.page import page as explore
from pages.kpi.page import page as kpi
from pages.look import trouble
from pages.look.bar import bar
from pages.look.dress import dress
from pages.look.pictures import every
from pages.look.visitor import DESK, EVERYBODY, Visitor, entrance, in_order, not_allowed, who
from pages.people.page import page as people
from pages.quality.page import page as quality
from pages.records.page import page as records
from pages.rules.page import page as rules
from pages.running.page import page as running
from pages.sources.page import page as sources
from pages.wall.page import page as wall

Page = Callable[[], None]
PAGES: Mapping[str, tuple[Page, frozenset[str]]] = {
    "wall": (wall, EVERYBODY),
    "alerts": (alerts, DESK),
    "duty": (duty, DESK),
    "explore": (explore, DESK),
    "backtest": (backtest, frozenset({"manager", "admin", "analyst"})),
    "rules": (rules, frozenset({"manager", "admin", "analyst"})),
    "kpi": (kpi, DESK),
    "due": (due, DESK),
    "records": (records, DESK),
    "quality": (quality, DESK),
    "customer": (customer, frozenset({"admin"})),
    "sources": (sources, DESK),
    "running": (running, frozenset({"manager", "admin", "analyst"})),
    "admin": (admin, frozenset({"admin"})),
    "people": (people, frozenset({"admin", "auditor"})),
    "audit": (audit, frozenset({"admin", "auditor"})),
}
"""name (also the address) -> page, roles. The page asks again itself: this table only decides what is offered."""
WITHIN = frozenset({"backtest", "quality", "customer"})
"""Reached from another page; not in the bar."""


def run() -> None:
    try:
        visitor = who()
    except NotSignedIn:
        _everywhere(_ended)
        return
    except Exception as fault:  # a boundary: said in place of the page
        _away(fault)
        return
    mine = offered(visitor)
    start = st.Page(_home(mine), title=visitor.say("pages.bar.name"), default=True)
    current = st.navigation([start, *mine.values(), *refused(visitor)], position="hidden")
    st.set_page_config(page_title=f"{current.title} · {visitor.say('pages.bar.name')}", layout="wide")
    if current.url_path not in ("", "wall"):
        dress()
        bar({name: page for name, page in mine.items() if name not in WITHIN}, current.url_path, visitor)
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

    _everywhere(page)


def _ended() -> None:
    dress()
    entrance()


def _everywhere(page: Page) -> None:
    """One page at every address: Streamlit covers what it does not know with a dialog of its own."""
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


def refused(visitor: Visitor) -> list[Any]:
    """The pages that are not this role's: a sentence at their address, and nothing of them."""
    return [
        st.Page(_closed(visitor, roles), title=visitor.say(f"pages.title.{name}"), url_path=name)
        for name, (_, roles) in PAGES.items()
        if visitor.person.role not in roles
    ]


def _closed(visitor: Visitor, roles: frozenset[str]) -> Page:
    def page() -> None:
        not_allowed(visitor.lang, NotAllowed("people.fault.not_allowed", role=visitor.person.role, allowed=in_order(roles)))

    return page


def _home(mine: Mapping[str, Any]) -> Page:
    """The bare address: everybody starts at the wall."""

    def home() -> None:
        st.switch_page(mine["wall"])

    return home
