"""What another matrix, other weights, floors or deadlines would have made of the alerts of the last four weeks.

The moments that decided the tier of each alert (its opening, each higher tier) are judged anew over the records of their
windows, once by what is in force and once by what is drafted. Reads, never writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, select

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
from fengsui.store.tables import episode, handling, rule_record, transition

BACK = timedelta(days=28)
MOST = 400
ROLES = ("admin",)
JUDGED = ("matrix", "weights", "floor")
_DECIDED = ("opened", "raised")


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


@dataclass(frozen=True, slots=True)
class Late:
    """Of ``n`` alerts of a tier: how many passed the deadline for claiming and for handling, as it is and as drafted."""

    n: int
    claim: tuple[int, int]
    handle: tuple[int, int]


def tiers(store: Engine, kind: str, id_: str, body: Mapping[str, Any], by: Person, now: datetime) -> Tried:
    """``kind`` one of ``JUDGED``; ``body``: one that fits it. Raises ``NotAllowed``."""
    _may(by)
    with reading(store).connect() as conn:
        as_is = book(conn, now)
        drafted = changed(as_is, kind, id_, ADAPTERS[kind].validate_python(body))
        metrics = catalogue.load(conn, now)
        columns = (episode.c.rule_id, episode.c.slice_key, episode.c.metric, episode.c.direction, episode.c.reason)
        query = select(episode.c.episode_id, episode.c.opened_at, episode.c.started_at, *columns)
        mine = (episode.c.mode == ON, episode.c.opened_at >= now - BACK)
        rows = conn.execute(query.where(*mine).order_by(episode.c.opened_at.desc()).limit(MOST + 1)).all()
        pairs = [(row, _tiers(conn, row, as_is, drafted, metrics)) for row in rows[:MOST]]
    judged = [(row, pair) for row, pair in pairs if pair is not None]
    moved = [
        Moved(row.episode_id, row.slice_key, row.opened_at, row.rule_id, *pair) for row, pair in judged if pair[0] != pair[1]
    ]
    counts = [dict(Counter(pair[side] for _, pair in judged)) for side in (0, 1)]
    return Tried(len(judged), len(rows) > MOST, counts[0], counts[1], tuple(moved))


def deadlines(store: Engine, body: Mapping[str, Any], by: Person, now: datetime) -> dict[int, Late]:
    """tier -> what the deadlines of ``body`` (a tier policy) would have missed of the alerts that were told. Raises
    ``NotAllowed``."""
    _may(by)
    with reading(store).connect() as conn:
        policies = (book(conn, now).policy, ADAPTERS["tier_policy"].validate_python(body))
        query = select(episode.c.tier, episode.c.opened_at, handling.c.claimed_at, handling.c.resolved_at)
        joined = query.join(handling, handling.c.episode_id == episode.c.episode_id)
        mine = (episode.c.mode == ON, episode.c.opened_at >= now - BACK, episode.c.claim_due_at.is_not(None))
        rows = conn.execute(joined.where(*mine)).all()
    found = {}
    for tier in (3, 2, 1):
        of_tier = [row for row in rows if row.tier == tier]
        limits = [policy.tiers[str(tier)] for policy in policies]  # type: ignore[index]  # "1" | "2" | "3"
        claim = tuple(sum(_over(row, row.claimed_at, one.claim_s, now) for row in of_tier) for one in limits)
        handle = tuple(sum(_over(row, row.resolved_at, one.handle_s, now) for row in of_tier) for one in limits)
        found[tier] = Late(len(of_tier), (claim[0], claim[1]), (handle[0], handle[1]))
    return found


def _over(row: Any, done: datetime | None, limit_s: int, now: datetime) -> bool:
    return bool((done or now) > row.opened_at + timedelta(seconds=limit_s))


def _may(by: Person) -> None:
    """It tells of alerts of the whole centre."""
    if by.role not in ROLES:
        raise NotAllowed("people.fault.not_allowed", role=by.role, allowed=list(ROLES))
    whole_centre(by)


def changed(as_is: Book, kind: str, id_: str, body: Any) -> Book:
    """The book with one definition in the place of its present version."""
    if kind == "floor":
        return replace(as_is, floors={**as_is.floors, id_: body})
    return replace(as_is, matrix=body) if kind == "matrix" else replace(as_is, weights=body)


def _tiers(conn: Connection, row: Any, as_is: Book, drafted: Book, metrics: Mapping[str, Metric]) -> tuple[int, int] | None:
    """The highest tier that each book gives; None where the rule is gone and nothing can be judged."""
    if as_is.rule(row.rule_id) is None:
        return None
    mine = (transition.c.episode_id == row.episode_id, transition.c.axis == "machine", transition.c.code.in_(_DECIDED))
    before = after = 0
    for params in conn.scalars(select(transition.c.params).where(*mine).order_by(transition.c.n)):
        sight = sight_of(row, params, metrics.get(row.metric))
        heard = _crowd(conn, row, sight, as_is)
        before = max(before, assess(conn, as_is, sight, row.started_at, heard).tier)
        anew = crowd(heard.heard, heard.n, drafted.weights)  # who counts as staff is a weight, too
        after = max(after, assess(conn, drafted, sight, row.started_at, anew).tier)
    return (before, after) if before else None


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


def _crowd(conn: Connection, row: Any, sight: Sight, as_is: Book) -> Crowd:
    """The records that the rule took, where it takes records; else those of the window."""
    if isinstance(as_is.rule(row.rule_id), PhraseRule | RecordRule):
        taken = (rule_record.c.episode_id == row.episode_id, rule_record.c.at <= sight.end)
        return window.of_keys(conn, conn.scalars(select(rule_record.c.record_key).where(*taken)).all(), as_is.weights)
    return window.read(conn, sight.metric, sight.slice_key, sight.window_start, sight.end, as_is.weights)
