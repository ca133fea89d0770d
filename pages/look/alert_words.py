"""The words of one alert, the same on every page: title, scope, actual, what it should be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fengsui.board.alert import Alert
from fengsui.locale import has
from fengsui.store.slices import ALL, slice_key, slice_levels
from pages.look.figures import together
from pages.look.visitor import Visitor

NAMED = 2  # parts named in a sentence or a row: more is a table, and stands beside it
MOSTLY = 0.75  # of the deviation: two such parts together hold at least half of it


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


def scope(visitor: Visitor, alert: Alert) -> str:
    """``place``; where that is the whole centre, also where most of it comes from: 「全中心 · 主要在 华南 · 支付」."""
    mostly: dict[str, str] = {}
    for part in _telling(alert):
        levels = slice_levels(part["slice_key"])
        if part["share"] >= MOSTLY and not levels.keys() & mostly.keys() and len(mostly) < NAMED:
            mostly |= levels
    if alert.slice_key != ALL or not mostly:
        return place(visitor, alert)
    return visitor.say("pages.alert.place_mainly", key=alert.slice_key, part=slice_key(mostly))


def _telling(alert: Alert) -> list[Mapping[str, Any]]:
    """Parts with a share: those that hold most of it as people ask (place, channel, matter), then the rest by share."""
    asked = ("org.", "channel", "category.")

    def rank(part: Mapping[str, Any]) -> tuple[int, float]:
        if part["share"] < MOSTLY:
            return len(asked) + 1, -part["share"]
        return next((n for n, name in enumerate(asked) if str(part["slice_key"]).startswith(name)), len(asked)), -part["share"]

    return sorted((part for part in alert.explained if "share" in part), key=rank)


def actual(visitor: Visitor, alert: Alert, *, brief: bool = False) -> str:
    return together(visitor, alert.shape, alert.unit, alert.observed, brief=brief)


def partner(visitor: Visitor, alert: Alert, *, brief: bool = False) -> str:
    if alert.expected is None:
        return visitor.say("pages.partner.at_once")
    return visitor.say("pages.partner.expected", value=together(visitor, alert.shape, alert.unit, alert.expected, brief=brief))


def sentence(visitor: Visitor, alert: Alert) -> str:
    """What a person would say aloud: the stored reason in the reader's words."""
    return visitor.say(alert.reason, **alert.reason_params)


def mainly(visitor: Visitor, alert: Alert) -> str:
    """The parts that make the deviation, as a second sentence, by share: the parts are counted less often than
    the whole, so their numbers would not add up to it. Empty if unknown."""
    parts = [
        visitor.say(
            "pages.lead.part",
            key=part["slice_key"],
            share=whole_share(part["share"]),
        )
        for part in _telling(alert)[:NAMED]
    ]
    joiner = "、" if visitor.lang == "zh_CN" else ", "
    return visitor.say("pages.lead.mainly", parts=joiner.join(parts)) if parts else ""


def whole_share(share: float) -> float:
    """In whole per cent, 100 % at most: a part can exceed the whole where others fell."""
    return round(min(share, 1.0), 2)


def begins(body: Mapping[str, Any]) -> bool:
    """Whether history is being read, or a source that is asked has not answered yet."""
    return bool(body["reading"]) or any(one["standing"] == "never" and not one["pushed"] for one in body["sources"])


def learning(visitor: Visitor, body: Mapping[str, Any]) -> str:
    """How far the detectors are; before they have any series the history is still being read, or there is none."""
    state = body["learning"]
    if not state["all"]:
        return visitor.say("pages.wall.reading" if begins(body) else "pages.wall.gathering")
    code = "pages.wall.learning" if state["learning"] else "pages.wall.ready_of"
    return visitor.say(code, ready=state["ready"], all=state["all"])
