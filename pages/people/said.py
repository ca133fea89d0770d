"""What the last press led to: a sentence, mistakes, or a password that is told once."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from fengsui.people import PersonFault
from pages.look.pieces import esc
from pages.look.visitor import Visitor, require_role

ADMIN = frozenset({"admin"})
_SAID, _WRONG, _SECRET = "ppl_said", "ppl_wrong", "ppl_secret"


def carry_out(where: str, act: Callable[[Visitor], str]) -> None:
    """Asks again who presses; ``act`` returns what is said then. A fault stands at the form ``where``."""
    visitor = require_role(ADMIN)
    calm()
    try:
        st.session_state[_SAID] = act(visitor)
    except PersonFault as fault:
        st.session_state[_WRONG] = (where, visitor.say(fault.code, **fault.params))
    except Exception as fault:  # told, and nothing was stored
        st.session_state[_WRONG] = (where, visitor.say("pages.trouble.not_stored", why=visitor.why(fault)))


def calm() -> None:
    for name in (_SAID, _WRONG, _SECRET):
        st.session_state.pop(name, None)


def once() -> str:
    return str(st.session_state.pop(_SAID, ""))


def secret(person_id: str, password: str) -> None:
    """To be shown until the next press, and kept nowhere else."""
    st.session_state[_SECRET] = (person_id, password)


def fault(where: str) -> None:
    found = st.session_state.get(_WRONG)
    if found and found[0] == where:
        st.html(f'<p class="bad" role="alert">✖ {esc(found[1])}</p>')


def secret_of(start: str) -> str | None:
    """What was just made for an id that begins so."""
    found = st.session_state.get(_SECRET)
    return str(found[1]) if found and str(found[0]).startswith(start) else None


def told(visitor: Visitor, person_id: str | None) -> bool:
    """The password of this person (None: of whoever has one), where it was just made."""
    found = st.session_state.get(_SECRET)
    if not found or (person_id is not None and found[0] != person_id):
        return False
    words = esc(visitor.say("pages.staff.secret", person=found[0]))
    st.html(f'<div class="once" role="status">{words}<b>{esc(found[1])}</b></div>')
    return True
