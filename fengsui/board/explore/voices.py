"""What customers said in the slice and window, in their own (masked) words: bursts, the most typical first, one journey."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, and_, select

from fengsui.alerts.window import in_parts
from fengsui.board.explore.finding import records
from fengsui.board.explore.question import Question
from fengsui.board.persons import NOBODY, Persons, check
from fengsui.board.scope import Scope, sees_org
from fengsui.explore import read
from fengsui.explore.counted import COUNTED, OPENED, Counted
from fengsui.explore.phrases import Phrase, burst, typicality
from fengsui.settings import Settings
from fengsui.store.members import in_slice
from fengsui.store.tables import feedback, feedback_text

WEEKS_BEFORE = timedelta(days=28)
MOST_NOW, MOST_PHRASED, MOST_BEFORE = 1500, 600, 3000
SHOWN = 8
AROUND = timedelta(days=30)
STEPS = 30


@dataclass(frozen=True, slots=True)
class Said:
    """``typical``: how much of what bursts it holds, of the most typical one; None where nothing bursts."""

    record_key: str
    at: datetime
    channel: str | None
    text: str | None
    customer: str | None
    typical: float | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Voices:
    """``texts`` of ``total`` records have words; ``before``: texts they were held against. ``topics`` and ``numbers``:
    phrases that burst. ``cut``: more records than are read."""

    total: int
    texts: int
    before: int
    topics: tuple[Phrase, ...]
    numbers: tuple[Phrase, ...]
    said: tuple[Said, ...]
    cut: bool


@dataclass(frozen=True, slots=True)
class Step:
    at: datetime
    channel: str | None
    kind: str
    state: str
    place: str | None
    text: str | None
    here: bool


@dataclass(frozen=True, slots=True)
class Journey:
    """One customer's way over channels, oldest first."""

    customer: str
    steps: tuple[Step, ...]


def voices(
    store: Engine, settings: Settings, question: Question, scope: Scope, shown: int = SHOWN, persons: Persons = NOBODY
) -> Voices:
    """Raises ``NotAllowed`` where the place is a person not among ``persons``."""
    check(settings, persons, question.slice_key, *question.out)
    counted = COUNTED.get(question.metric) or Counted(OPENED, feedback.c.record_key.is_not(None))
    with store.connect() as conn:
        rows = _rows(conn, counted, question, (question.start, question.end), scope)
        spoken = [row.text for row in rows if row.text]
        texts = spoken[:: max(1, -(-len(spoken) // MOST_PHRASED))]
        before = _before(conn, counted, question, scope)
    channels = frozenset(str(row.dims.get("channel", "")).casefold() for row in rows)
    found = burst(texts, before, ignored=channels)
    topics = tuple(one for one in found if not one.number)
    weights = [typicality(row.text or "", topics) for row in rows]
    most = max(weights, default=0.0)
    said = tuple(_said(rows[n], weights[n] / most if most else None) for n in _order(rows, weights, shown))
    numbers = tuple(one for one in found if one.number)
    return Voices(len(rows), len(spoken), len(before), topics, numbers, said, len(rows) == MOST_NOW)


def _order(rows: Sequence[Any], weights: Sequence[float], shown: int) -> list[int]:
    """The most typical first, each way of saying it before any a second time: equal weights are equal phrases."""
    order = sorted(range(len(rows)), key=lambda n: (not rows[n].text, -weights[n], -rows[n].opened_at.timestamp()))
    said: Counter[float] = Counter()
    turn = {}
    for n in order:
        turn[n] = said[round(weights[n], 4)] if weights[n] else 0
        said[round(weights[n], 4)] += 1
    return sorted(order, key=lambda n: (not rows[n].text, not weights[n], turn[n]))[:shown]


def journey(store: Engine, customer: str, around: datetime, scope: Scope, here: Sequence[str] = ()) -> Journey | None:
    """Records of one customer a month before and after, as far as the reader may see them; None where there are none."""
    mine = and_(
        feedback.c.customer == customer,
        feedback.c.opened_at >= around - AROUND,
        feedback.c.opened_at < around + AROUND,
        feedback.c.deleted_at.is_(None),
    )
    with store.connect() as conn:
        rows = conn.execute(_select().where(mine).order_by(feedback.c.opened_at.desc()).limit(STEPS)).fetchall()
    seen = [row for row in rows if sees_org(scope, row.dims.get("org"))]
    steps = tuple(
        Step(
            row.opened_at,
            row.dims.get("channel"),
            row.kind,
            row.state,
            row.dims.get("category"),
            row.text,
            row.record_key in here,
        )
        for row in reversed(seen)
    )
    return Journey(customer, steps) if steps else None


def _select() -> Any:
    columns = [feedback.c[name] for name in ("record_key", "opened_at", "kind", "state", "dims", "customer", "url")]
    joined = feedback.outerjoin(feedback_text, feedback_text.c.record_key == feedback.c.record_key)
    return select(*columns, feedback_text.c.text).select_from(joined)


def _rows(conn: Connection, counted: Counted, question: Question, span: read.Span, scope: Scope) -> list[Any]:
    """The newest records that count (of a rate: those that went wrong), less what is left out of the search."""
    inside = and_(read.within(counted, span), in_slice(question.slice_key))
    for key in question.out:
        inside = and_(inside, ~in_slice(key))
    if counted.wrong is not None:
        inside = and_(inside, counted.wrong)
    query = _select().where(inside).order_by(feedback.c.opened_at.desc()).limit(MOST_NOW)
    return [row for row in conn.execute(query) if sees_org(scope, row.dims.get("org"))]


def _before(conn: Connection, counted: Counted, question: Question, scope: Scope) -> list[str]:
    """Texts of the four weeks before, evenly over time where there are more than enough."""
    span = question.start - WEEKS_BEFORE, question.start
    org = feedback.c.dims["org"].as_string()
    every = read.every_for(records(conn, [read.reach(counted, [span])]), WEEKS_BEFORE)
    keys: list[str] = []
    for inside in read.cut(counted, span, every):
        query = select(feedback.c.record_key, org).where(inside, in_slice(question.slice_key))
        rows = conn.execute(query.order_by(feedback.c.opened_at)).tuples()
        keys += [key for key, place in rows if sees_org(scope, place)]
    some = keys[:: max(1, -(-len(keys) // MOST_BEFORE))]
    found: list[str] = []
    for part in in_parts(some):
        texts = select(feedback_text.c.text).where(feedback_text.c.record_key.in_(part))
        found += (text for text in conn.execute(texts).scalars() if text)
    return found


def _said(row: Any, typical: float | None) -> Said:
    return Said(row.record_key, row.opened_at, row.dims.get("channel"), row.text, row.customer, typical, row.url)
