"""Who is signed in now, from where, since when; and the end of it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from fengsui import people
from fengsui.people import Session
from pages.look import charts, trouble
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor
from pages.people import said

WHERE, MOST = "signed", 200


def panel(visitor: Visitor) -> None:
    found = _found(visitor)
    st.html(_table(visitor, found))
    said.fault(WHERE)
    if not found:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="ppl_end"):
        by_ref = {one.ref: one for one in found}
        st.selectbox(
            visitor.say("pages.staff.session"),
            list(by_ref),
            format_func=lambda ref: _line(visitor, by_ref[ref]) if ref in by_ref else ref,
            key="ppl_session",
            width=420,
        )
        st.button(visitor.say("pages.staff.do.end"), key="ppl_end_one", on_click=_end)


def table(visitor: Visitor) -> str:
    return _table(visitor, _found(visitor))


def _found(visitor: Visitor) -> Sequence[Session]:
    asked = trouble.kept("sessions", None, lambda: people.living_sessions(house().reader, now(), within=visitor.scope))
    return asked[:MOST]


def _table(visitor: Visitor, found: Sequence[Session]) -> str:
    title = heading(visitor.say("pages.staff.signed"), visitor.say("pages.staff.signed_second", n=len(found)))
    names = ("person", "role", "ip", "start", "seen", "until")
    head = "".join(f"<th>{esc(visitor.say(f'pages.staff.column.{name}'))}</th>" for name in names)
    rows = "".join(_row(visitor, one) for one in found)
    return f'{title}<div class="sc"><table class="tb"><tr>{head}</tr>{rows}</table></div>'


def _row(visitor: Visitor, one: Session) -> str:
    until = min(one.expires_at, one.idle_at or one.expires_at)
    times = (_when(visitor, at) for at in (one.created_at, one.seen_at, until))
    name = f"<b>{esc(one.name)}</b><em>{esc(one.person_id)}</em>"
    cells = (name, esc(visitor.say(f"locale.role.{one.role}")), esc(one.ip or "—"), *times)
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _line(visitor: Visitor, one: Session) -> str:
    return f"{one.name} · {one.ip or '—'} · {_when(visitor, one.created_at)}"


def _when(visitor: Visitor, at: object) -> str:
    return f"{charts.wall_time(at, visitor.zone):%m-%d %H:%M}"  # type: ignore[arg-type]


def _end() -> None:
    """Whichever is chosen as the button is pressed, not as it was drawn."""

    def act(visitor: Visitor) -> str:
        ref = str(st.session_state.get("ppl_session") or "")
        people.end_session(house().writer, ref, by=visitor.person.person_id, now=now(), within=visitor.scope)
        return visitor.say("pages.staff.ended")

    said.carry_out(WHERE, act)
