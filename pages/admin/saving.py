"""What will be saved, why and from when; who was first, if somebody was; what is wrong, field by field."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date
from typing import Any

import streamlit as st

from fengsui.board import revision
from fengsui.board.changes import changes
from fengsui.board.revision import REASON_MAX, Draft, Saved, Stale, Step
from fengsui.board.wrong import Mistake, Wrong
from pages.admin import drafts, tell
from pages.admin.drafts import Held
from pages.look.house import house, now
from pages.look.pieces import esc, heading, plain
from pages.look.visitor import Visitor, require_role

ADMIN = frozenset({"admin"})
_WRONG, _STALE, _SAID = "adm_wrong", "adm_stale", "adm_said"
SHOWN = 12


def panel(visitor: Visitor, held: Held, *, dated: bool) -> None:
    """The changes in words, reason, date, and the button."""
    found = changes(held.first, held.body)
    with st.container(border=True, key="p_save"):
        n = visitor.say("pages.admin.save.n", n=len(found)) if found else visitor.say("pages.admin.save.none")
        st.html(heading(visitor.say("pages.admin.save.title"), n) + lines(visitor, held, found))
        problems(visitor)
        reason_and_date(visitor, held, dated=dated)
        with st.container(horizontal=True, key="save_row"):
            words = visitor.say("pages.admin.save.do", version=held.seen + 1)
            st.button(
                words,
                key="adm_save",
                type="primary",
                disabled=not held.changed or bool(visitor.scope),
                on_click=_save,
                args=(held,),
            )
            st.button(
                visitor.say("pages.admin.save.drop"),
                key="adm_drop",
                disabled=not held.changed and _STALE not in st.session_state,
                on_click=_drop,
                args=(held,),
            )


def reason_and_date(visitor: Visitor, held: Held, *, dated: bool) -> None:
    st.text_input(
        visitor.say("pages.admin.save.reason"),
        key=held.key("reason"),
        max_chars=REASON_MAX,
        placeholder=visitor.say("pages.admin.save.reason_hint"),
    )
    if dated:
        hint = visitor.say("pages.admin.save.starts_hint")
        st.text_input(visitor.say("pages.admin.save.starts"), key=held.key("starts"), placeholder=hint)


def problems(visitor: Visitor) -> None:
    """Mistakes of the last attempt, or who was first; they stay until the next attempt."""
    wrong: Sequence[Mistake] = st.session_state.get(_WRONG, ())
    if wrong:
        lines = "".join(f"<li>{esc(tell.mistake(visitor, one))}</li>" for one in wrong[:SHOWN])
        more = f"<li>{esc(visitor.say('pages.admin.change.more', n=len(wrong) - SHOWN))}</li>" if len(wrong) > SHOWN else ""
        st.html(f'<div class="bad" role="alert"><b>✖ {esc(visitor.say("pages.admin.wrong"))}</b><ul>{lines}{more}</ul></div>')
    steps: Sequence[Step] = st.session_state.get(_STALE, ())
    if steps:
        st.html(f'<div class="bad" role="alert">{"".join(_first(visitor, one) for one in steps)}</div>')
        st.html(f'<p class="kept">{esc(visitor.say("pages.admin.stale.next"))}</p>')


def _first(visitor: Visitor, one: Step) -> str:
    words = visitor.say(
        "pages.admin.stale", who=tell.author(visitor, one.revision), at=one.revision.at, version=one.revision.version
    )
    lines = "".join(f"<li>{esc(line)}</li>" for line in tell.step(visitor, one))
    return f"<b>⚠ {esc(words)}</b><ul>{lines}</ul>"


def lines(visitor: Visitor, held: Held, found: Sequence[Any]) -> str:
    """What would be saved, in words."""
    told = [tell.change(visitor, held.kind, held.id, one) for one in found[:SHOWN]]
    if len(found) > SHOWN:
        told.append(visitor.say("pages.admin.change.more", n=len(found) - SHOWN))
    return f'<ul class="chg">{"".join(f"<li>{esc(line)}</li>" for line in told)}</ul>' if told else ""


def _save(held: Held) -> None:
    visitor = require_role(ADMIN)
    reason, starts = (str(st.session_state.get(held.key(name)) or "") for name in ("reason", "starts"))
    try:
        day = day_of(starts)
    except Wrong as fault:
        fail(fault.mistakes)
        return
    version = store(visitor, [Draft(held.kind, held.id, held.body, held.seen, reason, day)])
    if version is not None:
        drafts.drop(held.kind, held.id)
        say(visitor.say("pages.admin.saved", version=version))


def _drop(held: Held) -> None:
    calm()
    drafts.drop(held.kind, held.id)


def store(visitor: Visitor, made: list[Draft]) -> int | None:
    """The version saved; None where nothing was, and the page says why."""
    calm()
    try:
        answer: Saved | Stale = revision.save(house().writer, house().settings, made, visitor.person, now())
    except Wrong as fault:
        fail(fault.mistakes)
        return None
    except Exception as fault:  # nothing was stored, drafts stay, and the page says why (Visitor.why)
        say(visitor.say("pages.trouble.not_stored", why=visitor.why(fault)))
        return None
    if isinstance(answer, Stale):
        st.session_state[_STALE] = answer.steps
        return None
    return answer.version


def day_of(text: str) -> date | None:
    """A local day as it was typed; nothing is at once. Raises ``Wrong``."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Wrong([Mistake(("starts",), "board.wrong.date", {"value": text.strip()[:40]})]) from None


def fail(mistakes: Sequence[Mistake]) -> None:
    st.session_state[_WRONG] = tuple(mistakes)


def calm() -> None:
    """A new attempt: what was wrong with the last one is over."""
    st.session_state.pop(_WRONG, None)
    st.session_state.pop(_STALE, None)


def say(words: str) -> None:
    st.session_state[_SAID] = words


def said() -> None:
    """Once, at the top of the next run."""
    words = st.session_state.pop(_SAID, None)
    if words:
        st.toast(plain(words))


def fresh() -> str:
    """An id for something new."""
    return secrets.token_hex(4)
