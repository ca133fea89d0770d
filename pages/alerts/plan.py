"""预案 beside the alert: what is to be done, who did which step and when, the open ones to tick off."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

import streamlit as st

from fengsui.board.alert import CLOSED
from fengsui.board.read import Detail
from fengsui.board.read.plan import Plan, Step
from pages.alerts import act
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor


def words(visitor: Visitor, found: Detail) -> dict[str, str]:
    """Step id -> its text."""
    return {step.id: _text(visitor, step) for step in found.plan.steps} if found.plan else {}


def checklist(visitor: Visitor, found: Detail) -> None:
    alert, plan = found.alert, found.plan
    if plan is None:
        st.html(heading(visitor.say("pages.plan.title")) + f'<p class="none">{esc(visitor.say("pages.plan.none"))}</p>')
        return
    st.html(_head(visitor, plan))
    may = visitor.handles and alert.state not in CLOSED
    with st.container(key="plan", gap=None):
        for step in plan.steps:
            if step.at is None and may:
                _open(visitor, alert.episode_id, alert.handling_version, step)
            else:
                st.html(_line(visitor, step))


def _head(visitor: Visitor, plan: Plan) -> str:
    name = visitor.say("pages.plan.version", name=plan.name.get(visitor.lang, ""), version=plan.version)
    count = visitor.say("pages.plan.of", done=plan.done, all=len(plan.steps))
    return heading(visitor.say("pages.plan.title"), name, esc(count))


def _open(visitor: Visitor, episode_id: str, seen: int, step: Step) -> None:
    key = f"plan_{episode_id}_{step.id}"
    st.checkbox(_text(visitor, step), key=key, on_change=_tick, args=(key, episode_id, seen, step.id))


def _tick(key: str, episode_id: str, seen: int, step: str) -> None:
    """The store says what is done, never the box: after a refusal it stands open again."""
    if st.session_state.pop(key, False):
        act.send("plan_step", episode_id, seen, step=step)


def _line(visitor: Visitor, step: Step) -> str:
    who = esc(visitor.say("pages.plan.who", who=step.by, at=step.at)) if step.at else ""
    return f'<div class="st {"done" if step.at else ""}"><i>{"✓" if step.at else ""}</i><span>{esc(_text(visitor, step))}</span><em>{who}</em></div>'


def _text(visitor: Visitor, step: Step) -> str:
    return step.text.get(visitor.lang) or next(iter(step.text.values()), step.id)
