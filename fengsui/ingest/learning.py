"""Nightly refit: the examples of each learned tag out of the store, and the new version into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, select

from fengsui.ingest import models
from fengsui.ingest.fence import Fence
from fengsui.ingest.lessons import Learned, Lesson
from fengsui.ingest.tagging import ALWAYS, Word, words
from fengsui.store.database import reading
from fengsui.store.tables import feedback, feedback_text, model
from fengsui.text import cues, taxonomy
from fengsui.text.model import readable
from fengsui.text.tags import LEARNED, PERSON, RATING, SENTIMENTS, source_of, sure_of

NIGHTLY: Final = "nightly"
BACK = timedelta(days=90)
MOST_WEAK: Final = 15_000
LEAST_SAID: Final = 60
"""Of fewer corrections too few are held back to prove anything: the online layer is all they teach."""
SURE: Final = 0.8
BELIEVED: Final[Mapping[str, float]] = {RATING: 0.3}
"""How much an example is believed that no person checked; a machine's own sure word by ``OWN``."""
OWN: Final = 0.1


def due(store: Engine) -> list[str]:
    """Tags about which people have said something that no fitted version has seen, in force or refused."""
    with reading(store).connect() as conn:
        said = words(conn, ALWAYS)
        return [tag for tag in LEARNED if _worth(conn, tag, [word for word in said if word.tag == tag])]


def lesson(conn: Connection, tag: str, now: datetime) -> tuple[Lesson, datetime, int]:
    """What to fit ``tag`` from; until which label, and under which version of the taxonomy."""
    said = [word for word in words(conn, ALWAYS) if word.tag == tag]
    made, version = lesson_of(conn, tag, [(word.text, word.truth) for word in _last(said)], now)
    return replace(made, weak=_weak(conn, tag, now)), said[-1].at if said else ALWAYS, version


def lesson_of(conn: Connection, tag: str, said: list[tuple[str, str]], now: datetime) -> tuple[Lesson, int]:
    """Only from ``said``, (text, label); and the version of the taxonomy."""
    version, known = taxonomy.load(conn, now)
    held = {one.name: one for one in models.in_force(conn)}.get(tag)
    made = Lesson(
        tag=tag,
        said=said,
        weak=(),
        cues=cues.load(conn, now).words,
        taxonomy=known.model_dump(),
        current=held.body if held else None,
        current_version=held.version if held else 0,
    )
    return made, version


def allowed(lesson: Lesson) -> tuple[str, ...]:
    """The values that the lesson's tag may have."""
    return SENTIMENTS if lesson.tag == "sentiment" else taxonomy.read(lesson.taxonomy).values(lesson.tag)


def store_learned(
    store: Engine, tag: str, learned: Learned, until: datetime, version: int, by: str, now: datetime, fence: Fence
) -> int | None:
    """The new version's number; None where nothing could be fitted."""
    if learned.body is None:
        return None
    n = int(learned.metrics["taught"]) + int(learned.metrics["held"])
    figures = {**learned.metrics, "why": learned.why}
    with store.begin() as conn:
        fence(conn)
        return models.save(conn, models.Fitted(tag, learned.body, by, until, n, version, figures, learned.promote), now)


def _last(said: list[Word]) -> list[Word]:
    return list({word.text: word for word in said}.values())


def _worth(conn: Connection, tag: str, said: list[Word]) -> bool:
    return len(said) >= LEAST_SAID and said[-1].at > _fitted_until(conn, tag)


def _fitted_until(conn: Connection, tag: str) -> datetime:
    """What a version has learned that this program cannot read must be learned anew."""
    query = select(model.c.labels_until, model.c.body).where(model.c.name == tag).order_by(model.c.version.desc()).limit(1)
    newest = conn.execute(query).one_or_none()
    return newest.labels_until if newest is not None and readable(newest.body) else ALWAYS


def _weak(conn: Connection, tag: str, now: datetime) -> list[tuple[str, str, float]]:
    """What machines and ratings said, where they were sure: the newest first."""
    query = select(feedback_text.c.text, feedback.c.tags).join(feedback, feedback.c.record_key == feedback_text.c.record_key)
    wanted = (feedback.c.opened_at >= now - BACK) & feedback.c.repeat_of.is_(None) & feedback.c.deleted_at.is_(None)
    rows = conn.execute(query.where(wanted).order_by(feedback.c.opened_at.desc()).limit(MOST_WEAK))
    found = [(row.text, row.tags.get(tag), _belief(row.tags, tag)) for row in rows]
    return [(text, str(value), belief) for text, value, belief in found if value and belief]


def _belief(tags: Mapping[str, Any], tag: str) -> float:
    source = source_of(tags, tag)
    if source == PERSON or (sure_of(tags, tag) or 0.0) < SURE:
        return 0.0
    return BELIEVED.get(source, OWN)
