"""预警质量: right or not, how fast, unjudged, missed: of the whole, by rule, by team."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from fengsui.board import quality
from fengsui.board.quality import FEW, Line, Quality, Share, Span
from pages.look import charts, trouble
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor

DAYS = (7, 28, 90)
COLUMNS = ("raised", "precision", "claim", "solve", "unverified")


def section(visitor: Visitor) -> None:
    days = st.segmented_control(
        visitor.say("duty.quality.days"),
        DAYS,
        default=28,
        required=True,
        format_func=lambda n: visitor.say("duty.quality.n_days", n=n),
        label_visibility="collapsed",
        key="quality_days",
    )
    at = now()
    start = at - timedelta(days=int(days or 28))
    found = trouble.kept("quality", (visitor.scope, days), lambda: quality.quality(house().reader, visitor.scope, start, at))
    st.html(_figures(visitor, found))
    left, right = st.columns([900, 496], gap="small")
    with left, st.container(border=True, key="p_rules"):
        st.html(
            heading(visitor.say("duty.quality.rules"), visitor.say("duty.quality.rules_second"))
            + _table(visitor, found.rules, "rule")
        )
    with right:
        with st.container(border=True, key="p_teams"):
            st.html(
                heading(visitor.say("duty.quality.teams"), visitor.say("duty.quality.teams_second"))
                + _table(visitor, found.teams, "team")
            )
        with st.container(border=True, key="p_missed"):
            _missed(visitor, found)


def _figures(visitor: Visitor, found: Quality) -> str:
    whole = found.whole
    boxes = [
        ("raised", str(whole.raised), ""),
        ("precision", *_share(visitor, whole.precision)),
        ("response", *_share(visitor, found.response)),
        ("recall", *_share(visitor, found.recall)),
        ("claim", _span(visitor, whole.claim), visitor.say("duty.quality.ended", ended=whole.claim.ended, n=whole.claim.n)),
        ("solve", _span(visitor, whole.solve), visitor.say("duty.quality.ended", ended=whole.solve.ended, n=whole.solve.n)),
        ("unverified", *_share(visitor, whole.unverified)),
    ]
    cells = "".join(
        f"<div><label>{esc(visitor.say(f'duty.quality.{name}'))}</label><b>{esc(value)}</b><small>{esc(more)}</small></div>"
        for name, value, more in boxes
    )
    return f'<div class="qf">{cells}</div>'


def _share(visitor: Visitor, one: Share) -> tuple[str, str]:
    """The figure, and beside it its interval and n: a share of five is said to be one."""
    if one.share is None:
        return "—", visitor.say("duty.quality.nothing")
    lower, upper = one.interval
    few = visitor.say("duty.quality.few") if one.n < FEW else ""
    return f"{one.share:.0%}", visitor.say("duty.quality.interval", lower=f"{lower:.0%}", upper=f"{upper:.0%}", n=one.n) + few


def _span(visitor: Visitor, one: Span) -> str:
    """None where fewer than half have come so far."""
    if one.median is None:
        return visitor.say("duty.quality.not_half") if one.n else "—"
    return visitor.say("pages.span", s=one.median)


def _table(visitor: Visitor, lines: Sequence[Line], first: str) -> str:
    if not lines:
        return f'<p class="none">{esc(visitor.say("duty.quality.nothing"))}</p>'
    names = [visitor.say(f"duty.quality.{name}") for name in (first, *COLUMNS)]
    head = "".join(f"<th>{esc(name)}</th>" for name in names)
    rows = "".join(_row(visitor, one) for one in lines)
    return f'<div class="sc"><table class="tb"><tr>{head}</tr>{rows}</table></div>'


def _row(visitor: Visitor, one: Line) -> str:
    name = one.name.get(visitor.lang) or one.id or visitor.say("duty.quality.centre")
    right, judged = _share(visitor, one.precision)
    silent, _ = _share(visitor, one.unverified)
    cells = (
        str(one.raised),
        f"{right}<small>{esc(judged)}</small>",
        esc(_span(visitor, one.claim)),
        esc(_span(visitor, one.solve)),
        esc(silent),
    )
    return f"<tr><td>{esc(name)}</td>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _missed(visitor: Visitor, found: Quality) -> None:
    st.html(heading(visitor.say("duty.quality.missed"), visitor.say("duty.quality.missed_second")))
    rows = "".join(
        f'<div class="as"><b>{charts.wall_time(one.start_at, visitor.zone):%m-%d %H:%M}</b><span>{esc(one.name or visitor.say(f"locale.metric.{one.metric}"))} · {esc(visitor.say("pages.alert.place", key=one.place))}</span><em>{esc(one.note)}</em></div>'
        for one in found.missed
    )
    st.html(rows or f'<p class="none">{esc(visitor.say("duty.quality.none_missed"))}</p>')
    pages = st.session_state.get("pages", {})
    if "explore" in pages:
        st.page_link(pages["explore"], label=visitor.say("duty.quality.enter"))
