"""Two values are looked at first where three would take long; then a press searches on, beside the page, and can be stopped."""

from __future__ import annotations

from functools import cache

import streamlit as st

from fengsui.board import explore
from fengsui.board.explore import Finding, Question, Search, Searches
from pages.explore import kept
from pages.look import trouble
from pages.look.house import house, now
from pages.look.pieces import esc
from pages.look.visitor import DESK, Visitor, require_role

MOST_VALUES = 3
EVERY_S = 1.0


@cache
def searches() -> Searches:
    """Of this process."""
    return Searches()


def best(question: Question, scope: tuple[str, ...]) -> Finding:
    """The first answer; the deeper one, once somebody has searched on."""
    first = kept.finding(question, scope)
    search = searches().get((question, scope)) if first.partial else None
    return search.found if search is not None and search.found is not None else first


def panel(visitor: Visitor, finding: Finding) -> None:
    search = searches().get((finding.question, visitor.scope))
    with st.container(key="ex_deeper", horizontal=True, vertical_alignment="center"):
        if search is not None and search.running:
            st.fragment(trouble.guarded(_running), run_every=EVERY_S)(finding.question)
            return
        st.html(f'<span class="mut">{esc(_first(visitor, finding, search))}</span>')
        st.button(visitor.say("explore.deeper.go"), key="ex_go", on_click=_begin, args=(finding.question,))


def _first(visitor: Visitor, finding: Finding, search: Search | None) -> str:
    if search is not None and search.fault:
        return visitor.say("explore.deeper.failed")
    if finding.every > 1:
        return visitor.say("explore.deeper.part", n=finding.every)
    return visitor.say("explore.deeper.first", n=finding.rows)


def _begin(question: Question) -> None:
    visitor = require_role(DESK)
    scope, at = visitor.scope, now()
    searches().begin(
        (question, scope),
        lambda stop: explore.find(house().reader, house().settings, question, scope, at, stop, MOST_VALUES),
    )


def _running(question: Question) -> None:
    visitor = require_role(DESK)
    search: Search | None = searches().get((question, visitor.scope))
    if search is None or not search.running:
        st.rerun()
    st.html(f'<span class="mut">◔ {esc(visitor.say("explore.deeper.runs"))}</span>')
    st.button(visitor.say("explore.deeper.stop"), key="ex_stop", on_click=search.stop)
