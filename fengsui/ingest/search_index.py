"""The search column behind the texts: filled after the take, a part at a time, so that no record waits for it.

SQLite has FTS5 over it, kept by triggers (a text that is erased is not found any more), PostgreSQL a GIN index. Both are made
here and not by a migration: they can be thrown away and made anew from the texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, delete, select, text

from fengsui.ingest.fence import Fence
from fengsui.store.database import reading
from fengsui.store.tables import feedback, feedback_text, search_text, watermark
from fengsui.store.upsert import upsert
from fengsui.text.search_words import indexed

NAME = "search"
AT_ONCE = 500
Turn: TypeAlias = tuple[int, datetime, Fence]
"""(tick, its now, its fence)"""

_SQLITE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS search_fts USING fts5(words, content='search_text', content_rowid='doc', "
    "tokenize='unicode61 remove_diacritics 0')",
    "CREATE TRIGGER IF NOT EXISTS search_text_insert AFTER INSERT ON search_text BEGIN "
    "INSERT INTO search_fts(rowid, words) VALUES (new.doc, new.words); END",
    "CREATE TRIGGER IF NOT EXISTS search_text_delete AFTER DELETE ON search_text BEGIN "
    "INSERT INTO search_fts(search_fts, rowid, words) VALUES ('delete', old.doc, old.words); END",
    "CREATE TRIGGER IF NOT EXISTS search_text_update AFTER UPDATE ON search_text BEGIN "
    "INSERT INTO search_fts(search_fts, rowid, words) VALUES ('delete', old.doc, old.words); "
    "INSERT INTO search_fts(rowid, words) VALUES (new.doc, new.words); END",
)
_POSTGRES = ("CREATE INDEX IF NOT EXISTS search_text_words ON search_text USING gin (to_tsvector('simple', words))",)


def prepare(conn: Connection) -> None:
    """Make what is not there."""
    for statement in _SQLITE if conn.dialect.name == "sqlite" else _POSTGRES:
        conn.execute(text(statement))


def behind(store: Engine, more_than: int = 0) -> bool:
    """Whether there are records (more than so many) that the search does not know."""
    with reading(store).connect() as conn:
        return len(_stored_after(conn, *_cursor(conn), more_than + 1)) > more_than


def catch_up(store: Engine, turn: Callable[[], Turn]) -> Iterator[int]:
    """Index what earlier ticks stored since, some hundred records in a transaction; how many each time. ``turn``: asked before
    each. What the present tick stores may still grow behind the cursor: it is for the next one."""
    while True:
        tick, now, fence = turn()
        with reading(store).connect() as conn:
            rows = _stored_after(conn, *_cursor(conn), AT_ONCE, tick)
        if not rows:
            return
        with store.begin() as conn:
            fence(conn)
            _put(conn, rows)
            last = rows[-1]
            upsert(conn, watermark, [{"name": NAME, "at": now, "seq": last["seq"], "tick": None, "tag": last["record_key"]}])
        yield len(rows)


def forget(conn: Connection, keys: list[str]) -> None:
    """Erased records are not found."""
    conn.execute(delete(search_text).where(search_text.c.record_key.in_(keys)))


def _cursor(conn: Connection) -> tuple[int, str]:
    row = conn.execute(select(watermark.c.seq, watermark.c.tag).where(watermark.c.name == NAME)).first()
    return (int(row.seq), str(row.tag or "")) if row else (0, "")


def _stored_after(conn: Connection, seq: int, key: str, limit: int, tick: int | None = None) -> list[dict[str, Any]]:
    """By the tick that stored them, and in one tick by key."""
    later = (feedback.c.seq > seq) | ((feedback.c.seq == seq) & (feedback.c.record_key > key))
    joined = feedback.outerjoin(feedback_text, feedback_text.c.record_key == feedback.c.record_key)
    query = select(feedback.c.record_key, feedback.c.seq, feedback_text.c.text).select_from(joined).where(later)
    query = query if tick is None else query.where(feedback.c.seq < tick)
    rows = conn.execute(query.order_by(feedback.c.seq, feedback.c.record_key).limit(limit))
    return [dict(row) for row in rows.mappings()]


def _put(conn: Connection, rows: list[dict[str, Any]]) -> None:
    said = {row["record_key"]: indexed(row["text"]) for row in rows if row["text"]}
    keys = [row["record_key"] for row in rows]
    known = select(search_text.c.record_key, search_text.c.words).where(search_text.c.record_key.in_(keys))
    held = {row.record_key: row.words for row in conn.execute(known)}
    stale = [key for key, words in held.items() if said.get(key) != words]
    if stale:
        forget(conn, stale)
    fresh = [{"record_key": key, "words": words} for key, words in said.items() if held.get(key) != words]
    if fresh:
        conn.execute(search_text.insert(), fresh)
