"""Taking a view away as a file: who may is asked again, a reason is needed, and the file is made when asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from fengsui.board import export as exporter
from fengsui.board.export import FORMATS, REASON_MAX, ROLES, File, Table
from fengsui.board.wrong import Wrong
from pages.look import trouble
from pages.look.house import house, now
from pages.look.pieces import esc
from pages.look.visitor import Visitor, require_role

_OPEN, _ASKED, _FILE, _TOLD = "export_open", "export_asked", "export_file", "export_told"
Make = Callable[[Visitor], Table]


def button(visitor: Visitor, view: str) -> None:
    """Only for those who may."""
    if visitor.person.role in ROLES:
        st.button(visitor.say("pages.export.button"), key=f"export_{view}", on_click=_show, args=(view,))


def dialog(visitor: Visitor, view: str, make: Make) -> None:
    """Where it is open. ``make``: the table as it is then, in the visitor's scope."""
    if st.session_state.get(_OPEN) == view and visitor.person.role in ROLES:
        st.dialog(visitor.say("pages.export.title"), on_dismiss=close)(trouble.guarded(_form))(visitor, make)


def asked() -> bool:
    """Once after the press, for a button that stands in a fragment."""
    return bool(st.session_state.pop(_ASKED, False))


def _show(view: str) -> None:
    close()
    st.session_state[_OPEN] = view
    st.session_state[_ASKED] = True


def close() -> None:
    for name in (_OPEN, _ASKED, _FILE, _TOLD):
        st.session_state.pop(name, None)


def _form(visitor: Visitor, make: Make) -> None:
    if _OPEN not in st.session_state:
        st.rerun()  # closed by its own button, which reran only the dialog
    st.html(f'<p class="xp">{esc(visitor.say("pages.export.second", n=house().settings.limits.export_rows))}</p>')
    st.segmented_control(
        visitor.say("pages.export.format"),
        list(FORMATS),
        default="xlsx",
        required=True,
        format_func=lambda name: visitor.say(f"pages.export.format.{name}"),
        key="export_format",
    )
    st.text_input(
        visitor.say("pages.export.reason"),
        key="export_reason",
        max_chars=REASON_MAX,
        placeholder=visitor.say("pages.export.reason_hint"),
    )
    told = st.session_state.get(_TOLD)
    if told:
        st.html(f'<p class="xp" role="alert"><b class="c3">✖</b> {esc(told)}</p>')
    file: File | None = st.session_state.get(_FILE)
    if file is not None:
        words = visitor.say("pages.export.ready", name=file.name, n=file.rows)
        more = visitor.say("pages.export.cut") if file.cut else ""
        st.html(f'<p class="xp" role="status">✓ {esc(words)} {esc(more)}</p>')
    with st.container(horizontal=True, key="export_row"):
        st.button(
            visitor.say("pages.export.make"),
            key="export_make",
            type="primary" if file is None else "secondary",
            on_click=_make,
            args=(make,),
        )
        if file is not None:
            _download(visitor, file)
        st.button(visitor.say("pages.form.close"), key="export_close", on_click=close)


def _download(visitor: Visitor, file: File) -> None:
    st.download_button(
        visitor.say("pages.export.download"),
        file.content,
        file_name=file.name,
        mime=file.mime,
        key="export_download",
        type="primary",
        on_click="ignore",
    )


def _make(make: Make) -> None:
    visitor = require_role(ROLES)
    kind, reason = (str(st.session_state.get(f"export_{name}") or "") for name in ("format", "reason"))
    st.session_state.pop(_FILE, None)
    st.session_state.pop(_TOLD, None)
    try:
        table = make(visitor)
        st.session_state[_FILE] = exporter.export(
            house().writer, house().settings, visitor.person, table, kind, reason, visitor.lang, now()
        )
    except Wrong as fault:
        st.session_state[_TOLD] = " ".join(_words(visitor, one) for one in fault.mistakes)
    except Exception as fault:  # told, and no file leaves without its audit row
        st.session_state[_TOLD] = visitor.say("pages.trouble.not_stored", why=visitor.why(fault))


def _words(visitor: Visitor, one: Any) -> str:
    return visitor.say(f"pages.export.wrong.{one.place[0]}", why=visitor.say(one.code, **one.params))
