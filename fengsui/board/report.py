"""员工上报: what somebody on the front line saw, sent like any other delivery, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, func, select

from fengsui.board.alert import number
from fengsui.board.definitions import newest
from fengsui.board.inbox import Delivery, Kept, Slot, delivery_id
from fengsui.board.scope import Scope, inside
from fengsui.people import ROLES as EVERYBODY
from fengsui.people import NotAllowed, Person
from fengsui.people.link import REPORT
from fengsui.settings import Settings
from fengsui.store.slices import UNKNOWN, slice_levels
from fengsui.store.tables import episode, feedback, feedback_text, handling, inbox, person, quarantine, rule_record, slice_
from fengsui.text.clean import clean
from fengsui.text.masks import mask

KIND = "staff"
ROLES = frozenset(EVERYBODY) - {"wall"}
RECORD = "staff_report"
"""The kind of record that a report becomes (``worker.mailbox``)."""
CUSTOMERS = ("1", "2-3", "4-9", "10+")
URGENCIES = ("blocked", "workaround", "grumble")
ASKED = ("category", "channel", "org")
"""The dimensions that the form asks for, where the centre has them."""
ORG = "org"
WORDS_MAX = 500
SHOWN = 5
LINK_MOST, LINK_SPAN, LINK_AGAIN_S = 60, timedelta(minutes=10), 60
Choices: TypeAlias = Mapping[str, tuple[str, ...]]
"""Dimension -> the values that may be chosen; a dimension without any is not asked for."""


class NotReported(Exception):
    """An answer of the form cannot be taken: ``field``, and ``code`` and ``params`` for the catalogue."""

    def __init__(self, field: str, code: str, **params: Any) -> None:
        super().__init__(field, code, params)
        self.field, self.code, self.params = field, code, params


@dataclass(frozen=True, slots=True)
class Answers:
    """What the form holds. ``dims``: dimension -> chosen value, without those left open."""

    words: str
    customers: str
    urgency: str
    dims: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """One report and what became of it. ``state``: received, taken, refused (then ``fault_code`` says why), erased.

    ``words``: masked, None until it is taken. ``alert``: state of the alert that the report itself raised (of another one that
    holds it where no rule takes reports), None where there is none yet; ``owner``: who has taken that alert. ``also``: numbers
    of the other alerts that hold its words, the gravest first.
    """

    inbox_id: str
    received_at: datetime
    state: str
    fault_code: str | None
    fault_params: Mapping[str, Any]
    words: str | None
    dims: Mapping[str, str]
    number: str | None = None
    alert: str | None = None
    owner: str | None = None
    also: tuple[str, ...] = ()


def source_of(settings: Settings) -> str | None:
    """The source that takes reports; None where the operator has not switched them on."""
    return next((name for name, one in settings.sources.items() if one.kind == KIND and one.enabled), None)


def choices(store: Engine, settings: Settings, scope: Scope) -> Choices:
    """What the form offers: the values that have been seen in this centre, organisations inside the person's scope only."""
    names = [name for name in ASKED if name in settings.dimension_names]
    with store.connect() as conn:
        found = {name: _seen(conn, settings, name) for name in names}
    if scope and ORG in found:
        below = tuple(place for place in scope if place not in found[ORG])  # finer than what the form offers
        found[ORG] = (*(org for org in found[ORG] if any(inside(place, org) for place in scope)), *below)
    return {name: values for name, values in found.items() if values}


def check(answers: Answers, offered: Choices, scope: Scope = ()) -> Answers:
    """As they are sent: who may report of one organisation alone means that one. Raises ``NotReported`` for the first answer
    that cannot be taken, with what is allowed; inside a scope an organisation is asked for."""
    if not clean(answers.words, WORDS_MAX):  # blanks, or nothing that can be seen
        raise NotReported("words", "board.report.words")
    if len(answers.words) > WORDS_MAX:
        raise NotReported("words", "board.report.words_long", allowed=WORDS_MAX)
    for field, value, allowed in (("customers", answers.customers, CUSTOMERS), ("urgency", answers.urgency, URGENCIES)):
        if value not in allowed:
            raise NotReported(field, f"board.report.{field}")
    for name, value in answers.dims.items():
        if value not in offered.get(name, ()):
            raise NotReported(name, "board.report.choice", value=value[:40], allowed=list(offered.get(name, ())))
    places = offered.get(ORG, ()) if scope else ()
    if not places or ORG in answers.dims:
        return answers
    if len(places) > 1:
        raise NotReported(ORG, "board.report.org", allowed=list(places))
    return replace(answers, dims={**answers.dims, ORG: places[0]})


def send(slot: Slot, source: str, who: Person, answers: Answers, key: str, now: datetime) -> Kept:
    """Keep a checked report for the worker. ``key``: of this form; sent twice it is one report. Raises ``NotTaken``;
    ``NotAllowed`` for a screen on a wall, whose link may hang in a hall. A link of the form itself may."""
    if who.role not in ROLES and not who.person_id.startswith(REPORT):
        raise NotAllowed("people.fault.not_allowed", role=who.role, allowed=sorted(ROLES))
    key = f"{who.person_id}:{key}"
    said = {
        "text": mask(answers.words.strip()),
        "dims": dict(answers.dims),
        "customers": answers.customers,
        "urgency": answers.urgency,
        "by": who.person_id,
    }
    row = {"id": delivery_id(source, key), "opened_at": now.isoformat(), **said}
    return slot.put(Delivery(source, KIND, who.person_id, key, [row], content=said), now)


def busy(store: Engine, source: str, link_id: str, now: datetime) -> bool:
    """A link that hangs in a hall is anybody's: no more than ``LINK_MOST`` reports through it in ``LINK_SPAN``."""
    mine = (inbox.c.source == source) & (inbox.c.by == link_id) & (inbox.c.received_at > now - LINK_SPAN)
    with store.connect() as conn:
        return (conn.scalar(select(func.count()).select_from(inbox).where(mine)) or 0) >= LINK_MOST


def one(store: Engine, source: str, link_id: str, inbox_id: str) -> list[Report]:
    """The report with this id (nobody can guess it) that came by a link, and what became of it; no name of who has it."""
    wanted = (inbox.c.kind == KIND) & (inbox.c.source == source) & (inbox.c.by == link_id) & (inbox.c.inbox_id == inbox_id)
    columns = (inbox.c.inbox_id, inbox.c.received_at, inbox.c.state, inbox.c.fault_code)
    with store.connect() as conn:
        rows = conn.execute(select(*columns).where(wanted)).all()
        return [replace(found, owner=None, also=()) for found in _followed(conn, source, rows)]


def mine(store: Engine, source: str, person_id: str, limit: int = SHOWN) -> list[Report]:
    """A person's newest reports."""
    wanted = (inbox.c.kind == KIND) & (inbox.c.source == source) & (inbox.c.by == person_id)
    columns = (inbox.c.inbox_id, inbox.c.received_at, inbox.c.state, inbox.c.fault_code)
    with store.connect() as conn:
        rows = conn.execute(select(*columns).where(wanted).order_by(inbox.c.received_at.desc()).limit(limit)).all()
        return _followed(conn, source, rows)


def _seen(conn: Connection, settings: Settings, name: str) -> tuple[str, ...]:
    level = settings.dimension(name).level_names[0]
    rows = conn.scalars(select(slice_.c.slice_key).where(slice_.c.cuboid == level).order_by(slice_.c.slice_key))
    return tuple(value for value in (slice_levels(key)[level] for key in rows) if value != UNKNOWN)


def _followed(conn: Connection, source: str, rows: Sequence[Any]) -> list[Report]:
    keys = [f"{source}:{row.inbox_id}" for row in rows]
    records = _by_key(conn, feedback, keys, ("record_key", "dims"))
    texts = _by_key(conn, feedback_text, keys, ("record_key", "text"))
    held = _by_key(conn, quarantine, keys, ("record_key", "code", "params"))
    alerts = _alerts(conn, keys)
    return [
        _report(row, records.get(key), texts.get(key), held.get(key), alerts.get(key, []))
        for row, key in zip(rows, keys, strict=True)
    ]


def _report(row: Any, record: Any, text: Any, held: Any, alerts: Sequence[Any]) -> Report:
    refused = row.state == "bad" or held is not None
    state = "received" if row.state == "new" else "taken" if record is not None else "refused" if refused else "erased"
    alert = alerts[0] if alerts else None
    return Report(
        inbox_id=row.inbox_id,
        received_at=row.received_at,
        state=state,
        fault_code=(held.code if held is not None else row.fault_code) if state == "refused" else None,
        fault_params=held.params if held is not None and state == "refused" else {},
        words=text.text if text is not None else None,
        dims=record.dims if record is not None else {},
        number=_number(alert),
        alert=alert.state if alert is not None else None,
        owner=alert.name if alert is not None else None,
        also=tuple(number for number in map(_number, alerts[1:]) if number is not None),
    )


def _number(alert: Any) -> str | None:
    return number(alert) if alert is not None and alert.day else None


def _by_key(conn: Connection, table: Any, keys: list[str], columns: tuple[str, ...]) -> dict[str, Any]:
    rows = conn.execute(select(*(table.c[name] for name in columns)).where(table.c.record_key.in_(keys)))
    return {row.record_key: row for row in rows}


def _alerts(conn: Connection, keys: list[str]) -> dict[str, list[Any]]:
    """The alerts of each record that hold one: those of the rules that take reports first, then the gravest. The reporter
    learns number, state and owner, no figure of it."""
    columns = (rule_record.c.record_key, episode.c.rule_id, episode.c.episode_id, episode.c.day, episode.c.day_n)
    joined = (
        rule_record.join(episode, episode.c.episode_id == rule_record.c.episode_id)
        .join(handling, handling.c.episode_id == episode.c.episode_id)
        .outerjoin(person, person.c.person_id == handling.c.owner)
    )
    query = select(*columns, handling.c.state, person.c.name).select_from(joined)
    query = query.where(rule_record.c.record_key.in_(keys), episode.c.mode == "on")
    own = _rules_of_reports(conn)
    found: dict[str, list[Any]] = {}
    rows = conn.execute(query.order_by(episode.c.tier.desc(), episode.c.opened_at.desc(), episode.c.episode_id)).all()
    for row in sorted(rows, key=lambda row: row.rule_id not in own):  # stable: the gravest first within each
        found.setdefault(row.record_key, []).append(row)
    return found


def _rules_of_reports(conn: Connection) -> set[str]:
    return {id_ for id_, (_, body) in newest(conn, "rule").items() if RECORD in body.get("kinds", ())}
