"""系统告警: trouble of the house itself, apart from customers' alerts: what lasts, and what was over lately."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from fengsui.board import read
from fengsui.board.read import SystemAlert
from pages.look import charts, trouble
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.system import words
from pages.look.visitor import Visitor


def section(visitor: Visitor) -> None:
    found = trouble.kept("system_alerts", None, lambda: read.system_alerts(house().reader, now()))
    lasting = sum(one.lasts for one in found)
    with st.container(border=True, key="p_system"):
        st.html(heading(visitor.say("pages.system.title"), visitor.say("duty.system.second", n=lasting)))
        rows = "".join(_row(visitor, one) for one in found)
        st.html(f"<div>{rows}</div>" if rows else f'<p class="none">✓ {esc(visitor.say("duty.system.none"))}</p>')


def _row(visitor: Visitor, one: SystemAlert) -> str:
    state = visitor.say("duty.system.lasts" if one.lasts else "duty.system.over")
    end = one.cleared_at or now()
    span = visitor.say("pages.span", s=(end - one.since_at).total_seconds())
    since = visitor.say("duty.system.since", at=_day(visitor, one.since_at), span=span)
    color = "c2" if one.lasts else "mut"
    return (
        f'<div class="as"><b class="{color}">{esc(state)}</b><span>{esc(words(visitor, one))}</span><em>{esc(since)}</em></div>'
    )


def _day(visitor: Visitor, at: datetime) -> str:
    return f"{charts.wall_time(at, visitor.zone):%m-%d %H:%M}"
