"""审计: filters, the rows that answer, older ones on demand, and the file to take away (which is a row of the audit, too)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import streamlit as st

from fengsui import people
from fengsui.board import trail
from fengsui.board.export import Table
from fengsui.board.trail import GROUPS, MACHINE, ROLES, Entry, Question
from fengsui.locale import has
from fengsui.people import inside
from pages.look import charts, export, trouble
from pages.look.dress import dress
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor, require_role

HERE = Path(__file__).parent
PAGE_ROWS = 60
SPANS: Mapping[str, timedelta | None] = {
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "year": timedelta(days=366),
    "all": None,
}
EVERY = "all"
TIMES = ("start", "end", "until", "due")
ABOUT_CHARS, SHOWN_CHARS = 60, 260


def page() -> None:
    visitor = require_role(ROLES)
    dress(sheet=HERE / "audit.css")
    with st.container(key="flt", horizontal=True, vertical_alignment="bottom"):
        st.html(f'<div class="pt">{esc(visitor.say("pages.title.audit"))}</div>', width="content")
        question = _filters(visitor)
        export.button(visitor, "audit")
    before = st.session_state.get("aud_before")
    found = trouble.kept(
        "audit",
        (question, before),
        lambda: trail.entries(house().reader, visitor.scope, question, PAGE_ROWS + 1, before),
    )
    with st.container(border=True, key="p_trail"):
        st.html(_table(visitor, found[:PAGE_ROWS]))
        with st.container(horizontal=True, key="aud_pages"):
            _pages(visitor, found, before)
    export.dialog(visitor, "audit", lambda asking: _file(asking, question))


def _filters(visitor: Visitor) -> Question:
    known = trouble.kept("aud_people", None, lambda: people.every_person(house().reader))
    names = {one.person_id: one.name for one in known if inside(visitor.scope, one.scope)}
    signs = () if visitor.scope else MACHINE
    by = st.selectbox(
        visitor.say("pages.audit.by"),
        [EVERY, *names, *signs],
        format_func=lambda id_: _signer(visitor, id_, names),
        key="aud_by",
        width=230,
        on_change=_newest,
    )
    group = st.selectbox(
        visitor.say("pages.audit.group"),
        [EVERY, *GROUPS],
        format_func=lambda name: visitor.say(f"pages.audit.group.{name}"),
        key="aud_group",
        width=200,
        on_change=_newest,
    )
    span = st.selectbox(
        visitor.say("pages.audit.when"),
        list(SPANS),
        index=1,
        format_func=lambda name: visitor.say(f"pages.audit.span.{name}"),
        key="aud_span",
        width=140,
        on_change=_newest,
    )
    about = st.text_input(
        visitor.say("pages.audit.about"),
        key="aud_about",
        max_chars=ABOUT_CHARS,
        placeholder=visitor.say("pages.audit.about_hint"),
        width=230,
        on_change=_newest,
    )
    length = SPANS[span]
    start = None if length is None else (now() - length).replace(second=0, microsecond=0)
    return Question(None if by == EVERY else by, None if group == EVERY else group, start, None, about or "")


def _signer(visitor: Visitor, id_: str, names: Mapping[str, str]) -> str:
    if id_ == EVERY:
        return visitor.say("pages.audit.by.all")
    if id_ in names:
        return f"{names[id_]} {id_}" if names[id_] != id_ else id_
    return visitor.say(f"pages.audit.by.{id_}")


def _pages(visitor: Visitor, found: tuple[Entry, ...], before: int | None) -> None:
    if before is not None:
        st.button(visitor.say("pages.audit.newest"), key="aud_new", on_click=_newest)
    if len(found) > PAGE_ROWS:
        st.button(visitor.say("pages.audit.older"), key="aud_old", on_click=_older, args=(found[PAGE_ROWS - 1].audit_id,))


def _older(last: int) -> None:
    st.session_state["aud_before"] = last


def _newest() -> None:
    st.session_state.pop("aud_before", None)


def _table(visitor: Visitor, found: tuple[Entry, ...]) -> str:
    title = heading(visitor.say("pages.audit.title"), visitor.say("pages.audit.second"))
    if not found:
        return f'{title}<p class="kept">{esc(visitor.say("pages.audit.none"))}</p>'
    head = "".join(f"<th>{esc(visitor.say(f'pages.audit.column.{name}'))}</th>" for name in ("at", "who", "action", "params"))
    rows = "".join(_row(visitor, one) for one in found)
    return f'{title}<div class="sc"><table class="tb aud"><tr>{head}</tr>{rows}</table></div>'


def _row(visitor: Visitor, one: Entry) -> str:
    at = f"{charts.wall_time(one.at, visitor.zone):%Y-%m-%d %H:%M:%S}"
    name = visitor.say(f"pages.audit.by.{one.by}") if one.by in MACHINE else one.name
    id_ = "" if one.by in MACHINE or one.name == one.by else f"<em>{esc(one.by)}</em>"
    words = _params(visitor, one.params)
    cells = (esc(at), f"{esc(name)}{id_}", esc(action(visitor, one.action)), esc(words))
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def action(visitor: Visitor, code: str) -> str:
    """In words where there are some; what another room writes tomorrow stands as it is."""
    known = f"pages.audit.action.{code}"
    return visitor.say(known) if has(visitor.lang, known) else code


def _params(visitor: Visitor, params: Mapping[str, Any]) -> str:
    parts = [
        f"{_key(visitor, name)} {_value(visitor, name, value)}" for name, value in params.items() if value not in (None, "", [])
    ]
    words = (" · ").join(parts)
    return words if len(words) <= SHOWN_CHARS else f"{words[: SHOWN_CHARS - 1]}…"


def _key(visitor: Visitor, name: str) -> str:
    known = f"pages.audit.key.{name}"
    return visitor.say(known) if has(visitor.lang, known) else name


def _value(visitor: Visitor, name: str, value: Any) -> str:
    if name in ("role", "stage"):
        known = f"locale.role.{value}" if name == "role" else f"pages.audit.stage.{value}"
        return visitor.say(known) if has(visitor.lang, known) else str(value)
    known = f"pages.audit.value.{name}.{value}"
    if isinstance(value, str | int) and not isinstance(value, bool) and has(visitor.lang, known):
        return visitor.say(known)
    if isinstance(value, bool):
        return visitor.say(f"pages.admin.value.{'yes' if value else 'no'}")
    if isinstance(value, list):
        return "、".join(str(one) for one in value)
    if isinstance(value, Mapping):
        return "（" + _params(visitor, value) + "）"
    return _when(visitor, value) if name.endswith("_at") or name in TIMES else str(value)


def _when(visitor: Visitor, value: Any) -> str:
    try:
        return f"{charts.wall_time(datetime.fromisoformat(str(value)), visitor.zone):%Y-%m-%d %H:%M}"
    except ValueError:
        return str(value)


def _file(visitor: Visitor, question: Question) -> Table:
    """All that answers the question, up to the limit of exports."""
    found = trail.entries(house().reader, visitor.scope, question, house().settings.limits.export_rows + 1)
    names = ("id", "at", "by", "name", "action", "params")
    since = f"{question.start:%Y-%m-%d %H:%MZ}~" if question.start else ""
    about = " · ".join(part for part in (question.by, question.group, since, question.about) if part)
    columns = tuple(visitor.say(f"pages.audit.column.{name}") for name in names)
    return trail.table(visitor.say("pages.title.audit"), about or visitor.say("pages.audit.by.all"), columns, found)
