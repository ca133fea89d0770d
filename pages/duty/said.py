"""What became of a click, told once at the top of the next run; a refusal beside its form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from fengsui.alerts.commands import Done, Refused
from fengsui.locale import has
from pages.look.house import house, now
from pages.look.pieces import esc, plain
from pages.look.visitor import DESK, Visitor, require_role

_SAID, _WRONG = "duty_said", "duty_wrong"


def send(words: str, form: str, command: Callable[..., Done | Refused], *args: Any, **fields: Any) -> bool:
    """``command(store, *args, by, now, **fields)``; whether it was done. Who may is asked again."""
    visitor = require_role(DESK)
    try:
        answer = command(house().writer, *args, visitor.person, now(), **fields)
    except Exception as fault:  # refused like any other
        answer = Refused("pages.trouble.not_stored", {"why": visitor.why(fault)})
    if isinstance(answer, Done):
        st.session_state.pop(_WRONG, None)
        st.session_state[_SAID] = visitor.say(words, n=answer.version)
        return True
    refuse(visitor, form, answer)
    return False


def refuse(visitor: Visitor, form: str, answer: Refused) -> None:
    field = str(answer.params.get("field"))
    code = next((one for one in (f"duty.field.{field}", f"pages.field.{field}") if has(visitor.lang, one)), None)
    params = {**answer.params, **({"field": visitor.say(code)} if code else {})}
    st.session_state[_WRONG] = (form, visitor.say(answer.code, **params))


def wrong(form: str) -> None:
    """Beside the form it belongs to, until the next try."""
    found = st.session_state.get(_WRONG)
    if found and found[0] == form:
        st.html(f'<p class="over" role="alert">{esc(found[1])}</p>')


def tell() -> None:
    words = st.session_state.pop(_SAID, None)
    if words:
        st.toast(plain(words))
