"""From a click to a command: who may is asked again, the answer is told in words, a refusal too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from fengsui.alerts import commands
from fengsui.alerts.commands import Done, Refused
from fengsui.locale import has
from pages.look.house import house, now
from pages.look.pieces import plain
from pages.look.visitor import DESK, Visitor, require_role

_DIALOG, _SAID, _TURN, _BESIDE = "dialog", "said", "dialog_turn", "dialog_beside"
NOT_STORED = "pages.trouble.not_stored"


def busy() -> bool:
    """A dialog is open: the page must not rerun under somebody's fingers."""
    return _DIALOG in st.session_state


def open_dialog(name: str, episode_id: str, seen: int) -> None:
    st.session_state[_DIALOG] = {"name": name, "id": episode_id, "seen": seen}
    st.session_state[_TURN] = turn() + 1


def open_beside(name: str, episode_id: str, seen: int) -> None:
    """From a fragment, which draws no dialog of the page: it asks ``opened_beside`` and lets the page draw anew."""
    open_dialog(name, episode_id, seen)
    st.session_state[_BESIDE] = True


def opened_beside() -> bool:
    return bool(st.session_state.pop(_BESIDE, False))


def turn() -> int:
    """How many dialogs were opened: what stood open over the page is another one then, and closed."""
    return int(st.session_state.get(_TURN, 0))


def close_dialog() -> None:
    st.session_state.pop(_DIALOG, None)
    st.session_state.pop("revealed", None)  # what was revealed is gone with its dialog


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
    _remember(visitor, name, _carry_out(visitor, getattr(commands, name), episode_id, seen, **fields))


def other(name: str, command: Callable[..., Done | Refused], *args: Any, **fields: Any) -> None:
    """A command that is none of the alert's own: ``command(store, *args, by, now, **fields)``."""
    visitor = require_role(DESK)
    _remember(visitor, name, _carry_out(visitor, command, *args, **fields))


def _carry_out(visitor: Visitor, command: Callable[..., Done | Refused], *args: Any, **fields: Any) -> Done | Refused:
    """A command that could not be stored is refused like any other, and says why; the same click again is one decision."""
    try:
        return command(house().writer, *args, visitor.person, now(), **fields)
    except Exception as fault:  # whoever pressed must know that it was not done (Visitor.why)
        return Refused(NOT_STORED, {"why": visitor.why(fault)})


def say_wrong(words: str) -> None:
    """What an open dialog must say; it stays open."""
    st.session_state[_SAID] = ("refused", words)


def judge(verdict: str, episode_id: str, seen: int, state: str, cause: str | None, lesson: str | None) -> None:
    """误报 / 预期内 / 复盘: a fresh alert is first verified (somebody looked), then reviewed with the verdict."""
    visitor = require_role(DESK)
    if not verdict:
        lacks("review", "verdict")
        return
    if state == "new":
        looked = _carry_out(visitor, commands.verify, episode_id, seen)
        if isinstance(looked, Refused):
            _remember(visitor, "review", looked)
            return
        seen = looked.version
    _remember(
        visitor, "review", _carry_out(visitor, commands.review, episode_id, seen, verdict=verdict, cause=cause, lesson=lesson)
    )


def _remember(visitor: Visitor, name: str, answer: Done | Refused) -> None:
    if isinstance(answer, Done) or answer.code not in ("alerts.refused.needs", "alerts.refused.value", NOT_STORED):
        close_dialog()  # else it stays open, and what was filled in stays there
    if isinstance(answer, Done):
        st.session_state[_SAID] = ("done", visitor.say(f"pages.done.{name}"))
    else:
        kind = "failed" if answer.code == NOT_STORED else "refused"
        st.session_state[_SAID] = (kind, visitor.say(answer.code, **{**answer.params, **_field(visitor, answer)}))


def lacks(name: str, field: str) -> None:
    """An answer that the command's type needs: refused before it is sent, in the command's own words."""
    _remember(require_role(DESK), name, Refused("alerts.refused.needs", {"field": field}))


def missing() -> str | None:
    """What an open dialog must say: an answer is missing. Told once."""
    said = st.session_state.pop(_SAID, None) if busy() else None
    return said[1] if said else None


def waits() -> bool:
    """There are words that the page has not told yet."""
    return _SAID in st.session_state


def _field(visitor: Visitor, answer: Refused) -> dict[str, str]:
    """The missing answer by the name it has in the form."""
    code = f"pages.field.{answer.params.get('field')}"
    return {"field": visitor.say(code)} if has(visitor.lang, code) else {}


def tell(visitor: Visitor) -> None:
    """Once, at the top of the next run."""
    said = None if busy() else st.session_state.pop(_SAID, None)
    if said is not None:
        kind, words = said
        st.toast(plain(f"{visitor.say('pages.refused')}{words}" if kind == "refused" else words))
