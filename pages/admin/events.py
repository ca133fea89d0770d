"""已知事件: sales, releases, planned outages. Detectors expect them, and nobody is woken for what was announced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from fengsui.board import conditions, known_events
from fengsui.board.known_events import Event
from fengsui.board.revision import REASON_MAX, Draft
from fengsui.board.uploaded_table import MOST_BYTES
from fengsui.board.wrong import Wrong
from pages.admin import drafts, saving, tell
from pages.look import trouble
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor, require_role

COLUMNS = ("name", "span", "about", "size", "state", "by")
FIELDS = ("name", "start_at", "end_at", "metric", "where", "lift", "margin", "note", "reason")
ANY = ""


def section(visitor: Visitor) -> None:
    found = trouble.kept("adm_events", None, lambda: known_events.events(house().reader, now()))
    left, right = st.columns([900, 496], gap="small")
    with left:
        with st.container(border=True, key="p_events"):
            st.html(_table(visitor, found))
        with st.container(border=True, key="p_end"):
            _end(visitor, [one for one in found if one.state in ("running", "ahead")])
    with right:
        saving.problems(visitor)
        with st.container(border=True, key="p_event"):
            _form(visitor, found)
        with st.container(border=True, key="p_import"):
            _import(visitor, found)


def _table(visitor: Visitor, found: list[Event]) -> str:
    head = "".join(f"<th>{esc(visitor.say(f'pages.admin.event.{name}'))}</th>" for name in COLUMNS)
    rows = "".join(_row(visitor, one) for one in found)
    body = (
        f'<div class="sc"><table class="tb"><tr>{head}</tr>{rows}</table></div>'
        if rows
        else f'<p class="kept">{esc(visitor.say("pages.admin.event.nothing"))}</p>'
    )
    return heading(visitor.say("pages.admin.event.title"), visitor.say("pages.admin.event.second")) + body


def _row(visitor: Visitor, one: Event) -> str:
    body = one.body
    about = [visitor.say("pages.admin.metric", metric=body.metric) if body.metric else visitor.say("pages.admin.event.any")]
    about += conditions.written(house().settings, visitor.lang, body.where)
    size = visitor.say("pages.admin.event.unknown") if body.lift == 1.0 else visitor.say("pages.admin.event.times", n=body.lift)
    if body.margin:
        size += visitor.say("pages.admin.event.give", share=body.margin)
    color = {"running": "c2", "ahead": "c1"}.get(one.state, "mut")
    cells = (body.title(visitor.lang), f"{tell.when(visitor, body.start_at)} – {tell.when(visitor, body.end_at)}")
    shown = "".join(f"<td>{esc(cell)}</td>" for cell in (*cells, "；".join(about), size))
    state = f'<td class="{color}">{esc(visitor.say(f"pages.admin.event.state.{one.state}"))}</td>'
    return f"<tr>{shown}{state}<td>{esc(tell.author(visitor, one.revision))}</td></tr>"


def _key(name: str) -> str:
    return f"adm_event_{drafts.turn()}_{name}"


def _form(visitor: Visitor, found: list[Event]) -> None:
    st.html(heading(visitor.say("pages.admin.event.add")))
    with st.form(_key("form"), border=False):
        st.text_input(visitor.say("pages.admin.part.name"), key=_key("name"), max_chars=80)
        start, end = st.columns(2, gap="small")
        hint = visitor.say("pages.admin.event.time_hint")
        start.text_input(visitor.say("pages.admin.part.start_at"), key=_key("start_at"), placeholder=hint)
        end.text_input(visitor.say("pages.admin.part.end_at"), key=_key("end_at"), placeholder=hint)
        st.selectbox(
            visitor.say("pages.admin.part.metric"),
            [ANY, *(one.metric.id for one in tell.aims())],
            format_func=lambda id_: visitor.say(f"locale.metric.{id_}") if id_ else visitor.say("pages.admin.event.any"),
            key=_key("metric"),
        )
        where = visitor.say("pages.admin.event.where_hint")
        st.text_area(visitor.say("pages.admin.part.where"), key=_key("where"), height=68, placeholder=where)
        lift, margin = st.columns(2, gap="small")
        lift.text_input(
            visitor.say("pages.admin.event.lift"), key=_key("lift"), placeholder=visitor.say("pages.admin.event.unknown")
        )
        margin.text_input(visitor.say("pages.admin.event.margin"), key=_key("margin"), placeholder="20%")
        st.text_input(visitor.say("pages.admin.part.note"), key=_key("note"), max_chars=500)
        st.text_input(visitor.say("pages.admin.save.reason"), key=_key("reason"), max_chars=REASON_MAX)
        st.form_submit_button(visitor.say("pages.admin.event.save"), type="primary", on_click=_add)


def _add() -> None:
    visitor = require_role(saving.ADMIN)
    cells: Mapping[str, Any] = {name: st.session_state.get(_key(name)) for name in FIELDS}
    saving.calm()
    try:
        made = known_events.drafted(house().settings, cells, {}, str(cells["reason"] or ""))
    except Wrong as fault:
        saving.fail(fault.mistakes)
        return
    _store(visitor, [made], "pages.admin.event.saved")


def _end(visitor: Visitor, found: list[Event]) -> None:
    st.html(heading(visitor.say("pages.admin.event.end"), visitor.say("pages.admin.event.end_second")))
    if not found:
        st.html(f'<p class="kept">{esc(visitor.say("pages.admin.event.none_open"))}</p>')
        return
    by_id = {one.revision.id: one for one in found}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            visitor.say("pages.admin.event.which"),
            list(by_id),
            format_func=lambda id_: _named(visitor, by_id[id_]),
            key=_key("which"),
            width=420,
        )
        st.text_input(visitor.say("pages.admin.save.reason"), key=_key("end_reason"), max_chars=REASON_MAX, width=320)
        one = by_id.get(str(chosen))
        if one is not None:
            words = visitor.say(f"pages.admin.event.do.{one.state}")
            st.button(words, key="adm_event_end", on_click=_stop, args=(one,))


def _named(visitor: Visitor, one: Event) -> str:
    return f"{one.body.title(visitor.lang)} · {tell.when(visitor, one.body.start_at)}"


def _stop(one: Event) -> None:
    visitor = require_role(saving.ADMIN)
    reason = str(st.session_state.get(_key("end_reason")) or "")
    _store(visitor, [known_events.ended(one, now(), reason)], f"pages.admin.event.done.{one.state}")


def _import(visitor: Visitor, found: list[Event]) -> None:
    second = visitor.say("pages.admin.event.import_second")
    st.html(heading(visitor.say("pages.admin.event.import"), second))
    label, most = visitor.say("pages.upload.file"), MOST_BYTES >> 20
    file = st.file_uploader(label, type=["csv", "xlsx"], key=_key("file"), max_upload_size=most)
    st.text_input(visitor.say("pages.admin.save.reason"), key=_key("file_reason"), max_chars=REASON_MAX)
    known = {one.revision.id: one.revision.version for one in found}
    with st.container(horizontal=True, key="save_row"):
        words = visitor.say("pages.admin.event.import_do")
        st.button(words, key="adm_event_import", disabled=file is None, on_click=_read, args=(known,))
        st.download_button(
            visitor.say("pages.admin.event.template"),
            known_events.template(visitor.lang),
            file_name="known_events.csv",
            mime="text/csv",
            key="adm_event_template",
            on_click="ignore",
        )


def _read(known: Mapping[str, int]) -> None:
    visitor = require_role(saving.ADMIN)
    file = st.session_state.get(_key("file"))
    reason = str(st.session_state.get(_key("file_reason")) or "")
    saving.calm()
    if file is None:
        return
    try:
        made = known_events.read_file(house().settings, file.name, file.getvalue(), known, reason)
    except Wrong as fault:
        saving.fail(fault.mistakes)
        return
    _store(visitor, made, "pages.admin.event.imported")


def _store(visitor: Visitor, made: list[Draft], words: str) -> None:
    if saving.store(visitor, made) is not None:
        drafts.renew()
        saving.say(visitor.say(words, n=len(made)))
