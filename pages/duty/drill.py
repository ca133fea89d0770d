"""演练: a manager begins one here; below, what runs and what was."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import streamlit as st

from fengsui.alerts.commands import Refused, start_drill
from fengsui.alerts.commands.table import MANAGER
from fengsui.board import archive, silences
from fengsui.board.archive import Wish
from fengsui.board.wrong import Wrong
from pages.duty import said
from pages.look import charts, trouble
from pages.look.alert_words import place, title
from pages.look.house import house, now
from pages.look.pieces import badge, esc, heading
from pages.look.visitor import DESK, Visitor, require_role

MINUTES = (15, 30, 60, 120)
BACK = timedelta(days=180)
SHOWN = 30


def section(visitor: Visitor) -> None:
    left, right = st.columns([820, 576], gap="small")
    with left, st.container(border=True, key="p_drills"):
        _list(visitor)
    with right, st.container(border=True, key="p_drill"):
        st.html(heading(visitor.say("duty.drill.add"), visitor.say("duty.drill.add_second")))
        if visitor.person.role in MANAGER:
            _form(visitor)
        else:
            st.html(f'<p class="none">{esc(visitor.say("duty.drill.managers"))}</p>')


def _list(visitor: Visitor) -> None:
    wish = Wish(start=now() - BACK, nature="drill", closed=False)
    found = trouble.kept("drills", visitor.scope, lambda: archive.search(house().reader, visitor.scope, wish, visitor.lang))
    running = sum(one.alert.live for one in found.rows)
    st.html(heading(visitor.say("duty.drill.title"), visitor.say("duty.drill.running", n=running)))
    rows = "".join(_row(visitor, one) for one in found.rows[:SHOWN])
    st.html(f"<div>{rows}</div>" if rows else f'<p class="none">{esc(visitor.say("duty.drill.none"))}</p>')


def _row(visitor: Visitor, one: archive.Kept) -> str:
    alert = one.alert
    state = visitor.say("duty.drill.runs") if alert.live else visitor.say("duty.drill.over")
    at = f"{charts.wall_time(alert.opened_at, visitor.zone):%m-%d %H:%M}"
    who = alert.owner_name or visitor.say("duty.drill.nobody")
    claimed = (
        visitor.say("duty.drill.claimed", span=(alert.claimed_at - alert.opened_at).total_seconds()) if alert.claimed_at else ""
    )
    facts = " · ".join(part for part in (at, place(visitor, alert), who, claimed) if part)
    link = f"alerts?{urlencode({'id': alert.episode_id})}"
    return (
        f'<div class="as"><b>{badge(visitor, alert.tier)}</b><span>{esc(title(visitor, alert))}<br><small class="mut">{esc(facts)}</small></span>'
        f'<em>{esc(state)} <a href="{esc(link)}" target="_top" style="color:var(--acct)">{esc(visitor.say("duty.todo.open"))} ›</a></em></div>'
    )


def _form(visitor: Visitor) -> None:
    st.text_input(
        visitor.say("duty.drill.scenario"),
        key="drill_scenario",
        max_chars=60,
        placeholder=visitor.say("duty.drill.scenario_hint"),
    )
    st.text_input(
        visitor.say("duty.silence.where"), key="drill_where", placeholder=visitor.say("duty.silence.where_hint"), max_chars=300
    )
    st.pills(
        visitor.say("duty.drill.tier"),
        [1, 2, 3],
        default=3,
        format_func=lambda n: visitor.say(f"locale.tier.{n}"),
        key="drill_tier",
    )
    st.pills(
        visitor.say("duty.drill.minutes"),
        MINUTES,
        default=60,
        format_func=lambda n: visitor.say("pages.span", s=n * 60),
        key="drill_minutes",
    )
    st.html(f'<p class="mut">{esc(visitor.say("duty.drill.warns"))}</p>')
    said.wrong("drill")
    st.button(visitor.say("duty.drill.do"), key="drill_do", type="primary", on_click=_start)


def _start() -> None:
    visitor = require_role(DESK)
    state = st.session_state
    try:
        where = silences.where_of(house().reader, house().settings, str(state.get("drill_where") or ""))
    except Wrong as fault:
        said.refuse(visitor, "drill", Refused(fault.mistakes[0].code, dict(fault.mistakes[0].params)))
        return
    fields = {
        "tier": int(state.get("drill_tier") or 0),
        "where": where,
        "scenario": str(state.get("drill_scenario") or ""),
        "minutes": int(state.get("drill_minutes") or 0),
    }
    if said.send("duty.drill.begun", "drill", start_drill, **fields):
        state["drill_scenario"] = ""
