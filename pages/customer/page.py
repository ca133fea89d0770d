"""客户数据: what is held of one customer, handed out as a file, or erased; for administrators, with reason, audit and receipt."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from fengsui.board import customer
from fengsui.board.customer import Found, Handed
from fengsui.board.requests import Asked
from fengsui.board.wrong import Wrong
from pages.look import trouble
from pages.look.dress import dress
from pages.look.house import house, now
from pages.look.pictures import every
from pages.look.pieces import esc, heading, plain
from pages.look.visitor import Visitor, require_role

HERE = Path(__file__).parent
_FOUND, _WRONG, _FILE, _SURE, _TOLD = (f"cust_{name}" for name in ("found", "wrong", "made", "sure", "told"))


def page() -> None:
    visitor = require_role(customer.ROLES, whole=True)
    dress(sheet=HERE / "customer.css")
    st.html(f'<div class="pt">{esc(visitor.say("pages.title.customer"))}</div>')
    left, right = st.columns([760, 636], gap="small")
    with left:
        with st.container(border=True, key="p_find"):
            _find(visitor)
        if told := st.session_state.pop(_TOLD, None):
            st.html(f'<p class="xp" role="status">✓ {esc(told)}</p>')
        if found := _found(visitor):
            with st.container(border=True, key="p_held"):
                _held(visitor, found)
    with right, st.container(border=True, key="p_receipts"):
        st.fragment(trouble.guarded(_receipts), run_every=every())()


def _find(visitor: Visitor) -> None:
    st.html(heading(visitor.say("pages.customer.find"), visitor.say("pages.customer.find_second")))
    form = st.form("cust_find", border=False)  # Enter asks, too
    with form, st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(visitor.say("pages.customer.id"), key="cust_id", max_chars=customer.ID_MAX, autocomplete="off")
        st.form_submit_button(visitor.say("pages.customer.look"), key="cust_look", type="primary", on_click=_look)
    if told := st.session_state.get(_WRONG):
        st.html(f'<p class="xp" role="alert"><b class="c3">✖</b> {esc(told)}</p>')


def _found(visitor: Visitor) -> Found | None:
    """Of the address, where only a pseudonym stands; else of the form. What is asked for in the form clears the address, so an
    address with a customer is newer than it."""
    if asked := st.query_params.get("customer"):
        st.session_state.pop(_FOUND, None)
    wanted = asked or st.session_state.get(_FOUND)
    if not wanted:
        return None
    try:
        return customer.find(house().reader, house().settings, str(wanted)[: customer.ID_MAX], visitor.person)
    except Wrong:
        return None


def _held(visitor: Visitor, found: Found) -> None:
    if found.nothing:
        st.html(f'<p class="xp">{esc(visitor.say("pages.customer.nothing"))}</p>')
        return
    st.html(
        heading(visitor.say("pages.customer.held"), visitor.say("pages.customer.pseudonym", id=found.customer))
        + _facts(visitor, found)
    )
    st.text_input(
        visitor.say("pages.export.reason"),
        key="cust_reason",
        max_chars=customer.REASON_MAX,
        placeholder=visitor.say("pages.customer.reason_hint"),
    )
    with st.container(horizontal=True, key="cust_acts"):
        st.button(visitor.say("pages.customer.hand_out"), key="cust_out", on_click=_hand_out, args=(found.customer,))
        if file := _file_of(found.customer):
            label = visitor.say("pages.export.download")
            st.download_button(label, file.content, file.name, "application/json", key="cust_file_down", on_click="ignore")
        if st.session_state.get(_SURE) == found.customer:
            label = visitor.say("pages.customer.erase_sure", n=found.records)
            st.button(plain(label), key="cust_erase_do", type="primary", on_click=_erase, args=(found.customer,))
            st.button(visitor.say("pages.form.cancel"), key="cust_erase_no", on_click=_unsure)
        else:
            st.button(visitor.say("pages.customer.erase"), key="cust_erase", on_click=_be_sure, args=(found.customer,))
    if st.session_state.get(_SURE) == found.customer:
        st.html(f'<p class="xp"><b class="c2">⚠</b> {esc(visitor.say("pages.customer.erase_second"))}</p>')


def _file_of(hashed: str) -> Handed | None:
    """The file that was made for this customer; one of another customer goes."""
    kept: tuple[str, Handed | None] = st.session_state.get(_FILE, (hashed, None))
    whose, file = kept
    if whose != hashed:
        del st.session_state[_FILE]
        return None
    return file


def _facts(visitor: Visitor, found: Found) -> str:
    span = (
        visitor.say("pages.customer.span", start=found.first_at, end=found.last_at) if found.first_at and found.last_at else "—"
    )
    sources = " · ".join(f"{house().settings.title(name, visitor.lang)} {n}" for name, n in found.sources.items()) or "—"
    known = visitor.say(f"pages.admin.value.{'yes' if found.known else 'no'}")
    rows = {"records": str(found.records), "span": span, "sources": sources, "held": str(found.held), "known": known}
    cells = "".join(
        f"<div><span>{esc(visitor.say(f'pages.customer.fact.{name}'))}</span><b>{esc(value)}</b></div>"
        for name, value in rows.items()
    )
    return f'<div class="fs">{cells}</div>'


def _receipts() -> None:
    visitor = require_role(customer.ROLES, whole=True)
    rows = trouble.kept("erasures", None, lambda: customer.erasures(house().reader, visitor.person))
    st.html(heading(visitor.say("pages.customer.receipts"), visitor.say("pages.customer.receipts_second")))
    if not rows:
        st.html(f'<p class="xp">{esc(visitor.say("pages.customer.receipts.none"))}</p>')
    for one in rows:
        _receipt(visitor, one)


def _receipt(visitor: Visitor, one: Asked) -> None:
    records = (one.result or {}).get("records", 0) if one.state == "done" else 0
    words = visitor.say(f"pages.customer.state.{one.state}", n=records)
    who = str(one.params.get("customer_ref"))[:8]
    told = visitor.say("pages.customer.receipt", customer=who, at=one.at, reason=str(one.params.get("reason", "")))
    why = visitor.say(one.fault_code, **dict((one.result or {}).get("params", {}))) if one.fault_code else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f'<p class="rc"><b>{esc(words)}</b> {esc(told)} {esc(why)}</p>')
        if one.state == "done":
            file = customer.receipt(one, house().settings)
            label = visitor.say("pages.customer.receipt_file")
            st.download_button(
                label, file.content, file.name, "application/json", key=f"cust_rc_{one.request_id}", on_click="ignore"
            )


def _look() -> None:
    """What was typed leaves the field again: only the pseudonym is kept on the page."""
    visitor = require_role(customer.ROLES, whole=True)
    _forget()
    st.query_params.pop("customer", None)
    given = str(st.session_state.get("cust_id") or "")

    def look() -> None:
        st.session_state[_FOUND] = customer.find(house().reader, house().settings, given, visitor.person).customer
        st.session_state["cust_id"] = ""

    _try(visitor, look)


def _hand_out(hashed: str) -> None:
    visitor = require_role(customer.ROLES, whole=True)

    def make() -> None:
        file = customer.hand_out(house().writer, house().settings, hashed, _reason(), visitor.person, now())
        st.session_state[_FILE] = hashed, file

    _try(visitor, make)


def _be_sure(hashed: str) -> None:
    st.session_state[_SURE] = hashed
    st.session_state.pop(_WRONG, None)


def _unsure() -> None:
    st.session_state.pop(_SURE, None)


def _erase(hashed: str) -> None:
    visitor = require_role(customer.ROLES, whole=True)

    def ask() -> None:
        customer.erase(house().writer, hashed, _reason(), visitor.person, now())
        _unsure()
        st.session_state["cust_reason"] = ""
        st.session_state[_TOLD] = visitor.say("pages.customer.asked")
        st.session_state.pop(_FOUND, None)  # what was held would go on standing there when it is gone
        st.query_params.pop("customer", None)

    _try(visitor, ask)


def _reason() -> str:
    return str(st.session_state.get("cust_reason") or "")


def _try(visitor: Visitor, do: Callable[[], None]) -> None:
    st.session_state.pop(_WRONG, None)
    st.session_state.pop(_FILE, None)
    try:
        do()
    except Wrong as fault:
        st.session_state[_WRONG] = " ".join(visitor.say(one.code, **one.params) for one in fault.mistakes)
    except Exception as fault:  # told; nothing was done
        st.session_state[_WRONG] = visitor.say("pages.trouble.not_stored", why=visitor.why(fault))


def _forget() -> None:
    for name in (_FOUND, _WRONG, _FILE, _SURE):
        st.session_state.pop(name, None)
