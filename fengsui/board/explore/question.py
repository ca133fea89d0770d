"""What is asked: which figure, where, when, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from fengsui.board import persons
from fengsui.board.alert import Alert, alerts, select_alerts
from fengsui.board.persons import NOBODY, Persons
from fengsui.board.scope import Scope, sees, view_of
from fengsui.explore.counted import COUNTED
from fengsui.metrics.catalogue import METRICS
from fengsui.settings import Settings
from fengsui.store.slices import slice_key, slice_levels
from fengsui.store.tables import episode

SHORTEST, LONGEST = timedelta(minutes=10), timedelta(days=56)
FIRST_METRIC = "complaints"
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Question:
    """``[start, end)`` in whole minutes. ``out``: slice keys left out of the search."""

    metric: str
    slice_key: str
    start: datetime
    end: datetime
    out: tuple[str, ...] = ()
    falls: bool = False


def latest(scope: Scope, now: datetime) -> Question:
    """Where nobody asks for anything: complaints of the last full hour."""
    end = now.replace(second=0, microsecond=0)
    return Question(FIRST_METRIC, view_of(scope), end - HOUR, end)


def of_alert(store: Engine, episode_id: str, scope: Scope) -> tuple[Alert, Question] | None:
    """None where there is no such alert, or the reader may not see it: the two look the same on purpose."""
    with store.connect() as conn:
        found = alerts(conn, select_alerts(drills=True).where(episode.c.episode_id == episode_id), scope)
    if not found:
        return None
    alert = found[0]
    end = (alert.cleared_at or alert.last_at).replace(second=0, microsecond=0)
    start = alert.started_at.replace(second=0, microsecond=0)
    if end - start < SHORTEST:
        start = end - SHORTEST
    start = max(start, end - LONGEST)
    metric = alert.metric if alert.metric in METRICS else FIRST_METRIC
    falls = alert.direction == "down" and METRICS[metric].shape == "count"
    return alert, Question(metric, alert.slice_key, start, end, falls=falls)


def metrics(settings: Settings) -> list[str]:
    """Figures whose records can be counted by slices, in the order of the catalogue."""
    return [id_ for id_ in METRICS if id_ in COUNTED]


def unit_of(metric: str) -> tuple[str, str]:
    """(shape, unit) of a figure."""
    return METRICS[metric].shape, METRICS[metric].unit


def open_to(settings: Settings, scope: Scope, question: Question, seen: Persons = NOBODY) -> bool:
    """Whether the reader may see this place, and the question makes sense at all."""
    lasting = question.end - question.start
    if not persons.open_to(settings, seen, question.slice_key, *question.out):
        return False
    return question.metric in METRICS and sees(scope, question.slice_key) and timedelta() < lasting <= LONGEST


def inside(whole: str, parts: Mapping[str, str]) -> str:
    """A slice of ``whole`` by its own levels: the deepest level of each dimension names it."""
    levels = {**slice_levels(whole), **parts}
    deepest: dict[str, str] = {}
    for level in sorted(levels):
        deepest[level.partition(".")[0]] = level
    return slice_key({level: levels[level] for level in deepest.values()})
