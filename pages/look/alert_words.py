"""The words of one alert, the same on every page: title, scope, actual, what it should be."""

from __future__ import annotations

from fengsui.board.alert import Alert
from fengsui.metrics.catalogue import METRICS
from pages.look.figures import together
from pages.look.visitor import Visitor

_SHARE, _COUNT = ("share", "pct"), ("count", "item")


def title(visitor: Visitor, alert: Alert) -> str:
    """The rule's name; a rule that is gone leaves the metric's."""
    return alert.names.get(visitor.lang) or alert.names.get("zh_CN") or visitor.say(f"locale.metric.{alert.metric}")


def place(visitor: Visitor, alert: Alert) -> str:
    return visitor.say("pages.alert.place", key=alert.slice_key)


def shape_of(metric: str) -> tuple[str, str]:
    """(shape, unit)."""
    known = METRICS.get(metric)
    return (known.shape, known.unit) if known else _COUNT


def actual(visitor: Visitor, alert: Alert) -> str:
    return together(visitor, *shape_of(alert.metric), alert.observed)


def partner(visitor: Visitor, alert: Alert) -> str:
    if alert.expected is None:
        return visitor.say("pages.partner.at_once")
    return visitor.say("pages.partner.expected", value=together(visitor, *shape_of(alert.metric), alert.expected))


def sentence(visitor: Visitor, alert: Alert) -> str:
    """What a person would say aloud: the stored reason in the reader's words."""
    return visitor.say(alert.reason, **alert.reason_params)
