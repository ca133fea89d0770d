"""Why there is an alert on a place and time, or why there is none: should be, is, how rare, threshold, data, known events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, log10
from typing import Any, Literal

from sqlalchemy import Connection, Engine, select

from fengsui.board import definitions
from fengsui.board.alert import Alert, alerts, select_alerts
from fengsui.board.explore import marks
from fengsui.board.explore.question import Question
from fengsui.board.persons import NOBODY, Persons, check
from fengsui.board.scope import Scope
from fengsui.metrics import watermarks
from fengsui.metrics.catalogue import METRICS
from fengsui.settings import Settings
from fengsui.store.slices import slice_id, slice_levels
from fengsui.store.tables import episode, series, verdict

WEEK_S = 7 * 86400
NEAR = timedelta(minutes=10)
Outcome = Literal["alert", "unwatched", "learning", "shadow", "unjudged", "incomplete", "below", "good_side", "joined"]


@dataclass(frozen=True, slots=True)
class Why:
    """``outcome``: the one reason that decides. ``score`` of ``needed``; ``every_s``: how often chance alone brings the like.

    ``expected`` to ``observed``: of the window the detector looked at, in people's units. ``late``: sources that were behind
    or silent. ``watching``: names of the rules whose series stand on this place."""

    outcome: Outcome
    alert: Alert | None
    rule_id: str | None
    rule: Mapping[str, str]
    budget: float | None
    at: datetime | None
    observed: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    score: float | None
    needed: float | None
    every_s: float | None
    late: tuple[str, ...]
    sources: int
    events: tuple[Mapping[str, Any], ...]
    watched: tuple[str, ...]


def why(store: Engine, settings: Settings, question: Question, scope: Scope, now: datetime, persons: Persons = NOBODY) -> Why:
    check(settings, persons, question.slice_key)
    with store.connect() as conn:
        alert = _alert(conn, question, scope)
        rows = [row for row in conn.execute(_series(question)) if alert is None or row.rule_id == alert.rule_id]
        loudest = max((one for row in rows if (one := _loudest(conn, row.series, question))), key=_score, default=None)
        rules = definitions.newest(conn, "rule")
        late, fed = _late(conn, settings, question, now)
        events = _events(conn, question)
        wider = _watched(conn, question)
    row = next((one for one in rows if loudest is not None and one.series == loudest.series), rows[0] if rows else None)
    rule_id = alert.rule_id if alert is not None else row.rule_id if row is not None else None
    body = rules.get(rule_id, (0, {}))[1] if rule_id else {}
    budget = float(body["budget_per_week"]) if body.get("budget_per_week") else None
    outcome = _outcome(alert, row, body, loudest, budget)
    observed, expected, lower, upper = _figures(loudest, question.metric)
    if alert is not None and loudest is None:  # a rule of words or of a threshold: it has no series, its alert has the figures
        observed, expected, lower, upper = alert.observed, alert.expected, alert.lower, alert.upper
    return Why(
        outcome, alert, rule_id, body.get("name", {}), budget, loudest.end_at if loudest else None,
        observed, expected, lower, upper, loudest.score if loudest else None, None if budget is None else -log10(budget),
        None if loudest is None else WEEK_S * 10 ** min(loudest.score, 12.0), late, fed, tuple(events), tuple(wider),
    )  # fmt: skip


def _series(question: Question) -> Any:
    mine = (series.c.metric == question.metric) & (series.c.slice_id == slice_id(question.slice_key))
    return select(series).where(mine & series.c.active).order_by(series.c.role, series.c.step_s)


def _loudest(conn: Connection, key: str, question: Question) -> Any:
    """The most surprising verdict of the window, or the newest before its end."""
    inside = (verdict.c.series == key) & (verdict.c.end_at > question.start - NEAR) & (verdict.c.end_at <= question.end)
    query = select(verdict).where(inside).order_by(verdict.c.grade.desc(), verdict.c.score.desc()).limit(1)
    return conn.execute(query).first()


def _score(row: Any) -> tuple[int, float]:
    return row.grade, row.score


def _alert(conn: Connection, question: Question, scope: Scope) -> Alert | None:
    """One on this figure and place whose time meets the window."""
    mine = (episode.c.metric == question.metric) & (episode.c.slice_id == slice_id(question.slice_key))
    met = (episode.c.started_at < question.end) & (episode.c.last_at > question.start)
    return next(iter(alerts(conn, select_alerts().where(mine & met), scope)), None)


def _outcome(alert: Alert | None, row: Any, body: Mapping[str, Any], loudest: Any, budget: float | None) -> Outcome:
    if alert is not None:
        return "joined" if alert.parent_id else "alert"
    if row is None:
        return "unwatched"
    if body.get("mode") == "shadow":
        return "shadow"
    if loudest is None:
        return "unjudged"
    if not loudest.ready:
        return "learning"
    if not loudest.complete:
        return "incomplete"
    loud = budget is not None and loudest.score >= -log10(budget)
    return "good_side" if loud and loudest.direction not in (body.get("direction", "up"), "both") else "below"


def _figures(row: Any, metric: str) -> tuple[float | None, float | None, float | None, float | None]:
    """As people say them; a band stands only beside a window of one step."""
    if row is None:
        return None, None, None, None
    shape = METRICS[metric].shape if metric in METRICS else "count"
    observed, expected = row.window_observed, row.window_expected
    if shape == "share":
        observed, expected = row.reason_params.get("observed"), row.reason_params.get("expected")  # a row has successes only
    single = row.window_start == row.start_at
    band = (row.lower, row.upper) if single and shape == "count" else (None, None)
    if shape == "duration":
        observed, expected = (None if one is None else exp(min(one, 20.0)) for one in (observed, expected))
    return observed, expected, *band


def _late(conn: Connection, settings: Settings, question: Question, now: datetime) -> tuple[tuple[str, ...], int]:
    """Sources that feed the figure and are behind, and how many feed it at all."""
    metric = METRICS[question.metric]
    id_ = slice_id(question.slice_key)
    fed_by = watermarks.feeding(conn, metric.measures(), [id_]).get(id_, frozenset())
    paces = {name: source for name, source in settings.sources.items() if source.enabled}
    marks = watermarks.of_sources(conn, now, paces)
    mine = {name: mark for name, mark in marks.items() if name in fed_by}
    return tuple(sorted(name for name, mark in mine.items() if mark.left_out)), len(mine)


def _events(conn: Connection, question: Question) -> list[Mapping[str, Any]]:
    """Announced events in the window that concern this figure and place."""
    every = (body for _, body in definitions.newest(conn, "known_event").values())
    spans = ((body, marks.span(body)) for body in every if marks.concerns(body, question))
    return [body for body, (begins, ends) in spans if begins < question.end and question.start < ends]


def _watched(conn: Connection, question: Question) -> list[str]:
    """Wider places on which this figure is judged, the nearest first."""
    mine = slice_levels(question.slice_key).items()
    rows = conn.execute(select(series.c.slice_key).where(series.c.metric == question.metric, series.c.active).distinct())
    inside = [key for key in rows.scalars() if key != question.slice_key and _contains(key, dict(mine))]
    return sorted(inside, key=lambda key: (-len(slice_levels(key)), key))[:3]


def _contains(key: str, mine: Mapping[str, str]) -> bool:
    """Whether the place ``key`` holds the place of ``mine``."""
    for level, value in slice_levels(key).items():
        name = level.partition(".")[0]
        own = [have for other, have in mine.items() if other.partition(".")[0] == name]
        if not any(have == value or have.startswith(f"{value}/") for have in own):
            return False
    return True
