"""One alert in full: its curve, its past, the records behind it, and earlier ones like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, select

from fengsui.board import definitions, todo
from fengsui.board.alert import CLOSED, Alert, alerts, select_alerts
from fengsui.board.curve import Point, curve, newest
from fengsui.board.read.consultation import Consultation, consultation
from fengsui.board.read.corrected import Corrected, corrected
from fengsui.board.read.plan import Plan, plan
from fengsui.board.read.records import BehindIt, records
from fengsui.board.read.timeline import Happened, timeline
from fengsui.board.scope import Scope
from fengsui.board.todo import Task
from fengsui.metrics.catalogue import Metric, load
from fengsui.store.slices import bucket, bucket_start, slice_levels
from fengsui.store.tables import episode, transition

STEP_S, QUARTER_S = 300, 900
BEFORE = timedelta(hours=2)
AFTER = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
SIMILAR = 3


@dataclass(frozen=True, slots=True)
class Similar:
    """An earlier alert of the same metric: how it ended, in the words of who closed it. ``cure``, ``cause``: chips or own words
    of the decisions that resolved and reviewed it."""

    alert: Alert
    note: str | None
    cure: str | None = None
    cause: str | None = None
    lesson: str | None = None


@dataclass(frozen=True, slots=True)
class Detail:
    alert: Alert
    metric: Metric | None
    curve: tuple[Point, ...]
    timeline: tuple[Happened, ...]
    records: BehindIt
    children: tuple[Alert, ...]
    similar: tuple[Similar, ...]
    plan: Plan | None
    consultation: Consultation | None
    tasks: tuple[Task, ...]
    corrected: Corrected | None
    cells: Sequence[Sequence[int]]  # of this loss: [likelihood - 1][impact - 1] -> tier; empty where no matrix is seeded

    @property
    def depending(self) -> int:
        """Members that burn and that nobody closed: they go on without it."""
        return sum(one.live and one.state not in CLOSED for one in self.children)


def detail(store: Engine, episode_id: str, scope: Scope, now: datetime) -> Detail | None:
    """None when there is no such alert, or the reader may not see it: the two look the same on purpose."""
    with store.connect() as conn:
        found = alerts(conn, select_alerts(drills=True).where(episode.c.episode_id == episode_id), scope, now)
        if not found:
            return None
        alert = found[0]
        metric = load(conn, now).get(alert.metric)
        moves = timeline(conn, alert)
        return Detail(
            alert=alert,
            metric=metric,
            curve=tuple(_curve(conn, alert, metric, now)),
            timeline=tuple(moves),
            records=records(conn, alert, scope),
            children=tuple(alerts(conn, select_alerts().where(episode.c.parent_id == episode_id), scope)),
            similar=tuple(_similar(conn, alert, scope)),
            plan=plan(conn, alert, moves),
            consultation=consultation(conn, episode_id, moves),
            tasks=tuple(todo.of_alert(conn, episode_id)),
            corrected=corrected(conn, alert, metric),
            cells=_cells(conn, alert.loss),
        )


def _curve(conn: Connection, alert: Alert, metric: Metric | None, now: datetime) -> list[Point]:
    """From two hours before it began to half an hour after it ended; older minutes are gone, quarters stay. An alert of a
    phrase or a single record has no series: the metric is drawn without a band."""
    if metric is None:
        return []
    until = min(now, (alert.cleared_at or now) + AFTER)
    since = max(alert.started_at - BEFORE, until - LONGEST)
    step = _step(alert, metric, now - since)
    grain = step // 60
    start, end = bucket_start(bucket(since, grain)), bucket_start(bucket(until, grain))
    minute = until.replace(second=0, microsecond=0)
    fresh = until == now and minute > end and step < QUARTER_S
    last = [newest(conn, metric, alert.slice_key, alert.series, minute, step)] if fresh else []
    return [*curve(conn, metric, alert.slice_key, alert.series, start, end, step), *last]


def _step(alert: Alert, metric: Metric, age: timedelta) -> int:
    """Minutes are kept for a week, and are not counted for a series of a quarter of an hour or more (a daily file feeds it)."""
    own = int(alert.series.rsplit("|", 2)[1]) if alert.series else 60
    fine = age < timedelta(days=7) and metric.gauge is None and own < QUARTER_S
    return STEP_S if fine else QUARTER_S


def _cells(conn: Connection, loss: int) -> Sequence[Sequence[int]]:
    _, body = definitions.newest(conn, "matrix").get("default", (0, {"cells": []}))
    sheets: Sequence[Sequence[Sequence[int]]] = body["cells"]
    return sheets[loss - 1] if len(sheets) >= loss else []


def _similar(conn: Connection, alert: Alert, scope: Scope) -> list[Similar]:
    """Earlier ones of the same metric that have ended, the most alike in scope first, then the newest."""
    query = (
        select_alerts()
        .where(episode.c.metric == alert.metric, episode.c.opened_at < alert.opened_at, episode.c.condition == "cleared")
        .order_by(episode.c.opened_at.desc())
        .limit(50)
    )
    mine = set(slice_levels(alert.slice_key).items())

    def distance(other: Alert) -> tuple[bool, int, float]:
        differing = len(mine ^ set(slice_levels(other.slice_key).items()))
        return other.rule_id != alert.rule_id, differing, -other.opened_at.timestamp()

    closest = sorted(alerts(conn, query, scope), key=distance)[:SIMILAR]
    return [Similar(other, _last_words(conn, other.episode_id), **_learned(conn, other.episode_id)) for other in closest]


def _learned(conn: Connection, episode_id: str) -> dict[str, str | None]:
    mine = (transition.c.episode_id == episode_id) & (transition.c.axis == "person")
    query = select(transition.c.code, transition.c.params).where(mine & transition.c.code.in_(("resolve", "review")))
    params = {row.code: row.params for row in conn.execute(query.order_by(transition.c.n))}
    review = params.get("review", {})
    return {"cure": params.get("resolve", {}).get("reason"), "cause": review.get("cause"), "lesson": review.get("lesson")}


def _last_words(conn: Connection, episode_id: str) -> str | None:
    query = (
        select(transition.c.note)
        .where(transition.c.episode_id == episode_id, transition.c.axis == "person", transition.c.note.is_not(None))
        .order_by(transition.c.n.desc())
        .limit(1)
    )
    return conn.execute(query).scalar()
