"""Folded records made ready for their tables: rows, texts, events, customers, and what they change in the roll-ups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, select

from fengsui.ingest import bulk
from fengsui.ingest.deltas import Deltas, Places
from fengsui.ingest.fold import Folded, Tools, settle
from fengsui.ingest.near import EQUAL, NEAR, Window, Windows
from fengsui.ingest.pending import Pending
from fengsui.ingest.record import Record
from fengsui.ingest.tag_dims import dims_with
from fengsui.metrics.measures import SET_BY, contributions
from fengsui.store.tables import customer, event, feedback, feedback_text
from fengsui.text.clean import can_repeat
from fengsui.text.near import prints
from fengsui.text.tagger import overlaid

Worded: TypeAlias = tuple[str, str | None]
"""(text_hash, own_hash)"""


def records(
    conn: Connection,
    pending: Pending,
    ledger: Mapping[str, Record],
    tools: Tools,
    out: Folded,
    deltas: Deltas,
    places: Places,
    windows: Windows,
) -> list[Record]:
    """Make ready every touched record and add its signed delta; the touched ones. ``conn`` only reads."""
    touched = [record for record in ledger.values() if record.touched]
    for record in touched:
        settle(record, tools)
    _tag(touched, tools)
    _repeats(conn, touched, tools, windows)
    for record in touched:
        _delta(record, deltas, places)
    pending.put(feedback, [record.row for record in touched if record.row is not None])
    _texts(pending, touched)
    _events(pending, touched)
    _customers(conn, pending, out.customers, tools)
    pending.add(deltas.blocks())
    return touched


def _tag(touched: Iterable[Record], tools: Tools) -> None:
    """All texts of the batch at once; what people said of an earlier version stays said."""
    waiting = [(record, record.row) for record in touched if record.row is not None and record.untagged is not None]
    texts = [record.untagged or "" for record, _ in waiting]
    found = tools.tagger.tags(texts, [row["ratings"] for _, row in waiting])
    for (record, row), text, tags in zip(waiting, texts, found, strict=True):
        row["tags"] = overlaid(tags, record.old["tags"]) if record.old is not None else tags
        if tools.as_dims:
            row["dims"] = dims_with(row["dims"], {}, row["tags"], tools.as_dims)
        row["dims"] = tools.living.marked(row["dims"], text, row["opened_at"])
        record.untagged = None


def _delta(record: Record, deltas: Deltas, places: Places) -> None:
    if record.old is not None:
        slices = places.of_record(record.old["dims"])
        deltas.add(contributions(record.old), slices, -1, record.old["source"], minutes=record.old["pace"] != "batch")
    if record.row is None:
        return
    slices = places.of_record(record.row["dims"])
    found = contributions(record.row)
    deltas.add(found, slices, 1, record.row["source"], minutes=record.row["pace"] != "batch")
    for kind, source in record.kinds_by_source:
        deltas.feeds({part[0] for part in found}.intersection(SET_BY.get(kind, ())), slices, source)


def _repeats(conn: Connection, touched: Iterable[Record], tools: Tools, windows: Windows) -> None:
    """Point each new text at the first record with an equal one, of any source and time, or a nearly equal one, of its source
    and the last day; a first one (a root) points nowhere. Forms that two people filled in with numbers of their own are no
    copies."""
    records = [record for record in touched if record.row is not None]
    said = [record for record in records if record.text and record.text["text_hash"] != record.old_text_hash]
    for record in said:
        _points(record, None, None)
    long = [record for record in said if record.text and can_repeat(record.text["text"])]
    without = {record.key for record in said}
    roots = {worded: (key, EQUAL) for worded, key in _roots(conn, long, without).items()}
    gone = {record.key for record in records if record.text_dropped or (record.row and record.row["deleted_at"])}
    window = windows.of(conn, tools.source) if without or gone else Window(None)
    for key in sorted(without | gone):
        window.forget(key)
    for record, one in zip(said, prints([record.text["text"] for record in said if record.text]), strict=True):
        assert record.row is not None and record.text is not None
        window.moves(record.row["opened_at"], tools.now)
        worded, own = (_hash(record), record.text["own_hash"]), record.text["own_hash"]
        if not can_repeat(record.text["text"]) or worded not in roots:
            root = window.first(record.key, record.row["opened_at"], one, own)
            roots[worded] = root, EQUAL if root == record.key else NEAR
        root, how = roots[worded]
        if root != record.key:
            _points(record, root, how)


def _points(record: Record, root: str | None, how: str | None) -> None:
    assert record.row is not None
    record.row.update(repeat_of=root, repeat_how=how)


def _hash(record: Record) -> str:
    assert record.text is not None
    return str(record.text["text_hash"])


def _roots(conn: Connection, said: Iterable[Record], without: set[str]) -> dict[Worded, str]:
    """The earliest stored record with each text which repeats no other; ``own`` None: nothing in it is anybody's own. Of a form
    that many customers filled in, only what is theirs is read, not all that ever were."""
    texts = [record.text for record in said if record.text is not None]
    owns = sorted({text["own_hash"] for text in texts if text["own_hash"] is not None})
    own = feedback_text.c.own_hash
    query = (
        select(feedback_text.c.text_hash, own, feedback.c.record_key, feedback.c.opened_at)
        .join_from(feedback_text, feedback, feedback_text.c.record_key == feedback.c.record_key)
        .where(feedback.c.repeat_of.is_(None), own.is_(None) | bulk.among(conn, own, owns))
    )
    found: dict[Worded, tuple[datetime, str]] = {}
    for row in bulk.rows_in(conn, query, feedback_text.c.text_hash, sorted({text["text_hash"] for text in texts})):
        if row["record_key"] not in without:
            first, worded = (row["opened_at"], row["record_key"]), (row["text_hash"], row["own_hash"])
            found[worded] = min(found.get(worded, first), first)
    return {worded: key for worded, (_, key) in found.items()}


def _texts(pending: Pending, touched: Iterable[Record]) -> None:
    said = [record for record in touched if record.row is not None]
    pending.put(feedback_text, [record.text for record in said if record.text is not None])
    silent = [{"record_key": record.key} for record in said if record.text_dropped and record.old_text_hash is not None]
    pending.remove(feedback_text, silent)


def _events(pending: Pending, touched: Iterable[Record]) -> None:
    rows: list[dict[str, Any]] = []
    dropped: list[dict[str, Any]] = []
    for record in touched:
        rows += [_event_row(record.key, key, step) for key, step in record.events.items() if record.old_events.get(key) != step]
        dropped += [{"record_key": record.key, "event_key": key} for key in record.old_events if key not in record.events]
    pending.remove(event, dropped)
    pending.put(event, rows)


def _event_row(key: str, event_key: str, step: Any) -> dict[str, Any]:
    return {
        "record_key": key,
        "event_key": event_key,
        "kind": step.kind,
        "at": step.at,
        "actor": step.actor,
        "data": step.data,
        "derived": step.derived,
    }


def _customers(conn: Connection, pending: Pending, found: Mapping[str, str], tools: Tools) -> None:
    """Customers seen for the first time; their own id sealed, to be revealed by role with audit."""
    known = {row["customer"] for row in bulk.rows_in(conn, select(customer.c.customer), customer.c.customer, found)}
    rows = [
        {
            "customer": hashed,
            "source_id": tools.vault.seal(own_id.encode("utf-8", "surrogatepass"), hashed),
            "key_id": tools.vault.key_id,
            "first_seen_at": tools.now,
        }
        for hashed, own_id in sorted(found.items())
        if hashed not in known
    ]
    pending.put(customer, rows, keep=True)
