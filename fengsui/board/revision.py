"""Versions of definitions as an administrator edits them: what is in force, who changed what, and how the next one is saved.

A version is never changed and never goes; a new one counts from its date on. Who saves names the version they saw: of two
administrators at once the second is told who came first and what that was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, RowMapping, select
from sqlalchemy.exc import IntegrityError

from fengsui.alerts import definitions
from fengsui.alerts.bodies import CHECKED
from fengsui.alerts.places import legible
from fengsui.board import hearers, view_edit
from fengsui.board.changes import Change, changes
from fengsui.board.wrong import Mistake, Wrong, mistakes_of
from fengsui.metrics.kpis import METRICS
from fengsui.people import NotAllowed, Person
from fengsui.people.plain import plain
from fengsui.settings import Settings
from fengsui.store.tables import audit, definition, person
from fengsui.text.masks import mask

KINDS = tuple(CHECKED)
"""Kinds that a page may save: those whose bodies are checked."""
SAVED = "definition.save"
MOST_SAVES = 500
REASON_MAX = 200
NAME_MAX, TEXT_MAX = 120, 1000
ADMIN = ("admin",)
EDITORS: Mapping[str, tuple[str, ...]] = {"rule": ("manager", "admin")}
"""Who changes a definition of a kind; of every other kind an administrator."""
ONLY = {
    **dict.fromkeys(("calendar", "sla_policy", "matrix", "weights", "tier_policy", "taxonomy"), "default"),
    "classifier": "sentiment",
}
"""Kinds of which a centre has one."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One version. ``saved_at`` None: it came with the centre. ``by``: a person, ``seed`` or ``cli``."""

    kind: str
    id: str
    version: int
    valid_from: datetime
    by: str
    by_name: str
    saved_at: datetime | None
    reason: str
    body: Mapping[str, Any]

    @property
    def at(self) -> datetime:
        return self.saved_at or self.valid_from


@dataclass(frozen=True, slots=True)
class Step:
    """A version with what it changed."""

    revision: Revision
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to save. ``seen``: the version it was made of, 0 for none; ``starts``: the local day from which it
    counts, None: at once."""

    kind: str
    id: str
    body: Mapping[str, Any]
    seen: int
    reason: str
    starts: date | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    version: int


@dataclass(frozen=True, slots=True)
class Stale:
    """Somebody was first; nothing was stored. ``steps``: what was saved since, oldest first."""

    steps: tuple[Step, ...] = field(default_factory=tuple)


def newest(store: Engine, kind: str) -> dict[str, Revision]:
    """id -> the last version, also one that has not begun."""
    with store.connect() as conn:
        return {one.id: one for one in _revisions(conn, kind)}


def of(store: Engine, kind: str, id_: str) -> list[Step]:
    """Every version of one definition, oldest first."""
    with store.connect() as conn:
        return _steps(_revisions(conn, kind, id_))


def history(store: Engine, kind: str | None = None, limit: int = 100) -> list[Step]:
    """What was changed, the newest first."""
    with store.connect() as conn:
        steps = _steps(_revisions(conn, kind))
    return sorted(steps, key=lambda step: (step.revision.at, step.revision.version), reverse=True)[:limit]


def save(store: Engine, settings: Settings, drafts: list[Draft], who: Person, now: datetime) -> Saved | Stale:
    """All of them or none; what is already so makes no version. Raises ``Wrong`` with every mistake.

    A definition counts for the whole centre: so does who changes it."""
    allowed = sorted(set.intersection(*(set(EDITORS.get(draft.kind, ADMIN)) for draft in drafts))) if drafts else list(ADMIN)
    if who.role not in allowed:
        raise NotAllowed("people.fault.not_allowed", role=who.role, allowed=allowed)
    if who.scope:
        raise Wrong([Mistake((), "board.wrong.centre_wide")])
    with store.connect() as conn:
        drafts = [replace(draft, body=_shown(legible(conn, draft.body))) for draft in drafts]
    starts = [check(settings, draft, now) for draft in drafts]
    try:
        with store.begin() as conn:
            if stale := _stale(conn, drafts):
                return stale
            if unknown := [one for draft in drafts for one in hearers.strangers(conn, draft.kind, draft.body)]:
                raise Wrong(unknown)
            version = 0
            for draft, start in zip(drafts, starts, strict=True):
                if _same(conn, draft):
                    version = max(version, draft.seen)
                    continue
                reason = mask(plain(draft.reason))
                version = definitions.save(
                    conn, draft.kind, draft.id, draft.body, who.person_id, now, valid_from=start, reason=reason
                )
    except IntegrityError:  # two at the same moment: the key of a version is there once
        with store.connect() as conn:
            return _stale(conn, drafts) or Stale()
    return Saved(version)


def _shown(body: Mapping[str, Any]) -> dict[str, Any]:
    """Names on one line, without blanks that do not show."""
    name = body.get("name")
    if isinstance(name, str):
        return {**body, "name": plain(name)}
    if isinstance(name, Mapping):
        return {**body, "name": {lang: plain(text) if isinstance(text, str) else text for lang, text in name.items()}}
    return dict(body)


def check(settings: Settings, draft: Draft, now: datetime) -> datetime:
    """From when on it counts; raises ``Wrong``."""
    found = list(of_body(draft))
    names = draft.body.get("name")
    found += [Mistake(place, "board.wrong.long", {"limit": TEXT_MAX}) for place in _too_long(draft.body)]
    if any(len(str(one)) > NAME_MAX for one in (names.values() if isinstance(names, Mapping) else [names])):
        found.append(Mistake(("name",), "board.wrong.long", {"limit": NAME_MAX}))
    if not plain(draft.reason):
        found.append(Mistake(("reason",), "board.wrong.missing"))
    if len(draft.reason) > REASON_MAX:
        found.append(Mistake(("reason",), "board.wrong.long", {"limit": REASON_MAX}))
    today = now.astimezone(settings.centre.tz).date()
    if draft.starts is not None and draft.starts <= today:
        found.append(Mistake(("starts",), "board.wrong.past", {"value": draft.starts.isoformat()}))
    if draft.starts is not None and draft.kind == "calendar":
        found.append(Mistake(("starts",), "board.wrong.calendar_starts"))
    if found:
        raise Wrong(found)
    return now if draft.starts is None else datetime.combine(draft.starts, time(), settings.centre.tz).astimezone(now.tzinfo)


def _too_long(body: Any, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where a text is longer than anybody reads."""
    if isinstance(body, str):
        return [place] if len(body) > TEXT_MAX else []
    if isinstance(body, Mapping):
        return [one for key, value in body.items() for one in _too_long(value, (*place, str(key)[:NAME_MAX]))]
    items = enumerate(body) if isinstance(body, list | tuple) else ()
    return [one for n, value in items for one in _too_long(value, (*place, n))]


def of_body(draft: Draft) -> list[Mistake]:
    """What is wrong with kind, id and body."""
    if draft.kind not in CHECKED:
        return [Mistake(("kind",), "board.wrong.choice", {"value": draft.kind, "allowed": ", ".join(KINDS)})]
    if not draft.id or draft.id != ONLY.get(draft.kind, draft.id):
        return [Mistake(("id",), "board.wrong.choice", {"value": draft.id, "allowed": ONLY.get(draft.kind, "")})]
    if draft.kind == "target" and draft.id not in METRICS:
        return [Mistake(("id",), "metrics.body.metric", {"metric": draft.id})]
    try:
        full = CHECKED[draft.kind].validate_python(draft.body, strict=False)
    except ValidationError as fault:
        found = mistakes_of(fault)
        return view_edit.readable(found) if draft.kind == view_edit.KIND else found
    return hearers.nobody(draft.kind, full.model_dump(mode="json")) if draft.kind in hearers.MUST else []


def _stale(conn: Connection, drafts: list[Draft]) -> Stale | None:
    since = [step for draft in drafts for step in _since(conn, draft)]
    return Stale(tuple(since)) if since else None


def _same(conn: Connection, draft: Draft) -> bool:
    mine = (definition.c.kind == draft.kind) & (definition.c.id == draft.id) & (definition.c.version == draft.seen)
    return draft.seen > 0 and conn.scalar(select(definition.c.body).where(mine)) == draft.body


def _since(conn: Connection, draft: Draft) -> list[Step]:
    return [step for step in _steps(_revisions(conn, draft.kind, draft.id)) if step.revision.version > draft.seen]


def _steps(revisions: list[Revision]) -> list[Step]:
    last: dict[tuple[str, str], Mapping[str, Any]] = {}
    steps = []
    for one in revisions:
        before = last.get((one.kind, one.id))
        steps.append(Step(one, tuple(changes(before, one.body) if before is not None else ())))
        last[one.kind, one.id] = one.body
    return steps


def _revisions(conn: Connection, kind: str | None = None, id_: str | None = None) -> list[Revision]:
    query = select(definition).order_by(definition.c.kind, definition.c.id, definition.c.version)
    query = query if kind is None else query.where(definition.c.kind == kind)
    query = query if id_ is None else query.where(definition.c.id == id_)
    rows, told, names = conn.execute(query).mappings().all(), _told(conn), _names(conn)
    return [_revision(row, told.get((row["kind"], row["id"], row["version"])), names) for row in rows]


def _revision(row: RowMapping, told: tuple[datetime, str] | None, names: Mapping[str, str]) -> Revision:
    saved_at, reason = told or (None, "")
    by = row["by"]
    return Revision(
        row["kind"], row["id"], row["version"], row["valid_from"], by, names.get(by, by), saved_at, reason, row["body"]
    )


def _told(conn: Connection) -> dict[tuple[str, str, int], tuple[datetime, str]]:
    """(kind, id, version) -> when it was saved and why."""
    query = select(audit.c.at, audit.c.params).where(audit.c.action == SAVED).order_by(audit.c.at.desc()).limit(MOST_SAVES)
    found = {}
    for at, params in conn.execute(query):
        found[params["kind"], params["id"], int(params["version"])] = (at, str(params.get("reason", "")))
    return found


def _names(conn: Connection) -> dict[str, str]:
    return {row.person_id: row.name for row in conn.execute(select(person.c.person_id, person.c.name))}
