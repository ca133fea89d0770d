"""What is asked stands in the address, whole: a link shows a colleague the same, and going back is one step back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from fengsui.board import explore
from fengsui.board.alert import Alert
from fengsui.board.explore import Question
from fengsui.store.slices import slice_key, slice_levels
from pages.explore import kept
from pages.look import trouble
from pages.look.house import house, now
from pages.look.visitor import Visitor

FORM = "%Y-%m-%dT%H:%M"
MOST_OUT, LONGEST = 6, 300


@dataclass(frozen=True, slots=True)
class Asked:
    """``fault``: code of what the address gets wrong; then the rest is the usual."""

    question: Question
    alert: Alert | None
    zoom: str
    fault: str | None = None
    beside: tuple[str, ...] = ()
    """Figures laid over the first."""
    odds: bool = False
    """Whether all are drawn as how far they lie from what is usual; else each on its own scale."""


def asked(visitor: Visitor) -> Asked:
    found, fault = None, None
    wanted = (st.query_params.get("alert") or "")[:64]
    if wanted:
        found = trouble.kept(
            "explored", (wanted, visitor.scope), lambda: explore.of_alert(house().reader, wanted, visitor.scope)
        )
        fault = None if found else "pages.alert.unknown"
    alert, question = found or (None, explore.latest(visitor.scope, now()))
    try:
        question = _changed(question, visitor)
    except ValueError:
        fault = "explore.fault.address"
    if not explore.open_to(house().settings, visitor.scope, question, kept.seen(visitor)):
        question, fault = explore.latest(visitor.scope, now()), "explore.fault.address"
    zoom = st.query_params.get("zoom")
    offered = explore.offered(house().settings, question)
    beside = tuple(name for name in dict.fromkeys(st.query_params.get_all("with")) if name in offered)[: explore.MOST_BESIDE]
    odds = st.query_params.get("scale") == "odds" and bool(beside)
    return Asked(question, alert, zoom if zoom and zoom in explore.ZOOMS else explore.zoom_of(question), fault, beside, odds)


def _changed(question: Question, visitor: Visitor) -> Question:
    """As the address says. ``ValueError`` where it says nonsense."""
    params = st.query_params
    if metric := params.get("metric"):
        question = replace(question, metric=metric, falls=question.falls and metric == question.metric)
    if key := params.get("at"):
        if len(key) > LONGEST or slice_key(slice_levels(key)) != key:
            raise ValueError(key)
        question = replace(question, slice_key=key)
    start, end = (_time(params.get(name), visitor) for name in ("from", "to"))
    question = replace(question, start=start or question.start, end=end or question.end)
    return replace(question, out=tuple(params.get_all("out"))[:MOST_OUT])


def _time(text: str | None, visitor: Visitor) -> datetime | None:
    return datetime.strptime(text, FORM).replace(tzinfo=ZoneInfo(visitor.zone)) if text else None


def go(visitor: Visitor, question: Question, zoom: str | None = None) -> None:
    """Write the question into the address, at once: one step of the browser's history; and draw again."""
    same = {name: st.query_params[name] for name in ("alert", "lang", "zoom", "scale") if name in st.query_params}
    start, end = (_written(at, visitor) for at in (question.start, question.end))
    over = {"with": others} if (others := st.query_params.get_all("with")) else {}
    params: dict[str, str | list[str]] = {
        **same,
        **over,
        "metric": question.metric,
        "at": question.slice_key,
        "from": start,
        "to": end,
    }
    if question.out:
        params["out"] = list(question.out)
    if zoom:
        params["zoom"] = zoom
    st.query_params.from_dict(params)
    st.rerun()


def lay(beside: Sequence[str], odds: bool) -> None:
    """Other figures over the first, in the address; and draw again."""
    params: dict[str, str | list[str]] = {name: st.query_params.get_all(name) for name in st.query_params}
    params |= {"with": list(beside), "scale": ["odds"] if odds and beside else []}
    st.query_params.from_dict({name: values for name, values in params.items() if values})
    st.rerun()


def _written(at: datetime, visitor: Visitor) -> str:
    return at.astimezone(ZoneInfo(visitor.zone)).strftime(FORM)


def narrowed(question: Question, key: str) -> Question:
    return replace(question, slice_key=key, out=())


def widened(question: Question, level: str) -> Question:
    """Without one of its levels."""
    left = {name: value for name, value in slice_levels(question.slice_key).items() if name != level}
    return replace(question, slice_key=slice_key(left), out=())


def without(question: Question, key: str) -> Question:
    return replace(question, out=tuple(dict.fromkeys((*question.out, key))))


def moved(question: Question, steps: int) -> Question:
    by = steps * max(question.end - question.start, timedelta(minutes=10))
    return replace(question, start=question.start + by, end=question.end + by)


def lasting(question: Question, length: timedelta) -> Question:
    return replace(question, start=question.end - length)


def put_back(question: Question, keys: Sequence[str]) -> Question:
    return replace(question, out=tuple(key for key in question.out if key not in keys))
