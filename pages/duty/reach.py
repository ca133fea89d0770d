"""通知方式: where one is reached and at which hours one is left in peace; administrators do it for others, too."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

import streamlit as st

from fengsui import people
from fengsui.board import telling
from fengsui.people import PersonFault, inside
from fengsui.people.reach import NAMES, Reach
from pages.look import trouble
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import DESK, Visitor, require_role

_SAID = "reach_said"


def section(visitor: Visitor) -> None:
    left, right = st.columns([620, 776], gap="small")
    with left, st.container(border=True, key="p_reach"):
        _form(visitor)
    with right, st.container(border=True, key="p_tell"):
        _who(visitor)


def _form(visitor: Visitor) -> None:
    me = visitor.person.person_id
    st.html(heading(visitor.say("duty.reach.title"), visitor.say("duty.reach.second")))
    known = {
        one.person_id: one.name
        for one in people.every_person(house().reader)
        if one.active and one.role != "wall" and (one.person_id == me or inside(visitor.scope, one.scope))
    }
    if not known:
        st.html(f'<p class="none">{esc(visitor.say("duty.reach.nobody"))}</p>')
        return
    whom = me
    if visitor.person.role == "admin":
        ids = list(known)
        whom = (
            st.selectbox(
                visitor.say("duty.reach.whom"),
                ids,
                index=ids.index(me) if me in ids else 0,
                format_func=lambda id_: known.get(id_, id_),
                key="reach_whom",
            )
            or me
        )
    held = people.every_reach(house().reader).get(whom, Reach())
    for name in NAMES:
        hint = visitor.say(f"duty.reach.hint.{name}")
        st.text_input(
            visitor.say(f"duty.reach.{name}"),
            value=getattr(held, name) or "",
            key=f"reach_{whom}_{name}",
            placeholder=hint,
            max_chars=120,
        )
    said = st.session_state.pop(_SAID, None)
    if said:
        st.html(f'<p class="{esc(said[0])}" role="status">{esc(said[1])}</p>')
    st.button(visitor.say("duty.reach.save"), key="reach_save", type="primary", on_click=_save, args=(whom,))


def _save(whom: str) -> None:
    """One's own, or an administrator another's of the same organisations; numbers are never in the audit."""
    visitor = require_role(DESK)
    me = visitor.person.person_id
    if whom != me and visitor.person.role != "admin":
        return
    given = {name: str(st.session_state.get(f"reach_{whom}_{name}") or "") for name in NAMES}
    try:
        within = () if whom == me else visitor.scope
        people.set_reach(house().writer, whom, by=me, now=now(), within=within, **given)
    except PersonFault as fault:
        st.session_state[_SAID] = ("over", visitor.say(fault.code, **fault.params))
    except Exception as fault:  # told, and nothing was stored
        st.session_state[_SAID] = ("over", visitor.say("pages.trouble.not_stored", why=visitor.why(fault)))
    else:
        st.session_state[_SAID] = ("c0", visitor.say("duty.reach.saved"))


def _who(visitor: Visitor) -> None:
    """Who is told what by which channel: as the tier policy and the settings say it now."""
    found = trouble.kept("telling", None, lambda: telling.telling(house().reader, house().settings, now()))
    st.html(heading(visitor.say("duty.tell.title"), visitor.say("duty.tell.second")))
    rows = "".join(
        f'<div class="as"><b class="c{one.tier}">{esc(visitor.say(f"locale.tier.{one.tier}"))}</b><span>{esc(_roles(visitor, one.tell))}<small>{esc(visitor.say("duty.tell.times", claim=one.claim_s, handle=one.handle_s))}</small></span><em>{esc("、".join(one.channels) or "—")}</em></div>'
        for one in found.tiers
    )
    st.html(rows or f'<p class="none">{esc(visitor.say("duty.tell.none"))}</p>')
    names = [visitor.say("duty.tell.escalate", who=_roles(visitor, found.escalate))] if found.tiers else []
    st.html(f'<p class="mut">{esc(" ".join(names))}</p>')
    rows = "".join(_channel(visitor, one) for one in found.channels)
    st.html(rows)


def _channel(visitor: Visitor, one: telling.Line) -> str:
    kind = visitor.say(f"duty.tell.kind.{one.kind}") + (f" {one.service}" if one.service else "")
    more = [visitor.say("duty.tell.quiet", span=one.quiet)] if one.quiet else []
    more += [visitor.say("duty.tell.fallback", name=one.fallback)] if one.fallback else []
    abroad = f'<small class="over">⚠ {esc(visitor.say("duty.tell.abroad"))}</small>' if one.abroad else ""
    wrong = visitor.say("duty.tell.off") if one.off else visitor.say(one.fault) if one.fault else ""
    state = f'<em class="over">{esc(wrong)}</em>' if wrong else f"<em>{esc(visitor.say('duty.tell.fine'))}</em>"
    return f'<div class="as"><b>{esc(one.name)}</b><span>{esc(kind)}<small>{esc(" ".join(more))}</small>{abroad}</span>{state}</div>'


def _roles(visitor: Visitor, recipients: tuple[str, ...]) -> str:
    return "、".join(one.removeprefix("person:") if ":" in one else visitor.say(f"locale.role.{one}") for one in recipients)
