"""A file by hand: choose the source whose mapping reads it, look at the first rows, then store them."""

from __future__ import annotations

import streamlit as st

from fengsui.board import requests
from fengsui.board.requests import SUFFIXES, NotAnUpload
from pages.look import trouble
from pages.look.house import house
from pages.look.pieces import esc
from pages.look.visitor import DESK, Visitor, require_role
from pages.sources import ask

_OPEN, _FILE, _SEEN, _DONE = "upload_open", "upload_file", "upload_seen", "upload_done"


def open_dialog() -> None:
    st.session_state[_OPEN] = True


def is_open() -> bool:
    return _OPEN in st.session_state


def close_dialog() -> None:
    st.session_state.pop(_OPEN, None)
    _begin_again()


def _begin_again() -> None:
    """Another file or another mapping: what was seen before says nothing of it, and must not be stored in its place."""
    for name in (_FILE, _SEEN, _DONE):
        st.session_state.pop(name, None)


def dialog(visitor: Visitor) -> None:
    if st.session_state.get(_OPEN) and visitor.handles and not visitor.scope:
        st.dialog(visitor.say("pages.upload.title"), width="large", on_dismiss=close_dialog)(trouble.guarded(_form))(visitor)


def mapped() -> list[str]:
    """Sources whose mapping reads files."""
    return [name for name, source in house().settings.sources.items() if source.kind == "files"]


def _form(visitor: Visitor) -> None:
    if not is_open():
        st.rerun()  # closed by its own button, which reran only the dialog
    names = mapped()
    st.html(f'<p class="kept">{esc(visitor.say("pages.upload.second"))}</p>')
    if not names:
        st.html(f'<p class="pr">{esc(visitor.say("pages.upload.no_mapping"))}</p>')
        return
    source = st.pills(
        visitor.say("pages.upload.source"),
        names,
        default=names[0],
        format_func=lambda n: house().settings.title(n, visitor.lang),
        key="up_source",
        on_change=_begin_again,
    )
    most = house().settings.limits.upload_mb
    kinds = [suffix[1:] for suffix in SUFFIXES]
    file = st.file_uploader(
        visitor.say("pages.upload.file"), type=kinds, max_upload_size=most, key="up_file", on_change=_begin_again
    )
    taken = visitor.say("pages.upload.taken", mb=most, kinds=[kind.upper() for kind in kinds])
    st.html(f'<p class="kept">{esc(taken)}</p>')
    with st.container(horizontal=True):
        st.button(
            visitor.say("pages.upload.look"),
            key="up_look",
            on_click=_look,
            args=(source,),
            disabled=file is None or source is None,
        )
        seen = st.session_state.get(_SEEN)
        st.button(
            visitor.say("pages.upload.store"),
            key="up_store",
            type="primary",
            on_click=_store,
            args=(source,),
            disabled=seen is None,
        )
        st.button(visitor.say("pages.form.close"), key="up_close", on_click=close_dialog)
    words = ask.said()
    if words:
        st.html(f'<p class="pr"><b class="c3">✖</b> {esc(words)}</p>')
    st.fragment(trouble.guarded(_answer), run_every=2.0)()


def _look(source: str) -> None:
    """Keep the file under the house and ask the worker to map its first rows."""
    visitor = require_role(DESK)
    file = st.session_state.get("up_file")
    if file is None or not visitor.handles or visitor.scope:
        return
    try:
        kept = requests.save_upload(house().settings, file.name, file.getvalue())
    except NotAnUpload as fault:
        ask.say(visitor.say(fault.code, **fault.params))
        return
    except OSError as fault:  # no room, or no right to write there
        ask.fail(visitor, fault)
        return
    st.session_state[_FILE] = kept
    st.session_state.pop(_DONE, None)
    st.session_state[_SEEN] = ask.ask("upload_preview", {"path": kept, "source": source})


def _store(source: str) -> None:
    kept = st.session_state.get(_FILE)
    if kept:
        st.session_state[_DONE] = ask.ask("upload", {"path": kept, "source": source})


def _answer() -> None:
    visitor = require_role(DESK)
    request_id = st.session_state.get(_DONE) or st.session_state.get(_SEEN)
    asked = ask.answer(request_id)
    if asked is not None:
        ask.outcome(visitor, asked)
