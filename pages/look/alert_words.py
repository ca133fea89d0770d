"""The words of one alert, the same on every page: title, scope, actual, what it should be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fengsui.board.alert import Alert
from fengsui.locale import has
from pages.look.figures import together
from pages.look.visitor import Visitor


def title(visitor: Visitor, alert: Alert) -> str:
    """What is wrong, without where (``place`` says that beside it). A kind without a title leaves the rule's name."""
    code, params = alert.title
    if not has(visitor.lang, code):
        return alert.names.get(visitor.lang) or visitor.say(f"locale.metric.{alert.metric}")
    whole = visitor.say(code, **params)
    for mark in ("：", ": "):
        whole = whole.removeprefix(f"{place(visitor, alert)}{mark}")
    return whole


def place(visitor: Visitor, alert: Alert) -> str:
    return visitor.say("pages.alert.place", key=alert.slice_key)


def actual(visitor: Visitor, alert: Alert) -> str:
    return together(visitor, alert.shape, alert.unit, alert.observed)


def partner(visitor: Visitor, alert: Alert) -> str:
    if alert.expected is None:
        return visitor.say("pages.partner.at_once")
    return visitor.say("pages.partner.expected", value=together(visitor, alert.shape, alert.unit, alert.expected))


def sentence(visitor: Visitor, alert: Alert) -> str:
    """What a person would say aloud: the stored reason in the reader's words."""
    return visitor.say(alert.reason, **alert.reason_params)


def learning(visitor: Visitor, state: Mapping[str, Any]) -> str:
    """How far the detectors are; before they have any series the history is still being read."""
    if not state["all"]:
        return visitor.say("pages.wall.reading")
    return visitor.say("pages.wall.learning", ready=state["ready"], all=state["all"])
