"""New records matched against phrase and record rules: each counts once per rule, however often it changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select

from fengsui.alerts.bodies import PhraseRule, RecordRule, RuleBase
from fengsui.alerts.desk import Desk
from fengsui.store.slices import cuboid_slice, level_value
from fengsui.store.tables import feedback, rule_record
from fengsui.store.upsert import upsert

OLDEST = timedelta(days=8)
"""Older records say nothing about now, nor about the last week."""
CHUNK = 500
ROWS = 2000


FRESH = select(feedback.c.record_key).where(
    feedback.c.seq > bindparam("after"),
    feedback.c.seq <= bindparam("tick"),
    feedback.c.opened_at >= bindparam("since"),
    feedback.c.deleted_at.is_(None),
)
"""Keys of the records stored by ticks in ``(after, tick]`` that speak of now or of the last week."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A record that a rule took for the first time."""

    rule_id: str
    record_key: str
    slice_key: str
    at: datetime


def take(desk: Desk, after: int) -> list[Taken]:
    """Records stored by ticks in ``(after, tick]`` that a phrase or record rule in force matches. Written down."""
    rules = {
        id_: held.body
        for id_, held in sorted(desk.book.rules.items())
        if isinstance(held.body, PhraseRule | RecordRule) and held.body.mode != "off"
    }
    found: list[Taken] = []
    for rows in _new_records(desk, after):
        desk.moved.records += len(rows)
        for rule_id, rule in rules.items():
            found += _new(desk.conn, [_taken(rule_id, rule, row) for row in rows if matches(rule, row)])
    return found


def _new_records(desk: Desk, after: int) -> Iterable[Sequence[Mapping[str, Any]]]:
    columns = (feedback.c.kind, feedback.c.opened_at, feedback.c.dims, feedback.c.tags)
    query = FRESH.add_columns(*columns).order_by(feedback.c.record_key)
    rows = [{str(name): value for name, value in row.items()} for row in desk.conn.execute(query, span(desk, after)).mappings()]
    return (rows[start : start + ROWS] for start in range(0, len(rows), ROWS))


def span(desk: Desk, after: int) -> Mapping[str, Any]:
    """The parameters of ``FRESH``."""
    return {"after": after, "tick": desk.tick, "since": desk.now - OLDEST}


def matches(rule: PhraseRule | RecordRule, row: Mapping[str, Any]) -> bool:
    if not in_where(rule, row["dims"]):
        return False
    cues = set((row["tags"] or {}).get("cues") or ())
    if isinstance(rule, PhraseRule):
        return rule.cue in cues
    return row["kind"] in rule.kinds or bool(cues & set(rule.cues))


def in_where(rule: RuleBase, dims: Mapping[str, str]) -> bool:
    return all(level_value(dims, level) == value for level, value in rule.where.items())


def _taken(rule_id: str, rule: PhraseRule | RecordRule, row: Mapping[str, Any]) -> Taken:
    return Taken(rule_id, row["record_key"], cuboid_slice(row["dims"], rule.cuboid), row["opened_at"])


def _new(conn: Connection, found: list[Taken]) -> list[Taken]:
    """Those not taken before, written down now."""
    if not found:
        return []
    rule_id, keys = found[0].rule_id, [one.record_key for one in found]
    known: set[str] = set()
    for start in range(0, len(keys), CHUNK):
        part = rule_record.c.record_key.in_(keys[start : start + CHUNK])
        known |= set(conn.scalars(select(rule_record.c.record_key).where(rule_record.c.rule_id == rule_id, part)))
    new = [one for one in found if one.record_key not in known]
    rows = [{"rule_id": one.rule_id, "record_key": one.record_key, "episode_id": None, "at": one.at} for one in new]
    upsert(conn, rule_record, rows, update=())
    return new
