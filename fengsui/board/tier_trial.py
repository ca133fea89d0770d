"""What another matrix, other weights or floors would have made of the alerts of the last four weeks.

The moments that decided the tier of each alert (its opening, each higher tier) are judged anew over the records of their
windows, once by what is in force and once by what is drafted. Reads, never writes. Of deadlines: ``deadline_trial``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, select

from fengsui.alerts import window
from fengsui.alerts.assess import assess
from fengsui.alerts.bodies import ADAPTERS, PhraseRule, RecordRule
from fengsui.alerts.definitions import Book, book
from fengsui.alerts.detector_rules import target_of
from fengsui.alerts.modes import ON
from fengsui.alerts.sight import Sight
from fengsui.alerts.voices import Crowd, crowd
from fengsui.metrics import catalogue
from fengsui.metrics.catalogue import Metric
from fengsui.people import NotAllowed, Person, whole_centre
from fengsui.store.database import reading
from fengsui.store.slices import cuboid_slice
from fengsui.store.tables import episode, feedback, rule_record, transition

BACK = timedelta(days=28)
MOST = 400
RECORDS = 100_000
"""Read for one trial: it runs in the process of the pages. Whoever asks is told how many alerts that was."""
ROLES = ("admin",)
JUDGED = ("matrix", "weights", "floor")
_DECIDED = ("opened", "raised", "refired")


@dataclass(frozen=True, slots=True)
class Moved:
    """One alert that would have another tier."""

    episode_id: str
    slice_key: str
    opened_at: datetime
    rule_id: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Tried:
    """``n`` alerts were looked at, the newest first; ``cut``: there were more. ``before``, ``after``: how many of each tier."""

    n: int
    cut: bool
    before: Mapping[int, int]
    after: Mapping[int, int]
    moved: tuple[Moved, ...]


def tiers(store: Engine, kind: str, id_: str, body: Mapping[str, Any], by: Person, now: datetime) -> Tried:
    """``kind`` one of ``JUDGED``; ``body``: one that fits it. Raises ``NotAllowed``."""
    may(by)
    with reading(store).connect() as conn:
        as_is = book(conn, now)
        drafted = changed(as_is, kind, id_, ADAPTERS[kind].validate_python(body))
        metrics = catalogue.load(conn, now)
        columns = (episode.c.rule_id, episode.c.slice_key, episode.c.metric, episode.c.direction, episode.c.reason)
        query = select(episode.c.episode_id, episode.c.opened_at, episode.c.started_at, *columns)
        mine = (episode.c.mode == ON, episode.c.opened_at >= now - BACK)
        rows = conn.execute(query.where(*mine).order_by(episode.c.opened_at.desc()).limit(MOST + 1)).all()
        looked, read = [], 0
        for row in rows[:MOST]:
            if read >= RECORDS:
                break
            pair, n = _tiers(conn, row, as_is, drafted, metrics)
            looked.append((row, pair))
            read += n
    judged = [(row, pair) for row, pair in looked if pair is not None]
    moved = [
        Moved(row.episode_id, row.slice_key, row.opened_at, row.rule_id, *pair) for row, pair in judged if pair[0] != pair[1]
    ]
    counts = [dict(Counter(pair[side] for _, pair in judged)) for side in (0, 1)]
    return Tried(len(judged), len(rows) > len(looked), counts[0], counts[1], tuple(moved))


def may(by: Person) -> None:
    """It tells of alerts of the whole centre."""
    if by.role not in ROLES:
        raise NotAllowed("people.fault.not_allowed", role=by.role, allowed=list(ROLES))
    whole_centre(by)


def changed(as_is: Book, kind: str, id_: str, body: Any) -> Book:
    """The book with one definition in the place of its present version."""
    if kind == "floor":
        return replace(as_is, floors={**as_is.floors, id_: body})
    return replace(as_is, matrix=body) if kind == "matrix" else replace(as_is, weights=body)


def _tiers(
    conn: Connection, row: Any, as_is: Book, drafted: Book, metrics: Mapping[str, Metric]
) -> tuple[tuple[int, int] | None, int]:
    """The highest tier that each book gives, None where the rule is gone and nothing can be judged; and how many records were
    read."""
    if as_is.rule(row.rule_id) is None:
        return None, 0
    mine = (transition.c.episode_id == row.episode_id, transition.c.axis == "machine", transition.c.code.in_(_DECIDED))
    before = after = read = 0
    query = select(transition.c.params, transition.c.at, transition.c.code)
    for params, at, code in conn.execute(query.where(*mine).order_by(transition.c.n)).tuples():
        sight = sight_of(row, params, metrics.get(row.metric))
        since = sight.window_start if code == "refired" else row.started_at
        heard = _crowd(conn, row, sight, as_is, at)
        read += len(heard.heard)
        before = max(before, assess(conn, as_is, sight, since, heard).tier)
        anew = crowd(heard.heard, heard.n, drafted.weights)  # who counts as staff is a weight, too
        after = max(after, assess(conn, drafted, sight, since, anew).tier)
    return ((before, after) if before else None), read


def sight_of(row: Any, params: Mapping[str, Any], metric: Metric | None) -> Sight:
    """What the machine saw when it decided, from the transition that keeps it."""
    end = datetime.fromisoformat(params["window_end"])
    return Sight(
        rule_id=row.rule_id,
        slice_key=row.slice_key,
        metric=row.metric,
        shape=row.reason.removeprefix("alerts.lead.").partition("_")[0],
        start=end,
        end=end,
        window_start=datetime.fromisoformat(params["window_start"]),
        grade=params["grade"],
        calm=False,
        direction=row.direction,
        ready=params["ready"],
        observed=params["observed"],
        expected=params["expected"],
        score=params["score"],
        reason=params["reason"],
        reason_params=params["reason_params"],
        good=metric.good if metric else "none",
        target=target_of(metric),
    )


def _crowd(conn: Connection, row: Any, sight: Sight, as_is: Book, at: datetime) -> Crowd:
    """The records that the rule had taken by then, where it takes records; else those of the window that had come."""
    rule = as_is.rule(row.rule_id)
    if isinstance(rule, PhraseRule | RecordRule):
        return window.of_keys(conn, _taken(conn, row, rule, at), as_is.weights)
    return window.read(conn, sight.metric, sight.slice_key, sight.window_start, sight.end, as_is.weights, known_at=at)


def _taken(conn: Connection, row: Any, rule: PhraseRule | RecordRule, at: datetime) -> list[str]:
    """A phrase rule looks back over its span, whichever alert has them; an alert of single records has its own."""
    which: ColumnElement[bool] = rule_record.c.episode_id == row.episode_id
    if isinstance(rule, PhraseRule):
        which = rule_record.c.at > at - timedelta(seconds=rule.within_s)
    query = select(rule_record.c.record_key, feedback.c.dims).join(feedback, feedback.c.record_key == rule_record.c.record_key)
    then = (rule_record.c.rule_id == row.rule_id, rule_record.c.at <= at, feedback.c.first_stored_at <= at)
    found = conn.execute(query.where(which, *then, feedback.c.deleted_at.is_(None)))
    return [key for key, dims in found if cuboid_slice(dims, rule.cuboid) == row.slice_key]
