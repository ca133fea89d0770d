"""我的待办: everything that waits for who looks, the most pressing first."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from fengsui.alerts import commands
from fengsui.board import todo
from fengsui.board.todo import Item, Task
from pages.duty import said
from pages.look import trouble
from pages.look.alert_words import place, title
from pages.look.house import house, now
from pages.look.living import living
from pages.look.pictures import every
from pages.look.pieces import badge, esc, heading, stamp
from pages.look.visitor import DESK, Visitor, require_role

_CSS = """
.it{display:grid;grid-template-columns:104px 1fr auto auto;column-gap:14px;align-items:center;padding:11px 2px;border-top:1px solid var(--line);font-size:14px}
.it:first-child{border-top:0}.it .k{color:var(--mut);font-size:13px}.it b{font-weight:600}.it small{display:block;color:var(--mut);font-size:12.5px}
.it .d{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.it a{color:var(--acct);text-decoration:none;white-space:nowrap}
.none{color:var(--mut);font-size:13px;margin:8px 0}
@media(max-width:700px){.it{grid-template-columns:1fr auto}.it .k{grid-column:1/-1}.it a{padding:10px 0}}
"""


def section(visitor: Visitor) -> None:
    left, right = st.columns([900, 496], gap="small")
    with left, st.container(border=True, key="p_todo"):
        st.fragment(trouble.guarded(_mine), run_every=every())()
    with right:
        _close(visitor)
        with st.container(border=True, key="p_asked"):
            _asked(visitor)


def _mine() -> None:
    visitor = require_role(DESK)
    me, at = visitor.person.person_id, now()
    items = trouble.kept("todo", me, lambda: todo.todo(house().reader, me, visitor.scope, at))
    late = sum(one.overdue(at) for one in items)
    second = visitor.say("duty.todo.count", n=len(items), late=late) if items else ""
    body = "".join(_row(visitor, one) for one in items) or f'<p class="none">✓ {esc(visitor.say("duty.todo.none"))}</p>'
    st.html(heading(visitor.say("duty.todo.title"), second))
    living("duty_todo", body, _CSS, visitor, key="duty_todo")


def _row(visitor: Visitor, one: Item) -> str:
    kind = visitor.say(f"duty.kind.{one.kind}")
    due = (
        f'<span data-until="{stamp(one.due_at)}"></span><small>{esc(visitor.say("duty.todo.by", at=one.due_at))}</small>'
        if one.due_at
        else ""
    )
    if one.alert is not None:
        what = f"{badge(visitor, one.alert.tier)} <b>{esc(title(visitor, one.alert))}</b><small>{esc(one.alert.number)} · {esc(place(visitor, one.alert))}</small>"
        go = _link(visitor, "alerts", id=one.alert.episode_id)
    elif one.task is not None:
        what, go = _task(visitor, one.task), _link(visitor, "alerts", id=one.task.episode_id) if one.task.episode_id else ""
    elif one.kind == "rota":
        what, go = f"<b>{esc(visitor.say('duty.todo.rota', who=one.who))}</b>", _link(visitor, "duty", section="rota")
    else:
        what, go = f"<b>{esc(visitor.say('duty.todo.take', who=one.who))}</b>", _link(visitor, "duty", section="handover")
    return f'<div class="it"><span class="k">{esc(kind)}</span><div>{what}</div><div class="d">{due}</div>{go or "<span></span>"}</div>'


def _task(visitor: Visitor, one: Task) -> str:
    about = visitor.say("duty.todo.asked_by", who=one.by_name, at=one.at)
    number = f"{esc(one.number)} · " if one.number else ""
    return f"<b>{esc(one.text)}</b><small>{number}{esc(about)}</small>"


def _link(visitor: Visitor, page: str, **query: str) -> str:
    return f'<a href="{esc(page)}?{esc(urlencode(query))}" target="_top">{esc(visitor.say("duty.todo.open"))} ›</a>'


def _close(visitor: Visitor) -> None:
    """One form for all of one's own tasks: which, and what came of it."""
    me = visitor.person.person_id
    items = trouble.kept("todo", me, lambda: todo.todo(house().reader, me, visitor.scope, now()))
    tasks = {one.task.task_id: one.task for one in items if one.task is not None}
    if not tasks or not visitor.handles:
        return
    with st.container(border=True, key="p_close"):
        st.html(heading(visitor.say("duty.close.title"), visitor.say("duty.close.second")))
        label = visitor.say("duty.close.which")
        st.selectbox(label, list(tasks), format_func=lambda id_: tasks[id_].text[:60] if id_ in tasks else id_, key="duty_task")
        st.text_input(visitor.say("duty.close.result"), key="duty_result", max_chars=500)
        said.wrong("close")
        with st.container(horizontal=True):
            chosen = tasks.get(str(st.session_state.get("duty_task")))
            done, drop = visitor.say("duty.close.done"), visitor.say("duty.close.drop")
            st.button(done, key="duty_done", type="primary", on_click=_closed, args=(chosen, False))
            st.button(drop, key="duty_drop", on_click=_closed, args=(chosen, True))


def _closed(one: Task | None, dropped: bool) -> None:
    if one is None:
        return
    words = str(st.session_state.get("duty_result") or "")
    if said.send("duty.close.noted", "close", commands.close_task, one.task_id, one.version, result=words, dropped=dropped):
        st.session_state["duty_result"] = ""


def _asked(visitor: Visitor) -> None:
    me = visitor.person.person_id
    found = trouble.kept("promised", me, lambda: todo.promised(house().reader, me, visitor.scope))
    st.html(heading(visitor.say("duty.asked.title"), visitor.say("duty.asked.second")))
    rows = "".join(
        f'<div class="as"><b>{esc(one.owner_name)}</b><span>{esc(one.text)}</span><em class="{"over" if one.overdue(now()) else ""}">{esc(visitor.say("duty.todo.by", at=one.due_at))}</em></div>'
        for one in found
    )
    st.html(rows or f'<p class="none">{esc(visitor.say("duty.asked.none"))}</p>')
