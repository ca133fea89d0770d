"""A new person: the password is made here and told once, and must be changed at the first sign-in."""

from __future__ import annotations

import streamlit as st

from fengsui import people
from fengsui.people.password import one_time
from pages.look.house import house, now
from pages.look.pieces import heading
from pages.look.visitor import Visitor
from pages.people import chosen, said

WHERE, TURN = "fresh", "ppl_turn"


def panel(visitor: Visitor) -> None:
    st.html(heading(visitor.say("pages.staff.fresh"), visitor.say("pages.staff.fresh_second")))
    said.fault(WHERE)
    prefix = _prefix()
    with st.form(f"{prefix}_form", border=False):
        hint = visitor.say("pages.staff.account_hint")
        st.text_input(visitor.say("pages.staff.account"), key=f"{prefix}_account", placeholder=hint, max_chars=64)
        chosen.fields(visitor, prefix, None)
        st.form_submit_button(visitor.say("pages.staff.add"), on_click=_add, args=(prefix,), key="ppl_add")


def _prefix() -> str:
    """Other widgets after each person made: pressed twice, the second press finds an empty form."""
    return f"ppl_new{st.session_state.setdefault(TURN, 0)}"


def _add(prefix: str) -> None:
    def act(visitor: Visitor) -> str:
        account = str(st.session_state.get(f"{prefix}_account") or "").strip().casefold()
        given, secret = chosen.typed(prefix), one_time()
        name, role = given.pop("name"), given.pop("role")
        made = {"password": secret, "must_change": True, "within": visitor.scope, **given}
        people.create(house().writer, account, name, role, by=visitor.person.person_id, now=now(), **made)
        said.secret(account, secret)
        st.session_state["ppl_pick"] = account
        st.session_state[TURN] += 1
        return visitor.say("pages.staff.added", person=account)

    said.carry_out(WHERE, act)
