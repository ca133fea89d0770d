"""What else moved in the same window: other figures by their surprise, other alerts and changes by their lead or lag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log, sqrt
from typing import Any

from sqlalchemy import Connection, Engine, select

from fengsui.board.alert import Alert, alerts, select_alerts
from fengsui.board.explore.question import Question
from fengsui.board.scope import Scope
from fengsui.explore import read
from fengsui.metrics import cells
from fengsui.metrics.catalogue import Metric, load
from fengsui.metrics.read import Figure, figure_of
from fengsui.store.slices import slice_id
from fengsui.store.tables import definition, episode

LOOK_BACK = timedelta(hours=3)
WEEKS = 4
LOUD = 2.0
"""In units of the usual difference between weeks: below it a figure did nothing worth telling."""
DRIFT = 0.1
SHOWN = 8
NO_WORK = ("data_lag",)
"""Says how late rows came, not what happened."""
KINDS = ("known_event", "rule", "target", "metric", "sla_policy", "calendar", "cue")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another figure in the same window and place: ``z`` is how far it lies from the same hours of earlier weeks."""

    metric: Metric
    value: float
    usual: float
    z: float


@dataclass(frozen=True, slots=True)
class Shift:
    """Something that changed: an announced event, or a version of a definition that a person put in force."""

    at: datetime
    kind: str
    id: str
    name: Mapping[str, str]
    version: int


def beside(store: Engine, question: Question, now: datetime) -> list[Neighbour]:
    """The most surprising first; only those that moved at all."""
    found: list[Neighbour] = []
    with store.connect() as conn:
        every = load(conn, now).values()
        metrics = [one for one in every if one.gauge is None and not one.total and one.id not in (question.metric, *NO_WORK)]
        values = [_figures(conn, metrics, question, k) for k in range(WEEKS + 1)]
    for metric in metrics:
        here = values[0].get(metric.id)
        past = [week[metric.id] for week in values[1:] if metric.id in week]
        if here is not None and here.value is not None and len(past) >= 2 and (one := _surprise(metric, here, past)):
            found.append(one)
    return sorted(found, key=lambda one: -abs(one.z))[:SHOWN]


def _figures(conn: Connection, metrics: list[Metric], question: Question, k: int) -> dict[str, Figure]:
    names = list(dict.fromkeys(name for metric in metrics for name in metric.measures()))
    start, end = question.start - k * read.WEEK, question.end - k * read.WEEK
    sums = cells.summed(conn, names, [slice_id(question.slice_key)], start, end).get(slice_id(question.slice_key), {})
    figures = {metric.id: figure_of(metric, sums) for metric in metrics}
    return {id_: one for id_, one in figures.items() if one.n > 0 and one.value is not None}


def _surprise(metric: Metric, here: Figure, past: list[Figure]) -> Neighbour | None:
    values = [float(one.value) for one in past if one.value is not None]
    value, usual = float(here.value or 0.0), sum(values) / len(values)
    spread = sqrt(sum((one - usual) ** 2 for one in values) / max(len(values) - 1, 1))
    if metric.shape == "count":
        noise = sqrt(usual + (DRIFT * usual) ** 2 + 1.0)
    elif metric.shape == "share":
        noise = sqrt(max(usual * (1 - usual), 0.25 / max(here.n, 1)) / max(here.n, 1)) + 0.01
    elif metric.shape in ("duration", "mean") and value > 0 and usual > 0:
        z = log(value / usual) / (1.0 / sqrt(here.n) + DRIFT)
        return Neighbour(metric, value, usual, z) if abs(z) >= LOUD else None
    else:
        return None
    z = (value - usual) / max(noise, spread)
    return Neighbour(metric, value, usual, z) if abs(z) >= LOUD else None


def events(store: Engine, question: Question, scope: Scope, own: str | None = None) -> list[Alert]:
    """Other alerts that began around the window, the earliest first."""
    near = (episode.c.started_at >= question.start - LOOK_BACK) & (episode.c.started_at < question.end)
    with store.connect() as conn:
        found = alerts(conn, select_alerts().where(near).order_by(episode.c.started_at).limit(50), scope)
    return sorted((one for one in found if one.episode_id != own), key=lambda one: (-one.tier, one.started_at))[:SHOWN]


def shifts(store: Engine, question: Question) -> list[Shift]:
    """Changes of the centre itself in the window and the hours before: announced events, rules, targets, definitions."""
    since = question.start - LOOK_BACK
    made = (definition.c.valid_from >= since) & (definition.c.valid_from < question.end) & (definition.c.by != "seed")
    query = select(definition).where(definition.c.kind.in_(KINDS))
    with store.connect() as conn:
        rows = conn.execute(query.where(made | (definition.c.kind == "known_event"))).fetchall()
    found = [_shift(row) for row in rows]
    return sorted((one for one in found if since <= one.at < question.end), key=lambda one: one.at)


def _shift(row: Any) -> Shift:
    body: Mapping[str, Any] = row.body
    at = datetime.fromisoformat(str(body["start_at"])) if row.kind == "known_event" else row.valid_from
    name = body.get("name") or {}
    return Shift(
        at, row.kind, row.id, name if isinstance(name, Mapping) else {"zh_CN": str(name), "en": str(name)}, row.version
    )
