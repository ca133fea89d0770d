"""The records that a batch touches, as stored: read in bulk, once, before anything is folded."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from fengsui.ingest.bulk import rows_in
from fengsui.ingest.record import Record, Step
from fengsui.store.tables import event, feedback, feedback_text, tombstone


def read(conn: Connection, keys: Iterable[str]) -> tuple[dict[str, Record], set[str]]:
    """record_key -> its record (an empty one where nothing is stored), and the keys that were erased."""
    wanted = list(dict.fromkeys(keys))
    erased = {row["record_key"] for row in rows_in(conn, select(tombstone.c.record_key), tombstone.c.record_key, wanted)}
    ledger = {key: Record(key) for key in wanted if key not in erased}
    _load_rows(conn, ledger)
    _load_events(conn, ledger)
    return ledger, erased


def _load_rows(conn: Connection, ledger: dict[str, Record]) -> None:
    for row in rows_in(conn, select(feedback), feedback.c.record_key, ledger):
        record = ledger[row["record_key"]]
        record.old = dict(row)
        record.row = dict(row)
    known = [key for key, record in ledger.items() if record.old is not None]
    hashes = select(feedback_text.c.record_key, feedback_text.c.text_hash)
    for row in rows_in(conn, hashes, feedback_text.c.record_key, known):
        ledger[row["record_key"]].old_text_hash = row["text_hash"]


def _load_events(conn: Connection, ledger: dict[str, Record]) -> None:
    found: dict[str, dict[str, Step]] = {}
    for row in rows_in(conn, select(event), event.c.record_key, ledger):
        step = Step(row["kind"], row["at"], row["actor"], row["data"], bool(row["derived"]))
        found.setdefault(row["record_key"], {})[row["event_key"]] = step
    for key, steps in found.items():
        ledger[key].old_events = steps
        ledger[key].events = dict(steps)
