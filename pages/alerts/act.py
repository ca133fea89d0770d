"""From a click to a command: who may is asked again, the answer is told in words, a refusal too."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fengsui.alerts import commands
from fengsui.alerts.commands import Done, Refused
from fengsui.locale import has
from pages.look.house import house, now
from pages.look.visitor import DESK, Visitor, require_role

_DIALOG, _SAID = "dialog", "said"


def busy() -> bool:
    """A dialog is open: the page must not rerun under somebody's fingers."""
    return _DIALOG in st.session_state


def open_dialog(name: str, episode_id: str, seen: int) -> None:
    st.session_state[_DIALOG] = {"name": name, "id": episode_id, "seen": seen}


def close_dialog() -> None:
    st.session_state.pop(_DIALOG, None)


def dialog_for(episode_id: str) -> dict[str, Any] | None:
    """The dialog to show; one that was opened for another alert is forgotten."""
    found: dict[str, Any] | None = st.session_state.get(_DIALOG)
    if found and found["id"] != episode_id:
        close_dialog()
        return None
    return found


def send(name: str, episode_id: str, seen: int, **fields: Any) -> None:
    """One command; its outcome is told on the next run."""
    visitor = require_role(DESK)
    answer = getattr(commands, name)(house().writer, episode_id, seen, visitor.person, now(), **fields)
    _remember(visitor, name, answer)


def judge(verdict: str, episode_id: str, seen: int, state: str, note: str | None) -> None:
    """误报 / 预期内: a fresh alert is first verified (somebody looked), then reviewed with the verdict."""
    visitor = require_role(DESK)
    if not verdict:
        lacks("review", "verdict")
        return
    if state == "new":
        looked = commands.verify(house().writer, episode_id, seen, visitor.person, now())
        if isinstance(looked, Refused):
            _remember(visitor, "review", looked)
            return
        seen = looked.version
    _remember(
        visitor, "review", commands.review(house().writer, episode_id, seen, visitor.person, now(), verdict=verdict, note=note)
    )


def _remember(visitor: Visitor, name: str, answer: Done | Refused) -> None:
    if isinstance(answer, Done) or answer.code != "alerts.refused.needs":
        close_dialog()  # with an answer missing it stays open, and what was filled in stays there
    if isinstance(answer, Done):
        st.session_state[_SAID] = ("done", visitor.say(f"pages.done.{name}"))
    else:
        st.session_state[_SAID] = ("refused", visitor.say(answer.code, **{**answer.params, **_field(visitor, answer)}))


def lacks(name: str, field: str) -> None:
    """An answer that the command's type needs: refused before it is sent, in the command's own words."""
    _remember(require_role(DESK), name, Refused("alerts.refused.needs", {"field": field}))


def missing() -> str | None:
    """What an open dialog must say: an answer is missing. Told once."""
    said = st.session_state.pop(_SAID, None) if busy() else None
    return said[1] if said else None


def _field(visitor: Visitor, answer: Refused) -> dict[str, str]:
    """The missing answer by the name it has in the form."""
    code = f"pages.field.{answer.params.get('field')}"
    return {"field": visitor.say(code)} if has(visitor.lang, code) else {}


def tell(visitor: Visitor) -> None:
    """Once, at the top of the next run."""
    said = None if busy() else st.session_state.pop(_SAID, None)
    if said is not None:
        kind, words = said
        st.toast(words if kind == "done" else f"{visitor.say('pages.refused')}{words}")
