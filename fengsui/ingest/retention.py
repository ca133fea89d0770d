"""What is old goes, table by table, as ``[retention]`` says; facts and quarter-hour roll-ups stay.

``RULES`` is the whole list. Each table is its own transaction of bounded size, so that a click never waits for a clean-up;
what went is written to the audit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Table, and_, delete, insert, or_, select, tuple_, update

from fengsui.ingest.deltas import MINUTE, minutes_cut
from fengsui.ingest.quarantine import PURGED
from fengsui.ingest.take import Fence
from fengsui.settings.model import Settings
from fengsui.store.slices import bucket
from fengsui.store.tables import (
    audit,
    feedback_text,
    gauge,
    inbox,
    outbox,
    poll,
    quarantine,
    request,
    rollup,
    session,
    tick,
    verdict,
)
from fengsui.store.tables import feedback as records

AT_ONCE = 5_000
_ENDED = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of ``table`` for which ``old(before)`` holds go; ``days`` names the setting."""

    table: Table
    days: str
    old: Callable[[datetime], ColumnElement[bool]]


RULES: tuple[Rule, ...] = (
    Rule(verdict, "verdict_days", lambda before: verdict.c.end_at < before),
    Rule(poll, "poll_days", lambda before: poll.c.at < before),
    Rule(tick, "tick_days", lambda before: and_(tick.c.now < before, tick.c.finished_at.is_not(None))),
    Rule(gauge, "poll_days", lambda before: gauge.c.at < before),
    Rule(session, "session_days", lambda before: session.c.expires_at < before),
    Rule(
        request,
        "request_days",
        lambda before: and_(request.c.at < before, request.c.state.in_(("done", "failed", "cancelled"))),
    ),
    Rule(inbox, "inbox_days", lambda before: and_(inbox.c.received_at < before, inbox.c.state != "new")),
    Rule(outbox, "notice_days", lambda before: outbox.c.created_at < before),
    Rule(audit, "audit_days", lambda before: audit.c.at < before),
)


def purge(store: Engine, settings: Settings, now: datetime, fence: Fence) -> dict[str, int]:
    """Enforce retention as of ``now``; rows that went, by table, also written to the audit where there are any."""
    gone = {rule.table.name: _all_of(store, fence, rule, _before(settings, rule.days, now)) for rule in RULES}
    gone[rollup.name] = _minutes(store, settings, now, fence)
    gone[feedback_text.name] = _texts(store, fence, _before(settings, "text_days", now))
    gone[quarantine.name] = _quarantine(store, fence, _before(settings, "quarantine_days", now))
    gone[inbox.name] += _orphans(store, settings, fence, _before(settings, "inbox_days", now))
    gone = {name: n for name, n in gone.items() if n}
    if gone:
        with store.begin() as conn:
            fence(conn)
            conn.execute(insert(audit).values(at=now, by="retention", action="ingest.retention", params=gone))
    return gone


def _before(settings: Settings, days: str, now: datetime) -> datetime:
    return now - timedelta(days=getattr(settings.retention, days))


def _all_of(store: Engine, fence: Fence, rule: Rule, before: datetime) -> int:
    return _in_parts(store, fence, lambda conn: _delete_some(conn, rule.table, rule.old(before)))


def _minutes(store: Engine, settings: Settings, now: datetime, fence: Fence) -> int:
    cut = bucket(minutes_cut(now, settings.retention.minute_rollups_days), MINUTE)
    old = and_(rollup.c.grain == MINUTE, rollup.c.bucket < cut)
    return _in_parts(store, fence, lambda conn: _delete_some(conn, rollup, old))


def _texts(store: Engine, fence: Fence, before: datetime) -> int:
    old = select(records.c.record_key).where(records.c.opened_at < before)
    return _in_parts(store, fence, lambda conn: _delete_some(conn, feedback_text, feedback_text.c.record_key.in_(old)))


def _orphans(store: Engine, settings: Settings, fence: Fence, before: datetime) -> int:
    """Deliveries of a source that is no longer there: nobody will take them, and customers' words are not kept for ever."""
    old = and_(inbox.c.received_at < before, inbox.c.source.not_in(list(settings.sources)))
    return _in_parts(store, fence, lambda conn: _delete_some(conn, inbox, old))


def _quarantine(store: Engine, fence: Fence, before: datetime) -> int:
    """The payload goes, the count of what happened stays."""
    old = and_(quarantine.c.last_at < before, or_(quarantine.c.raw.is_not(None), quarantine.c.state != PURGED))
    with store.begin() as conn:
        fence(conn)
        return conn.execute(update(quarantine).where(old).values(raw=None, key_id=None, state=PURGED)).rowcount


def _in_parts(store: Engine, fence: Fence, part: Callable[[Connection], int]) -> int:
    total = 0
    while True:
        with store.begin() as conn:
            fence(conn)
            n = part(conn)
        total += n
        if n < AT_ONCE:
            return total


def _delete_some(conn: Connection, table: Table, old: ColumnElement[bool]) -> int:
    keys: list[Any] = list(table.primary_key.columns)
    some = select(*keys).where(old).limit(AT_ONCE)
    match = keys[0].in_(some) if len(keys) == 1 else tuple_(*keys).in_(some)
    return conn.execute(delete(table).where(match)).rowcount
