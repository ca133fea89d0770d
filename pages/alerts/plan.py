"""预案 beside the alert: what is to be done, who did which step and when, the open ones to tick off."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

import streamlit as st

from fengsui.board.alert import CLOSED
from fengsui.board.read import Detail
from fengsui.board.read.plan import Plan, Step
from pages.alerts import act
from pages.look.pieces import esc, heading, plain
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
            if may:
                _box(visitor, alert.episode_id, alert.handling_version, step)
            else:
                st.html(_line(visitor, step))
    st.html(_beside(visitor, plan))


def _beside(visitor: Visitor, plan: Plan) -> str:
    """Who is reached and what customers are told, where the plan says so."""
    told = [("contacts", "；".join(plan.contacts)), ("wording", plan.wording.get(visitor.lang, ""))]
    return "".join(f"<p><b>{esc(visitor.say(f'pages.plan.{name}'))}</b> {esc(words)}</p>" for name, words in told if words)


def _head(visitor: Visitor, plan: Plan) -> str:
    name = visitor.say("pages.plan.version", name=plan.name.get(visitor.lang, ""), version=plan.version)
    count = visitor.say("pages.plan.of", done=plan.done, all=len(plan.steps))
    return heading(visitor.say("pages.plan.title"), name, esc(count))


def _box(visitor: Visitor, episode_id: str, seen: int, step: Step) -> None:
    """The store says what is done, never the box: after a refusal it stands as before."""
    done = step.at is not None
    key = f"plan_{episode_id}_{step.id}{'_done' if done else ''}"
    words = plain(_text(visitor, step)) + (f" :gray[{plain(_who(visitor, step))}]" if done else "")
    st.checkbox(words, value=done, key=key, on_change=_tick, args=(key, episode_id, seen, step.id, done))


def _tick(key: str, episode_id: str, seen: int, step: str, done: bool) -> None:
    st.session_state.pop(key, None)
    act.send("plan_undo" if done else "plan_step", episode_id, seen, step=step)


def _who(visitor: Visitor, step: Step) -> str:
    return visitor.say("pages.plan.who", who=step.by, at=step.at) if step.at else ""


def _line(visitor: Visitor, step: Step) -> str:
    return f'<div class="st {"done" if step.at else ""}"><i>{"✓" if step.at else ""}</i><span>{esc(_text(visitor, step))}</span><em>{esc(_who(visitor, step))}</em></div>'


def _text(visitor: Visitor, step: Step) -> str:
    return step.text.get(visitor.lang) or next(iter(step.text.values()), step.id)
