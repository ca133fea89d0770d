"""What the inbox is narrowed to: chosen on the page, kept for the session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from fengsui.board.read import voice
from fengsui.board.read.voice import WITHOUT, Sieve
from pages.look.house import house, now
from pages.look.visitor import Visitor
from pages.records import words

SPANS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30), "quarter": timedelta(days=90)}
BELOW = (0.5, 0.6, 0.7, 0.8, 0.9)
SETS = ("all", "doubtful", "negative", "untagged", "uncertain", "random")
"""``uncertain``: what teaches most; ``random``: the weekly sample. Both are lists of their own, without filters."""
LISTS = frozenset({"uncertain", "random"})
LEVELS = {"channel": "channel", "org": "org.1", "category": "category.1"}
TAGS = ("issue", "sentiment", "department", "urgency", "demand")
FIELDS = (*TAGS, "source", *LEVELS, "cue", "below", "checked", "silent")
VALUES_S = 300
_UNTIL, _BEFORE = "rec_until", "rec_before"


def chosen_set() -> str:
    found = str(st.session_state.get("rec_set") or "all")
    return found if found in SETS else "all"


def until() -> datetime:
    """The list stands still while somebody works in it; a press brings what came since."""
    found: datetime = st.session_state.setdefault(_UNTIL, now())
    return found


def again() -> None:
    """From the top, as of now."""
    st.session_state.pop(_UNTIL, None)
    st.session_state.pop(_BEFORE, None)
    st.session_state.pop("rec_keys", None)


def pages() -> list[voice.Cursor]:
    """Where each page after the first begins; the last is the one shown."""
    found: list[voice.Cursor] = st.session_state.setdefault(_BEFORE, [])
    return found


def sieve() -> Sieve:
    """Of what is chosen now. Anything that is not a choice asks for nothing."""
    end, only = until(), chosen_set()
    tags = {tag: str(found) for tag in TAGS if (found := _held(tag))}
    if only == "negative":
        tags["sentiment"] = "negative"
    if only == "untagged":
        tags["issue"] = WITHOUT
    below = words.SURE if only == "doubtful" else _held("below")
    return Sieve(
        end - SPANS[str(_held("span") or "week")],
        end + timedelta(seconds=1),
        words=str(st.session_state.get("rec_words") or "")[:200],
        source=str(_held("source") or ""),
        channel=str(_held("channel") or ""),
        org=str(_held("org") or ""),
        category=str(_held("category") or ""),
        tags=tags,
        cue=str(_held("cue") or ""),
        below=float(below) if below else None,
        checked={"yes": True, "no": False}.get(str(_held("checked") or "")),
        silent=bool(_held("silent")),
    )


def active() -> int:
    """How many filters of the popover narrow the list."""
    return sum(bool(_held(name)) for name in FIELDS)


def clear() -> None:
    for name in FIELDS:
        st.session_state[f"rec_{name}"] = None
    again()


def form(visitor: Visitor) -> None:
    """Inside the popover, two columns of choices."""
    settings = house().settings
    known = words.names()
    left, right = st.columns(2)
    with left:
        _choice(visitor, "span", list(SPANS), lambda name: visitor.say(f"pages.inbox.span.{name}"), first="week")
        _choice(visitor, "source", list(settings.sources), lambda name: settings.title(name, visitor.lang))
        _choice(visitor, "channel", _values(LEVELS["channel"]), str)
        _choice(visitor, "org", _places(visitor), str)
        _choice(visitor, "category", _values(LEVELS["category"]), str)
        _choice(visitor, "checked", ["yes", "no"], lambda name: visitor.say(f"pages.inbox.checked.{name}"))
    with right:
        for tag in TAGS:
            listed = [*known.values.get(tag, {}), WITHOUT]
            _choice(visitor, tag, listed, _named(visitor, tag), label=f"pages.tag.{tag}")
        _choice(visitor, "cue", list(known.cues), lambda name: words.cue(visitor, name))
        _choice(visitor, "silent", ["yes"], lambda name: visitor.say(f"pages.inbox.silent.{name}"))
        _choice(visitor, "below", list(BELOW), lambda part: f"< {part:.0%}")
    st.button(visitor.say("pages.inbox.clear"), key="rec_clear", on_click=clear, disabled=not active())


def _named(visitor: Visitor, tag: str) -> Callable[[Any], str]:
    return lambda name: visitor.say("pages.inbox.without") if name == WITHOUT else words.value(visitor, tag, name)


def _choice(
    visitor: Visitor, name: str, options: Sequence[Any], shown: Callable[[Any], str], *, first: str = "", label: str = ""
) -> None:
    st.selectbox(
        visitor.say(label or f"pages.inbox.filter.{name}"),
        options,
        index=list(options).index(first) if first else None,
        format_func=shown,
        placeholder=visitor.say("pages.inbox.any"),
        key=f"rec_{name}",
        on_change=again,
    )


def _held(name: str) -> Any:
    return st.session_state.get(f"rec_{name}")


def _places(visitor: Visitor) -> list[str]:
    """Of a scoped person the own places; the store holds the scope anyway."""
    return list(visitor.scope) or _values(LEVELS["org"])


@st.cache_resource(ttl=VALUES_S, max_entries=8, show_spinner=False)
def _values(level: str) -> list[str]:
    return voice.values(house().reader, level)
