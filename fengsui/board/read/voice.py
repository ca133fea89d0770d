"""Records as the inbox shows them: what customers said (masked), the tags with confidence and source, people's words on top.

Pages are cut by key, newest first. Tags have no index, so a page looks through at most ``SCANNED`` records and says where it
stopped: a rare tag in a large store costs several short looks, never one long one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, false, or_, select, tuple_

from fengsui.board import correct
from fengsui.board.scope import EVERYTHING, Scope
from fengsui.store.tables import feedback, feedback_text, label, person, slice_
from fengsui.text.search import holding
from fengsui.text.tagger import say
from fengsui.text.tags import LEARNED, PERSON, source_of, sure_of

SIZE: Final = 50
SCANNED: Final = 20_000
WITHOUT: Final = "-"
"""In place of a value of a tag: records that have none."""
Cursor: TypeAlias = tuple[datetime, str]
_ROW = (
    "record_key", "source", "kind", "opened_at", "dims", "state", "url", "customer", "customer_tier", "due_at", "solved_at",
    "repeat_of", "repeat_how", "ratings", "tags", "lang",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sieve:
    """Records opened in ``[start, end)``. Empty fields ask for nothing. ``org`` and ``category``: the path and all below it.
    ``below``: a learned tag of which nobody but a machine spoke is less sure than this. ``checked``: people spoke of it,
    or not. ``silent``: also records without words (calls, ratings)."""

    start: datetime
    end: datetime
    words: str = ""
    source: str = ""
    channel: str = ""
    org: str = ""
    category: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    cue: str = ""
    below: float | None = None
    checked: bool | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """The last word of a person about a tag; ``new`` None: none of the values fits."""

    new: str | None
    by: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Tag:
    """``sure`` 0..1, None where nobody gave one; ``source``: rule@N, rating, model@N, person, none."""

    value: str | None
    sure: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Voice:
    """One record. ``text`` is masked; ``raw``: the words as they came are kept, sealed. ``said``: tag -> a person's word, laid
    over ``tags`` here as the worker will lay it over the store."""

    record_key: str
    source: str
    kind: str
    opened_at: datetime
    dims: Mapping[str, Any]
    state: str
    url: str | None
    customer: str | None
    customer_tier: str | None
    due_at: datetime | None
    solved_at: datetime | None
    repeat_of: str | None
    repeat_how: str | None
    ratings: Sequence[Mapping[str, Any]]
    tags: Mapping[str, Any]
    lang: str | None
    text: str
    raw: bool
    said: Mapping[str, Said]

    def tag(self, name: str) -> Tag:
        return Tag(self.tags.get(name), sure_of(self.tags, name), source_of(self.tags, name))

    def choices(self, name: str) -> tuple[tuple[str, float], ...]:
        """Up to three (value, probability) where the first is not sure; the first alone where it is."""
        given = self.tags.get("choices", {}).get(name)
        if given:
            return tuple((str(value), float(p)) for value, p in given)
        found = self.tag(name)
        return ((found.value, found.sure or 0.0),) if found.value else ()


@dataclass(frozen=True, slots=True)
class Page:
    """``next``: where the next page begins; None at the end of the window. ``stopped``: fewer than a page were found among
    the ``SCANNED`` records looked at, so the window goes on."""

    rows: tuple[Voice, ...]
    next: Cursor | None
    stopped: bool


def page(store: Engine, sieve: Sieve, scope: Scope = EVERYTHING, before: Cursor | None = None, size: int = SIZE) -> Page:
    """The newest ``size`` records of the sieve, opened before ``before``."""
    with store.connect() as conn:
        window = _window(conn, sieve, before).subquery()
        worded = () if sieve.silent else (feedback_text.c.text.is_not(None), feedback_text.c.text != "")
        wanted = _with_text(window).where(_scope(window, scope), *_asked(window, sieve), *worded)
        wanted = wanted.order_by(window.c.opened_at.desc(), window.c.record_key.desc()).limit(size + 1)
        found = _voices(conn, conn.execute(wanted).mappings().all())
        if len(found) > size:
            last = found[size - 1]
            return Page(tuple(found[:size]), (last.opened_at, last.record_key), False)
        end = conn.execute(_window(conn, sieve, before).offset(SCANNED - 1).limit(1)).mappings().one_or_none()
    return Page(tuple(found), (end["opened_at"], end["record_key"]) if end else None, end is not None)


def these(store: Engine, keys: Sequence[str], scope: Scope = EVERYTHING) -> tuple[Voice, ...]:
    """Records by key, in the order asked for; those that are gone, or outside the scope, are left out."""
    with store.connect() as conn:
        window = select(feedback).where(feedback.c.record_key.in_(list(keys)), feedback.c.deleted_at.is_(None)).subquery()
        rows = conn.execute(_with_text(window).where(_scope(window, scope))).mappings().all()
        found = {one.record_key: one for one in _voices(conn, rows)}
    return tuple(found[key] for key in keys if key in found)


def one(store: Engine, key: str, scope: Scope = EVERYTHING) -> Voice | None:
    return next(iter(these(store, [key], scope)), None)


def of_customer(store: Engine, voice: Voice, scope: Scope = EVERYTHING, most: int = 8) -> tuple[Voice, ...]:
    """What the same customer said elsewhere, the newest first."""
    if voice.customer is None:
        return ()
    mine = (feedback.c.customer == voice.customer, feedback.c.record_key != voice.record_key, feedback.c.deleted_at.is_(None))
    with store.connect() as conn:
        window = select(feedback).where(*mine).order_by(feedback.c.opened_at.desc()).limit(200).subquery()
        wanted = _with_text(window).where(_scope(window, scope)).order_by(window.c.opened_at.desc()).limit(most)
        return tuple(_voices(conn, conn.execute(wanted).mappings().all()))


def values(store: Engine, level: str, most: int = 200) -> list[str]:
    """Values of a dimension that slices know, for a choice: ``channel``, ``org.1`` …"""
    with store.connect() as conn:
        rows = conn.execute(select(slice_.c.dims).where(slice_.c.cuboid == level).limit(most)).scalars()
        return sorted({str(dims[level]) for dims in rows if dims.get(level)})


def _window(conn: Connection, sieve: Sieve, before: Cursor | None) -> Select[Any]:
    inside = [feedback.c.opened_at >= sieve.start, feedback.c.opened_at < sieve.end, feedback.c.deleted_at.is_(None)]
    if before is not None:
        inside += [
            feedback.c.opened_at <= before[0],
            tuple_(feedback.c.opened_at, feedback.c.record_key) < tuple_(before[0], before[1]),
        ]
    found = holding(conn, sieve.words) if sieve.words.strip() else None
    if found is not None:
        inside.append(found)
    return select(feedback).where(*inside).order_by(feedback.c.opened_at.desc(), feedback.c.record_key.desc()).limit(SCANNED)


def _with_text(window: Any) -> Select[Any]:
    columns = [window.c[name] for name in _ROW]
    text = (feedback_text.c.text, feedback_text.c.raw.is_not(None).label("raw"))
    return select(*columns, *text).select_from(
        window.outerjoin(feedback_text, feedback_text.c.record_key == window.c.record_key)
    )


def _scope(window: Any, scope: Scope) -> ColumnElement[bool]:
    """The rule of ``board.scope.sees_org``."""
    return or_(*(_under(window.c.dims["org"].as_string(), place) for place in scope)) if scope else and_(True)


def _under(found: Any, path: str) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = or_(found == path, found.startswith(f"{path}/", autoescape=True))
    return condition


def _asked(window: Any, sieve: Sieve) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if sieve.source:
        wanted.append(window.c.source == sieve.source)
    if sieve.channel:
        wanted.append(window.c.dims["channel"].as_string() == sieve.channel)
    for level, path in (("org", sieve.org), ("category", sieve.category)):
        if path:
            wanted.append(_under(window.c.dims[level].as_string(), path))
    for tag, value in sieve.tags.items():
        held = window.c.tags[tag].as_string()
        wanted.append(held.is_(None) if value == WITHOUT else _under(held, value))
    if sieve.cue:
        named = '"' not in sieve.cue  # no path of JSON holds one
        wanted.append(window.c.tags["cues"][sieve.cue].as_string().is_not(None) if named else false())
    if sieve.below is not None:
        wanted.append(or_(*(_unsure(window, tag, sieve.below) for tag in LEARNED)))
    if sieve.checked is not None:
        spoken = window.c.record_key.in_(select(label.c.record_key))
        wanted.append(spoken if sieve.checked else ~spoken)
    return wanted


def _unsure(window: Any, tag: str, below: float) -> ColumnElement[bool]:
    by = window.c.tags[("src", tag)].as_string()
    return and_(window.c.tags[("sure", tag)].as_float() < below, or_(by.is_(None), by != PERSON))


def _voices(conn: Connection, rows: Sequence[Any]) -> list[Voice]:
    words = correct.latest(conn, [row["record_key"] for row in rows])
    said: dict[str, dict[str, Said]] = {}
    for (key, tag), word in words.items():
        said.setdefault(key, {})[tag] = Said(word["new"], word["by"], word["at"], word["why"])
    found = (
        Voice(**{**row, "text": row["text"] or "", "raw": bool(row["raw"])}, said=said.get(row["record_key"], {}))
        for row in rows
    )
    return [_laid(voice) for voice in found]


def _laid(voice: Voice) -> Voice:
    if not voice.said:
        return voice
    tags: Any = deepcopy(dict(voice.tags))
    for tag, word in voice.said.items():
        say(tags, tag, word.new)
    return replace(voice, tags=tags)


def names_of_people(store: Engine) -> Mapping[str, str]:
    """person_id -> name, of everybody who ever was."""
    with store.connect() as conn:
        return {row.person_id: row.name for row in conn.execute(select(person.c.person_id, person.c.name))}
