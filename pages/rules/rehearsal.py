"""预演: what the rule would have raised by day and tier, before it counts; and the threshold that keeps to the limit."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from fengsui.board import rules
from fengsui.board.requests import Asked
from fengsui.board.rules import DAYS, LIMIT, Ruled
from fengsui.board.wrong import Mistake, Wrong
from fengsui.locale import tier_mark
from pages.look import charts, trouble
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor, require_role
from pages.rules import form

EVERY_S = 1.5
SHOWN = 6
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
READERS = frozenset({"manager", "admin", "analyst"})


def panel(visitor: Visitor, one: Ruled) -> None:
    st.html(heading(visitor.say("rules.try.title"), visitor.say("rules.try.second")))
    if form.may(visitor):
        with st.container(horizontal=True, vertical_alignment="bottom", key="rule_try"):
            st.segmented_control(
                visitor.say("rules.try.days"),
                DAYS,
                default=28,
                required=True,
                format_func=lambda n: visitor.say("duty.quality.n_days", n=n),
                key="rule_days",
            )
            st.number_input(
                visitor.say("rules.try.limit"),
                min_value=0.05,
                max_value=100.0,
                value=LIMIT,
                step=0.5,
                key="rule_limit",
                width=150,
            )
            st.button(visitor.say("rules.try.do"), key="rule_rehearse", on_click=_ask, args=(one,))
    asked = rules.rehearsed(house().reader, form.run_of(one))
    if asked is None:
        st.html(f'<p class="none">{esc(visitor.say("rules.try.none"))}</p>')
    elif not asked.over:
        st.fragment(trouble.guarded(_running), run_every=EVERY_S)(asked.request_id)
    elif asked.state != "done":
        st.html(f'<p class="over" role="alert">{esc(visitor.say("rules.try.failed", why=_why(visitor, asked)))}</p>')
    else:
        _result(visitor, one, asked)


def _ask(one: Ruled) -> None:
    visitor = require_role(form.EDITORS)
    try:
        body = form.body_of(one)
        days, limit = int(st.session_state.get("rule_days") or 28), float(st.session_state.get("rule_limit") or LIMIT)
        form.began(one, rules.rehearse(house().writer, body, days, limit, visitor.person, now()))
        form.fail(())
    except Wrong as fault:
        form.fail(fault.mistakes)
    except Exception as fault:  # told, and nothing was asked
        form.fail([Mistake((), "pages.trouble.not_stored", {"why": visitor.why(fault)})])


def _running(request_id: str) -> None:
    visitor = require_role(READERS)
    asked = rules.rehearsed(house().reader, request_id)
    if asked is None or asked.over:
        st.rerun()
    st.progress(min(max(asked.progress, 0.0), 1.0), text=visitor.say("rules.try.running", share=asked.progress))


def _why(visitor: Visitor, asked: Asked) -> str:
    params = (asked.result or {}).get("params") or {}
    return visitor.say(asked.fault_code or "worker.request.broken", **params)


def _result(visitor: Visitor, one: Ruled, asked: Asked) -> None:
    found: Mapping[str, Any] = asked.result
    per_day = found["alerts"] / found["days"]
    words = visitor.say("rules.try.would", days=found["days"], n=found["alerts"], per_day=round(per_day, 2))
    tiers = " · ".join(
        f"{tier_mark(tier)} {visitor.say(f'locale.tier.{tier}')} {visitor.say('rules.per_day', n=round(found['per_day'][str(tier)], 2))}"
        for tier in (3, 2, 1)
        if found["per_day"][str(tier)]
    )
    color = "c3" if found["too_many"] else "c0"
    st.html(
        f'<p class="lead"><b class="{color}">{esc(words)}</b> {esc(tiers)}</p>{_bars(visitor, found["by_day"])}{_newest(visitor, found)}'
    )
    if one.body["kind"] == "detector":
        st.html(f'<p class="mut">{esc(visitor.say("rules.try.grades"))}</p>')
    if not found["too_many"]:
        return
    fits = found["fits"]
    if fits is None:
        st.html(f'<p class="over">{esc(visitor.say("rules.try.no_threshold", limit=found["limit"]))}</p>')
        return
    field = visitor.say(f"rules.field.{fits['field']}")
    st.html(
        f'<p class="over">{esc(visitor.say("rules.try.too_many", limit=found["limit"], field=field, value=round(fits["value"], 4), per_day=round(fits["per_day"], 2)))}</p>'
    )
    if form.may(visitor):
        st.button(visitor.say("rules.try.raise"), key="rule_raise", on_click=_raise, args=(one, fits["field"], fits["value"]))


def _raise(one: Ruled, field: str, value: float) -> None:
    form.put(one, field, value)
    _ask(one)


def _bars(visitor: Visitor, days: list[list[Any]]) -> str:
    """One bar a day, the tiers upon each other."""
    most = max((sum(row[1:]) for row in days), default=0) or 1
    cells = "".join(
        f'<div title="{esc(row[0])} {sum(row[1:])}">'
        + "".join(f'<i class="b{tier}" style="height:{row[tier] / most * 48:.0f}px"></i>' for tier in (3, 2, 1) if row[tier])
        + "</div>"
        for row in days
    )
    ends = f"<span>{esc(days[0][0][5:])}</span><span>{esc(visitor.say('rules.try.most', n=most))}</span><span>{esc(days[-1][0][5:])}</span>"
    return f'<div class="bars">{cells}</div><p class="ends">{ends}</p>'


def _newest(visitor: Visitor, found: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<li><i class="c{tier}">{tier_mark(tier)}</i> {charts.wall_time(EPOCH + timedelta(minutes=begin), visitor.zone):%m-%d %H:%M} {esc(visitor.say("pages.alert.place", key=key))}</li>'
        for begin, _, tier, key in found["newest"][:SHOWN]
    )
    return f'<ul class="nw">{rows}</ul>' if rows else ""
