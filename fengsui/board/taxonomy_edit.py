"""The taxonomy as an administrator edits it: one entry at a time, and what the tags of the newest records would become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, select

from fengsui.board.wrong import Mistake, Wrong, mistakes_of
from fengsui.ingest import models, tagging
from fengsui.store.tables import feedback, feedback_text
from fengsui.text import cues, taxonomy
from fengsui.text.tagger import Tagger
from fengsui.text.tags import PERSON, source_of

KIND, ID = taxonomy.KIND, taxonomy.ID
LISTS: Final[Mapping[str, str]] = {
    "issues": "issue",
    "departments": "department",
    "demands": "demand",
    "products": "product",
    "regions": "region",
}
"""Part of the body -> the tag whose values it holds."""
LOOKED_AT: Final = 500
EXAMPLES: Final = 6


@dataclass(frozen=True, slots=True)
class Turned:
    """One record's tag, before and after."""

    text: str
    tag: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """Of the ``n`` newest records with words: how many would get another value of each tag, and some of them."""

    n: int
    changed: Mapping[str, int]
    examples: Sequence[Turned]


def entry(body: Mapping[str, Any], part: str, id_: str) -> Mapping[str, Any]:
    """Empty where there is none."""
    return next((one for one in body.get(part, ()) if one["id"] == id_), {})


def with_entry(body: Mapping[str, Any], part: str, made: Mapping[str, Any], *, fresh: bool = False) -> dict[str, Any]:
    """``made`` in the place of the entry of its id, or at the end; ``fresh``: there must be none yet. Raises ``Wrong``."""
    ids = [one["id"] for one in body.get(part, ())]
    if fresh and made["id"] in ids:
        raise Wrong([Mistake(("id",), "board.wrong.twice_id", {"value": made["id"]})])
    rows = [made if one["id"] == made["id"] else one for one in body.get(part, ())]
    return _checked({**body, part: rows if made["id"] in ids else [*rows, made]})


def without_entry(body: Mapping[str, Any], part: str, id_: str) -> dict[str, Any]:
    """Raises ``Wrong`` where issues still name a department."""
    return _checked({**body, part: [one for one in body.get(part, ()) if one["id"] != id_]})


def words_of(text: str) -> list[str]:
    """One a line, or with commas or 、 between."""
    for sign in "，,、；;":
        text = text.replace(sign, "\n")
    return list(dict.fromkeys(word.strip() for word in text.splitlines() if word.strip()))


def preview(store: Engine, body: Mapping[str, Any], now: datetime) -> Preview:
    """By the lists and models of now, once with the taxonomy in force and once with ``body``. What people said stays."""
    with store.connect() as conn:
        joined = select(feedback.c.tags, feedback.c.ratings, feedback_text.c.text)
        joined = joined.join(feedback_text, feedback_text.c.record_key == feedback.c.record_key)
        newest = joined.where(feedback.c.deleted_at.is_(None)).order_by(feedback.c.opened_at.desc()).limit(LOOKED_AT)
        rows = conn.execute(newest).all()
        texts, ratings = [row.text for row in rows], [row.ratings for row in rows]
        one = _tagger(conn, taxonomy.load(conn, now)[1], now).tags(texts, ratings)
        other = _tagger(conn, taxonomy.read(body), now).tags(texts, ratings)
    turned = [
        Turned(row.text, tag, old.get(tag), new.get(tag))  # type: ignore[arg-type]
        for row, old, new in zip(rows, one, other, strict=True)
        for tag in LISTS.values()
        if old.get(tag) != new.get(tag) and source_of(row.tags, tag) != PERSON
    ]
    changed = {tag: sum(each.tag == tag for each in turned) for tag in LISTS.values()}
    return Preview(len(rows), changed, turned[:: max(1, len(turned) // EXAMPLES)][:EXAMPLES])


def _tagger(conn: Connection, known: taxonomy.Taxonomy, now: datetime) -> Tagger:
    return Tagger(cues.load(conn, now).words, known, tagging.lives(models.in_force(conn)))


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    try:
        taxonomy.read(body)
    except ValidationError as fault:
        found: list[Mistake] = mistakes_of(fault)
        raise Wrong(found) from None
    return body
