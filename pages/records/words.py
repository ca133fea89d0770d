"""Words of the inbox: names of tags and values, who said so, and how sure."""

from __future__ import annotations

import re
from collections.abc import Iterable

import streamlit as st

from fengsui.board.read import quality
from fengsui.board.read.quality import Share
from fengsui.board.read.tag_names import TagNames, tag_names
from fengsui.board.read.voice import Tag
from fengsui.locale import has
from pages.look.house import house, now
from pages.look.pieces import esc
from pages.look.visitor import Visitor

SURE = 0.8
"""From here on a tag is shown without a question."""
NAMES_S = 60
_HIDDEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@st.cache_resource(ttl=NAMES_S, max_entries=1, show_spinner=False)
def names() -> TagNames:
    return tag_names(house().reader, now())


def value(visitor: Visitor, tag: str, found: str | None) -> str:
    """``—`` where there is none."""
    return names().name(visitor.lang, tag, found) if found else "—"


@st.cache_resource(ttl=600, max_entries=1, show_spinner=False)
def _dispatched() -> tuple[Share, Share]:
    return quality.dispatched(house().reader, now())


def dispatched(visitor: Visitor, alone: bool) -> str:
    """How often such a proposal was right, by the random samples; nothing while none of these was checked."""
    found = _dispatched()[0 if alone else 1]
    if found.value is None:
        return ""
    return visitor.say("pages.inbox.dispatched", right=found.value, low=found.lower, high=found.upper, n=int(found.n))


def sure(found: Tag) -> str:
    return "" if found.sure is None else f"{found.sure:.0%}"


def doubtful(found: Tag) -> bool:
    return found.source != "person" and found.value is not None and found.sure is not None and found.sure < SURE


def source(visitor: Visitor, said: str) -> str:
    """``rule@2`` -> 规则第 2 版; ``model@0``: rules, with corrections learned over them."""
    kind, _, version = said.partition("@")
    return visitor.say(f"pages.inbox.by.{'learned' if said == 'model@0' else kind}", version=version or "0")


def cue(visitor: Visitor, name: str) -> str:
    return visitor.say(f"text.cue.{name}") if has(visitor.lang, f"text.cue.{name}") else name


def shown(text: str) -> str:
    """Characters that turn or hide writing become visible: nothing that a customer sends may rearrange a screen."""
    return _HIDDEN.sub("\ufffd", text)


def marked(text: str, found: Iterable[str]) -> str:
    """Markup: ``text`` escaped, with every word of ``found`` marked."""
    wanted = sorted({word for word in found if word}, key=len, reverse=True)
    if not wanted:
        return esc(shown(text))
    pattern = re.compile("|".join(re.escape(word) for word in wanted), re.IGNORECASE)
    pieces, last = [], 0
    for hit in pattern.finditer(text):
        pieces.append(f"{esc(shown(text[last : hit.start()]))}<mark>{esc(shown(hit.group()))}</mark>")
        last = hit.end()
    return "".join(pieces) + esc(shown(text[last:]))
