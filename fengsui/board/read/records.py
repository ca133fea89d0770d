"""The feedback behind an alert, in the customers' own (masked) words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from fengsui.board.alert import Alert
from fengsui.board.read.affected import Customers, affected
from fengsui.board.scope import Scope, sees_org
from fengsui.store.slices import ALL, cuboid_slice, slice_levels
from fengsui.store.tables import feedback, feedback_text, rule_record

SHOWN = 20
_SCANNED = 3000
_LONGEST = timedelta(hours=24)
_OLDEST = timedelta(days=30)
_KINDS = {"complaints": "complaint"}
_TIMES = {"response_time": "first_response_at", "sla_attainment": "due_at", "csat": "rated_at", "resolution_time": "solved_at"}


@dataclass(frozen=True, slots=True)
class Record:
    record_key: str
    opened_at: datetime
    channel: str | None
    org: str | None
    kind: str
    text: str | None
    cues: tuple[str, ...]
    customer: str | None
    customer_tier: str | None
    state: str
    url: str | None


@dataclass(frozen=True, slots=True)
class BehindIt:
    """``records``: the newest first, at most ``SHOWN``; ``total`` of ``customers`` distinct ones (both lower bounds where
    ``cut`` is True: more rows lie in the window than one page reads)."""

    records: tuple[Record, ...]
    total: int
    customers: int
    cut: bool
    people: Customers


def records(conn: Connection, alert: Alert, scope: Scope) -> BehindIt:
    """What a record or phrase rule took; else what was opened (answered, due, rated) in the alert's slice and window."""
    taken = conn.execute(select(func.count()).where(rule_record.c.episode_id == alert.episode_id)).scalar_one()
    rows = conn.execute(_taken(alert) if taken else _window(alert)).fetchall()
    mine = [row for row in rows if _belongs(row.dims, alert, bool(taken)) and sees_org(scope, row.dims.get("org"))]
    return BehindIt(
        records=tuple(_record(row) for row in mine[:SHOWN]),
        total=len(mine),
        customers=len({row.customer or row.record_key for row in mine}),
        cut=len(rows) == _SCANNED,
        people=affected(conn, alert.episode_id, mine),
    )


def _select() -> Select[Any]:
    wanted = "record_key opened_at kind dims customer customer_tier tags state url"
    columns = [feedback.c[name] for name in wanted.split()]
    joined = feedback.outerjoin(feedback_text, feedback_text.c.record_key == feedback.c.record_key)
    kept = feedback.c.deleted_at.is_(None)
    return select(*columns, feedback_text.c.text).select_from(joined).where(kept).order_by(feedback.c.opened_at.desc())


def _taken(alert: Alert) -> Select[Any]:
    mine = select(rule_record.c.record_key).where(rule_record.c.episode_id == alert.episode_id)
    return _select().where(feedback.c.record_key.in_(mine)).limit(_SCANNED)


def _window(alert: Alert) -> Select[Any]:
    end = alert.cleared_at or alert.last_at
    since = max(alert.started_at, end - _LONGEST)
    at = feedback.c[_TIMES.get(alert.metric, "opened_at")]
    query = _select().where(and_(at >= since, at < end)).limit(_SCANNED)
    if at is not feedback.c.opened_at:  # a ticket is not older than this when it is answered; the index is on opened_at
        query = query.where(feedback.c.opened_at >= since - _OLDEST)
    kind = _KINDS.get(alert.metric)
    return query.where(feedback.c.kind == kind) if kind else query


def _belongs(dims: dict[str, str], alert: Alert, taken: bool) -> bool:
    if taken or alert.slice_key == ALL:
        return True
    return cuboid_slice(dims, "|".join(sorted(slice_levels(alert.slice_key)))) == alert.slice_key


def _record(row: Any) -> Record:
    return Record(
        record_key=row.record_key,
        opened_at=row.opened_at,
        channel=row.dims.get("channel"),
        org=row.dims.get("org"),
        kind=row.kind,
        text=row.text,
        cues=tuple(_words(row.tags.get("cues", {}).values())),
        customer=row.customer,
        customer_tier=row.customer_tier,
        state=row.state,
        url=row.url,
    )


def _words(found: Iterable[Any]) -> Iterable[str]:
    for words in found:
        yield from (str(word) for word in words) if isinstance(words, list) else ()
