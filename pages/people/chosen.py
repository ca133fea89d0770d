"""The chosen person: name, role, scope; switched off and on; a new password; the second factor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from fengsui import people
from fengsui.people import ROLES
from fengsui.people.person import LONGEST
from pages.gate import signin
from pages.look.house import house, now
from pages.look.pieces import esc, heading, plain
from pages.look.visitor import Visitor
from pages.people import said
from pages.people.listing import Known, state

WHERE = "chosen"
FIELDS = ("name", "role", "scope", "title", "extension")


def panel(visitor: Visitor, known: Sequence[Known]) -> None:
    by_id = {one.person.person_id: one for one in known}
    st.html(heading(visitor.say("pages.staff.chosen"), visitor.say("pages.staff.chosen_second")))
    picked = st.selectbox(
        visitor.say("pages.staff.pick"),
        list(by_id),
        format_func=lambda id_: f"{by_id[id_].person.name} {id_}",
        key="ppl_pick",
        on_change=said.calm,
    )
    if picked is None:
        return
    one = by_id[picked]
    st.html(f'<p class="kept">{state(visitor, one)}</p>')
    said.told(visitor, picked)
    said.fault(WHERE)
    with st.form(f"ppl_form_{picked}", border=False):
        _fields(visitor, one)
        st.form_submit_button(visitor.say("pages.staff.save"), type="primary", on_click=_save, args=(picked,), key="ppl_save")
    _more(visitor, one)


def fields(visitor: Visitor, prefix: str, values: Any) -> None:
    """Of a person; ``values``: of an existing one, or none."""
    both = st.columns(2, gap="small")
    both[0].text_input(
        visitor.say("pages.staff.name"), value=getattr(values, "name", ""), max_chars=LONGEST, key=f"{prefix}_name"
    )
    both[1].selectbox(
        visitor.say("pages.staff.role"),
        list(ROLES),
        index=ROLES.index(getattr(values, "role", "duty")),
        format_func=lambda role: visitor.say(f"locale.role.{role}"),
        key=f"{prefix}_role",
        help=visitor.say("pages.staff.role_help"),
    )
    st.text_input(
        visitor.say("pages.staff.scope"),
        value="、".join(getattr(values, "scope", visitor.scope)),
        placeholder=visitor.say("pages.staff.scope_hint"),
        key=f"{prefix}_scope",
    )
    both = st.columns(2, gap="small")
    for column, name in zip(both, ("title", "extension"), strict=True):
        value = getattr(values, name, None) or ""
        column.text_input(visitor.say(f"pages.staff.{name}"), value=value, max_chars=LONGEST, key=f"{prefix}_{name}")


def typed(prefix: str) -> dict[str, Any]:
    """What stands in the fields, as ``people`` takes it."""
    text = {name: str(st.session_state.get(f"{prefix}_{name}") or "").strip() for name in FIELDS}
    scope = [part.strip() for part in text["scope"].replace("，", "、").replace(",", "、").replace("；", "、").split("、")]
    return {
        "name": text["name"],
        "role": text["role"],
        "scope": [part for part in scope if part],
        "title": text["title"] or None,
        "extension": text["extension"] or None,
    }


def _fields(visitor: Visitor, one: Known) -> None:
    fields(visitor, _prefix(one.person.person_id), one.person)


def _prefix(person_id: str) -> str:
    return f"ppl_{person_id}"


def _save(person_id: str) -> None:
    def act(visitor: Visitor) -> str:
        old = people.find(house().reader, person_id)
        given = typed(_prefix(person_id))
        changed = {name: value for name, value in given.items() if old is None or _other(getattr(old, name), value)}
        if not changed:
            return visitor.say("pages.staff.same")
        people.change(house().writer, person_id, by=visitor.person.person_id, now=now(), within=visitor.scope, **changed)
        return visitor.say("pages.staff.saved", person=person_id)

    said.carry_out(WHERE, act)


def _other(old: Any, new: Any) -> bool:
    return list(old) != new if isinstance(new, list) else old != new


def _more(visitor: Visitor, one: Known) -> None:
    """What ends sessions is asked for twice."""
    id_ = one.person.person_id
    with st.container(horizontal=True, key="ppl_more"):
        _sure(visitor, "reset", one, _reset)
        if one.person.active:
            _sure(visitor, "disable", one, _disable)
        else:
            st.button(visitor.say("pages.staff.do.enable"), key="ppl_enable", on_click=_enable, args=(id_,))
        if one.factor is not None:
            _sure(visitor, "factor", one, _factor)
        if one.locked_until is not None:
            st.button(visitor.say("pages.staff.do.release"), key="ppl_release", on_click=_release, args=(id_,))


def _sure(visitor: Visitor, name: str, one: Known, act: Callable[[str], None]) -> None:
    with st.popover(visitor.say(f"pages.staff.do.{name}")):
        st.html(f'<p class="kept">{esc(visitor.say(f"pages.staff.sure.{name}", person=one.person.name))}</p>')
        words = plain(visitor.say(f"pages.staff.yes.{name}"))
        st.button(words, key=f"ppl_{name}", type="primary", on_click=act, args=(one.person.person_id,))


def _reset(person_id: str) -> None:
    def act(visitor: Visitor) -> str:
        told = people.reset_password(house().writer, person_id, by=visitor.person.person_id, now=now(), within=visitor.scope)
        said.secret(person_id, told)
        return visitor.say("pages.staff.reset", person=person_id)

    said.carry_out(WHERE, act)


def _disable(person_id: str) -> None:
    _switch(person_id, active=False)


def _enable(person_id: str) -> None:
    _switch(person_id, active=True)


def _switch(person_id: str, *, active: bool) -> None:
    def act(visitor: Visitor) -> str:
        who = visitor.person.person_id
        people.change(house().writer, person_id, by=who, now=now(), within=visitor.scope, active=active)
        return visitor.say("pages.staff.enabled" if active else "pages.staff.disabled", person=person_id)

    said.carry_out(WHERE, act)


def _factor(person_id: str) -> None:
    def act(visitor: Visitor) -> str:
        people.remove_factor(house().writer, person_id, by=visitor.person.person_id, now=now(), within=visitor.scope)
        return visitor.say("pages.staff.factor_gone", person=person_id)

    said.carry_out(WHERE, act)


def _release(person_id: str) -> None:
    def act(visitor: Visitor) -> str:
        people.release(house().writer, signin.tries(), person_id, by=visitor.person.person_id, now=now(), within=visitor.scope)
        return visitor.say("pages.staff.released", person=person_id)

    said.carry_out(WHERE, act)
