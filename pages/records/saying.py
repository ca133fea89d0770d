"""Words said in the list, by key or by mouse: stored once each, in their order, and taken back one go at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from fengsui.board import correct
from fengsui.board.correct import MOST, Corrected, Correction, NotAValue, Why
from fengsui.board.read import voice
from pages.look.house import house, now
from pages.look.pieces import plain
from pages.look.visitor import Visitor, require_role

RIGHT, NONE, UNDO = "=", "0", "undo"
TAGS = ("issue", "sentiment", "department")
WHY: Mapping[str, Why] = {"uncertain": "uncertain", "random": "random"}
"""Why a record was in front of the person; the rest they chose themselves."""
_DONE, _GOES, _TOLD = "rec_done", "rec_goes", "rec_told"
_TICK = timedelta(microseconds=1)


def done() -> int:
    """Number of the last word that was taken from the list."""
    return int(st.session_state.get(_DONE, 0))


def goes() -> list[datetime]:
    """What this session said and may take back, the newest last."""
    found: list[datetime] = st.session_state.setdefault(_GOES, [])
    return found


def heard(news: Any, only: str) -> None:
    """``{"said": [[number, tag, keys, value], …]}`` as the browser sends it: all that it has no answer for yet.

    ``only``: the set that is shown. Whatever else may stand there is no word."""
    said = news.get("said") if isinstance(news, Mapping) else None
    for one in said if isinstance(said, list) else ():
        if not _is_word(one) or one[0] <= done():
            continue
        st.session_state[_DONE] = int(one[0])
        if one[3] == UNDO:
            take_back()
        else:
            say(one[1], one[2], one[3], WHY.get(only, "chosen"))


def say(tag: str, keys: Sequence[str], value: str, why: Why = "chosen") -> None:
    """``value``: an id, ``=`` (what stands there is right), ``0`` (none fits)."""
    visitor = require_role(correct.ROLES)
    at = _later(now())
    try:
        found = correct.correct(house().writer, _words(visitor, tag, keys, value), why, visitor.person, at)
    except NotAValue as fault:
        params = {**fault.params, "tag": visitor.say(f"pages.tag.{tag}") if tag in TAGS else tag[:20]}
        _tell(f"⚠ {visitor.say(fault.code, **params)}")
        return
    except Exception as fault:  # told; nothing was stored
        _tell(f"⚠ {visitor.say('pages.trouble.not_stored', why=visitor.why(fault))}")
        return
    if found.changed or found.confirmed:
        goes().append(at)
    _tell(_told(visitor, found))


def take_back() -> None:
    """The last go of this session."""
    visitor = require_role(correct.ROLES)
    if not goes():
        _tell(visitor.say("pages.inbox.undo.nothing"))
        return
    try:
        n = correct.undo(house().writer, goes()[-1], visitor.person, now())
    except Exception as fault:  # told; it can be tried again
        _tell(f"⚠ {visitor.say('pages.trouble.not_stored', why=visitor.why(fault))}")
        return
    goes().pop()
    _tell(visitor.say("pages.inbox.undo.done", n=n))


def tell() -> None:
    """What came of it, when the list is drawn again: a callback of a fragment may draw nothing."""
    if told := st.session_state.pop(_TOLD, None):
        st.toast(plain(told))


def _tell(words: str) -> None:
    st.session_state[_TOLD] = words


def _is_word(one: Any) -> bool:
    if not isinstance(one, list) or len(one) != 4 or isinstance(one[0], bool) or not isinstance(one[0], int | float):
        return False
    keys = one[2]
    return all(isinstance(each, str) for each in (one[1], one[3])) and isinstance(keys, list) and len(keys) <= MOST


def _words(visitor: Visitor, tag: str, keys: Sequence[str], value: str) -> list[Correction]:
    wanted = [str(key) for key in keys]
    if value != RIGHT:
        return [Correction(key, tag, None if value == NONE else value) for key in wanted]
    rows = voice.these(house().reader, wanted, visitor.scope)
    return [Correction(row.record_key, tag, row.tag(tag).value) for row in rows]


def _later(at: datetime) -> datetime:
    """Two goes never share an instant: each is taken back alone."""
    return max(at, goes()[-1] + _TICK) if goes() else at


def _told(visitor: Visitor, found: Corrected) -> str:
    said = visitor.say("pages.inbox.said", n=found.changed + found.confirmed, changed=found.changed)
    gone = visitor.say("pages.inbox.said.gone", n=found.gone) if found.gone else ""
    same = visitor.say("pages.inbox.said.same", n=found.same) if found.same else ""
    return " ".join(part for part in (said, same, gone) if part)
