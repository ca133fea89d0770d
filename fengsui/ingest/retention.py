"""What is old goes, table by table, as ``[retention]`` says; facts and quarter-hour roll-ups stay.

``RULES`` is the whole list. Each table is its own transaction of bounded size, so that a click never waits for a clean-up;
what went is written to the audit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Delete,
    Engine,
    Table,
    Update,
    and_,
    bindparam,
    case,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from fengsui.ingest.deltas import minutes_cut
from fengsui.ingest.fence import Fence
from fengsui.ingest.quarantine import HELD, PURGED
from fengsui.ingest.topics import PAST
from fengsui.metrics import blocks
from fengsui.metrics.blocks import MINUTE
from fengsui.settings.model import Settings
from fengsui.store.database import reading
from fengsui.store.slices import bucket
from fengsui.store.tables import (
    audit,
    claim_link,
    feedback_text,
    gauge,
    inbox,
    outbox,
    poll,
    quarantine,
    reminder,
    request,
    rollup,
    search_text,
    session,
    tick,
    topic,
    verdict,
)
from fengsui.store.tables import feedback as records

AT_ONCE = 2_000
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
    Rule(claim_link, "session_days", lambda before: claim_link.c.expires_at < before),
    Rule(
        request,
        "request_days",
        lambda before: and_(request.c.at < before, request.c.state.in_(_ENDED)),
    ),
    Rule(inbox, "inbox_days", lambda before: and_(inbox.c.received_at < before, inbox.c.state != "new")),
    Rule(outbox, "notice_days", lambda before: outbox.c.created_at < before),
    Rule(reminder, "notice_days", lambda before: reminder.c.at < before),
    Rule(audit, "audit_days", lambda before: audit.c.at < before),
)


def purge(store: Engine, settings: Settings, now: datetime, fence: Fence) -> dict[str, int]:
    """Enforce retention as of ``now``; rows that went, by table, also written to the audit where there are any."""
    gone = {rule.table.name: _all_of(store, fence, rule, _before(settings, rule.days, now)) for rule in RULES}
    gone[rollup.name] = _minutes(store, settings, now, fence)
    gone[feedback_text.name] = _texts(store, fence, _before(settings, "text_days", now))
    gone[topic.name] = _topics(store, settings, now, fence)
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
    return _in_parts(store, fence, rule.table, rule.old(before), delete(rule.table))


def _minutes(store: Engine, settings: Settings, now: datetime, fence: Fence) -> int:
    cut = bucket(minutes_cut(now, settings.retention.minute_rollups_days), MINUTE)
    return _in_parts(store, fence, rollup, blocks.ended(MINUTE, cut), delete(rollup))


def _texts(store: Engine, fence: Fence, before: datetime) -> int:
    """With the text goes what was written for the search: it holds the same words."""
    old = select(records.c.record_key).where(records.c.opened_at < before)
    _in_parts(store, fence, search_text, search_text.c.record_key.in_(old), delete(search_text))
    return _in_parts(store, fence, feedback_text, feedback_text.c.record_key.in_(old), delete(feedback_text))


def _topics(store: Engine, settings: Settings, now: datetime, fence: Fence) -> int:
    """Of topics of one name that ended long ago the newest stays: records carry the name, and a value that no topic has would
    be taken for a source's own. With the texts go its phrase and the keys of its examples."""
    newer = topic.alias()
    later = or_(
        newer.c.found_at > topic.c.found_at,
        and_(newer.c.found_at == topic.c.found_at, newer.c.topic_id > topic.c.topic_id),
    )
    again = exists().where(newer.c.shown == topic.c.shown, later)
    gone = _in_parts(store, fence, topic, and_(topic.c.ended_at < now - PAST, again), delete(topic))
    wordy = and_(topic.c.ended_at < _before(settings, "text_days", now), topic.c.phrase != "")
    return gone + _in_parts(store, fence, topic, wordy, update(topic).values(phrase="", examples=[]))


def _orphans(store: Engine, settings: Settings, fence: Fence, before: datetime) -> int:
    """Deliveries of a source that is no longer there: nobody will take them, and customers' words are not kept for ever."""
    old = and_(inbox.c.received_at < before, inbox.c.source.not_in(list(settings.sources)))
    return _in_parts(store, fence, inbox, old, delete(inbox))


def _quarantine(store: Engine, fence: Fence, before: datetime) -> int:
    """The payload goes, the count of what happened stays; so does what a person decided about the row."""
    old = and_(quarantine.c.last_at < before, or_(quarantine.c.raw.is_not(None), quarantine.c.state == HELD))
    state = case((quarantine.c.state == HELD, PURGED), else_=quarantine.c.state)
    return _in_parts(store, fence, quarantine, old, update(quarantine).values(raw=None, key_id=None, state=state))


def _in_parts(store: Engine, fence: Fence, table: Table, old: ColumnElement[bool], change: Delete | Update) -> int:
    """Carry ``change`` out on every row of ``table`` that is ``old``. The rows are looked for without the writer's lock, and
    each must still be old when its turn comes."""
    keys = list(table.primary_key.columns)
    names = [f"_{column.name}" for column in keys]
    mine = [column == bindparam(name) for column, name in zip(keys, names, strict=True)]
    total = 0
    while True:
        with reading(store).connect() as conn:
            found = conn.execute(select(*keys).where(old).limit(AT_ONCE))
            some = [dict(zip(names, row, strict=True)) for row in found]
        if not some:
            return total
        with store.begin() as conn:
            fence(conn)
            done = conn.execute(change.where(*mine, old), some).rowcount
        total += done
        if done <= 0 or len(some) < AT_ONCE:
            return total
