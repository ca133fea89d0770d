"""SLA 政策: the lines of the policy from the top, each with its limits; one at a time is edited."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from fengsui.board import conditions, policy_edit, revision
from fengsui.board.wrong import Mistake, Wrong
from pages.admin import drafts, saving, tell
from pages.admin.drafts import Held
from pages.look import trouble
from pages.look.house import house
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor

KIND, ID = "sla_policy", "default"
NEW = "+"
COLUMNS = ("line", "when", "resolution", "response", "pauses", "regulator")


def section(visitor: Visitor) -> None:
    last = trouble.kept("adm_policy", None, lambda: revision.newest(house().reader, KIND)).get(ID)
    if last is None:
        st.html(f'<p class="note">{esc(visitor.say("pages.admin.not_seeded"))}</p>')
        return
    held = drafts.held(KIND, ID, last, policy_edit.plain)
    left, right = st.columns([900, 496], gap="small")
    with left:
        with st.container(border=True, key="p_lines"):
            st.html(_table(visitor, held))
        with st.container(border=True, key="p_line"):
            _edit(visitor, held)
    with right:
        saving.panel(visitor, held, dated=True)


def _table(visitor: Visitor, held: Held) -> str:
    lines = held.body["lines"]
    head = "".join(
        f"<th>{esc(visitor.say(f'pages.admin.part.{name}s' if name == 'line' else f'pages.admin.part.{name}'))}</th>"
        for name in COLUMNS
    )
    rows = "".join(_row(visitor, n, line) for n, line in enumerate(lines, 1))
    never = policy_edit.never_asked(lines)
    warn = f'<p class="df c2">⚠ {esc(visitor.say("pages.admin.policy.never", lines=never))}</p>' if never else ""
    second = visitor.say("pages.admin.policy.second")
    return (
        heading(visitor.say("pages.admin.policy.title"), second)
        + f'<div class="sc"><table class="tb"><tr>{head}</tr>{rows}</table></div>{warn}'
    )


def _row(visitor: Visitor, n: int, line: Mapping[str, Any]) -> str:
    when = "；".join(conditions.written(house().settings, visitor.lang, line["when"])) or visitor.say("pages.admin.policy.all")
    cells = [when, *(tell.limit(visitor, line[name]) for name in policy_edit.LIMITS)]
    cells.append(visitor.say(f"pages.admin.value.pauses.{line['pauses']}"))
    mark = f'<i class="chip">{esc(visitor.say("pages.due.regulator"))}</i>' if line["regulator"] else ""
    return f"<tr><td><b>{n} {esc(line['id'])}</b></td>{''.join(f'<td>{esc(cell)}</td>' for cell in cells)}<td>{mark}</td></tr>"


def _edit(visitor: Visitor, held: Held) -> None:
    lines = held.body["lines"]
    ids = [line["id"] for line in lines]
    chosen = st.segmented_control(
        visitor.say("pages.admin.policy.choose"),
        [*ids, NEW],
        default=ids[0],
        required=True,
        format_func=lambda id_: visitor.say("pages.admin.policy.new") if id_ == NEW else id_,
        key=held.key("line"),
    )
    at = ids.index(chosen) if chosen in ids else None
    line = lines[at] if at is not None else {"id": "", "when": {}, "resolution": None, "response": None}
    _form(visitor, held, at, line)
    if at is not None:
        with st.container(horizontal=True, key="line_row"):
            _act(visitor, held, "up", lambda: policy_edit.moved(held.body, at, -1), off=at == 0)
            _act(visitor, held, "down", lambda: policy_edit.moved(held.body, at, 1), off=at == len(ids) - 1)
            _act(visitor, held, "remove", lambda: policy_edit.without(held.body, at), off=len(ids) == 1)


def _form(visitor: Visitor, held: Held, at: int | None, line: Mapping[str, Any]) -> None:
    def key(name: str) -> str:
        return held.key(f"{line['id'] or NEW}_{name}")

    with st.form(key("form"), border=False):
        left, right = st.columns(2, gap="small")
        left.text_input(visitor.say("pages.admin.policy.id"), value=line["id"], key=key("id"), max_chars=40)
        right.text_area(
            visitor.say("pages.admin.policy.when"),
            value="\n".join(conditions.written(house().settings, visitor.lang, line["when"])),
            key=key("when"),
            placeholder=visitor.say("pages.admin.policy.when_hint"),
            height=76,
        )
        for name in policy_edit.LIMITS:
            _limit(visitor, left, name, line[name], key)
        right.checkbox(visitor.say("pages.admin.policy.roll"), value=_rolls(line), key=key("roll"))
        right.checkbox(visitor.say("pages.admin.policy.regulator"), value=bool(line.get("regulator")), key=key("regulator"))
        right.checkbox(visitor.say("pages.admin.policy.stop"), value=line.get("pauses") == "stop", key=key("stop"))
        st.form_submit_button(visitor.say("pages.admin.policy.put"), on_click=_put, args=(held, at, line["id"] or NEW))


def _rolls(line: Mapping[str, Any]) -> bool:
    return any(bool(line.get(name)) and bool(line[name].get("roll")) for name in policy_edit.LIMITS)


def _limit(visitor: Visitor, into: Any, name: str, given: Mapping[str, Any] | None, key: Callable[[str], str]) -> None:
    number, unit = into.columns([1, 1.4], gap="small", vertical_alignment="bottom")
    value = f"{given['n']:g}" if given else ""
    number.text_input(
        visitor.say(f"pages.admin.part.{name}"),
        value=value,
        key=key(name),
        placeholder=visitor.say("pages.admin.policy.no_limit"),
    )
    units = policy_edit.UNITS
    unit.selectbox(
        visitor.say("pages.admin.policy.unit"),
        units,
        index=units.index(given["unit"]) if given else units.index("hour"),
        format_func=lambda one: visitor.say(f"pages.admin.unit.{one}"),
        key=key(f"{name}_unit"),
    )


def _put(held: Held, at: int | None, name: str) -> None:
    """The line as typed becomes part of the draft."""

    def typed(field: str) -> Any:
        return st.session_state.get(held.key(f"{name}_{field}"))

    saving.calm()
    wrong: list[Mistake] = []
    limits, when = {}, {}
    for each in policy_edit.LIMITS:
        try:
            unit = str(typed(f"{each}_unit"))
            limits[each] = policy_edit.limit(str(typed(each) or ""), unit, roll=bool(typed("roll")), place=each)
        except Wrong as fault:
            wrong += fault.mistakes
    try:
        when = conditions.parse(house().settings, str(typed("when") or ""), conditions.BESIDE)
    except Wrong as fault:
        wrong += fault.mistakes
    line = {"id": str(typed("id") or "").strip(), "when": when, **limits, "regulator": bool(typed("regulator"))}
    line["pauses"] = "stop" if typed("stop") else "run"
    if wrong:
        saving.fail(wrong)
        return
    _try(held, lambda: policy_edit.with_line(held.body, at, line))
    drafts.renew()


def _act(visitor: Visitor, held: Held, name: str, change: Callable[[], Mapping[str, Any]], *, off: bool) -> None:
    words = visitor.say(f"pages.admin.policy.{name}")
    st.button(words, key=f"adm_line_{name}", disabled=off, on_click=_try, args=(held, change))


def _try(held: Held, change: Callable[[], Mapping[str, Any]]) -> None:
    saving.calm()
    try:
        drafts.put(held, change())
    except Wrong as fault:
        saving.fail(fault.mistakes)
