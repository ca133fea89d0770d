"""目标: of every figure its target, since when and by whom; a new one counts from its date on and the past stays."""

from __future__ import annotations

import streamlit as st

from fengsui.board import revision, targets
from fengsui.board.revision import Draft
from fengsui.board.targets import SCALES, Aim
from fengsui.board.wrong import Mistake, Wrong
from pages.admin import drafts, saving, tell
from pages.admin.drafts import Held
from pages.look import trouble
from pages.look.house import house
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor, require_role

KIND = "target"
COLUMNS = ("metric", "target", "since", "by", "ahead")


def section(visitor: Visitor) -> None:
    found = tell.aims()
    left, right = st.columns([900, 496], gap="small")
    with left, st.container(border=True, key="p_aims"):
        st.html(_table(visitor, found))
    with right, st.container(border=True, key="p_save"):
        _form(visitor, found)


def _table(visitor: Visitor, found: list[Aim]) -> str:
    head = "".join(f"<th>{esc(visitor.say(f'pages.admin.aim.{name}'))}</th>" for name in COLUMNS)
    return (
        heading(visitor.say("pages.admin.aim.title"), visitor.say("pages.admin.aim.second"))
        + f'<div class="sc"><table class="tb"><tr>{head}</tr>{"".join(_row(visitor, one) for one in found)}</table></div>'
    )


def _row(visitor: Visitor, one: Aim) -> str:
    name = visitor.say(f"locale.metric.{one.metric.id}")
    now_ = tell.aim(visitor, one.metric.id, one.metric.target)
    since = tell.when(visitor, one.last.valid_from) if one.last and not one.ahead else "—"
    who = tell.author(visitor, one.last) if one.last else "—"
    ahead = ""
    if one.last and one.ahead:
        value = tell.aim(visitor, one.metric.id, one.last.body.get("target"))
        ahead = visitor.say("pages.admin.aim.from", at=tell.when(visitor, one.last.valid_from)[:10], value=value)
    cells = (name, now_, since, who, ahead)
    return "<tr>" + "".join(f"<td>{esc(cell)}</td>" for cell in cells) + "</tr>"


def _form(visitor: Visitor, found: list[Aim]) -> None:
    by_id = {one.metric.id: one for one in found}
    st.html(heading(visitor.say("pages.admin.aim.change")))
    chosen = st.selectbox(
        visitor.say("pages.admin.aim.metric"),
        list(by_id),
        format_func=lambda id_: visitor.say(f"locale.metric.{id_}"),
        key="adm_aim",
    )
    if chosen is None:
        return
    one = by_id[chosen]
    held = drafts.held(KIND, chosen, one.last, follow=False)  # what is typed here is no draft yet
    st.html(f'<p class="kept">{esc(visitor.say(f"metrics.means.{chosen}"))}</p>')
    units = targets.units(one.metric)
    number, unit = st.columns([1, 1], gap="small", vertical_alignment="bottom")
    value = held.first.get("target")
    shown = "" if value is None else f"{value / SCALES[units[0]]:.6g}"
    number.text_input(visitor.say("pages.admin.aim.value"), value=shown, key=held.key("value"))
    unit.selectbox(
        visitor.say("pages.admin.policy.unit"),
        units,
        format_func=lambda name: visitor.say(f"pages.admin.scale.{name}"),
        key=held.key("unit"),
    )
    st.html(f'<p class="kept">{esc(visitor.say(f"pages.admin.aim.{one.metric.good}"))}</p>')
    saving.problems(visitor)
    saving.reason_and_date(visitor, held, dated=True)
    with st.container(horizontal=True, key="save_row"):
        words = visitor.say("pages.admin.save.do", version=held.seen + 1)
        st.button(words, key="adm_save", type="primary", on_click=_save, args=(held,))
        st.button(visitor.say("pages.admin.save.drop"), key="adm_drop", on_click=_drop, args=(held,))
    _past(visitor, chosen)


def _past(visitor: Visitor, metric: str) -> None:
    steps = trouble.kept("adm_aims", metric, lambda: revision.of(house().reader, KIND, metric))
    if not steps:
        return
    rows = "".join(
        f"<tr><td>{esc(tell.when(visitor, one.revision.valid_from))}</td>"
        f"<td>{esc(tell.aim(visitor, metric, one.revision.body.get('target')))}</td>"
        f"<td>{esc(tell.author(visitor, one.revision))}</td><td>{esc(one.revision.reason or '—')}</td></tr>"
        for one in reversed(steps)
    )
    head = "".join(f"<th>{esc(visitor.say(f'pages.admin.aim.{name}'))}</th>" for name in ("since", "target", "by", "reason"))
    st.html(
        heading(visitor.say("pages.admin.aim.past")) + f'<div class="sc"><table class="tb"><tr>{head}</tr>{rows}</table></div>'
    )


def _save(held: Held) -> None:
    visitor = require_role(saving.ADMIN)
    saving.calm()
    text, unit, reason, starts = (
        str(st.session_state.get(held.key(name)) or "") for name in ("value", "unit", "reason", "starts")
    )
    try:
        body = {"target": _number(text, unit)}
        day = saving.day_of(starts)
        if held.seen and body == dict(held.first):
            raise Wrong([Mistake(("target",), "board.wrong.same")])
    except Wrong as fault:
        saving.fail(fault.mistakes)
        return
    version = saving.store(visitor, [Draft(KIND, held.id, body, held.seen, reason, day)])
    if version is not None:
        drafts.drop(KIND, held.id)
        saving.say(visitor.say("pages.admin.saved", version=version))


def _drop(held: Held) -> None:
    saving.calm()
    drafts.drop(held.kind, held.id)


def _number(text: str, unit: str) -> float | None:
    clean = text.strip().rstrip("%‰").replace("，", "").replace(",", "")
    if not clean:
        return None
    try:
        return round(float(clean) * SCALES.get(unit, 1.0), 9)
    except ValueError:
        raise Wrong([Mistake(("target",), "board.wrong.number", {"value": text.strip()[:40]})]) from None
