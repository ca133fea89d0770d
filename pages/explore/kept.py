"""What is asked of the store, once for all who ask the same; a minute later it is asked again."""

from __future__ import annotations

import streamlit as st

from fengsui.board import explore
from fengsui.board.explore import Finding, Line, Neighbour, Question, Together, Voices
from pages.look.house import house, now

FRESH_S, MOST = 60, 200


@st.cache_resource(ttl=FRESH_S, max_entries=MOST, show_spinner=False)
def finding(question: Question, scope: tuple[str, ...]) -> Finding:
    return explore.find(house().reader, house().settings, question, scope, now())


@st.cache_resource(ttl=FRESH_S, max_entries=MOST, show_spinner=False)
def line(question: Question, zoom: str, scope: tuple[str, ...]) -> Line | None:
    return explore.line(house().reader, house().settings, question, zoom, now(), scope)


@st.cache_resource(ttl=FRESH_S, max_entries=MOST, show_spinner=False)
def together(question: Question, beside: tuple[str, ...], zoom: str, scope: tuple[str, ...]) -> Together | None:
    return explore.together(house().reader, house().settings, question, beside, zoom, now(), scope)


@st.cache_resource(ttl=FRESH_S, max_entries=MOST, show_spinner=False)
def voices(question: Question, scope: tuple[str, ...]) -> Voices:
    return explore.voices(house().reader, question, scope)


@st.cache_resource(ttl=FRESH_S, max_entries=MOST, show_spinner=False)
def beside(question: Question) -> list[Neighbour]:
    return explore.beside(house().reader, question, now())
