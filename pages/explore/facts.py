"""Why there is an alert here, or why there is none; and what else moved then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fengsui.board import explore
from fengsui.board.alert import Alert
from fengsui.board.explore import Neighbour, Shift, Why
from fengsui.store.slices import ALL
from pages.explore.series import OF_ALL, change
from pages.look.alert_words import place, title
from pages.look.figures import figure, together
from pages.look.house import house
from pages.look.pieces import badge, esc, heading
from pages.look.visitor import Visitor

YEAR_S = 365 * 86400
LONGEST_S = 1000 * YEAR_S
ARROWS = {True: "↑", False: "↓"}


def why(visitor: Visitor, found: Why, shape: str, unit: str) -> str:
    named = found.outcome in ("alert", "joined")
    head = heading(visitor.say("explore.why.yes" if named else "explore.why.no"), visitor.say("explore.why.second"))
    names = found.alert.names if found.alert and not found.rule else found.rule
    rule = names.get(visitor.lang) or visitor.say("explore.why.rule")
    first = visitor.say(f"explore.why.{found.outcome}", rule=rule, number=found.alert.number if found.alert else "")
    rows = [(name, words) for name, words in _facts(visitor, found, shape, unit) if words]
    body = "".join(
        f"<div><label>{esc(visitor.say(f'explore.fact.{name}'))}</label><span>{words}</span></div>" for name, words in rows
    )
    mark = badge(visitor, found.alert.tier) + " " if found.alert else ""
    return f'{head}<p class="ans">{mark}{esc(first)}</p><div class="fc">{body}</div>'


def _facts(visitor: Visitor, found: Why, shape: str, unit: str) -> Sequence[tuple[str, str]]:
    def said(value: float | None) -> str:
        return together(visitor, shape, unit, value)

    should = said(found.expected) if found.expected is not None else ""
    if should and found.lower is not None and found.upper is not None:
        should = visitor.say("explore.why.band", value=should, low=said(found.lower), high=said(found.upper))
    score = ""
    if found.score is not None and found.needed is not None:
        score = visitor.say("explore.why.score", score=max(found.score, 0.0), needed=found.needed)
    budget = "" if found.budget is None else visitor.say("explore.why.budget", weeks=1 / found.budget)
    watched = visitor.say("explore.why.watched", places=[visitor.say("pages.alert.place", key=key) for key in found.watched])
    events = visitor.say("explore.why.join").join(_event(visitor, body) for body in found.events)
    names = [house().settings.title(name, visitor.lang) for name in found.late]
    data = visitor.say("explore.why.late", names=names) if names else visitor.say("explore.why.complete", n=found.sources)
    mark = '<i class="c2">⚠</i> ' if names else '<i class="c0">✓</i> '
    return (
        ("expected", esc(should)),
        ("observed", esc(said(found.observed)) if found.observed is not None else ""),
        ("often", esc(_often(visitor, found.every_s))),
        ("score", esc(score)),
        ("budget", esc(budget)),
        ("wider", esc(watched) if found.watched and found.outcome == "unwatched" else ""),
        ("data", mark + esc(data) if found.sources else ""),
        ("events", esc(events or visitor.say("explore.why.no_event"))),
    )


def _often(visitor: Visitor, seconds: float | None) -> str:
    """How often chance alone brings the like."""
    if seconds is None:
        return ""
    if seconds >= LONGEST_S:
        return visitor.say("explore.why.never")
    if seconds >= YEAR_S:
        return visitor.say("explore.why.years", n=seconds / YEAR_S)
    return visitor.say("explore.why.span", span=max(seconds, 3600.0))


def _event(visitor: Visitor, body: Mapping[str, Any]) -> str:
    names = explore.names(body)
    return names.get(visitor.lang) or next(iter(names.values()), "")


def beside(
    visitor: Visitor, began: datetime | None, figures: Sequence[Neighbour], alerts: Sequence[Alert], changes: Sequence[Shift]
) -> str:
    """``began``: when the alert on this figure did; without one, what happened is told by its time of day."""
    head = heading(visitor.say("explore.beside.title"), visitor.say("explore.beside.second"))
    rows = [_change(visitor, began, one) for one in changes] + [_alert(visitor, began, one) for one in alerts[:4]]
    rows += [_figure(visitor, one) for one in figures[:6]]
    body = "".join(rows) or f'<p class="none">{esc(visitor.say("explore.beside.none"))}</p>'
    return f'{head}<div class="bs">{body}</div>'


def _figure(visitor: Visitor, one: Neighbour) -> str:
    shown = figure(visitor, one.metric.shape, one.metric.unit, one.value)
    usual = together(visitor, one.metric.shape, one.metric.unit, one.usual)
    name = visitor.say(f"locale.metric.{one.metric.id}")
    return (
        f'<div><span class="m">{esc(name)}</span><span><b>{esc(shown[0])}</b> <small>{esc(shown[1])}</small></span>'
        f"<em>{ARROWS[one.z > 0]} {esc(visitor.say('explore.beside.usual', value=usual))}</em></div>"
    )


def _alert(visitor: Visitor, began: datetime | None, one: Alert) -> str:
    where = "" if one.slice_key == ALL else f" · {place(visitor, one)}"
    return (
        f'<div><span class="m">{badge(visitor, one.tier)} {esc(title(visitor, one))}{esc(where)}</span>'
        f"<span></span><em>{esc(_lead(visitor, began, one.started_at))}</em></div>"
    )


def _change(visitor: Visitor, began: datetime | None, one: Shift) -> str:
    kind = "" if one.kind in OF_ALL else f"{visitor.say(f'explore.change.{one.kind}')} "
    return (
        f'<div><span class="m c2">{esc(visitor.say("pages.time", at=one.at))} {esc(kind + change(visitor, one))}</span>'
        f"<span></span><em>{esc(_lead(visitor, began, one.at) if began else '')}</em></div>"
    )


def _lead(visitor: Visitor, began: datetime | None, at: datetime) -> str:
    """How much earlier or later than the alert; without one the time itself: the window's start is no event."""
    if began is None:
        return visitor.say("pages.time", at=at)
    gap = (at - began).total_seconds()
    if abs(gap) < 60:
        return visitor.say("explore.beside.same")
    return visitor.say("explore.beside.early" if gap < 0 else "explore.beside.late", span=abs(gap))
