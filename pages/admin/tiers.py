"""分级与预案: how alerts are graded and how long people have; what a change would have done to the last four weeks, and back to
an earlier version."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from fengsui.board import deadline_trial, revision, tier_edit, tier_trial
from fengsui.board.deadline_trial import Late
from fengsui.board.revision import Revision, Step
from fengsui.board.tier_edit import FIELDS, KINDS, LONG, Field
from fengsui.board.tier_trial import Tried
from fengsui.board.wrong import Wrong
from fengsui.locale import has, tier_mark
from pages.admin import drafts, saving, tell
from pages.admin.drafts import Held
from pages.look import charts, trouble
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor, require_role

_TRIED = "adm_tiers_tried"
SHOWN = 12
VERSIONS = 20
LIST_HEIGHT = 104
COLUMNS: Mapping[str, int] = {"matrix": 3, "tier_policy": 4, "weights": 3, "floor": 2, "plan": 2}


def section(visitor: Visitor) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="tier_pick"):
        kind = st.segmented_control(
            visitor.say("pages.admin.tiers.what"),
            KINDS,
            default=KINDS[0],
            required=True,
            format_func=lambda name: visitor.say(f"pages.admin.kind.{name}"),
            key="adm_tiers_kind",
            on_change=saving.calm,
        )
        kind = kind or KINDS[0]
        known = trouble.kept("adm_tiers", kind, lambda: revision.newest(house().reader, kind))
        id_ = _which(visitor, kind, known)
    last = known.get(id_) if id_ else None
    if last is None:
        st.html(f'<p class="note">{esc(visitor.say("pages.admin.not_seeded"))}</p>')
        return
    held = drafts.held(kind, last.id, last, tier_edit.plain(kind))
    left, right = st.columns([880, 516], gap="small")
    with left, st.container(border=True, key="p_tiers"):
        _form(visitor, held)
    with right:
        saving.panel(visitor, held, dated=True)
        with st.container(border=True, key="p_tried"):
            _trial(visitor, held)
        with st.container(border=True, key="p_back"):
            _versions(visitor, held)


def _which(visitor: Visitor, kind: str, known: Mapping[str, Revision]) -> str | None:
    """One of several floors or plans; of the others there is one."""
    if len(known) < 2:
        return next(iter(known), None)
    return st.selectbox(
        visitor.say("pages.admin.tiers.which"),
        sorted(known),
        format_func=lambda id_: _called(visitor, kind, id_, known[id_].body),
        key=f"adm_tiers_{kind}",
        width=320,
    )


def _called(visitor: Visitor, kind: str, id_: str, body: Mapping[str, Any]) -> str:
    code = f"alerts.floor.{id_}"
    return visitor.say(code) if kind == "floor" and has(visitor.lang, code) else tell.thing(visitor, kind, id_, body)


def _form(visitor: Visitor, held: Held) -> None:
    st.html(heading(visitor.say(f"pages.admin.kind.{held.kind}"), visitor.say(f"pages.admin.tiers.about.{held.kind}")))
    if held.kind == "matrix":
        st.html(_matrix(visitor, held.body))
    shown = tier_edit.written(held.kind, held.body)
    with st.form(held.key("form"), border=False):
        wide_n = COLUMNS[held.kind]
        short = [field for field in FIELDS[held.kind] if field.form not in LONG]
        long = [field for field in FIELDS[held.kind] if field.form in LONG]
        for start in range(0, len(short), wide_n):  # row by row, so that a phone shows them in this order, too
            for column, field in zip(st.columns(wide_n, gap="small"), short[start : start + wide_n], strict=False):
                _cell(visitor, column, held, field, shown[field.name])
        wide = st.columns(min(2, max(1, len(long))), gap="small")
        for n, field in enumerate(long):
            _cell(visitor, wide[n % len(wide)], held, field, shown[field.name])
        off = bool(visitor.scope)
        st.form_submit_button(
            visitor.say("pages.admin.policy.put"), on_click=_put, args=(held,), disabled=off, key="adm_tiers_put"
        )


def _cell(visitor: Visitor, into: Any, held: Held, field: Field, shown: Any) -> None:
    label, key = _label(visitor, held.kind, field), _key(held, field)
    if field.form == "flag":
        into.checkbox(label, value=bool(shown), key=key)
    elif field.form in LONG:
        into.text_area(label, value=shown, key=key, height=LIST_HEIGHT if field.form == "list" else 168, max_chars=4000)
    else:
        into.text_input(label, value=shown, key=key, max_chars=300)


def _key(held: Held, field: Field) -> str:
    """A draft that was changed elsewhere (an earlier version taken back) shows in fresh cells."""
    return held.key(f"tier_{field.name}_{held.seen}")


def _label(visitor: Visitor, kind: str, field: Field) -> str:
    if kind == "matrix":
        return visitor.say("pages.admin.tiers.row", loss=int(field.path[1]) + 1, likelihood=int(field.path[2]) + 1)
    unit, path = f"pages.admin.tiers.unit.{field.form}", field.path
    if path[-1] in ("zh_CN", "en"):
        unit, path = f"pages.admin.tiers.in.{path[-1]}", path[:-1]
    words = tell.place(visitor, path)
    return visitor.say("pages.admin.tiers.with_unit", what=words, unit=visitor.say(unit)) if has(visitor.lang, unit) else words


def _matrix(visitor: Visitor, body: Mapping[str, Any]) -> str:
    """The draft as the desk will show it: sheets of loss, rows of likelihood, columns of impact."""
    sheets = "".join(
        f"<div><b>{esc(visitor.say('pages.admin.tiers.loss', n=loss))}</b>"
        + "".join(
            "<p>" + "".join(f'<i class="b{tier}">{tier_mark(tier)}</i>' for tier in row) + "</p>" for row in reversed(sheet)
        )
        + "</div>"
        for loss, sheet in enumerate(body["cells"], 1)
    )
    return f'<div class="mx">{sheets}</div><p class="kept">{esc(visitor.say("pages.admin.tiers.axes"))}</p>'


def _put(held: Held) -> None:
    """The form as typed becomes the draft."""
    saving.calm()
    cells = {field.name: st.session_state.get(_key(held, field)) for field in FIELDS[held.kind]}
    try:
        drafts.put(held, tier_edit.drafted(held.kind, held.body, cells))
    except Wrong as fault:
        saving.fail(fault.mistakes)


# --- what it would have done ---------------------------------------------------------------------------------------------------


def _trial(visitor: Visitor, held: Held) -> None:
    st.html(heading(visitor.say("pages.admin.tiers.try"), visitor.say("pages.admin.tiers.try_second")))
    if held.kind == "plan":
        st.html(f'<p class="none">{esc(visitor.say("pages.admin.tiers.try_plan"))}</p>')
        return
    st.button(
        visitor.say("pages.admin.tiers.try_do"), key="adm_tiers_try", on_click=_ask, args=(held,), disabled=bool(visitor.scope)
    )
    kept = st.session_state.get(_TRIED)
    if kept is None or kept[:2] != (held.kind, held.id):
        st.html(f'<p class="none">{esc(visitor.say("pages.admin.tiers.try_none"))}</p>')
        return
    if kept[2] != held.body:
        st.html(f'<p class="df c2">⚠ {esc(visitor.say("pages.admin.tiers.try_old"))}</p>')
    found = kept[3]
    st.html(_moved(visitor, found) if isinstance(found, Tried) else _late(visitor, found))


def _ask(held: Held) -> None:
    visitor = require_role(saving.ADMIN)
    try:
        if held.kind == "tier_policy":
            found: Any = deadline_trial.deadlines(house().reader, held.body, visitor.person, now())
        else:
            found = tier_trial.tiers(house().reader, held.kind, held.id, held.body, visitor.person, now())
        st.session_state[_TRIED] = (held.kind, held.id, held.body, found)
    except Exception as fault:  # told, and nothing was kept
        saving.say(visitor.why(fault))


def _moved(visitor: Visitor, found: Tried) -> str:
    words = visitor.say("pages.admin.tiers.moved", n=len(found.moved), all=found.n)
    cut = f" {esc(visitor.say('pages.admin.tiers.cut', most=found.n))}" if found.cut else ""
    counts = "".join(
        f"<tr><td>{tier_mark(tier)} {esc(visitor.say(f'locale.tier.{tier}'))}</td><td>{found.before.get(tier, 0)}</td><td>{found.after.get(tier, 0)}</td></tr>"
        for tier in (3, 2, 1)
    )
    heads = "".join(f"<th>{esc(visitor.say(f'pages.admin.tiers.{name}'))}</th>" for name in ("tier", "as_is", "drafted"))
    rows = "".join(
        f'<li>{tier_mark(one.before)} → <b class="c{one.after}">{tier_mark(one.after)} {esc(visitor.say(f"locale.tier.{one.after}"))}</b> '
        f'<a href="alerts?id={esc(one.episode_id)}" target="_self" style="color:var(--acct)">{charts.wall_time(one.opened_at, visitor.zone):%m-%d %H:%M} '
        f"{esc(visitor.say('pages.alert.place', key=one.slice_key))}</a></li>"
        for one in found.moved[:SHOWN]
    )
    more = (
        f"<li>{esc(visitor.say('pages.admin.change.more', n=len(found.moved) - SHOWN))}</li>"
        if len(found.moved) > SHOWN
        else ""
    )
    return f'<p class="sum"><b>{esc(words)}</b>{cut}</p><table class="tb"><tr>{heads}</tr>{counts}</table><ul class="chg">{rows}{more}</ul>'


def _late(visitor: Visitor, found: Mapping[int, Late]) -> str:
    names = ("tier", "told", "claim_late", "handle_late")
    heads = "".join(f"<th>{esc(visitor.say(f'pages.admin.tiers.{name}'))}</th>" for name in names)
    rows = "".join(
        f"<tr><td>{tier_mark(tier)} {esc(visitor.say(f'locale.tier.{tier}'))}</td><td>{one.n}</td><td>{one.claim[0]} → <b>{one.claim[1]}</b></td><td>{one.handle[0]} → <b>{one.handle[1]}</b></td></tr>"
        for tier, one in found.items()
    )
    return f'<p class="sum">{esc(visitor.say("pages.admin.tiers.late"))}</p><table class="tb"><tr>{heads}</tr>{rows}</table>'


# --- back ----------------------------------------------------------------------------------------------------------------------


def _versions(visitor: Visitor, held: Held) -> None:
    steps = trouble.kept("adm_tier_steps", (held.kind, held.id), lambda: revision.of(house().reader, held.kind, held.id))
    st.html(heading(visitor.say("rules.versions"), visitor.say("rules.versions_second", n=len(steps))))
    for step in list(reversed(steps))[:VERSIONS]:
        line, act = st.columns([4, 1], gap="small", vertical_alignment="center")
        line.html(_version(visitor, step))
        if step.revision.version != held.seen:
            act.button(
                visitor.say("pages.admin.tiers.back"),
                key=f"adm_tiers_back_{step.revision.version}",
                on_click=_back,
                args=(held, dict(step.revision.body), step.revision.version),
                disabled=bool(visitor.scope),
            )


def _version(visitor: Visitor, step: Step) -> str:
    one = step.revision
    changes = "；".join(esc(line) for line in tell.step(visitor, step))
    who = f"{esc(tell.when(visitor, one.at))} {esc(tell.author(visitor, one))}"
    return f'<p class="kept"><b>{one.version}</b> {who} · {esc(one.reason or "—")}<br>{changes}</p>'


def _back(held: Held, body: Mapping[str, Any], version: int) -> None:
    """The earlier version becomes the draft; saved, it is the next one, with its own reason."""
    visitor = require_role(saving.ADMIN)
    saving.calm()
    drafts.put(held, tier_edit.plain(held.kind)(body))
    drafts.renew()
    saving.say(visitor.say("pages.admin.tiers.back_said", version=version))
