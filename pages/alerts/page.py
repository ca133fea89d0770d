"""The duty desk. List and figures refresh by themselves; the command bar stands still, so that nobody's dialog closes."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from fengsui.board import read
from fengsui.board.alert import Alert
from fengsui.board.export import Table
from fengsui.board.read import Desk, Detail
from pages.alerts import act, body, command, conclusion, consult, customers, listing, plan, table, tasks
from pages.look import export, trouble
from pages.look.dress import dress
from pages.look.house import house, now
from pages.look.pictures import every, newest
from pages.look.visitor import DESK, Visitor, require_role

HERE = Path(__file__).parent
FILTERS = ("all", "waiting", "mine", "closed")


def page() -> None:
    visitor = require_role(DESK)
    dress(sheet=HERE / "alerts.css")
    act.tell(visitor)
    left, right = st.columns([445, 951], gap="small")
    with left:
        st.fragment(trouble.guarded(_list), run_every=every())()
    with right:
        _chosen(visitor)
    if not act.busy():
        export.dialog(visitor, "alerts", _table)


def _table(visitor: Visitor) -> Table:
    choice = str(st.session_state.get("filter") or "all")
    return table.table(visitor, _filtered(visitor, _desk(visitor), choice), choice)


def picked() -> str | None:
    """The alert in the address: a link that can be sent on. Anything may stand there; only the store knows what is real."""
    wanted = st.query_params.get("id")
    return wanted[:64] if wanted else None


def _list() -> None:
    visitor = require_role(DESK)
    desk = _desk(visitor)
    with st.container(border=True, key="p_list"):
        st.html(listing.heading(visitor, desk))
        with st.container(key="lsf", horizontal=True, vertical_alignment="center"):
            choice = st.pills(
                visitor.say("pages.alerts.filter"),
                FILTERS,
                default="all",
                format_func=lambda name: visitor.say(f"pages.filter.{name}"),
                key="filter",
                label_visibility="collapsed",
            )
            export.button(visitor, "alerts")
        shown = _filtered(visitor, desk, choice or "all")
        with st.container(key="lst"):
            chosen = listing.rows(visitor, shown, picked() or _first(shown))
        st.html(listing.foot(visitor, desk))
    if chosen and chosen != picked() and any(alert.episode_id == chosen for alert in shown):
        st.query_params["id"] = chosen
        st.rerun()
    if export.asked():
        st.rerun()  # the dialog is the page's, not this fragment's


def _desk(visitor: Visitor) -> Desk:
    return trouble.kept("desk", visitor.scope, lambda: read.desk(house().reader, visitor.scope, visitor.zone, now()))


def _detail(visitor: Visitor, episode_id: str) -> Detail | None:
    key = (episode_id, visitor.scope)
    return trouble.kept("detail", key, lambda: read.detail(house().reader, episode_id, visitor.scope, now()))


def _filtered(visitor: Visitor, desk: Desk, choice: str) -> list[Alert]:
    if choice == "closed":
        every_one = trouble.kept("past", visitor.scope, lambda: read.everything_of(house().reader, visitor.scope, now()))
        return [alert for alert in every_one if alert.state in ("resolved", "reviewed")]
    if choice == "waiting":
        return [alert for alert in desk.alerts if alert.waiting]
    if choice == "mine":
        return [alert for alert in desk.alerts if alert.owner == visitor.person.person_id]
    return list(desk.alerts)


def _first(alerts: list[Alert]) -> str | None:
    return alerts[0].episode_id if alerts else None


def _chosen(visitor: Visitor) -> None:
    wanted = picked()
    if wanted is None:
        wanted = _first(list(_desk(visitor).alerts))
    if wanted is None:
        st.html(body.nothing(visitor, newest()))
        return
    found = _detail(visitor, wanted)
    if found is None:
        st.html(body.unknown(visitor))
        return
    command.head(visitor, found)
    command.dialogs(visitor, found)
    st.fragment(trouble.guarded(_figures), run_every=every())(wanted, found.alert.handling_version)


def _figures(episode_id: str, seen: int) -> None:
    visitor = require_role(DESK)
    found = _detail(visitor, episode_id)
    if found is None:
        return
    _draw(visitor, found)
    if act.opened_beside():
        st.rerun()
    if (found.alert.handling_version != seen or act.waits()) and not act.busy():
        st.rerun()  # somebody else acted: the command bar must not offer what is already done; or there are words to tell


def _draw(visitor: Visitor, found: Detail) -> None:
    middle, side = st.columns([590, 349], gap="small")
    with middle:
        with st.container(border=True, key="p_series"):
            body.figures(visitor, found, now())
            body.chart(visitor, found)
            body.corrected(visitor, found)
        if pinned := conclusion.found(found.alert.episode_id, visitor):
            with st.container(border=True, key="p_pins"):
                conclusion.panel(visitor, found.alert.episode_id, pinned)
        with st.container(border=True, key="p_rec"):
            st.html(body.records(visitor, found))
        customers.panel(visitor, found)
        with st.container(border=True, key="p_low_sim", height="stretch"):
            st.html(body.similar(visitor, found))
    with side:
        with st.container(border=True, key="p_why"):
            st.html(body.why(visitor, found) + consult.panel(visitor, found))
        if found.alert.explained or found.children:
            with st.container(border=True, key="p_part"):
                st.html(body.explained(visitor, found))
        with st.container(border=True, key="p_plan"):
            plan.checklist(visitor, found)
        with st.container(border=True, key="p_tasks"):
            tasks.panel(visitor, found)
        with st.container(border=True, key="p_low_tl", height="stretch"):
            st.html(body.timeline(visitor, found))
