"""What a visitor sees when the store does not answer, or something happens that nobody foresaw: one plain line.

Fragments draw again from what the store said last (``kept``), so the picture stays; what was never seen says why it is not
there. Everything asks again by itself. No traceback reaches a screen, and no message of an exception the log: it may quote.
"""

from __future__ import annotations

import functools
import html
import logging
import secrets
import traceback
from collections.abc import Callable, Hashable
from typing import Any, ParamSpec, TypeAlias, TypeVar

import streamlit as st

from fengsui.locale import say
from fengsui.store.faults import trouble
from pages.look.house import house, now

P = ParamSpec("P")
T = TypeVar("T")
Words: TypeAlias = tuple[str, dict[str, Any]]
_KEPT, _SINCE, _NOW, _FRESH = "trouble_kept", "trouble_since", "trouble_now", "trouble_fresh"
_LOG = logging.getLogger("fengsui.pages")


def words(fault: BaseException) -> Words:
    """(code, params) of what is wrong; what is not the store's is noted in the log under a number that a visitor can tell."""
    code = trouble(fault)
    return (code, {}) if code else ("pages.trouble.unforeseen", {"ref": noted(fault)})


def noted(fault: BaseException) -> str:
    ref = secrets.token_hex(3)
    where = "".join(traceback.format_tb(fault.__traceback__))
    _LOG.error("%s: %s\n%s", ref, type(fault).__name__, where)
    return ref


def kept(slot: str, key: Hashable, ask: Callable[[], T]) -> T:
    """What ``ask`` answers; while the store is away, what it answered last to this session under the same ``key``.

    Raises the store's fault where there is no such answer. One answer is kept per ``slot``."""
    held: dict[str, tuple[Hashable, Any]] = st.session_state.setdefault(_KEPT, {})
    try:
        answer = ask()
    except Exception as fault:  # the store's are met, others go on
        code = trouble(fault)
        if code is None or slot not in held or held[slot][0] != key:
            raise
        st.session_state[_NOW] = code
        found: T = held[slot][1]
        return found
    held[slot] = (key, answer)
    st.session_state[_SINCE] = now()
    return answer


def forget() -> None:
    """Somebody else, or nobody, sits here now."""
    st.session_state.pop(_KEPT, None)


def calm() -> None:
    """At the begin of a page or fragment: whatever was wrong is asked anew."""
    st.session_state.pop(_NOW, None)


def line(lang: str) -> None:
    """At the foot of the screen, over the page and moving nothing: what is shown is not new, and why."""
    code, since = st.session_state.get(_NOW), st.session_state.get(_SINCE)
    if code is None:
        return
    told = say(lang, "pages.trouble.kept", {"why": say(lang, code), "at": since}, zone=house().zone)
    st.html(f'<div class="strip" role="status">⚠ {html.escape(told)}</div>')


def guarded(draw: Callable[P, None]) -> Callable[P, None]:
    """A fragment that never fails on a screen; it asks again at its next turn."""

    @functools.wraps(draw)
    def shown(*args: P.args, **kwargs: P.kwargs) -> None:
        calm()
        try:
            draw(*args, **kwargs)
        except Exception as fault:  # a boundary: said in place of the fragment
            tell(fault)

    return shown


def tell(fault: Exception) -> None:
    """In place of what cannot be drawn."""
    lang = language()
    title, second = (html.escape(say(lang, *told)) for told in (words(fault), ("pages.trouble.again", {})))
    st.html(f'<div class="down" role="alert"><b>⚠ {title}</b><span>{second}</span></div>')


def page(fault: Exception, every_s: float) -> None:
    """The same for a page that no fragment draws again: looks every few seconds whether it can come back."""
    tell(fault)
    st.session_state[_FRESH] = True
    st.fragment(_look_again, run_every=every_s)()


def _look_again() -> None:
    if st.session_state.pop(_FRESH, False):
        return  # drawn together with the page, which has just failed
    try:
        with house().reader.connect():
            pass
    except Exception as fault:  # asked again at the next turn
        if trouble(fault) is None:
            noted(fault)
        return
    st.rerun()


def language() -> str:
    """Of the address; else the centre's: nobody knows who is asking."""
    return "en" if st.query_params.get("lang") == "en" else house().settings.centre.language
