"""Work asked of the worker from this page: fetch now, sweep, replay, show the first rows. The answer comes with a refresh."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from fengsui.board import requests
from fengsui.board.requests import Asked
from fengsui.locale import has
from pages.look import trouble
from pages.look.house import house, now
from pages.look.pieces import esc, heading, plain
from pages.look.visitor import DESK, Visitor, require_role
from pages.sources import preview_rows

_SAID = "asked"


def ask(kind: str, params: Mapping[str, Any], words: str = "", **values: Any) -> str | None:
    """Hand the request over and remember what to tell, if anything; None for a visitor who only reads, or where it could not
    be stored."""
    visitor = require_role(DESK)
    if not visitor.handles:
        return None
    try:
        request_id = requests.ask(house().writer, kind, params, visitor.person, now())
    except Exception as fault:  # told, and nothing was asked for
        fail(visitor, fault)
        return None
    if words:
        say(visitor.say(words, **values))
    return request_id


def fail(visitor: Visitor, fault: Exception) -> None:
    """Nothing was stored: said in words."""
    say(visitor.say("pages.trouble.not_stored", why=visitor.why(fault)))


def say(words: str) -> None:
    """Remember what the next run tells."""
    st.session_state[_SAID] = words


def said() -> str | None:
    """What is to be told, once."""
    words: str | None = st.session_state.pop(_SAID, None)
    return words


def tell() -> None:
    """Never from a fragment while a dialog is open: Streamlit keeps toasts and dialogs in one list, and the toast of a
    fragment takes the dialog's place there, which ends the whole page in the browser."""
    words = said()
    if words:
        st.toast(plain(words))


def poll_now(source: str) -> None:
    ask("poll_now", {"source": source}, "pages.asked.poll_now")


def sweep(source: str) -> None:
    ask("sweep", {"source": source}, "pages.asked.sweep")


def replay(source: str) -> None:
    ask("quarantine_replay", {"source": source, "ids": None}, "pages.asked.replay")


def _show(source: str) -> None:
    st.session_state[f"preview_{source}"] = ask("preview", {"source": source}, "pages.asked.preview")


def preview(visitor: Visitor, source: str) -> None:
    """The first rows as they would be stored: asked for, worked on, shown."""
    st.html(heading(visitor.say("pages.preview.title"), visitor.say("pages.preview.second")))
    if visitor.scope:
        st.html(f'<p class="kept">{esc(visitor.say("pages.sources.whole_only"))}</p>')
        return
    request_id = st.session_state.get(f"preview_{source}")
    asked = answer(request_id)
    if asked is None:
        st.html(f'<p class="kept">{esc(visitor.say("pages.preview.empty"))}</p>')
    else:
        outcome(visitor, asked)
    if visitor.handles:
        st.button(visitor.say("pages.preview.ask"), key="preview", on_click=_show, args=(source,))


def whole_only(visitor: Visitor, name: str) -> None:
    """In the place of a panel whose rows belong to every organisation."""
    title = heading(visitor.say(f"pages.{name}.title"), "")
    st.html(f'{title}<p class="kept">{esc(visitor.say("pages.sources.whole_only"))}</p>')


def answer(request_id: str | None) -> Asked | None:
    if request_id is None:
        return None
    return trouble.kept("answer", request_id, lambda: requests.answer(house().reader, request_id))


def outcome(visitor: Visitor, asked: Asked) -> None:
    """What the worker answered: rows, a sentence, or that it is still at it."""
    if not asked.over:
        st.html(f'<p class="pr">◔ {esc(visitor.say("pages.asked.working"))}</p>')
        return
    if asked.state != "done":
        code = asked.fault_code or "pages.asked.failed"
        params = asked.result if isinstance(asked.result, dict) else {}
        words = visitor.say(code, **params) if has(visitor.lang, code) else visitor.say("pages.asked.failed")
        st.html(f'<p class="pr"><b class="c3">✖</b> {esc(words)}</p>')
        return
    result = asked.result or {}
    rows = [row for row in result.get("rows", []) if isinstance(row, dict)] if isinstance(result.get("rows"), list) else []
    if rows:
        st.dataframe(preview_rows.table(visitor, rows), hide_index=True, key=f"rows_{asked.request_id}")
        words = visitor.say("pages.asked.previewed", good=result.get("good", 0), bad=result.get("bad", 0))
    elif "stored" in result:
        read = result.get("read", result.get("rows", 0))
        words = visitor.say("pages.asked.stored", read=read, stored=result["stored"], bad=result.get("bad", 0))
    else:
        words = visitor.say("pages.asked.done")
    st.html(f'{preview_rows.reasons(visitor, rows)}<p class="kept">{esc(words)}</p>')
