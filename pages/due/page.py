"""即将超时 / 已超时: open tickets by time left, the departments that hold them, and how old the backlog is."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import streamlit as st

from fengsui.board import due, reminders
from fengsui.board.due import Calibration, DueList, Ticket
from fengsui.board.export import Table
from fengsui.board.reminders import Answered
from pages.due import table
from pages.look import export, trouble
from pages.look.dress import dress
from pages.look.house import house, now
from pages.look.living import living
from pages.look.pictures import every
from pages.look.pieces import esc, heading, stamp
from pages.look.visitor import DESK, Visitor, require_role

HERE = Path(__file__).parent
SHOWN = 200
CURVES_S, CALIBRATED_S = 600, 6 * 3600
ANSWERED = timedelta(days=7)
COLUMNS = ("left", "ticket", "department", "channel", "category", "priority", "opened", "risk")
STAGES = ("under_50", "under_80", "under_100", "over")
Sieve = Callable[[Ticket, datetime], bool]
ONLY: Mapping[str, Sieve] = {
    "soon": lambda one, at: not one.overdue(at),
    "overdue": lambda one, at: one.overdue(at),
    "regulator": lambda one, at: one.regulator,
    "likely": lambda one, at: not one.overdue(at) and one.risk.p is not None and one.risk.p >= due.LIKELY,
}
"""What the list can be narrowed to; the first is shown first."""


def page() -> None:
    visitor = require_role(DESK)
    dress(sheet=HERE / "due.css")
    with st.container(key="flt", horizontal=True, vertical_alignment="center"):
        st.html(f'<div class="pt">{esc(visitor.say("pages.title.due"))}</div>', width="content")
        st.segmented_control(
            visitor.say("pages.due.only"),
            list(ONLY),
            default="soon",
            required=True,
            format_func=lambda name: visitor.say(f"pages.due.only.{name}"),
            label_visibility="collapsed",
            key="due_only",
            width="content",
        )
        export.button(visitor, "due")
    st.fragment(trouble.guarded(_live), run_every=every())()
    export.dialog(visitor, "due", _table)


def _table(visitor: Visitor) -> Table:
    """Those that the list shows, without its limit."""
    at, only = now(), _only()
    found = due.due_list(house().reader, house().settings, visitor.scope, _curves(), at)
    return table.table(visitor, [one for one in found.tickets if ONLY[only](one, at)], only, at)


def _only() -> str:
    wanted = str(st.session_state.get("due_only") or "soon")
    return wanted if wanted in ONLY else "soon"


@st.cache_resource(ttl=CURVES_S, max_entries=1, show_spinner=False)
def _curves() -> Any:
    return due.learned(house().reader, house().settings, now())


@st.cache_resource(ttl=CALIBRATED_S, max_entries=1, show_spinner=False)
def _calibrated() -> Calibration:
    return due.calibrated(house().reader, house().settings, now())


def _answered(visitor: Visitor, at: datetime) -> Mapping[str | None, Answered]:
    """How departments answered the reminders of the last seven days."""
    return trouble.kept(
        "due_answered", visitor.scope, lambda: reminders.departments(house().reader, visitor.scope, at - ANSWERED, at)
    )


def _live() -> None:
    visitor = require_role(DESK)
    at = now()
    found = trouble.kept(
        "due", visitor.scope, lambda: due.due_list(house().reader, house().settings, visitor.scope, _curves(), at)
    )
    st.html(_sentence(visitor, found, at))
    left, right = st.columns([960, 436], gap="small")
    with left, st.container(border=True, key="p_list", height="stretch"):
        _list(visitor, found, at)
    with right:
        with st.container(border=True, key="p_departments"):
            st.html(_departments(visitor, found, _answered(visitor, at)))
        with st.container(border=True, key="p_backlog", height="stretch"):
            st.html(_backlog(visitor, found) + ("" if visitor.scope else _calibration(visitor, _calibrated())))  # of everybody


def _sentence(visitor: Visitor, found: DueList, at: datetime) -> str:
    words = [visitor.say("pages.due.sum", **due.counts(found, at))]
    if found.older:
        words.append(visitor.say("pages.due.older", n=found.older))
    if found.cut:
        words.append(visitor.say("pages.due.cut", n=len(found.tickets)))
    return f'<p class="sum">{esc(" ".join(words))}</p>'


def _list(visitor: Visitor, found: DueList, at: datetime) -> None:
    only = ONLY[_only()]
    mine = [ticket for ticket in found.tickets if only(ticket, at)]
    head = "".join(f"<span>{esc(visitor.say(f'pages.due.column.{name}'))}</span>" for name in COLUMNS)
    rows = "".join(_row(visitor, ticket) for ticket in mine[:SHOWN])
    none = f'<p class="none">✓ {esc(visitor.say("pages.due.none"))}</p>'
    more = f'<p class="none">{esc(visitor.say("pages.due.more", n=len(mine) - SHOWN))}</p>' if len(mine) > SHOWN else ""
    css = (HERE / "rows.css").read_text(encoding="utf-8")
    living("due_list", f'<div class="hd">{head}</div>{rows or none}{more}', css, visitor, key="due_rows")


def _row(visitor: Visitor, one: Ticket) -> str:
    authority = f'<i class="chip">{esc(visitor.say("pages.due.regulator"))}</i>' if one.regulator else ""
    guess = "" if one.confirmed else f'<i class="chip">{esc(visitor.say("pages.due.unconfirmed"))}</i>'
    opened = visitor.say("pages.day_time", at=one.opened_at)
    cells = [one.org, one.channel, one.category, one.priority, opened]
    plain = "".join(f'<span class="m" title="{esc(cell or "")}">{esc(cell or "—")}</span>' for cell in cells)
    return f'<div class="row"><span data-until="{stamp(one.due_at)}"></span><b title="{esc(one.record_key)}">{esc(one.record_key.partition(":")[2])}{authority}{guess}</b>{plain}{_risk(visitor, one)}</div>'


def _risk(visitor: Visitor, one: Ticket) -> str:
    """The chance of being late, and from whose curve: a parent's where its own queue closed too few."""
    if one.risk.p is None:
        return f'<span class="m" title="{esc(visitor.say("pages.due.risk_unknown"))}">—</span>'
    queue, priority = one.risk.stratum
    title = house().settings.title(queue, visitor.lang) if queue else None
    whose = " · ".join(part for part in (title, priority) if part) or visitor.say("pages.due.everything")
    color = "c2" if one.risk.p >= due.LIKELY else "m"
    return f'<span class="{color}" title="{esc(visitor.say("pages.due.risk_of", whose=whose, n=one.risk.n))}">{one.risk.p:.0%}</span>'


def _departments(visitor: Visitor, found: DueList, answered: Mapping[str | None, Answered]) -> str:
    names = ("open", "overdue", "soon", "expected", "answered")
    gone = [due.Department(name, 0, 0, 0, 0.0) for name in answered if name not in {one.name for one in found.departments}]
    head = "".join(f"<th>{esc(visitor.say(f'pages.due.department.{name}'))}</th>" for name in ("name", *names))
    rows = "".join(
        f'<tr><td>{esc(one.name or "—")}</td><td>{one.open}</td><td class="{"c3" if one.overdue else "mut"}">{one.overdue}</td><td>{one.soon}</td><td>{one.expected:.1f}</td>{_share(answered.get(one.name))}</tr>'
        for one in (*found.departments, *gone)
    )
    body = (
        f'<table class="cmp"><tr>{head}</tr>{rows}</table>'
        if rows
        else f'<p class="none">{esc(visitor.say("pages.due.none"))}</p>'
    )
    return heading(visitor.say("pages.due.departments"), visitor.say("pages.due.departments_second")) + body


def _share(one: Answered | None) -> str:
    """Of the reminders of a department, those it answered; nothing where it had none."""
    if one is None or one.share is None:
        return '<td class="mut">—</td>'
    return f'<td class="{"" if one.met == one.n else "c2"}">{one.met}/{one.n}</td>'


def _calibration(visitor: Visitor, found: Calibration) -> str:
    """Whether the chances came true, in a line and a small table."""
    head = f'<p class="df cal"><b>{esc(visitor.say("pages.due.calibration"))}</b> '
    if found.brier is None or found.plain is None:
        return f"{head}{esc(visitor.say('pages.due.calibration.none'))}</p>"
    words = visitor.say("pages.due.calibration.sum", n=found.n, brier=f"{found.brier:.3f}", plain=f"{found.plain:.3f}")
    names = "".join(f"<th>{esc(visitor.say(f'pages.due.calibration.{name}'))}</th>" for name in ("said", "came", "n"))
    rows = "".join(f"<tr><td>{said:.0%}</td><td>{came:.0%}</td><td>{n:,}</td></tr>" for said, came, n in found.bins)
    return f'{head}{esc(words)}</p><table class="cmp"><tr>{names}</tr>{rows}</table>'


def _backlog(visitor: Visitor, found: DueList) -> str:
    stock = found.backlog
    most = max(*stock.stages, 1)
    bars = "".join(
        f'<div class="sg"><span>{esc(visitor.say(f"pages.due.stage.{name}"))}</span><div class="bar"><i class="{name}" style="width:{n / most:.0%}"></i></div><b>{n}</b></div>'
        for name, n in zip(STAGES, stock.stages, strict=True)
    )
    facts = [visitor.say("pages.due.ages", p50=stock.p50_s, p90=stock.p90_s)] if stock.p50_s is not None else []
    facts.append(
        visitor.say("pages.due.work_off_never")
        if stock.work_off_s is None
        else visitor.say("pages.due.work_off", span=stock.work_off_s)
    )
    facts.append(visitor.say("pages.due.customers", n=stock.customers))
    second = visitor.say("pages.due.backlog_second", n=stock.n)
    return (
        heading(visitor.say("pages.due.backlog"), second)
        + f'<div class="sgs">{bars}</div><p class="df">{esc(" ".join(facts))}</p>'
    )
