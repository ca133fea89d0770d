"""交接班: what stands open, a note, two signatures; and every shift that was handed over."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from fengsui.board import handover
from fengsui.board.handover import Handover
from fengsui.locale import has, tier_mark
from pages.duty import said
from pages.look import trouble
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor


def section(visitor: Visitor) -> None:
    found = trouble.kept("handovers", visitor.scope, lambda: handover.archive(house().reader, visitor.scope))
    me = visitor.person.person_id
    waiting = [one for one in found if one.taken_at is None]
    left, right = st.columns([900, 496], gap="small")
    with left:
        for one in waiting:
            with st.container(border=True, key=f"p_wait_{one.id}"):
                _waits(visitor, one, me)
        with st.container(border=True, key="p_now"):
            _now(visitor)
    with right:
        if visitor.handles and not any(one.given_by == me for one in waiting):
            with st.container(border=True, key="p_give"):
                _give(visitor)
        with st.container(border=True, key="p_past"):
            _archive(visitor, [one for one in found if one.taken_at is not None])


def _now(visitor: Visitor) -> None:
    body = trouble.kept("handover_now", visitor.scope, lambda: handover.collect(house().reader, visitor.scope, now()))
    st.html(
        heading(
            visitor.say("duty.shift.now"),
            visitor.say(
                "duty.shift.counts", alerts=len(body["alerts"]), tasks=len(body["tasks"]), undelivered=body["undelivered"]
            ),
        )
    )
    st.html(_rows(visitor, body["alerts"], body["tasks"]))


def _give(visitor: Visitor) -> None:
    st.html(heading(visitor.say("duty.shift.give"), visitor.say("duty.shift.give_second")))
    st.text_area(
        visitor.say("duty.shift.note"), key="shift_note", max_chars=500, height=120, placeholder=visitor.say("duty.shift.hint")
    )
    said.wrong("give")
    st.button(visitor.say("duty.shift.sign_give"), key="shift_give", type="primary", on_click=_given)


def _given() -> None:
    if said.send("duty.shift.given", "give", handover.give, note=str(st.session_state.get("shift_note") or "")):
        st.session_state["shift_note"] = ""


def _waits(visitor: Visitor, one: Handover, me: str) -> None:
    st.html(
        heading(
            visitor.say("duty.shift.from", who=one.given_name, at=one.given_at),
            visitor.say("duty.shift.counts", alerts=len(one.alerts), tasks=len(one.tasks), undelivered=one.undelivered),
        )
    )
    st.html(_note(one.note) + _rows(visitor, one.alerts, one.tasks))
    said.wrong(one.id)
    if one.given_by == me:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(f'<span class="mut">{esc(visitor.say("duty.shift.other_signs"))}</span>', width="content")
            st.button(visitor.say("duty.shift.back"), key=f"back_{one.id}", on_click=_back, args=(one.id,))
    elif visitor.handles:
        st.text_input(visitor.say("duty.shift.reply"), key=f"reply_{one.id}", max_chars=500)
        st.button(visitor.say("duty.shift.sign_take"), key=f"take_{one.id}", type="primary", on_click=_taken, args=(one.id,))


def _back(id_: str) -> None:
    said.send("duty.shift.called_back", id_, handover.call_back, id_)


def _taken(id_: str) -> None:
    said.send("duty.shift.taken", id_, handover.take, id_, reply=str(st.session_state.get(f"reply_{id_}") or ""))


def _archive(visitor: Visitor, past: Sequence[Handover]) -> None:
    st.html(heading(visitor.say("duty.shift.past"), visitor.say("duty.shift.past_second")))
    if not past:
        st.html(f'<p class="none">{esc(visitor.say("duty.shift.none"))}</p>')
    for one in past:
        label = visitor.say(
            "duty.shift.line", given=one.given_name, taken=one.taken_name or "", at=one.taken_at or one.given_at
        )
        with st.expander(label):
            reply = f'<p class="mut">{esc(one.taken_name)}：「{esc(one.reply)}」</p>' if one.reply else ""
            st.html(_note(one.note) + reply + _rows(visitor, one.alerts, one.tasks))


def _note(note: str) -> str:
    return f'<p class="nt">「{esc(note)}」</p>' if note else ""


def _rows(visitor: Visitor, alerts: Sequence[Mapping[str, Any]], tasks: Sequence[Mapping[str, Any]]) -> str:
    shown = "".join(_alert(visitor, one) for one in alerts) + "".join(_task(visitor, one) for one in tasks)
    return f'<div class="hos">{shown}</div>' if shown else f'<p class="none">✓ {esc(visitor.say("duty.shift.nothing"))}</p>'


def _alert(visitor: Visitor, one: Mapping[str, Any]) -> str:
    code, params = one["title"]
    name = visitor.say(code, **params) if has(visitor.lang, code) else one["names"].get(visitor.lang) or one["metric"]
    aside = "put_off" if one.get("put_off") else "silent" if one.get("silent") else ""
    state = visitor.say(f"pages.alerts.{aside}") if aside else visitor.say(f"locale.handling.{one['state']}")
    who = " · ".join(part for part in (state, one["owner"]) if part)
    place = visitor.say("pages.alert.place", key=one["slice"])
    due = visitor.say("duty.todo.by", at=one["due"]) if one["due"] else ""
    return f'<div><i class="c{one["tier"]}">{tier_mark(one["tier"])}</i><b>{esc(one["number"])} {esc(name)}</b><span>{esc(place)}</span><span>{esc(who)}</span><em>{esc(due)}</em></div>'


def _task(visitor: Visitor, one: Mapping[str, Any]) -> str:
    kind = visitor.say(f"pages.task.kind.{one['kind']}")
    due = visitor.say("duty.todo.by", at=one["due"])
    return f"<div><i>○</i><b>{esc(kind)} {esc(one['text'])}</b><span>{esc(one['number'] or '')}</span><span>{esc(one['owner'])}</span><em>{esc(due)}</em></div>"
