"""Targets as an administrator sees them: of every figure the one in force, and one that is to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Engine

from fengsui.board import revision
from fengsui.board.kpi_sheet import GROUPS
from fengsui.board.revision import Revision
from fengsui.metrics import target_body
from fengsui.metrics.catalogue import WALL, Metric, load
from fengsui.settings import Settings

LEFT_OUT = ("waiting_now", "signed_in", "idle")
SCALES: Mapping[str, float] = {"percent": 0.01, "permille": 0.001, "second": 1.0, "minute": 60.0, "hour": 3600.0, "plain": 1.0}
"""Unit of the form -> what one of it is in the definition."""


@dataclass(frozen=True, slots=True)
class Aim:
    """``last``: the newest version, None where there never was one. ``ahead``: it has not begun."""

    metric: Metric
    last: Revision | None
    ahead: bool


def aims(store: Engine, now: datetime) -> list[Aim]:
    """Every figure that can have a target, in the order of the page of figures, those of the wall first."""
    last = revision.newest(store, target_body.KIND)
    with store.connect() as conn:
        metrics = load(conn, now)
    order = dict.fromkeys([*WALL, *(id_ for ids in GROUPS.values() for id_ in ids), *metrics])
    found = [metrics[id_] for id_ in order if id_ in metrics and id_ not in LEFT_OUT]
    return [Aim(one, last.get(one.id), one.id in last and last[one.id].valid_from > now) for one in found]


def units(metric: Metric) -> tuple[str, ...]:
    """How its target may be typed, the usual unit first."""
    if metric.unit == "permille":
        return ("permille",)
    if metric.shape in ("share", "ratio"):
        return ("percent",)
    if metric.shape in ("duration", "work_off") or (metric.shape == "mean" and metric.unit == "second"):
        value = metric.target or 0
        first = "hour" if value >= 7200 else "minute" if value >= 120 else "second"
        return tuple(dict.fromkeys((first, "second", "minute", "hour")))
    return ("plain",)


def by_day(store: Engine, settings: Settings, metric: Metric, first: date, days: int) -> list[float | None]:
    """The target that was in force as each local day began: the past is held against its own."""
    with store.connect() as conn:
        known = target_body.load(conn, metric.id)
    if not known.versions:
        return [metric.target] * days
    midnights = (datetime.combine(first + timedelta(days=n), time(), settings.centre.tz) for n in range(days))
    return [known.at(midnight) for midnight in midnights]
