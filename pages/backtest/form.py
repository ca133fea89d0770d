"""What to try: figure, places, period, detector and its parameters. Nothing is worked out here."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from fengsui.alerts.commands import Done, Refused
from fengsui.board import backtest, requests
from fengsui.board.backtest import Trial
from fengsui.board.requests import Asked
from fengsui.board.revision import Saved
from fengsui.board.wrong import Mistake, Wrong
from fengsui.locale import has
from pages.look.house import house, now
from pages.look.pieces import esc, heading, plain
from pages.look.visitor import Visitor, require_role

READERS = frozenset({"manager", "admin", "analyst"})
ADMIN = frozenset({"admin"})
BUDGET = 0.024
_SAID, _WRONG = "bt_said", "bt_wrong"


def panel(visitor: Visitor, asked: Asked | None) -> None:
    before = backtest.tried(asked) if asked is not None else None
    st.html(heading(visitor.say("backtest.form"), visitor.say("backtest.form_second")))
    metric = _metric(visitor, before)
    every = backtest.places(house().reader, house().settings, metric, visitor.scope)
    mine = before if before is not None and before.metric == metric else None
    keys = _places(visitor, every, mine, metric)
    weeks = st.segmented_control(
        visitor.say("backtest.weeks"),
        list(backtest.WEEKS),
        default=mine.weeks if mine and mine.weeks in backtest.WEEKS else 4,
        required=True,
        format_func=lambda n: visitor.say("backtest.weeks_n", n=n),
        key=f"bt_weeks_{metric}",
    )
    ruling = backtest.ruling(house().reader, metric, keys[0], now()) if keys else None
    detector = _detector(visitor, metric, mine, ruling)
    budget = mine.budget if mine else ruling.body.budget_per_week if ruling else BUDGET
    st.text_input(
        visitor.say("backtest.budget"),
        value=f"{budget:g}",
        key=f"bt_budget_{metric}",
        help=plain(visitor.say("backtest.budget_hint")),
    )
    _parameters(visitor, detector, mine, ruling)
    direction = mine.direction if mine else ruling.body.direction if ruling else _bad(metric)
    for one in st.session_state.pop(_WRONG, []):
        st.html(f'<p class="xp" role="alert"><b class="c3">✖</b> {esc(one)}</p>')
    st.button(
        visitor.say("backtest.go"),
        key="bt_go",
        type="primary",
        on_click=_begin,
        args=(metric, detector, int(weeks or 4), direction),
    )


def _metric(visitor: Visitor, before: Trial | None) -> str:
    every = backtest.figures()
    wanted = before.metric if before else st.query_params.get("metric") or "complaints"
    index = every.index(wanted) if wanted in every else 0
    label = visitor.say("explore.metric")
    picked = st.selectbox(
        label, every, index=index, format_func=lambda id_: visitor.say(f"locale.metric.{id_}"), key="bt_metric"
    )
    return str(picked)


def _places(visitor: Visitor, every: list[str], mine: Trial | None, metric: str) -> list[str]:
    wanted = list(mine.slice_keys) if mine else [st.query_params.get("at") or "all"]
    chosen = [key for key in wanted if key in every] or every[:1]
    return st.multiselect(
        visitor.say("backtest.places"),
        every,
        default=chosen,
        max_selections=backtest.MOST_SLICES,
        format_func=lambda key: visitor.say("pages.alert.place", key=key),
        key=f"bt_places_{metric}",
        placeholder=visitor.say("backtest.places_hint"),
    )


def _detector(visitor: Visitor, metric: str, mine: Trial | None, ruling: Any) -> str:
    every = [one.name for one in backtest.suited(metric)]
    wanted = mine.detector if mine else ruling.body.detector if ruling else every[0]
    return str(
        st.selectbox(
            visitor.say("backtest.detector"),
            every,
            index=every.index(wanted) if wanted in every else 0,
            format_func=lambda name: visitor.say(f"detectors.name.{name}"),
            key=f"bt_detector_{metric}",
        )
    )


def _parameters(visitor: Visitor, detector: str, mine: Trial | None, ruling: Any) -> None:
    held: dict[str, Any] = {}
    if ruling and ruling.body.detector == detector:
        held = dict(ruling.body.parameters)
    if mine and mine.detector == detector:
        held = dict(mine.parameters)
    with st.expander(visitor.say("backtest.parameters")):
        for one in backtest.parameters(detector):
            label = visitor.say(one.code) if has(visitor.lang, one.code) else one.name
            hint = plain(visitor.say("backtest.allowed", allowed=one.allowed, default=one.default))
            value = held.get(one.name, one.default)
            st.text_input(plain(label), value=f"{value}", key=f"bt_p_{detector}_{one.name}", help=hint)


def _bad(metric: str) -> str:
    """Which side is bad where no rule says so."""
    return {"up": "down", "down": "up"}.get(backtest.good(metric), "both")


def _begin(metric: str, detector: str, weeks: int, direction: str) -> None:
    visitor = require_role(READERS)
    try:
        trial = Trial(
            metric,
            tuple(st.session_state.get(f"bt_places_{metric}") or ()),
            weeks,
            detector,
            _typed(visitor, detector),
            _number(visitor, "budget", st.session_state.get(f"bt_budget_{metric}")),
            direction,
        )
        st.query_params["run"] = backtest.begin(house().writer, house().settings, visitor.person, trial, now())
    except Wrong as fault:
        st.session_state[_WRONG] = [visitor.say(one.code, **one.params) for one in fault.mistakes]
    except Exception as fault:  # nothing was stored, and the page says why (Visitor.why)
        st.session_state[_WRONG] = [visitor.why(fault)]


def _typed(visitor: Visitor, detector: str) -> dict[str, float | int | str]:
    """Only what is not the detector's own."""
    found: dict[str, float | int | str] = {}
    for one in backtest.parameters(detector):
        text = str(st.session_state.get(f"bt_p_{detector}_{one.name}", one.default)).strip()
        value: float | int | str = text
        if one.type != "str":
            number = _number(visitor, one.name, text)
            value = int(number) if one.type == "int" and number == int(number) else number
        if value != one.default:
            found[one.name] = value
    return found


def _number(visitor: Visitor, name: str, text: Any) -> float:
    try:
        number = float(str(text))
    except ValueError:
        number = float("nan")
    if not math.isfinite(number):
        raise Wrong([Mistake((name,), "backtest.number", {"field": name, "value": str(text)[:40]})])
    return number


def stop(request_id: str) -> None:
    visitor = require_role(READERS)
    requests.cancel(house().writer, request_id, visitor.person.person_id, now())


def watch(trial: Trial) -> None:
    visitor = require_role(READERS)
    detector = visitor.say(f"detectors.name.{trial.detector}")
    names = [
        visitor.say(
            "backtest.rule_name", metric=trial.metric, where=visitor.say("pages.alert.place", key=key), detector=detector
        )
        for key in trial.slice_keys
    ]
    try:
        answer = backtest.watch(house().writer, house().settings, visitor.person, trial, names, now())
    except Exception as fault:  # nothing was stored, and the page says why (Visitor.why)
        st.session_state[_SAID] = visitor.say("explore.mark.refused", why=visitor.why(fault))
        return
    if isinstance(answer, Done):
        st.session_state[_SAID] = visitor.say("backtest.watched", n=len(names))
    elif isinstance(answer, Refused):
        st.session_state[_SAID] = visitor.say("explore.mark.refused", why=visitor.say(answer.code, **answer.params))


def adopt(trial: Trial, seen: Any) -> None:
    visitor = require_role(ADMIN)
    reason = str(st.session_state.get("bt_reason") or "")
    try:
        answer = backtest.adopt(house().writer, house().settings, visitor.person, trial, seen, reason, now())
    except Wrong as fault:
        told = [visitor.say(one.code, **one.params) for one in fault.mistakes]
        st.session_state[_SAID] = visitor.say("explore.mark.refused", why="；".join(told))
        return
    except Exception as fault:  # nothing was stored, and the page says why (Visitor.why)
        st.session_state[_SAID] = visitor.say("explore.mark.refused", why=visitor.why(fault))
        return
    if isinstance(answer, Saved):
        st.session_state[_SAID] = visitor.say("backtest.adopted", version=answer.version)
    else:
        st.session_state[_SAID] = visitor.say("backtest.stale")


def tell() -> None:
    said = st.session_state.pop(_SAID, None)
    if said:
        st.toast(plain(said))
