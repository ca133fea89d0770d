"""静默: what is not told for a while: which, where, until when, why; and before it is set, what it would have hidden."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from fengsui.alerts.commands import Refused, Wanted, add_silence, end_silence
from fengsui.alerts.commands.silences import longest
from fengsui.alerts.commands.table import MANAGER
from fengsui.board import silences
from fengsui.board.silences import Held, Hidden
from fengsui.board.wrong import Wrong
from fengsui.locale import tier_mark
from pages.duty import said
from pages.look import charts, trouble
from pages.look.alert_words import place, title
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import DESK, Visitor, require_role

HOURS = (1, 2, 4, 8, 24, 72, 168)
WEEKS = (4, 12, 26, 52)
DAYS = tuple(range(7))
SHOWN = 8
ANY = ""


def section(visitor: Visitor) -> None:
    zone = house().settings.centre.tz
    found = trouble.kept("silences", visitor.scope, lambda: silences.silences(house().reader, visitor.scope, zone, now()))
    left, right = st.columns([820, 576], gap="small")
    with left, st.container(border=True, key="p_silences"):
        _list(visitor, found)
    with right:
        if visitor.handles:
            with st.container(border=True, key="p_silence"):
                _form(visitor)


def _list(visitor: Visitor, found: list[Held]) -> None:
    running = sum(one.state == "now" for one in found)
    st.html(heading(visitor.say("duty.silence.title"), visitor.say("duty.silence.running", n=running)))
    if not found:
        st.html(f'<p class="none">{esc(visitor.say("duty.silence.none"))}</p>')
    said.wrong("end")
    for one in found:
        with st.container(horizontal=True, key=f"sil_{one.silence.id}", vertical_alignment="center"):
            st.html(_line(visitor, one), width="stretch")
            if one.state != "over" and visitor.handles:
                st.button(visitor.say("duty.silence.end"), key=f"end_{one.silence.id}", on_click=_end, args=(one.silence.id,))


def _line(visitor: Visitor, one: Held) -> str:
    about = (
        visitor.say("duty.silence.every_rule") if one.rule is None else one.rule.get(visitor.lang) or one.silence.rule_id or ""
    )
    tier = visitor.say("duty.silence.up_to", tier=visitor.say(f"locale.tier.{one.silence.tier}"))
    where = visitor.say("pages.alert.place", key=one.place)
    state = visitor.say(f"duty.silence.state.{one.state}")
    color = {"now": "c2", "paused": "c1", "ahead": "c1"}.get(one.state, "mut")
    span = f"{_day(visitor, one.silence.start_at)} – {_day(visitor, one.silence.end_at)}"
    weekly = f" · {_weekly(visitor, one.silence.weekly)}" if one.silence.weekly else ""
    return (
        f'<div class="sil"><b class="{color}">{esc(state)}</b><div><b>{esc(where)} · {esc(about)}</b> <em>{esc(tier)}</em>'
        f"<small>{esc(span)}{esc(weekly)}</small><small>{esc(one.by)}：「{esc(one.reason)}」</small></div></div>"
    )


def _weekly(visitor: Visitor, weekly: Any) -> str:
    days = "、".join(visitor.say(f"duty.day.{day}") for day in sorted(weekly.days))
    body = weekly.body()
    return f"{days} {body['start']}–{body['end']}"


def _day(visitor: Visitor, at: datetime) -> str:
    return f"{charts.wall_time(at, visitor.zone):%m-%d %H:%M}"


def _end(id_: str) -> None:
    said.send("duty.silence.ended", "end", end_silence, id_)


def _form(visitor: Visitor) -> None:
    st.html(heading(visitor.say("duty.silence.add"), visitor.say("duty.silence.add_second")))
    rules = _rules(visitor)
    st.selectbox(
        visitor.say("duty.silence.rule"),
        [ANY, *rules],
        format_func=lambda id_: rules.get(id_, visitor.say("duty.silence.every_rule")),
        key="sil_rule",
    )
    st.text_input(
        visitor.say("duty.silence.where"), key="sil_where", placeholder=visitor.say("duty.silence.where_hint"), max_chars=300
    )
    tiers, hours, weeks = offered(visitor)
    st.pills(
        visitor.say("duty.silence.tier"),
        tiers,
        default=2,
        format_func=lambda n: visitor.say(f"locale.tier.{n}"),
        key="sil_tier",
    )
    again = st.segmented_control(
        visitor.say("duty.silence.how"),
        ["once", "weekly"] if weeks else ["once"],
        default="once",
        required=True,
        format_func=lambda name: visitor.say(f"duty.silence.{name}"),
        key="sil_how",
    )
    if again == "weekly":
        st.pills(
            visitor.say("duty.silence.days"),
            DAYS,
            selection_mode="multi",
            format_func=lambda n: visitor.say(f"duty.day.{n}"),
            key="sil_days",
        )
        one, two = st.columns(2, gap="small")
        one.text_input(visitor.say("duty.silence.from"), value="22:00", key="sil_from", max_chars=5)
        two.text_input(visitor.say("duty.silence.to"), value="06:00", key="sil_to", max_chars=5)
        st.pills(
            visitor.say("duty.silence.weeks"),
            weeks,
            default=weeks[0],
            format_func=lambda n: visitor.say("duty.silence.n_weeks", n=n),
            key="sil_weeks",
        )
    else:
        st.pills(
            visitor.say("duty.silence.hours"),
            hours,
            default=2,
            format_func=lambda n: visitor.say("pages.span", s=n * 3600),
            key="sil_hours",
        )
    st.text_input(visitor.say("duty.silence.reason"), key="sil_reason", max_chars=200)
    _preview(visitor)
    said.wrong("silence")
    st.button(visitor.say("duty.silence.do"), key="sil_do", type="primary", on_click=_add)


def offered(visitor: Visitor) -> tuple[list[int], list[int], list[int]]:
    """(tiers, hours, weeks) that the rules allow to who asks, of what is chosen so far: nothing is offered to be refused."""
    state = st.session_state
    weekly: dict[str, Any] | None = None
    if state.get("sil_how") == "weekly":
        days = list(state.get("sil_days") or DAYS)
        weekly = {"days": days, "start": str(state.get("sil_from") or "22:00"), "end": str(state.get("sil_to") or "06:00")}
    manages = visitor.person.role in MANAGER
    most = longest(int(state.get("sil_tier") or 2), weekly, manages=manages)
    hours = [n for n in HOURS if timedelta(hours=n) <= most]
    weeks = [n for n in WEEKS if timedelta(weeks=n) <= most]
    tiers = [1, 2, 3] if manages else [1, 2]
    for name, allowed in (("sil_tier", tiers), ("sil_hours", hours), ("sil_weeks", weeks)):
        if state.get(name) is not None and state[name] not in allowed:
            state.pop(name)  # chosen before something else was, which rules it out
    return tiers, hours, weeks


def _rules(visitor: Visitor) -> dict[str, str]:
    return trouble.kept("rule_names", visitor.lang, lambda: silences.rules(house().reader, visitor.lang))


def _wanted(visitor: Visitor) -> Wanted:
    """The form as it stands. Raises ``Wrong`` for a place."""
    state, at = st.session_state, now()
    where = silences.where_of(house().reader, house().settings, str(state.get("sil_where") or ""))
    weekly: dict[str, Any] | None = None
    hours = int(state.get("sil_hours") or 0)
    if state.get("sil_how") == "weekly":
        weekly = {
            "days": list(state.get("sil_days") or []),
            "start": str(state.get("sil_from") or ""),
            "end": str(state.get("sil_to") or ""),
        }
        hours = int(state.get("sil_weeks") or 0) * 168
    start = at.replace(second=0, microsecond=0)
    return Wanted(
        state.get("sil_rule") or None,
        where,
        int(state.get("sil_tier") or 0),
        start,
        start + timedelta(hours=hours),
        weekly,
        str(state.get("sil_reason") or ""),
    )


def _preview(visitor: Visitor) -> None:
    try:
        wanted = _wanted(visitor)
        hidden = silences.would_hide(house().reader, wanted, visitor.scope, house().settings.centre.tz, now())
    except (Wrong, ValueError):
        st.html(f'<p class="none">{esc(visitor.say("duty.silence.unclear"))}</p>')
        return
    st.html(_hidden(visitor, hidden, wanted.weekly is not None))


def _hidden(visitor: Visitor, hidden: Hidden, weekly: bool) -> str:
    words = visitor.say("duty.silence.would" if weekly else "duty.silence.would_once", n=len(hidden.rows), all=hidden.all)
    tiers = " · ".join(
        f"{tier_mark(tier)} {visitor.say(f'locale.tier.{tier}')} {hidden.of(tier)}" for tier in (3, 2, 1) if hidden.of(tier)
    )
    late = visitor.say("duty.silence.late", n=hidden.late) if hidden.late else ""
    rows = "".join(
        f'<li><span>{esc(_day(visitor, one.opened_at))}</span> <i class="c{one.tier}">{tier_mark(one.tier)}</i> {esc(title(visitor, one))} · {esc(place(visitor, one))}</li>'
        for one in hidden.rows[:SHOWN]
    )
    more = (
        f'<li class="mut">{esc(visitor.say("duty.silence.more", n=len(hidden.rows) - SHOWN))}</li>'
        if len(hidden.rows) > SHOWN
        else ""
    )
    return f'<div class="hid"><b>{esc(words)}</b> <span>{esc(tiers)} {esc(late)}</span><ul>{rows}{more}</ul></div>'


def _add() -> None:
    visitor = require_role(DESK)
    try:
        wanted = _wanted(visitor)
    except Wrong as fault:
        said.refuse(visitor, "silence", Refused(fault.mistakes[0].code, dict(fault.mistakes[0].params)))
        return
    if said.send("duty.silence.set", "silence", add_silence, wanted=wanted):
        st.session_state["sil_reason"] = ""
