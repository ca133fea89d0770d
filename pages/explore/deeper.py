"""Two values are looked at first where three would take long; then a press searches on, beside the page, and can be stopped."""

from __future__ import annotations

import streamlit as st

from fengsui.board import explore
from fengsui.board.explore import Finding, Question, Search
from pages.explore import kept, mark
from pages.look import trouble
from pages.look.house import house, now
from pages.look.pieces import esc
from pages.look.visitor import DESK, Visitor, require_role

MOST_VALUES = 3
EVERY_S = 1.0


def best(question: Question, visitor: Visitor) -> Finding:
    """The first answer; the deeper one, once somebody has searched on."""
    first = kept.finding(question, visitor)
    search = kept.searches().get(_key(question, visitor)) if first.partial else None
    return search.found if search is not None and search.found is not None else first


def _key(question: Question, visitor: Visitor) -> tuple[object, ...]:
    """Who may see as much shares a search."""
    return question, visitor.scope, kept.seen(visitor)


def panel(visitor: Visitor, finding: Finding) -> None:
    search = kept.searches().get(_key(finding.question, visitor))
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
    scope, at, reader, settings, seen = visitor.scope, now(), house().reader, house().settings, kept.seen(visitor)

    def ask(search: Search) -> Finding:
        return explore.find(reader, settings, question, scope, at, search.unwanted, MOST_VALUES, search.tell, seen)

    if kept.searches().begin(_key(question, visitor), ask) is None:
        mark.say_later(visitor.say("explore.deeper.busy"))


def _stop(question: Question) -> None:
    visitor = require_role(DESK)
    search = kept.searches().get(_key(question, visitor))
    others = search.stop(visitor.person.person_id, now().timestamp()) if search is not None else 0
    if others:
        mark.say_later(visitor.say("explore.deeper.others", n=others))


def _running(question: Question) -> None:
    visitor = require_role(DESK)
    search: Search | None = kept.searches().get(_key(question, visitor))
    if search is None or not search.running:
        st.rerun()
    search.look(visitor.person.person_id, now().timestamp())
    mark.tell()
    st.html(f'<span class="mut">◔ {esc(visitor.say("explore.deeper.runs", share=search.share))}</span>')
    st.button(visitor.say("explore.deeper.stop"), key="ex_stop", on_click=_stop, args=(question,))
