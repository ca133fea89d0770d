"""A rule as a form: what may be changed of its kind, what is wrong with it, and saving it as the next version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from fengsui.board import rules
from fengsui.board.revision import REASON_MAX, Stale
from fengsui.board.rules import FIELDS, MODES, Ruled
from fengsui.board.wrong import Mistake, Wrong
from fengsui.locale import has
from fengsui.store.slices import slice_key
from pages.admin import tell
from pages.look.house import house, now
from pages.look.pieces import esc, heading, plain
from pages.look.visitor import Visitor, require_role

_SAID, _WRONG, _RUN, _TURN = "rules_said", "rules_wrong", "rules_run", "rules_turn"
EDITORS = frozenset(rules.EDITORS)


def place_of(body: Mapping[str, Any]) -> str:
    return slice_key(body.get("where") or {})


def may(visitor: Visitor) -> bool:
    return visitor.person.role in EDITORS and not visitor.scope


def panel(visitor: Visitor, one: Ruled) -> None:
    name = str(one.body["name"].get(visitor.lang) or one.revision.id)
    st.html(heading(name, visitor.say("rules.form.second", id=one.revision.id, version=one.revision.version)))
    shown = rules.written(house().settings, visitor.lang, one.body)
    off = not may(visitor)
    st.segmented_control(
        visitor.say("rules.field.mode"),
        MODES,
        default=shown["mode"],
        required=True,
        disabled=off,
        format_func=lambda mode: visitor.say(f"rules.mode.{mode}"),
        key=_key(one, "mode"),
    )
    names = st.columns(2, gap="small")
    for column, field in zip(names, ("name_zh_CN", "name_en"), strict=True):
        column.text_input(
            visitor.say(f"rules.field.{field}"), value=shown[field], key=_key(one, field), disabled=off, max_chars=80
        )
    st.text_input(
        visitor.say("rules.field.where"),
        value=shown["where"],
        key=_key(one, "where"),
        disabled=off,
        placeholder=visitor.say("duty.silence.where_hint"),
        max_chars=300,
    )
    fields = FIELDS[str(one.body["kind"])]
    columns = st.columns(3, gap="small")
    for n, field in enumerate(fields):
        columns[n % 3].text_input(
            visitor.say(f"rules.field.{field}"), value=shown[field], key=_key(one, field), disabled=off, max_chars=300
        )
    if set(fields) & {"cue", "cues"}:
        lists = "、".join(_list(visitor, cue) for cue in rules.known_cues(house().reader, now()))
        st.html(f'<p class="mut">{esc(visitor.say("rules.form.lists", lists=lists))}</p>')
    if off:
        st.html(f'<p class="mut">{esc(visitor.say("rules.form.read_only"))}</p>')
        return
    st.text_input(visitor.say("pages.admin.save.reason"), key=_key(one, "reason"), max_chars=REASON_MAX)
    _mistakes(visitor)
    with st.container(horizontal=True, key="rule_act"):
        st.button(
            visitor.say("rules.form.save", version=one.revision.version + 1),
            key="rule_save",
            type="primary",
            on_click=_save,
            args=(one,),
        )
        st.button(visitor.say("rules.form.copy"), key="rule_copy", on_click=_copy, args=(one,))


def _list(visitor: Visitor, cue: str) -> str:
    """As it is written in the field, and what it is called."""
    code = f"alerts.cue.{cue}"
    return f"{cue}（{visitor.say(code)}）" if has(visitor.lang, code) else cue


def body_of(one: Ruled) -> dict[str, Any]:
    """As the form stands. Raises ``Wrong``."""
    fields = ("mode", "name_zh_CN", "name_en", "where", *FIELDS[str(one.body["kind"])])
    cells = {name: st.session_state.get(_key(one, name)) for name in fields}
    return rules.drafted(house().reader, house().settings, one.body, cells, rules.known_cues(house().reader, now()))


def run_of(one: Ruled) -> str | None:
    found = st.session_state.get(_RUN)
    return str(found[1]) if found and found[0] == one.revision.id else None


def began(one: Ruled, request_id: str) -> None:
    st.session_state[_RUN] = (one.revision.id, request_id)


def forget() -> None:
    """Another rule, or the next version: the form begins anew."""
    st.session_state[_TURN] = int(st.session_state.get(_TURN, 0)) + 1
    st.session_state.pop(_WRONG, None)


def put(one: Ruled, field: str, value: float) -> None:
    """A threshold that keeps to the limit, taken over from the rehearsal."""
    st.session_state[_key(one, field)] = f"{value:.6g}"


def fail(mistakes: Any) -> None:
    st.session_state[_WRONG] = tuple(mistakes)


def told() -> None:
    words = st.session_state.pop(_SAID, None)
    if words:
        st.toast(plain(words))


def _key(one: Ruled, field: str) -> str:
    return f"rule_{one.revision.id}_{one.revision.version}_{st.session_state.get(_TURN, 0)}_{field}"


def _mistakes(visitor: Visitor) -> None:
    found: tuple[Mistake, ...] = st.session_state.get(_WRONG) or ()
    if found:
        rows = "".join(f"<li>{esc(_mistake(visitor, one))}</li>" for one in found)
        st.html(f'<div class="bad" role="alert"><b>{esc(visitor.say("rules.form.wrong"))}</b><ul>{rows}</ul></div>')


def _mistake(visitor: Visitor, one: Mistake) -> str:
    code = f"rules.field.{one.place[-1]}" if one.place else ""
    where = visitor.say(code) if has(visitor.lang, code) else ""
    words = visitor.say(one.code, **one.params)
    return visitor.say("pages.admin.mistake", where=where, words=words) if where else words


def _save(one: Ruled) -> None:
    visitor = require_role(EDITORS)
    run = rules.rehearsed(house().reader, run_of(one))
    reason = str(st.session_state.get(_key(one, "reason")) or "")

    def save() -> None:
        answer = rules.save(house().writer, house().settings, one.revision, body_of(one), run, reason, visitor.person, now())
        if isinstance(answer, Stale):
            who = answer.steps[-1].revision if answer.steps else None
            params = {"who": tell.author(visitor, who) if who else "", "at": tell.when(visitor, who.at) if who else ""}
            fail([Mistake((), "board.wrong.rule_stale", params)])
            return
        forget()
        st.session_state[_SAID] = visitor.say("pages.admin.saved", version=answer.version)

    _tried(visitor, save)


def _copy(one: Ruled) -> None:
    visitor = require_role(EDITORS)
    reason = str(st.session_state.get(_key(one, "reason")) or "")

    def copy() -> None:
        id_ = rules.copy(house().writer, house().settings, body_of(one), reason, visitor.person, now())
        forget()
        st.query_params["rule"] = id_
        st.session_state[_SAID] = visitor.say("rules.form.copied")

    _tried(visitor, copy)


def _tried(visitor: Visitor, act: Any) -> None:
    """Whatever is wrong is said beside the form, and nothing was stored."""
    st.session_state.pop(_WRONG, None)
    try:
        act()
    except Wrong as fault:
        fail(fault.mistakes)
    except Exception as fault:  # told, and nothing was stored
        fail([Mistake((), "pages.trouble.not_stored", {"why": visitor.why(fault)})])
