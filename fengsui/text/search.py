"""Records whose text holds these words, as a condition of SQL: 等待 is found inside a sentence, simplified finds traditional
and back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, column, func, inspect, literal_column, or_, select, table, text

from fengsui.store.tables import feedback, search_text
from fengsui.text.search_words import indexed, phrases

_SIMPLE: ColumnElement[str] = literal_column("'simple'::regconfig")
_FTS = table("search_fts", column("rowid"), column("words"))


def holding(conn: Connection, query: str) -> ColumnElement[bool] | None:
    """A condition on ``feedback``; None where the query has no word to look for. Every run of the query must stand in the
    text as it is written; a single Chinese character is enough."""
    asked = phrases(query)
    if not asked:
        return None
    found = select(search_text.c.record_key).where(_matches(conn, asked))
    return feedback.c.record_key.in_(found)


def holds(text: str, asked: Sequence[Sequence[str]]) -> bool:
    """``holding``, of one text; ``asked``: ``search_words.phrases`` of the query."""
    words = f" {indexed(text)} "
    return all(f" {' '.join(one)}{'' if _alone(one) else ' '}" in words for one in asked)


def _matches(conn: Connection, asked: Sequence[Sequence[str]]) -> ColumnElement[bool]:
    if conn.dialect.name == "postgresql":
        return and_(*(_postgres(words) for words in asked))
    if conn.dialect.name == "sqlite" and inspect(conn).has_table("search_fts"):
        match = text("search_fts MATCH :match").bindparams(match=" AND ".join(map(_fts, asked)))
        return search_text.c.doc.in_(select(_FTS.c.rowid).where(match))
    return and_(*(_like(words) for words in asked))


def _fts(words: Sequence[str]) -> str:
    """Words are letters, digits and Chinese characters only, so nothing in them is a sign of FTS5's language."""
    together = " ".join(words)
    return f'"{together}"{" *" if _alone(words) else ""}'


def _postgres(words: Sequence[str]) -> ColumnElement[bool]:
    held = func.to_tsvector(_SIMPLE, search_text.c.words)
    if _alone(words):
        return held.op("@@")(func.to_tsquery(_SIMPLE, f"{words[0]}:*"))
    return held.op("@@")(func.phraseto_tsquery(_SIMPLE, " ".join(words)))


def _like(words: Sequence[str]) -> ColumnElement[bool]:
    """Without an index: the same words, one after another, each whole."""
    together, end = " ".join(words), "%" if _alone(words) else " %"
    padded = search_text.c.words + " "
    return or_(padded.like(f"{together}{end}"), padded.like(f"% {together}{end}"))


def _alone(words: Sequence[str]) -> bool:
    """One Chinese character is the beginning of some word; a Latin word in the middle of typing, too."""
    return len(words) == 1 and (len(words[0]) == 1 or words[0].isascii())
