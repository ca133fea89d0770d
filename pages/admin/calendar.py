"""日历: the year as it is worked, days that change, and the opening hours of each queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import streamlit as st

from fengsui.board import calendar_edit, revision
from fengsui.board.calendar_edit import FIELDS, Day
from fengsui.board.wrong import Wrong
from pages.admin import drafts, saving, tell
from pages.admin.drafts import Held
from pages.look import trouble
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor

KIND, ID = "calendar", "default"
RESET = "reset"


def section(visitor: Visitor) -> None:
    last = trouble.kept("adm_calendar", None, lambda: revision.newest(house().reader, KIND)).get(ID)
    if last is None:
        st.html(f'<p class="note">{esc(visitor.say("pages.admin.not_seeded"))}</p>')
        return
    held = drafts.held(KIND, ID, last)
    _warning(visitor)
    left, right = st.columns([900, 496], gap="small")
    with left:
        with st.container(border=True, key="p_year"):
            _year(visitor, held)
        with st.container(border=True, key="p_hours"):
            _hours(visitor, held)
    with right:
        with st.container(border=True, key="p_days"):
            _days(visitor, held)
        saving.panel(visitor, held, dated=False)


def _warning(visitor: Visitor) -> None:
    found = trouble.kept("adm_ending", None, lambda: calendar_edit.warning(house().reader, house().settings, now()))
    if found is not None:
        code = "pages.admin.calendar.ends" if found.days >= 0 else "pages.admin.calendar.ended"
        words = visitor.say(code, until=found.until.isoformat(), days=abs(found.days))
        st.html(f'<p class="cal" role="status">⚠ {esc(words)}</p>')


def _year(visitor: Visitor, held: Held) -> None:
    today = now().astimezone(house().settings.centre.tz).date()
    years = [today.year - 1, today.year, today.year + 1, today.year + 2]
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = st.segmented_control(
            visitor.say("pages.admin.calendar.year"),
            years,
            default=today.year,
            required=True,
            label_visibility="collapsed",
            key="adm_year",
            width="content",
        )
        st.html(f'<div class="key">{_legend(visitor)}</div>')
    days = calendar_edit.year(house().settings, held.body, int(chosen or today.year))
    kinds = {kind: sum(one.kind == kind for one in days) for kind in ("holiday", "makeup")}
    until = held.body.get("until")
    words = [visitor.say("pages.admin.calendar.sum", year=int(chosen or today.year), **kinds)]
    words.append(
        visitor.say("pages.admin.calendar.until", until=until) if until else visitor.say("pages.admin.calendar.no_end")
    )
    st.html(f'<p class="sum">{esc(" ".join(words))}</p>')
    if any(not one.confirmed for one in days):
        st.html(f'<p class="df c2">⚠ {esc(visitor.say("pages.admin.calendar.unconfirmed"))}</p>')
    before = {one.day: one.kind for one in calendar_edit.year(house().settings, held.first, int(chosen or today.year))}
    months = "".join(_month(visitor, n, [one for one in days if one.day.month == n], today, before) for n in range(1, 13))
    st.html(f'<div class="yr">{months}</div>')


def _legend(visitor: Visitor) -> str:
    marks = (("holiday", "休"), ("makeup", "班"), ("weekend", ""), ("changed", ""))
    return "".join(f'<span><i class="d {k}">{m}</i>{esc(visitor.say(f"pages.admin.day.{k}"))}</span>' for k, m in marks)


def _month(visitor: Visitor, number: int, days: list[Day], today: date, before: dict[date, str]) -> str:
    head = "".join(f"<u>{esc(visitor.say(f'pages.admin.weekday.{n}'))}</u>" for n in range(7))
    gap = "<s></s>" * days[0].day.weekday()
    cells = "".join(_cell(visitor, one, today, before) for one in days)
    return f'<div class="mo"><b>{esc(visitor.say("pages.admin.month", n=number))}</b><div>{head}{gap}{cells}</div></div>'


def _cell(visitor: Visitor, one: Day, today: date, before: dict[date, str]) -> str:
    names = [one.kind, "guess" if not one.confirmed else "", "today" if one.day == today else ""]
    names.append("changed" if before.get(one.day) != one.kind else "")
    title = f"{one.day.isoformat()} {visitor.say(f'pages.admin.day.{one.kind}')}"
    return f'<i class="d {" ".join(filter(None, names))}" title="{esc(title)}">{one.day.day}</i>'


def _days(visitor: Visitor, held: Held) -> None:
    st.html(heading(visitor.say("pages.admin.calendar.change"), visitor.say("pages.admin.calendar.change_second")))
    hint = visitor.say("pages.admin.calendar.days_hint")
    st.text_input(visitor.say("pages.admin.calendar.days"), key=held.key("days"), placeholder=hint)
    st.segmented_control(
        visitor.say("pages.admin.calendar.becomes"),
        [*calendar_edit.KINDS, RESET],
        default="holiday",
        required=True,
        format_func=lambda kind: visitor.say(f"pages.admin.day.{kind}"),
        key=held.key("kind"),
    )
    st.button(visitor.say("pages.admin.calendar.put"), key="adm_put_days", on_click=_put_days, args=(held,))
    st.text_input(
        visitor.say("pages.admin.calendar.until_field"),
        value=str(held.body.get("until") or ""),
        key=held.key("until"),
        help=visitor.say("pages.admin.calendar.until_help"),
        on_change=_put_until,
        args=(held,),
    )


def _put_days(held: Held) -> None:
    text, kind = (str(st.session_state.get(held.key(name)) or "") for name in ("days", "kind"))
    _try(held, lambda: calendar_edit.with_days(held.body, text, None if kind == RESET else kind), "days")


def _put_until(held: Held) -> None:
    text = str(st.session_state.get(held.key("until")) or "")
    _try(held, lambda: calendar_edit.with_until(held.body, text))


def _try(held: Held, change: Callable[[], Mapping[str, Any]], empties: str = "") -> None:
    """A change of the draft; what cannot be read is told and changes nothing."""
    saving.calm()
    try:
        drafts.put(held, change())
    except Wrong as fault:
        saving.fail(fault.mistakes)
        return
    if empties:
        st.session_state[held.key(empties)] = ""


def _hours(visitor: Visitor, held: Held) -> None:
    hours = held.body.get("hours") or {}
    st.html(heading(visitor.say("pages.admin.hours.title"), visitor.say("pages.admin.hours.second")))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        queue = st.selectbox(
            visitor.say("pages.admin.hours.queue"),
            list(hours),
            format_func=lambda name: tell.place(visitor, [name]),
            key=held.key("queue"),
            width=260,
        )
        st.text_input(visitor.say("pages.admin.hours.new"), key=held.key("new_queue"), width=260)
        st.button(visitor.say("pages.admin.hours.add"), key="adm_add_queue", on_click=_add_queue, args=(held,))
        st.button(
            visitor.say("pages.admin.hours.remove"),
            key="adm_drop_queue",
            disabled=queue in (None, "default"),
            on_click=_drop_queue,
            args=(held, queue),
        )
    if queue is not None:
        _week(visitor, held, queue)


def _week(visitor: Visitor, held: Held, queue: str) -> None:
    found = (held.body.get("hours") or {})[queue]
    with st.form(held.key(f"hours_{queue}"), border=False):
        columns = st.columns(3, gap="small")
        for n, day in enumerate(FIELDS):
            columns[n % 3].text_input(
                tell.place(visitor, [day]),
                value=calendar_edit.typed(found.get(day, [calendar_edit.ALWAYS] if day != "makeup" else None)),
                key=held.key(f"{queue}_{day}"),
            )
        both = st.columns(2, gap="small")
        for column, name in zip(both, ("add", "remove"), strict=True):
            column.text_area(
                visitor.say(f"pages.admin.hours.{name}_once"),
                value=calendar_edit.typed_extras(found.get(name, ())),
                key=held.key(f"{queue}_{name}"),
                height=76,
                placeholder=visitor.say("pages.admin.hours.once_hint"),
            )
        st.html(f'<p class="kept">{esc(visitor.say("pages.admin.hours.how"))}</p>')
        st.form_submit_button(visitor.say("pages.admin.hours.put"), on_click=_put_hours, args=(held, queue))


def _put_hours(held: Held, queue: str) -> None:
    typed = {day: str(st.session_state.get(held.key(f"{queue}_{day}")) or "") for day in FIELDS}
    add, remove = (str(st.session_state.get(held.key(f"{queue}_{name}")) or "") for name in ("add", "remove"))
    _try(held, lambda: calendar_edit.with_hours(held.body, queue, typed, add, remove))


def _add_queue(held: Held) -> None:
    """Begins with the centre's own hours."""
    name = str(st.session_state.get(held.key("new_queue")) or "").strip()
    if not name:
        saving.fail(calendar_edit.nameless())
        return
    hours = held.body.get("hours") or {}
    _try(held, lambda: {**held.body, "hours": {**hours, name: hours.get(name, hours["default"])}}, "new_queue")
    st.session_state[held.key("queue")] = name


def _drop_queue(held: Held, queue: str) -> None:
    _try(held, lambda: calendar_edit.without_hours(held.body, queue))
    st.session_state.pop(held.key("queue"), None)
