"""What is asked of the store, once for all who ask the same and may see as much; a minute later it is asked again."""

from __future__ import annotations

from functools import cache

import streamlit as st

from fengsui.board import explore, persons
from fengsui.board.explore import Finding, Line, Neighbour, Question, Searches, Together, Voices
from pages.look.house import house, now
from pages.look.visitor import Visitor

FRESH_S, MOST = 60, 200
Seen = tuple[str, ...]


def seen(visitor: Visitor) -> Seen:
    """Dimensions of single persons by which this one may look."""
    return persons.seen_by(house().settings, visitor.person.role)


def finding(question: Question, visitor: Visitor) -> Finding:
    return _finding(question, visitor.scope, seen(visitor))


def forget() -> None:
    """What was compared with a stretch is compared anew."""
    _finding.clear()
    searches().forget()


@cache
def searches() -> Searches:
    """Of this process."""
    return Searches()


def line(question: Question, zoom: str, visitor: Visitor) -> Line | None:
    return _line(question, zoom, visitor.scope, seen(visitor))


def together(question: Question, beside: tuple[str, ...], zoom: str, visitor: Visitor) -> Together | None:
    return _together(question, beside, zoom, visitor.scope, seen(visitor))


def voices(question: Question, visitor: Visitor) -> Voices:
    return _voices(question, visitor.scope, seen(visitor))


@st.cache_resource(ttl=FRESH_S, max_entries=MOST, show_spinner=False)
def _finding(question: Question, scope: Seen, who: Seen) -> Finding:
    return explore.find(house().reader, house().settings, question, scope, now(), persons=who)


@st.cache_resource(ttl=FRESH_S, max_entries=MOST, show_spinner=False)
def _line(question: Question, zoom: str, scope: Seen, who: Seen) -> Line | None:
    return explore.line(house().reader, house().settings, question, zoom, now(), scope, persons=who)


@st.cache_resource(ttl=FRESH_S, max_entries=MOST, show_spinner=False)
def _together(question: Question, beside: tuple[str, ...], zoom: str, scope: Seen, who: Seen) -> Together | None:
    return explore.together(house().reader, house().settings, question, beside, zoom, now(), scope, who)


@st.cache_resource(ttl=FRESH_S, max_entries=MOST, show_spinner=False)
def _voices(question: Question, scope: Seen, who: Seen) -> Voices:
    return explore.voices(house().reader, house().settings, question, scope, persons=who)


@st.cache_resource(ttl=FRESH_S, max_entries=MOST, show_spinner=False)
def beside(question: Question) -> list[Neighbour]:
    return explore.beside(house().reader, question, now())
