"""人工填报: figures of a month, who typed them and when; managers and administrators type and correct them here."""

from __future__ import annotations

from functools import cache
from typing import Any

import streamlit as st

from fengsui.board import typed
from fengsui.board.inbox import NotTaken, Slot
from fengsui.board.typed import COUNTS, METRICS, REASON_MAX, ROLES, Answers, Typed
from fengsui.board.wrong import Wrong
from pages.look import charts, trouble
from pages.look.figures import together
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor, require_role

_OPEN, _TOLD = "typed_open", "typed_told"
FIELDS = ("metric", "month", "numerator", "denominator", "reason", "place")
COLUMNS = ("metric", "place", "month", "value", "target", "of", "by")


@cache
def slot() -> Slot:
    return Slot(house().writer, house().settings)


def offered() -> bool:
    return typed.source_of(house().settings) is not None


def button(visitor: Visitor) -> None:
    if offered() and visitor.person.role in ROLES:
        st.button(visitor.say("pages.typed.button"), key="typed", on_click=_show)


def panel(visitor: Visitor, *, everything: bool = False) -> None:
    """The newest month of each figure; in the dialog every month."""
    if not offered() or (visitor.scope and not everything):
        return
    found = trouble.kept("typed", None, lambda: typed.typed(house().reader, house().settings, now()))
    keys = [(one.metric.id, one.place) for one in found]
    shown = found if everything else [one for n, one in enumerate(found) if n == 0 or keys[n - 1] != keys[n]]
    if not shown:
        return
    head = "".join(f"<th>{esc(visitor.say(f'pages.typed.{name}'))}</th>" for name in COLUMNS)
    rows = "".join(_row(visitor, one) for one in shown)
    second = visitor.say("pages.typed.second")
    st.html(heading(visitor.say("pages.typed.title"), second) + f'<table class="cmp ty"><tr>{head}</tr>{rows}</table>')


def _row(visitor: Visitor, one: Typed) -> str:
    metric = one.metric
    value = together(visitor, metric.shape, metric.unit, one.value)
    target = "—" if metric.target is None else together(visitor, metric.shape, metric.unit, metric.target)
    of = "—" if one.denominator is None else f"{one.numerator:,} / {one.denominator:,}"
    by = f"{one.by_name} {charts.wall_time(one.at, visitor.zone):%Y-%m-%d %H:%M}"
    if one.times > 1:
        by += f" · {visitor.say('pages.typed.corrected', n=one.times - 1)}"
    wait = f' <small class="c2">◔ {esc(visitor.say("pages.typed.pending"))}</small>' if one.pending else ""
    where = visitor.say("pages.kpi.slice", place=one.place)
    cells = (visitor.say(f"locale.metric.{metric.id}"), where, f"{one.month:%Y-%m}")
    words = "".join(f"<td>{esc(cell)}</td>" for cell in cells)
    rest = "".join(f"<td>{esc(cell)}</td>" for cell in (target, of))
    return f'<tr title="{esc(one.reason)}">{words}<td><b>{esc(value)}</b>{wait}</td>{rest}<td>{esc(by)}</td></tr>'


def dialog(visitor: Visitor) -> None:
    if st.session_state.get(_OPEN) and offered() and visitor.person.role in ROLES:
        st.dialog(visitor.say("pages.typed.dialog"), width="large", on_dismiss=close)(trouble.guarded(_form))(visitor)


def _show() -> None:
    close()
    st.session_state[_OPEN] = True


def close() -> None:
    for name in (_OPEN, _TOLD):
        st.session_state.pop(name, None)


def _form(visitor: Visitor) -> None:
    if _OPEN not in st.session_state:
        st.rerun()  # closed by its own button, which reran only the dialog
    left, right = st.columns(2, gap="small")
    metric = left.selectbox(
        visitor.say("pages.typed.metric"),
        METRICS,
        format_func=lambda id_: visitor.say(f"locale.metric.{id_}"),
        key="typed_metric",
    )
    places = trouble.kept("typed_places", visitor.scope, lambda: typed.offered(house().reader, visitor.person))
    right.selectbox(
        visitor.say("pages.typed.place"),
        places,
        format_func=lambda key: visitor.say("pages.kpi.slice", place=key),
        key="typed_place",
    )
    st.text_input(visitor.say("pages.typed.month"), key="typed_month", placeholder="2026-10")
    left, right = st.columns(2, gap="small")
    left.text_input(visitor.say(f"pages.typed.numerator.{metric}"), key="typed_numerator")
    if metric not in COUNTS:
        right.text_input(visitor.say(f"pages.typed.denominator.{metric}"), key="typed_denominator")
    st.text_input(visitor.say("pages.typed.reason"), key="typed_reason", max_chars=REASON_MAX)
    told = st.session_state.get(_TOLD)
    if told:
        st.html(f'<p class="xp" role="alert"><b class="c3">✖</b> {esc(told)}</p>')
    with st.container(horizontal=True, key="typed_row"):
        st.button(visitor.say("pages.typed.send"), key="typed_send", type="primary", on_click=_send)
        st.button(visitor.say("pages.form.close"), key="typed_close", on_click=close)
    panel(visitor, everything=True)


def _send() -> None:
    visitor = require_role(ROLES)
    answers = Answers(**{name: str(st.session_state.get(f"typed_{name}") or "") for name in FIELDS})
    st.session_state.pop(_TOLD, None)
    try:
        typed.send(slot(), house().writer, house().settings, visitor.person, answers, now())
    except Wrong as fault:
        st.session_state[_TOLD] = "；".join(_words(visitor, one) for one in fault.mistakes)
        return
    except NotTaken as fault:
        st.session_state[_TOLD] = visitor.say(fault.code, **fault.params)
        return
    except Exception as fault:  # told, and what was typed stays
        st.session_state[_TOLD] = visitor.say("pages.trouble.not_stored", why=visitor.why(fault))
        return
    for name in ("numerator", "denominator", "reason"):
        st.session_state[f"typed_{name}"] = ""


def _words(visitor: Visitor, one: Any) -> str:
    return visitor.say(
        "pages.admin.mistake", where=visitor.say(f"pages.typed.field.{one.place[0]}"), words=visitor.say(one.code, **one.params)
    )
