"""标注质量: how good the tags are, by what people checked; which models speak; what cleaning did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import streamlit as st

from fengsui.board.read import cleaning as cleaned
from fengsui.board.read import quality, to_label
from fengsui.board.read.quality import Drift, Measured, Quality
from pages.look import trouble
from pages.look.dress import dress
from pages.look.house import house, now
from pages.look.pieces import esc
from pages.look.visitor import DESK, Visitor, require_role
from pages.quality import cleaning, figures, models
from pages.records.saying import TAGS

HERE = Path(__file__).parent
WEEKS = (1, 4, 12)
EVERY_S, SLOW_S = 10, 600


def page() -> None:
    visitor = require_role(DESK)
    dress(sheet=HERE / "quality.css")
    with st.container(key="flt", horizontal=True, vertical_alignment="center"):
        st.html(f'<div class="pt">{esc(visitor.say("pages.title.quality"))}</div>', width="content")
        _control(visitor, "quality_tag", TAGS, "issue", "tag")
        _control(visitor, "quality_weeks", WEEKS, 4, "quality.weeks")
        _control(visitor, "quality_from", ("random", "all"), "random", "quality.from")
        records = st.session_state.get("pages", {}).get("records")
        if records is not None:
            st.page_link(records, label=visitor.say("pages.quality.back"))
    st.fragment(trouble.guarded(_body), run_every=EVERY_S)()


def _control(visitor: Visitor, key: str, options: Sequence[Any], first: Any, words: str) -> None:
    st.segmented_control(
        visitor.say(f"pages.quality.choose.{key.partition('_')[2]}"),
        options,
        default=first,
        required=True,
        format_func=lambda one: visitor.say(f"pages.{words}.{one}"),
        key=key,
        label_visibility="collapsed",
        width="content",
    )


def _body() -> None:
    visitor = require_role(DESK)
    tag = _held("quality_tag", TAGS, "issue")
    end = _midnight(visitor)
    start = end - timedelta(days=7 * int(_held("quality_weeks", WEEKS, 4)))
    key = (tag, start, visitor.scope)
    reader = house().reader
    found: Measured = trouble.kept("measured", key, lambda: quality.of_tag(reader, tag, start, end, visitor.scope))
    shown = found.random if _held("quality_from", ("random", "all"), "random") == "random" else found.all
    st.html(_sentence(visitor, tag, found, shown) + _drifts(visitor))
    untagged = () if visitor.scope else _untagged(tag, start, end)
    left, right = st.columns([800, 596], gap="small")
    with left:
        with st.container(border=True, key="p_classes"):
            st.html(figures.classes(visitor, found, shown))
        with st.container(border=True, key="p_low_conf", height="stretch"):
            st.html(figures.confusion(visitor, tag, shown))
    with right:
        with st.container(border=True, key="p_splits"):
            st.html(figures.splits(visitor, found, untagged))
        with st.container(border=True, key="p_cal"):
            st.html(figures.calibration(visitor, shown))
        with st.container(border=True, key="p_low_models", height="stretch"):
            models.panel(visitor, tag)
    if not visitor.scope:  # of everybody
        with st.container(border=True, key="p_clean"):
            st.html(cleaning.panel(visitor, _cleaned(start, end)))


def _sentence(visitor: Visitor, tag: str, found: Measured, shown: Quality) -> str:
    """What a manager would say of it aloud; figures of corrections that people chose say that they are no measure."""
    params = {"tag": visitor.say(f"pages.tag.{tag}"), "n": shown.n}
    if not shown.n:
        said = [visitor.say("pages.quality.sum.none", tag=params["tag"])]
    else:
        right, silent = shown.accuracy, shown.unclassified
        figures_ = {"right": right.value, "low": right.lower, "high": right.upper, "silent": silent.value}
        said = [visitor.say("pages.quality.sum", **params, **figures_, macro=f"{shown.macro_f1 or 0:.2f}")]
        if shown is found.all:
            said.append(visitor.say("pages.quality.sum.biased"))
    week = trouble.kept("quality_week", (tag, visitor.scope), lambda: to_label.week(house().reader, tag, visitor.scope))
    if week is not None:
        said.append(visitor.say("pages.quality.sum.sample", week=week.name, checked=week.checked, drawn=week.drawn))
    return f'<p class="sum">{esc(" ".join(said))}</p>'


def _drifts(visitor: Visitor) -> str:
    """Tags of all that are corrected more often than they were."""
    found: list[Drift] = [] if visitor.scope else trouble.kept("drifts", None, lambda: quality.drifted(house().reader, now()))
    return "".join(f'<p class="sum c2" role="alert">⚠ {esc(_drift(visitor, one))}</p>' for one in found)


def _drift(visitor: Visitor, one: Drift) -> str:
    tag = visitor.say(f"pages.tag.{one.tag}")
    return visitor.say("pages.quality.drift", tag=tag, at=one.at, before=one.before, after=one.now, n=one.n)


@st.cache_resource(ttl=SLOW_S, max_entries=12, show_spinner=False)
def _untagged(tag: str, start: datetime, end: datetime) -> Any:
    return quality.untagged_of(house().reader, tag, start, end)


@st.cache_resource(ttl=SLOW_S, max_entries=4, show_spinner=False)
def _cleaned(start: datetime, end: datetime) -> Any:
    return cleaned.cleaned(house().reader, start, end)


def _midnight(visitor: Visitor) -> datetime:
    """The end of today on the centre's clock: weeks hold whole days."""
    tz = house().settings.centre.tz
    today = now().astimezone(tz).date()
    return datetime.combine(today + timedelta(days=1), datetime.min.time(), tz)


def _held(key: str, allowed: Sequence[Any], first: Any) -> Any:
    found = st.session_state.get(key)
    return found if found in allowed else first
