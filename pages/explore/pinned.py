"""固定: what was found goes onto the alert that one came from."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fengsui.alerts.commands import Done, pin
from fengsui.board.alert import Alert
from fengsui.board.explore import Finding, Line, Part, Question
from pages.explore import kept, mark
from pages.look.house import house, now
from pages.look.visitor import DESK, Visitor, require_role

MOST_POINTS = 120
SLICES = 3
_MADE = "ex_pins"


def button(visitor: Visitor, alert: Alert | None, question: Question, zoom: str) -> None:
    """The picture and the slices that explain it, in one press."""
    if alert is not None:
        label, hint = visitor.say("explore.pin.go"), visitor.say("explore.pin.hint")
        st.button(label, key="ex_pin", on_click=_conclude, args=(alert.episode_id, question, zoom), help=hint)


def _conclude(episode_id: str, question: Question, zoom: str) -> None:
    visitor = require_role(DESK)
    finding = kept.finding(question, visitor)
    line = kept.line(question, zoom, visitor)
    wanted: list[tuple[str, str, dict[str, Any]]] = []
    if line is not None:
        wanted.append(("chart", question.slice_key, {"figures": _points(line)}))
    wanted += [("slice", one.slice_key, {"figures": _figures(finding, one)}) for one in finding.slices[:SLICES]]
    _pin(visitor, episode_id, question, wanted)


def one_slice(visitor: Visitor, alert: Alert, finding: Finding, key: str) -> None:
    found = next((one for one in (*finding.slices, *finding.leads) if one.slice_key == key), None)
    if found is not None:
        _pin(visitor, alert.episode_id, finding.question, [("slice", key, {"figures": _figures(finding, found)})])
        _again()


def one_record(visitor: Visitor, alert: Alert, question: Question, key: str) -> None:
    _pin(visitor, alert.episode_id, question, [("record", key, {})])
    _again()


def made() -> int:
    """How often something was picked to be pinned: rows get a new key then, for they remember what was picked."""
    return int(st.session_state.get(_MADE, 0))


def _again() -> None:
    st.session_state[_MADE] = made() + 1
    st.rerun()


def _pin(visitor: Visitor, episode_id: str, question: Question, wanted: list[tuple[str, str, dict[str, Any]]]) -> None:
    about = {"question": _question(question)}
    try:
        for kind, key, more in wanted:
            answer = pin(house().writer, visitor.person, now(), episode_id, kind, key, {**about, **more})
            if not isinstance(answer, Done):
                mark.say_later(visitor.say("explore.mark.refused", why=visitor.say(answer.code, **answer.params)))
                return
    except Exception as fault:  # refused like any other, and said
        mark.say_later(visitor.say("explore.mark.refused", why=visitor.why(fault)))
        return
    mark.say_later(visitor.say("explore.pin.done" if wanted else "explore.pin.nothing", n=len(wanted)))


def _question(question: Question) -> dict[str, Any]:
    span = {"from": question.start.isoformat(), "to": question.end.isoformat()}
    return {"metric": question.metric, "at": question.slice_key, **span, "out": list(question.out)}


def _figures(finding: Finding, one: Part) -> dict[str, Any]:
    """All that brings the same figures again."""
    basis = {"windows": len(finding.windows), "g": round(finding.g, 4), "tau": round(finding.tau, 4), "needed": finding.needed}
    share = round(one.share, 4)
    return {"now": one.now, "expected": round(one.expected, 3), "share": share, "score": round(one.score, 2), **basis}


def _points(line: Line) -> list[list[float | None]]:
    """``[epoch minutes, seen, expected]``, at most so many."""
    every = line.points[:: max(1, -(-len(line.points) // MOST_POINTS))]
    return [[one.at.timestamp() // 60, one.value, one.expected] for one in every]
