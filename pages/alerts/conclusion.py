"""结论: what people pinned to the alert while they explored it: pictures, slices with figures, customers' words; each leads back."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import streamlit as st

from fengsui.alerts.commands import Done, unpin
from fengsui.board import persons, pins
from fengsui.board.explore import unit_of
from fengsui.board.pins import Pinned
from pages.look import trouble
from pages.look.figures import figure
from pages.look.house import house, now
from pages.look.living import living
from pages.look.pieces import esc, heading, spark
from pages.look.tokens import TOKENS, mode
from pages.look.visitor import DESK, Visitor, require_role

_PRESSED = "alert_pins_pressed"
FORM = "%Y-%m-%dT%H:%M"
WORDS = 120
_CSS = """
.pn{display:grid;grid-template-columns:1fr auto;column-gap:12px;padding:7px 0;border-top:1px solid var(--line);font-size:13px;line-height:20px;align-items:center}.pn:first-child{border-top:0}
.pn a{color:var(--text);text-decoration:none}.pn a:hover{color:var(--acct)}.pn b{font-weight:600}.pn small{display:block;color:var(--faint);font-size:12px}.pn em{font-style:normal;color:var(--mut);font-size:12.5px}
.pn img{display:block;max-width:100%}
"""


def found(episode_id: str, visitor: Visitor) -> list[Pinned]:
    seen = persons.seen_by(house().settings, visitor.person.role)
    return trouble.kept(
        "pins",
        (episode_id, visitor.scope, seen),
        lambda: pins.pins(house().reader, house().settings, episode_id, visitor.scope, seen),
    )


def panel(visitor: Visitor, episode_id: str, every: list[Pinned]) -> None:
    st.html(heading(visitor.say("pages.pins.title"), visitor.say("pages.pins.second")))
    body = "".join(_row(visitor, episode_id, one) for one in every)
    pressed = int(st.session_state.get(_PRESSED, 0))
    key = "_".join(("alert_pins", *(one.id for one in every), str(pressed)))
    picked = living("alert_pins", body, _CSS, visitor, key=key, presses=True)
    kind, _, id_ = (picked or "").partition(":")
    if kind == "off" and any(one.id == id_ for one in every):
        st.session_state[_PRESSED] = pressed + 1  # rows remember what was picked: each press takes off once, refused or done
        _off(episode_id, id_)


def _off(episode_id: str, pin_id: str) -> None:
    visitor = require_role(DESK)
    answer = unpin(house().writer, visitor.person, now(), episode_id, pin_id)
    if isinstance(answer, Done):
        st.rerun()
    st.toast(visitor.say(answer.code, **answer.params))


def _row(visitor: Visitor, episode_id: str, one: Pinned) -> str:
    href = esc("explore?" + urlencode(_address(visitor, episode_id, one), doseq=True))
    who = esc(visitor.say("pages.pins.by", name=one.by, day=one.at, at=one.at))
    off = f'<em data-id="off:{esc(one.id)}">{esc(visitor.say("pages.pins.off"))}</em>'
    return f'<div class="pn"><a href="{href}" target="_top">{_said(visitor, one)}<small>{who}</small></a>{off}</div>'


def _said(visitor: Visitor, one: Pinned) -> str:
    question = one.about.get("question", {})
    place = esc(visitor.say("pages.alert.place", key=one.key))
    if one.kind == "record":
        if one.text is None:
            return esc(visitor.say("pages.pins.gone"))
        text = one.text if len(one.text) <= WORDS else f"{one.text[: WORDS - 1]}…"
        return f"“{esc(text)}”" + (f" <em>{esc(one.channel)}</em>" if one.channel else "")
    shape, unit = unit_of(str(question.get("metric")))
    if one.kind == "chart":
        token = TOKENS[mode()]
        seen = [point[1] for point in one.about.get("figures", [])]
        picture = spark(seen, token["text"], None, token["cmp"], width=300, height=44)
        return f"{esc(visitor.say('pages.pins.chart', metric=question.get('metric', '')))} · {place}{picture}"
    figures = one.about.get("figures", {})
    count = shape if shape == "count" else "count"
    seen_, usual = (
        " ".join(figure(visitor, count, unit if shape == "count" else "item", figures.get(name)))
        for name in ("now", "expected")
    )
    return f"<b>{place}</b> {esc(visitor.say('pages.pins.slice', now=seen_, usual=usual, share=figures.get('share', 0.0)))}"


def _address(visitor: Visitor, episode_id: str, one: Pinned) -> dict[str, object]:
    question = one.about.get("question", {})
    zone = ZoneInfo(visitor.zone)
    times = {name: _wall(question.get(name), zone) for name in ("from", "to")}
    kept = {
        "alert": episode_id,
        "metric": question.get("metric"),
        "at": question.get("at"),
        **times,
        "out": question.get("out"),
    }
    lang = {"lang": visitor.lang} if "lang" in st.query_params else {}
    return {name: value for name, value in {**kept, **lang}.items() if value}


def _wall(text: object, zone: ZoneInfo) -> str | None:
    return datetime.fromisoformat(str(text)).astimezone(UTC).astimezone(zone).strftime(FORM) if text else None
