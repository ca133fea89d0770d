"""Versions of the model of a tag: what speaks now, what was tried and refused and why, and the way back."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import streamlit as st

from fengsui.board import requests
from fengsui.board.read import quality
from fengsui.locale import has
from pages.look import trouble
from pages.look.house import house, now
from pages.look.pieces import esc, heading, plain
from pages.look.visitor import Visitor, require_role
from pages.records import detail

MAY = frozenset({"manager", "admin"})
"""Of the whole centre, where every model speaks."""
SHOWN = 6
_TOLD, _WRONG = "quality_told", "quality_wrong"


def panel(visitor: Visitor, tag: str) -> None:
    every = trouble.kept("models", None, lambda: quality.versions(house().reader))
    mine = [one for one in every if one["name"] == tag]
    head = heading(visitor.say("pages.quality.models"), visitor.say("pages.quality.models_second"))
    lost = trouble.kept("models_lost", tag, lambda: quality.unreadable(house().reader, tag))
    rows = "".join(_row(visitor, one, lost) for one in mine[:SHOWN])
    speaks = next((one for one in mine if one["state"] == "in_force"), None)
    silent = speaks is None or speaks["version"] in lost
    rules = f'<p class="df">{esc(visitor.say("pages.quality.rules_speak"))}</p>' if silent else ""
    st.html(f'{head}{rules}<div class="ms">{rows}</div>')
    if visitor.person.role in MAY and not visitor.scope:
        with st.container(horizontal=True, key="quality_acts"):
            if speaks is not None:
                _way_back(visitor, tag, int(speaks["version"]))
            st.button(visitor.say("pages.quality.refit"), key="quality_refit", on_click=_refit)
    _told(visitor)


def _way_back(visitor: Visitor, tag: str, version: int) -> None:
    with st.popover(visitor.say("pages.quality.rollback"), key="quality_back"):
        words = visitor.say("pages.quality.rollback_second", tag=visitor.say(f"pages.tag.{tag}"), version=version)
        st.html(f'<p class="xp">{esc(words)}</p>')
        label = visitor.say("pages.quality.rollback_do", version=version)
        st.button(plain(label), key=f"quality_back_{tag}_{version}", type="primary", on_click=_roll_back, args=(tag, version))


def _row(visitor: Visitor, one: Mapping[str, Any], lost: Collection[int]) -> str:
    state, metrics = str(one["state"]), one["metrics"]
    held, right, before = (metrics.get(name) for name in ("held", "right", "right_now"))
    figures = (
        visitor.say("pages.quality.held", held=held, right=right / held, before=before / held)
        if held and right is not None and before is not None
        else visitor.say("pages.quality.unmeasured")
    )
    why = metrics.get("why")
    reason = (
        visitor.say(why, **{name: value for name, value in metrics.items() if name != "why"}) if _known(visitor, why) else ""
    )
    if one["version"] in lost:
        reason = visitor.say("pages.quality.unreadable")
    by = str(one["made_by"])
    who = visitor.say("pages.quality.nightly") if by == "nightly" else detail.people().get(by, by)
    state = "lost" if one["version"] in lost else state
    color = {"in_force": "c0", "refused": "c2", "withdrawn": "c2", "lost": "c2"}.get(state, "mut")
    made = visitor.say("pages.day_time", at=one["made_at"])
    return (
        f'<div><b>{esc(visitor.say("pages.quality.version", n=one["version"]))}</b><i class="{color}">{esc(visitor.say(f"pages.quality.state.{state}"))}</i>'
        f"<span>{esc(made)} · {esc(who)} · {esc(visitor.say('pages.quality.labels', n=one['labels_n']))}</span><em>{esc(figures)} {esc(reason)}</em></div>"
    )


def _known(visitor: Visitor, code: Any) -> bool:
    return isinstance(code, str) and has(visitor.lang, code)


def _roll_back(tag: str, version: int) -> None:
    """The worker asks again whether ``version`` still speaks: a second press, or somebody else's, changes nothing."""
    visitor = require_role(MAY, whole=True)
    params = {"model": tag, "version": version}
    _ask("rollback", params, visitor, key=f"{tag}@{version}")


def _refit() -> None:
    visitor = require_role(MAY, whole=True)
    _ask("refit", {}, visitor, key=f"{now():%Y%m%d%H%M}")


def _ask(kind: str, params: Mapping[str, Any], visitor: Visitor, key: str) -> None:
    try:
        st.session_state[_TOLD] = requests.ask(house().writer, kind, params, visitor.person, now(), key=key)
    except Exception as fault:  # told; nothing was asked
        code, why = trouble.words(fault)
        st.session_state[_WRONG] = visitor.say("pages.trouble.not_stored", why=visitor.say(code, **why))


def _told(visitor: Visitor) -> None:
    """How far the last request of this session is."""
    if wrong := st.session_state.pop(_WRONG, None):
        st.html(f'<p class="df" role="alert"><b class="c3">✖</b> {esc(wrong)}</p>')
    wanted = st.session_state.get(_TOLD)
    asked = requests.answer(house().reader, wanted) if wanted else None
    if asked is None:
        return
    why = asked.result.get("params", {}) if isinstance(asked.result, Mapping) else {}
    reason = visitor.say(asked.fault_code, **why) if asked.fault_code else ""
    nothing = (asked.kind, asked.state) == ("refit", "done") and not (asked.result or {}).get("tags")
    words = visitor.say("pages.quality.asked.refit.nothing" if nothing else f"pages.quality.asked.{asked.kind}.{asked.state}")
    st.html(f'<p class="df" role="status">{esc(words)} {esc(reason)}</p>')
