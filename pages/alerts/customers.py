"""受影响客户: masked, with what came of contact; reached by a form, revealed one at a time for a reason."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from fengsui.alerts import commands
from fengsui.alerts.commands.contacts import OUTCOMES, WAYS
from fengsui.board import reveal as revealing
from fengsui.board.read import Detail
from fengsui.board.read.affected import Affected
from fengsui.board.wrong import Wrong
from pages.alerts import act
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import DESK, Visitor, require_role

SHOWN, CHOICES = 6, 200
_FOUND = "revealed"


def panel(visitor: Visitor, found: Detail) -> None:
    people = found.records.people
    if not people.rows:
        return
    with st.container(border=True, key="p_people"):
        counts = visitor.say("pages.people.counts", n=len(people.rows), reached=people.reached, told=people.told)
        rows = "".join(_row(visitor, one) for one in people.rows[:SHOWN])
        more = len(people.rows) - SHOWN
        rest = f'<p class="none">{esc(visitor.say("pages.people.more", n=more))}</p>' if more > 0 else ""
        st.html(heading(visitor.say("pages.people.title"), counts) + f'<div class="ppl">{rows}</div>{rest}')
        if visitor.handles:
            args = (found.alert.episode_id, found.alert.handling_version)
            with st.container(horizontal=True, key="people_act"):
                st.button(
                    visitor.say("pages.people.contact"), key="people_contact", on_click=act.open_beside, args=("contact", *args)
                )
                if visitor.person.role in revealing.ROLES:
                    st.button(
                        visitor.say("pages.people.reveal"),
                        key="people_reveal",
                        on_click=act.open_beside,
                        args=("reveal", *args),
                    )


def _row(visitor: Visitor, one: Affected) -> str:
    """A link to the ticket in its own system, where the source gave one: there people have their own rights."""
    link = _link(one.url)
    ticket = (
        f'<a href="{esc(link)}" target="_blank" rel="noopener noreferrer">{esc(visitor.say("pages.people.ticket"))}</a>'
        if link
        else ""
    )
    touch = one.touch
    said = visitor.say(f"pages.people.outcome.{touch.outcome}") if touch else visitor.say("pages.people.nobody_called")
    who = f"{touch.by} {visitor.say('pages.time', at=touch.at)}" if touch else ""
    color = "c0" if touch and touch.outcome == "told" else "" if touch else "mut"
    return (
        f"<div><b>{esc(_name(visitor, one))}</b><em>{esc(' · '.join(part for part in (one.tier, one.channel) if part))}</em>"
        f'<span>{esc(visitor.say("pages.people.records", n=one.n))} {ticket}</span><span class="{color}">{esc(said)} <small>{esc(who)}</small></span></div>'
    )


def _name(visitor: Visitor, one: Affected) -> str:
    return visitor.say("pages.people.customer" if one.known else "pages.people.nameless", tail=one.tail)


def _link(url: str | None) -> str | None:
    """Of a web page only: what a source wrote there is not to be run."""
    try:
        return url if url and urlsplit(url).scheme in ("http", "https") else None
    except ValueError:
        return None


def ask_contact(visitor: Visitor, found: Detail) -> None:
    rows = {one.customer: _choice(visitor, one) for one in found.records.people.rows[:CHOICES]}
    label = visitor.say("pages.form.customers")
    st.multiselect(
        label,
        list(rows),
        format_func=lambda key: rows.get(key, key),
        key="f_customers",
        placeholder=visitor.say("pages.form.choose"),
    )
    st.pills(visitor.say("pages.form.way"), WAYS, format_func=lambda one: visitor.say(f"pages.people.way.{one}"), key="f_way")
    st.pills(
        visitor.say("pages.form.outcome"),
        OUTCOMES,
        format_func=lambda one: visitor.say(f"pages.people.outcome.{one}"),
        key="f_outcome",
    )


def ask_reveal(visitor: Visitor, found: Detail) -> None:
    rows = {one.customer: _choice(visitor, one) for one in found.records.people.rows[:CHOICES] if one.known}
    label = visitor.say("pages.form.customer")
    st.selectbox(
        label,
        list(rows),
        index=None,
        format_func=lambda key: rows.get(key, key),
        key="f_customer",
        placeholder=visitor.say("pages.form.choose"),
    )
    shown = st.session_state.get(_FOUND)
    if shown and shown[0] == st.session_state.get("f_customer"):
        st.html(f'<p class="shown">{esc(visitor.say("pages.people.is", id=shown[1]))}</p>')


def _choice(visitor: Visitor, one: Affected) -> str:
    return f"{_name(visitor, one)} · {one.channel or ''} · {visitor.say('pages.people.records', n=one.n)}"


def send(name: str, episode_id: str, note: str | None) -> None:
    if name == "reveal":
        _reveal(episode_id, note or "")
        return
    state = st.session_state
    fields = {
        "customers": list(state.get("f_customers") or []),
        "way": state.get("f_way") or "",
        "outcome": state.get("f_outcome") or "",
    }
    act.other("contact", commands.log_contact, episode_id, note=note, **fields)


def _reveal(episode_id: str, reason: str) -> None:
    """Stays open and shows it, in this dialog alone: nothing of it is kept in the page."""
    visitor = require_role(DESK)
    customer = st.session_state.get("f_customer")
    if not customer:
        act.lacks("reveal", "customer")
        return
    try:
        found = revealing.reveal(house().writer, house().settings, episode_id, customer, visitor.person, reason, now())
    except Wrong as fault:
        act.say_wrong(" ".join(visitor.say(one.code, **one.params) for one in fault.mistakes))
        return
    except Exception as fault:  # nothing was shown, and the dialog says why (Visitor.why)
        act.say_wrong(visitor.why(fault))
        return
    st.session_state[_FOUND] = (customer, found)
