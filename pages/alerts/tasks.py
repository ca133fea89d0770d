"""承诺 and 改进项 beside the alert: what was promised, by whom until when; one press writes the next or says that it is done."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from datetime import timedelta
from typing import Any

import streamlit as st

from fengsui.alerts import commands
from fengsui.board import read
from fengsui.board.alert import Alert
from fengsui.board.read import Detail
from fengsui.board.todo import Task
from pages.alerts import act
from pages.look import trouble
from pages.look.house import house, now
from pages.look.pieces import esc, heading, plain, stamp
from pages.look.visitor import Visitor

SPANS = {"promise": (30, 60, 120, 240, 1440), "action": (1440, 4320, 10080, 20160, 43200)}
"""Minutes to choose from."""
SHOWN = 6


def panel(visitor: Visitor, found: Detail) -> None:
    alert, tasks = found.alert, found.tasks
    open_n = sum(one.state == "open" for one in tasks)
    second = visitor.say("pages.task.open", n=open_n) if tasks else ""
    st.html(heading(visitor.say("pages.task.title"), second))
    for one in tasks[:SHOWN]:
        _line(visitor, alert, one)
    if not tasks:
        st.html(f'<p class="none">{esc(visitor.say("pages.task.none"))}</p>')
    if visitor.handles:
        with st.container(horizontal=True, key="task_add"):
            for kind in SPANS:
                args = (kind, alert.episode_id, alert.handling_version)
                st.button(visitor.say(f"pages.task.add.{kind}"), key=f"add_{kind}", on_click=act.open_beside, args=args)


def _line(visitor: Visitor, alert: Alert, one: Task) -> None:
    words = row(visitor, one)
    may = one.state == "open" and (
        visitor.person.person_id in (one.owner, one.by) or visitor.person.role in ("manager", "admin")
    )
    if not (may and visitor.handles):
        st.html(words)
        return
    with st.container(horizontal=True, key=f"task_{one.task_id}", vertical_alignment="center"):
        st.html(words, width="stretch")
        args = ("task_done", alert.episode_id, one.version, one.task_id)
        st.button(visitor.say("pages.task.close"), key=f"close_{one.task_id}", on_click=_close_dialog, args=args)


def row(visitor: Visitor, one: Task) -> str:
    kind = visitor.say(f"pages.task.kind.{one.kind}")
    if one.state != "open":
        end = visitor.say(f"pages.task.{one.state}", at=one.closed_at, result=one.result or "")
        return f'<div class="tk done"><i>{"✓" if one.state == "done" else "—"}</i><span>{esc(kind)} {esc(one.text)}<small>{esc(one.owner_name)} · {esc(end)}</small></span></div>'
    late = "over" if one.overdue(now()) else ""
    due = visitor.say("pages.task.due", who=one.owner_name, at=one.due_at)
    return f'<div class="tk"><i>○</i><span>{esc(kind)} {esc(one.text)}<small class="{late}" data-due="{stamp(one.due_at)}">{esc(due)}</small></span></div>'


def _close_dialog(name: str, episode_id: str, version: int, task_id: str) -> None:
    act.open_beside(name, episode_id, version)
    st.session_state["f_task"] = task_id


def ask(visitor: Visitor, found: Detail, kind: str) -> None:
    """The dialog of a new one: who, until when; the words are the dialog's line."""
    key = found.alert.slice_key
    people = trouble.kept("judges", key, lambda: read.colleagues(house().reader, key, read.JUDGES))
    me = visitor.person.person_id
    names = {me: visitor.person.name, **{one.person_id: one.name for one in people}}
    label = visitor.say("pages.form.owner")
    st.pills(label, list(names)[:12], default=me, format_func=lambda id_: plain(names.get(id_, id_)), key="f_owner")
    st.pills(
        visitor.say("pages.form.until"), SPANS[kind], format_func=lambda n: visitor.say("pages.span", s=n * 60), key="f_until"
    )


def send(name: str, episode_id: str, seen: int, text: str | None) -> None:
    """``name``: promise or action; ``task_done`` closes one."""
    if name == "task_done":
        act.other("task_done", commands.close_task, str(st.session_state.get("f_task")), seen, result=text or "")
        return
    minutes: Any = st.session_state.get("f_until")
    if not minutes:
        act.lacks(name, "due")
        return
    owner = st.session_state.get("f_owner") or ""
    if not owner:
        act.lacks(name, "owner")
        return
    due = now().replace(second=0, microsecond=0) + timedelta(minutes=minutes)
    act.other(name, commands.add_task, kind=name, text=text or "", owner=owner, due_at=due, episode_id=episode_id)
