"""Other figures over the first one, on the same steps of the same time: what moved with it, and which moved first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Engine

from fengsui.board.curve import Point
from fengsui.board.explore.line import WIDTH, Line, cuboids_of, line
from fengsui.board.explore.question import Question
from fengsui.board.persons import NOBODY, Persons
from fengsui.board.scope import Scope
from fengsui.explore.counted import COUNTED
from fengsui.explore.lead import Lead, lead
from fengsui.metrics.catalogue import METRICS
from fengsui.settings import Settings
from fengsui.store.slices import slice_levels

MOST = 3
"""Figures beside the first: more cannot be told apart."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """``odds``: how far each step lies from what is usual there, in units of the usual scatter. ``lead``: how it moves with
    the first figure; None where that cannot be told."""

    metric: str
    line: Line
    odds: tuple[float | None, ...]
    lead: Lead | None


@dataclass(frozen=True, slots=True)
class Together:
    """``first``: the figure asked for, on steps on which all can be read."""

    first: Line
    odds: tuple[float | None, ...]
    others: tuple[Overlay, ...]
    unknown: tuple[str, ...]
    """Figures that nobody knows at this place."""


def offered(settings: Settings, question: Question) -> list[str]:
    """Figures that can be laid over this one at its place. Gauges cannot: of weeks past nobody keeps each reading."""
    cuboid = "|".join(sorted(slice_levels(question.slice_key))) or "all"
    others = [id_ for id_, metric in METRICS.items() if id_ != question.metric and metric.gauge is None]
    plain = [id_ for id_ in others if METRICS[id_].shape != "work_off"]
    return [id_ for id_ in plain if id_ in COUNTED or cuboid in cuboids_of(settings, id_)]


def together(
    store: Engine,
    settings: Settings,
    question: Question,
    metrics: Sequence[str],
    zoom: str,
    now: datetime,
    scope: Scope,
    persons: Persons = NOBODY,
) -> Together | None:
    """None where the first figure itself is not known at this place."""
    known = offered(settings, question)
    asked = [id_ for id_ in dict.fromkeys(metrics) if id_ in known][:MOST]
    least = max((METRICS[id_].finest_step_s for id_ in asked), default=60)
    first = line(store, settings, question, zoom, now, scope, least, persons)
    if first is None:
        return None
    mine = odds(first.points)
    others, unknown = [], []
    for id_ in asked:
        other = line(store, settings, replace(question, metric=id_, falls=False), zoom, now, scope, first.step_s, persons)
        if other is None or not any(point.value is not None for point in other.points):
            unknown.append(id_)
            continue
        theirs = odds(other.points)
        others.append(Overlay(id_, other, theirs, lead(mine, theirs)))
    return Together(first, mine, tuple(others), tuple(unknown))


def odds(points: Sequence[Point]) -> tuple[float | None, ...]:
    """None where nothing is known or usual."""
    return tuple(_odds(point) for point in points)


def _odds(point: Point) -> float | None:
    if point.value is None or point.expected is None or point.lower is None or point.upper is None:
        return None
    scatter = max(point.upper - point.expected, point.expected - point.lower) / WIDTH
    return (point.value - point.expected) / scatter if scatter > 0 else None
