"""Rows, tiles and chips that go on living while the server is away: ages, deadlines and the clock run in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from pages.look.house import now
from pages.look.visitor import Visitor

HERE = Path(__file__).parent
LATE_S, BROKEN_S = 15, 60
_BASE = "#r{font-family:var(--font);color:var(--text);font-size:14px;line-height:1.45}[data-id]{cursor:pointer;outline:none}"
_FOCUS = "[data-id]:focus-visible{box-shadow:inset 0 0 0 2px var(--acc)}"


def living(
    name: str,
    html: str,
    css: str,
    visitor: Visitor,
    *,
    key: str,
    sel: str | None = None,
    presses: bool = False,
    reload: bool = False,
    parts: Mapping[str, str] | None = None,
    sound: Mapping[str, Any] | None = None,
    feed: Mapping[str, Any] | None = None,
) -> str | None:
    """Show ``html`` (already escaped) under ``css``; returns the ``data-id`` that was picked, if rows have one.

    In ``html``: ``data-picture`` (epoch seconds of the picture), ``data-since`` with optional ``data-cadence``,
    ``data-words`` and ``data-short`` (no seconds beside minutes; a ``.bar i`` beside it grows with it, to three cadences),
    ``data-until``, ``data-clock``;
    ``data-host`` on the element that gets ``data-level`` 0..2. ``presses``: to pick a row is to do something (end, take off,
    narrow), so arrows move only the focus, and Enter, Space or a click picks. ``sound`` (pages.wall.sound) rings; ``data-ear``
    says why not.
    ``parts`` go into the elements of ``html`` that name them in ``data-part``; ``feed`` says where the browser gets newer ones
    by itself (pages.wall.route).
    """
    mount = st.components.v2.component(
        f"fengsui_{name}",
        html=f'<div id="r" role="{"group" if presses else "listbox"}"></div>\n',
        css=f"{_read('core.css')}\n{_BASE}{_FOCUS}{css}",
        js=_read("living.js"),
    )
    result = mount(
        data={
            "html": html,
            "sel": sel,
            "presses": presses,
            "sent": now().timestamp() * 1000,
            "zone": visitor.zone,
            "reload": reload,
            "parts": parts,
            "sound": sound,
            "feed": feed,
            "late_s": LATE_S,
            "broken_s": BROKEN_S,
            "words": _words(visitor),
        },
        key=key,
        default={"sel": sel},
        on_sel_change=_nothing,
    )
    picked: Any = result.get("sel")
    return picked if isinstance(picked, str) else None


def _nothing() -> None:
    """The component's state is read from its result; Streamlit wants a callback where a default is given."""


def _words(visitor: Visitor) -> dict[str, str]:
    units = {unit: visitor.say(f"locale.unit.{unit}") for unit in ("second", "minute", "hour", "day")}
    states = {name: visitor.say(f"pages.age.{name}", t="{t}") for name in ("live", "late", "broken", "left", "over")}
    return {**units, **states, "lang": "zh-CN" if visitor.lang == "zh_CN" else "en"}


@cache
def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
