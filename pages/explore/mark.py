"""标注这段: a person says what a stretch of time was; the same form files an alert that should have come and did not."""

from __future__ import annotations

import streamlit as st

from fengsui.alerts import commands
from fengsui.alerts.commands import Done
from fengsui.board import explore, persons
from fengsui.board.explore import Question
from fengsui.store.slices import ALL, slice_levels
from pages.explore import kept
from pages.look.house import house, now
from pages.look.pieces import esc, plain
from pages.look.visitor import Visitor, require_role

ROLES = frozenset({"manager", "admin", "analyst"})
VERDICTS = ("real", "expected", "false", "new_normal", "missed")
_SAID = "ex_said"


def form(visitor: Visitor, question: Question, window: str, lift: float | None) -> None:
    with st.popover(visitor.say("explore.mark.open"), key="ex_mark"):
        if not _public(question):
            st.html(f'<p class="none">{esc(visitor.say("alerts.refused.persons"))}</p>')
            return
        where = visitor.say("pages.alert.place", key=question.slice_key)
        second = visitor.say("explore.mark.second", window=window, where=where, metric=question.metric)
        st.html(f'<p class="none">{esc(second)}</p>')
        label = visitor.say("explore.mark.verdict")
        st.pills(label, VERDICTS, format_func=lambda name: visitor.say(f"explore.verdict.{name}"), key="ex_verdict")
        hint = visitor.say("explore.mark.name_hint")
        st.text_input(visitor.say("explore.mark.name"), placeholder=hint, key="ex_name", max_chars=80)
        st.text_input(visitor.say("explore.mark.note"), key="ex_note", max_chars=500)
        st.checkbox(visitor.say("explore.mark.again"), key="ex_again", help=plain(visitor.say("explore.mark.again_hint")))
        st.button(visitor.say("explore.mark.save"), key="ex_save", type="primary", on_click=_save, args=(question, lift))


def _public(question: Question) -> bool:
    """Whether everybody may see figures of this place, as everybody sees a mark."""
    return persons.open_to(house().settings, persons.NOBODY, question.slice_key)


def _save(question: Question, lift: float | None) -> None:
    """Roles are asked again here, and once more by the command itself."""
    visitor = require_role(ROLES)
    verdict, name, note = (st.session_state.get(f"ex_{field}") for field in ("verdict", "name", "note"))
    try:
        answer = commands.mark_stretch(
            house().writer,
            visitor.person,
            now(),
            metric=question.metric,
            slice_key=question.slice_key,
            levels=persons.levels(house().settings, persons.NOBODY),
            start=question.start,
            end=question.end,
            verdict=verdict,
            name=(name or "").strip() or None,
            note=(note or "").strip() or None,
            lift=lift,
            again=bool(st.session_state.get("ex_again")),
        )
    except Exception as fault:  # refused like any other, and said
        st.session_state[_SAID] = visitor.say("explore.mark.refused", why=visitor.why(fault))
        return
    if isinstance(answer, Done):
        st.session_state[_SAID] = visitor.say("explore.mark.done", verdict=visitor.say(f"explore.verdict.{verdict}"))
        kept.forget()
    else:
        params = dict(answer.params)
        if answer.code == "alerts.refused.needs":
            params["field"] = visitor.say("explore.mark.verdict")
        st.session_state[_SAID] = visitor.say("explore.mark.refused", why=visitor.say(answer.code, **params))


def watch(visitor: Visitor, question: Question) -> None:
    """Where nobody watches a place that roll-ups know: one press."""
    if visitor.person.role in ROLES and cuboid(question) in explore.cuboids_of(house().settings, question.metric):
        st.button(visitor.say("explore.watch.open"), key="ex_watch", on_click=_watch, args=(question,))


def cuboid(question: Question) -> str:
    return "|".join(sorted(slice_levels(question.slice_key))) or ALL


def _watch(question: Question) -> None:
    visitor = require_role(ROLES)
    where = visitor.say("pages.alert.place", key=question.slice_key)
    name = visitor.say("explore.watch.name", metric=question.metric, where=where)
    try:
        answer = commands.watch_slice(
            house().writer,
            visitor.person,
            now(),
            metric=question.metric,
            slice_key=question.slice_key,
            name=name,
            cuboids=explore.cuboids_of(house().settings, question.metric),
        )
    except Exception as fault:  # refused like any other, and said
        st.session_state[_SAID] = visitor.say("explore.mark.refused", why=visitor.why(fault))
        return
    if isinstance(answer, Done):
        st.session_state[_SAID] = visitor.say("explore.watch.done", name=name)
    else:
        st.session_state[_SAID] = visitor.say("explore.mark.refused", why=visitor.say(answer.code, **answer.params))


def missed(visitor: Visitor, question: Question) -> None:
    """应报未报: one press files an alert that should have come."""
    if visitor.person.role in ROLES and _public(question):
        label, hint = visitor.say("explore.missed.file"), plain(visitor.say("explore.missed.hint"))
        st.button(label, key="ex_missed", on_click=_missed, args=(question,), help=hint)


def _missed(question: Question) -> None:
    st.session_state["ex_verdict"] = "missed"
    _save(question, None)


def say_later(words: str) -> None:
    """At the top of the next run."""
    st.session_state[_SAID] = words


def tell() -> None:
    said = st.session_state.pop(_SAID, None)
    if said:
        st.toast(plain(said))
