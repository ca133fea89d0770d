"""What else moved in the same window: other figures by their surprise, other alerts and changes by their lead or lag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log, sqrt

from sqlalchemy import Connection, Engine, select

from fengsui.board import definitions
from fengsui.board.alert import Alert, alerts, select_alerts
from fengsui.board.explore import marks
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
KINDS = ("rule", "target", "metric", "sla_policy", "calendar", "cue", "taxonomy")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another figure in the same window and place: ``z`` is how far it lies from the same hours of earlier weeks."""

    metric: Metric
    value: float
    usual: float
    z: float


@dataclass(frozen=True, slots=True)
class Shift:
    """Something that changed: an announced event, a version of a definition that a person put in force, or what somebody said
    of a stretch of time (``verdict``)."""

    at: datetime
    kind: str
    id: str
    name: Mapping[str, str]
    version: int
    verdict: str | None = None


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


def events(store: Engine, question: Question, scope: Scope, own: Alert | None) -> tuple[Alert | None, list[Alert]]:
    """The alert on this very figure (``own``, or the gravest of the window), and the others that began around the window, the
    gravest first."""
    near = (episode.c.started_at >= question.start - LOOK_BACK) & (episode.c.started_at < question.end)
    with store.connect() as conn:
        found = alerts(conn, select_alerts().where(near).order_by(episode.c.started_at).limit(50), scope)
    found.sort(key=lambda one: (-one.tier, one.started_at))
    here = (question.metric, question.slice_key)
    own = own or next((one for one in found if (one.metric, one.slice_key) == here), None)
    return own, [one for one in found if own is None or one.episode_id != own.episode_id][:SHOWN]


def shifts(store: Engine, question: Question) -> list[Shift]:
    """Changes of the centre itself in the window and the hours before: announced events, rules, targets, definitions; and what
    people said of stretches of this figure."""
    since = question.start - LOOK_BACK
    made = (definition.c.valid_from >= since) & (definition.c.valid_from < question.end) & (definition.c.by != "seed")
    with store.connect() as conn:
        rows = conn.execute(select(definition).where(definition.c.kind.in_(KINDS), made)).fetchall()
        found = [Shift(row.valid_from, row.kind, row.id, marks.names(row.body), row.version) for row in rows]
        for kind in ("known_event", "stretch"):
            found += [
                Shift(marks.span(body)[0], kind, id_, marks.names(body), version, body.get("verdict"))
                for id_, (version, body) in definitions.newest(conn, kind).items()
                if marks.concerns(body, question)
            ]
    return sorted((one for one in found if since <= one.at < question.end), key=lambda one: one.at)
