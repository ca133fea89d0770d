"""How long rows are kept: one visible table, enforced each night in small steps, with an audit row (DESIGN §7).

Facts of feedback and quarter-hour roll-ups stay for ever; words, minutes, verdicts, faults and bookkeeping go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, insert, select, tuple_, update
from sqlalchemy import Engine as Store

from fengsui.settings import Settings
from fengsui.store import tables as t
from fengsui.store.slices import bucket
from fengsui.worker.chores import Chore, Desk

AT_ONCE = 2000
"""Rows a step: some tens of milliseconds on SQLite, so a click never waits for housekeeping."""

Condition: TypeAlias = Callable[[datetime], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of ``table`` for which ``old(cut)`` holds go; ``days`` is the key of ``[retention]``. ``blank``: the columns to
    overwrite where the row itself stays."""

    table: Table
    days: str
    old: Condition
    blank: Mapping[str, Any] | None = None


def _older_texts(cut: datetime) -> ColumnElement[bool]:
    return t.feedback_text.c.record_key.in_(select(t.feedback.c.record_key).where(t.feedback.c.opened_at < cut))


RULES: tuple[Rule, ...] = (
    Rule(t.rollup, "minute_rollups_days", lambda cut: and_(t.rollup.c.grain == 1, t.rollup.c.bucket < bucket(cut, 15))),
    Rule(t.verdict, "verdict_days", lambda cut: t.verdict.c.end_at < cut),
    Rule(t.poll, "poll_days", lambda cut: t.poll.c.at < cut),
    Rule(t.tick, "tick_days", lambda cut: t.tick.c.now < cut),
    Rule(t.feedback_text, "text_days", _older_texts),
    Rule(t.session, "session_days", lambda cut: t.session.c.expires_at < cut),
    Rule(t.request, "request_days", lambda cut: t.request.c.finished_at < cut),
    Rule(t.inbox, "inbox_days", lambda cut: and_(t.inbox.c.received_at < cut, t.inbox.c.state != "new")),
    Rule(t.outbox, "notice_days", lambda cut: and_(t.outbox.c.created_at < cut, t.outbox.c.state != "pending")),
    Rule(t.audit, "audit_days", lambda cut: t.audit.c.at < cut),
    Rule(
        t.quarantine,
        "quarantine_days",
        lambda cut: and_(t.quarantine.c.last_at < cut, t.quarantine.c.raw.is_not(None)),
        {"raw": None, "key_id": None, "state": "purged"},
    ),
)


def chore(store: Store, settings: Settings) -> Chore:
    """All rules, a step at a time, and the uploaded files; then one audit row that says what went."""

    def work(desk: Desk) -> Iterator[bool]:
        gone: dict[str, int] = {}
        now = desk.turn.now
        for rule in RULES:
            cut = now - timedelta(days=getattr(settings.retention, rule.days))
            n = AT_ONCE
            while n == AT_ONCE:
                n = _step(store, desk, rule, cut)
                gone[rule.table.name] = gone.get(rule.table.name, 0) + n
                yield True
        gone["uploads"] = _old_uploads(settings.home / "uploads", now - timedelta(days=settings.retention.quarantine_days))
        _note(store, desk, {name: n for name, n in gone.items() if n})
        yield True

    return work


def _step(store: Store, desk: Desk, rule: Rule, cut: datetime) -> int:
    keys = tuple(rule.table.primary_key)
    with store.begin() as conn:
        desk.turn.fence(conn)
        found = conn.execute(select(*keys).where(rule.old(cut)).limit(AT_ONCE)).all()
        _apply(conn, rule, keys, [tuple(row) for row in found])
    return len(found)


def _apply(conn: Connection, rule: Rule, keys: tuple[Any, ...], found: list[tuple[Any, ...]]) -> None:
    if not found:
        return
    these = keys[0].in_([row[0] for row in found]) if len(keys) == 1 else tuple_(*keys).in_(found)
    conn.execute(
        delete(rule.table).where(these) if rule.blank is None else update(rule.table).where(these).values(**rule.blank)
    )


def _old_uploads(folder: Path, cut: datetime) -> int:
    """Uploaded files hold customers' words in the clear: they go with the quarantine."""
    old = [path for path in folder.glob("*") if path.is_file() and path.stat().st_mtime < cut.timestamp()]
    for path in old:
        path.unlink()
    return len(old)


def _note(store: Store, desk: Desk, gone: Mapping[str, int]) -> None:
    row = {"at": desk.turn.now, "by": "machine", "action": "worker.retention", "params": dict(gone)}
    with store.begin() as conn:
        desk.turn.fence(conn)
        conn.execute(insert(t.audit), [row])
