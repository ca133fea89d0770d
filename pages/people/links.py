"""Links to 一线上报 for those without an account: made with a QR code that is shown once, listed, and revoked."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

import streamlit as st

from fengsui import people
from fengsui.people import Link, inside
from fengsui.people.link import REPORT
from fengsui.people.person import LONGEST
from pages.gate.address import path
from pages.gate.qr import svg
from pages.look import charts, trouble
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor
from pages.people import chosen, said
from pages.report.linked import NAME

WHERE, TURN, MOST = "links", "ppl_link_turn", 50
DAYS = (90, 30, 7, 365, 0)
"""0: until somebody revokes it."""
COLUMNS = ("name", "scope", "made", "until", "state")


def panel(visitor: Visitor) -> None:
    found = _found(visitor)
    st.html(table(visitor, found))
    said.fault(WHERE)
    _told(visitor)
    prefix = f"ppl_link{st.session_state.setdefault(TURN, 0)}"  # pressed twice, the second press finds an empty form
    with st.form(f"{prefix}_form", border=False):
        st.text_input(visitor.say("pages.staff.link.where"), key=f"{prefix}_name", max_chars=LONGEST)
        scope, days = st.columns(2, gap="small")
        scope.text_input(
            visitor.say("pages.staff.scope"),
            value="、".join(visitor.scope),
            placeholder=visitor.say("pages.staff.scope_hint"),
            key=f"{prefix}_scope",
        )
        days.selectbox(
            visitor.say("pages.staff.link.days"), DAYS, format_func=lambda n: _days(visitor, n), key=f"{prefix}_days"
        )
        st.form_submit_button(visitor.say("pages.staff.link.make"), on_click=_make, args=(prefix,), key="ppl_link_make")
    open_ = {one.person.person_id: one for one in found if one.opens(now())}
    if open_:
        _revocable(visitor, open_)


def table(visitor: Visitor, found: Sequence[Link]) -> str:
    title = heading(visitor.say("pages.staff.link.title"), visitor.say("pages.staff.link.second"))
    if not found:
        return title
    head = "".join(f"<th>{esc(visitor.say(f'pages.staff.link.{name}'))}</th>" for name in COLUMNS)
    rows = "".join(_row(visitor, one) for one in found)
    return f'{title}<div class="sc"><table class="tb"><tr>{head}</tr>{rows}</table></div>'


def _found(visitor: Visitor) -> list[Link]:
    """Those inside the visitor's scope, the newest first."""
    every = trouble.kept("ppl_links", None, lambda: people.every_link(house().reader, REPORT))
    return [one for one in reversed(every) if inside(visitor.scope, one.person.scope)][:MOST]


def _row(visitor: Visitor, one: Link) -> str:
    scope = "、".join(one.person.scope) if one.person.scope else visitor.say("locale.slice.all")
    until = _day(visitor, one.expires_at) if one.expires_at else _days(visitor, 0)
    state = "open" if one.opens(now()) else "expired" if one.revoked_at is None and one.expired(now()) else "revoked"
    name = f"<b>{esc(one.person.name)}</b><em>{esc(one.person.person_id)}</em>"
    cells = (name, *map(esc, (scope, _day(visitor, one.created_at), until, visitor.say(f"pages.staff.link.{state}"))))
    return f'<tr class="{"" if state == "open" else "off"}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _day(visitor: Visitor, at: object) -> str:
    return f"{charts.wall_time(at, visitor.zone):%Y-%m-%d}"  # type: ignore[arg-type]


def _days(visitor: Visitor, n: int) -> str:
    return visitor.say("pages.staff.link.n_days", n=n) if n else visitor.say("pages.staff.link.always")


def _told(visitor: Visitor) -> None:
    """The address that was just made and its code, until the next press."""
    made = said.secret_of(REPORT)
    if made is None:
        return
    try:
        code = b64encode(svg(made, "QR").encode()).decode()
    except ValueError:  # an address that is too long for a code of ours is told as text alone
        code = ""
    picture = f'<img class="qr" alt="QR" src="data:image/svg+xml;base64,{code}">' if code else ""
    words = esc(visitor.say("pages.staff.link.once"))
    st.html(f'<div class="once" role="status">{words}<b class="url">{esc(made)}</b>{picture}</div>')


def _make(prefix: str) -> None:
    def act(visitor: Visitor) -> str:
        given, at = chosen.typed(prefix), now()
        days = int(st.session_state.get(f"{prefix}_days") or 0)
        until = at + timedelta(days=days) if days else None
        link, token = people.make_link(
            house().writer,
            given["name"],
            by=visitor.person.person_id,
            now=at,
            scope=given["scope"],
            expires_at=until,
            start=REPORT,
            within=visitor.scope,
        )
        said.secret(link.person.person_id, _root() + NAME + token)
        st.session_state[TURN] += 1
        return visitor.say("pages.staff.link.done", name=link.person.name)

    said.carry_out(WHERE, act)


def _root() -> str:
    """Where a phone finds the dashboard: as the operator says, else as this browser found it. Ends in a slash."""
    if public := house().settings.server.public_url:
        return public.rstrip("/") + "/"
    here = urlsplit(st.context.url or "")
    return f"{here.scheme}://{here.netloc}{path('')}".rstrip("/") + "/"


def _revocable(visitor: Visitor, open_: dict[str, Link]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="ppl_link_end"):
        st.selectbox(
            visitor.say("pages.staff.link.which"),
            list(open_),
            format_func=lambda id_: f"{open_[id_].person.name} {id_}" if id_ in open_ else id_,
            key="ppl_link",
            width=300,
        )
        st.button(visitor.say("pages.staff.link.revoke"), key="ppl_link_revoke", on_click=_revoke)


def _revoke() -> None:
    """Whichever is chosen as the button is pressed, not as it was drawn."""

    def act(visitor: Visitor) -> str:
        id_ = str(st.session_state.get("ppl_link") or "")
        people.revoke_link(house().writer, id_, by=visitor.person.person_id, now=now(), within=visitor.scope)
        return visitor.say("pages.staff.link.gone", link=id_)

    said.carry_out(WHERE, act)
