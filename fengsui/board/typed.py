"""人工填报: figures of a month that no system delivers, typed in by a manager and taken like any other pushed delivery.

A month is typed again to correct it: the roll-ups take the difference. Who typed what, when and why is an audit row each; the
first word of a figure needs no reason, a correction does.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, select

from fengsui.board.inbox import Delivery, Kept, Slot
from fengsui.board.scope import Scope, sees_org
from fengsui.board.wrong import Mistake, Wrong
from fengsui.metrics.catalogue import Metric, load
from fengsui.people import NotAllowed, Person, audit
from fengsui.people.plain import plain
from fengsui.settings import Settings
from fengsui.store.slices import ALL, UNKNOWN, slice_key, slice_levels
from fengsui.store.tables import audit as audit_rows
from fengsui.store.tables import gauge, measurement, person, slice_
from fengsui.text.masks import mask

KIND = "typed"
ROLES = frozenset({"manager", "admin"})
ACTION = "measurement.typed"
SHARES = ("training_pass", "equipment_good", "repurchase")
COUNTS = ("active_customers",)
"""A figure at the end of the month: one number."""
METRICS = (*SHARES, *COUNTS)
MOST = 10**12
MOST_TOLD = 1_000
REASON_MAX = 200
MOST_PLACES = 200
LEVELS: Mapping[str, str] = {"channel": "channel", "org.1": "org"}
"""Cuboid of the places offered -> the dimension that a delivery names."""
MONTHS_BACK = 36
_MONTH = re.compile(r"(\d{4})-(\d{1,2})")


@dataclass(frozen=True, slots=True)
class Answers:
    """As they were typed. ``month``: ``2026-10``. ``denominator`` is empty for a count. ``place``: a slice of whole dimensions
    (``channel=App``, ``org=华南/广东``), or the whole centre."""

    metric: str
    month: str
    numerator: str
    denominator: str
    reason: str
    place: str = ALL


@dataclass(frozen=True, slots=True)
class Typed:
    """A month of a figure. ``pending``: delivered, and not in the figures yet. ``times``: 1, more where it was corrected."""

    metric: Metric
    month: date
    numerator: int
    denominator: int | None
    by_name: str
    at: datetime
    times: int
    reason: str
    pending: bool
    place: str = ALL

    @property
    def value(self) -> float:
        return float(self.numerator) if self.denominator is None else self.numerator / self.denominator


def source_of(settings: Settings) -> str | None:
    """The source that takes what is typed; None where the operator has not switched it on."""
    return next((name for name, one in settings.sources.items() if one.kind == KIND and one.enabled), None)


def typed(store: Engine, settings: Settings, now: datetime) -> list[Typed]:
    """Every month that somebody typed, the newest month of each figure first."""
    source = source_of(settings)
    if source is None:
        return []
    with store.connect() as conn:
        told, metrics = _told(conn), load(conn, now)
        stored = _stored(conn, settings, source)
        names = {row.person_id: row.name for row in conn.execute(select(person.c.person_id, person.c.name))}
    found = []
    for (metric, month, place), rows in told.items():
        at, by, params = rows[0]
        pair = (int(params["numerator"]), params.get("denominator"))
        if metric in metrics:
            pending = stored.get((metric, month, place)) != pair
            reason = str(params.get("reason", ""))
            found.append(Typed(metrics[metric], month, *pair, names.get(by, by), at, len(rows), reason, pending, place))
    return sorted(found, key=lambda one: (METRICS.index(one.metric.id), one.place != ALL, one.place, -one.month.toordinal()))


def send(slot: Slot, store: Engine, settings: Settings, who: Person, answers: Answers, now: datetime) -> Kept:
    """Keep the figure for the worker, and who typed it. Raises ``NotAllowed``, ``Wrong``, ``NotTaken``."""
    if who.role not in ROLES:
        raise NotAllowed("people.fault.not_allowed", role=who.role, allowed=sorted(ROLES))
    source = source_of(settings)
    if source is None:
        raise Wrong([Mistake(("metric",), "board.wrong.no_typed")])
    with store.connect() as conn:
        told = _told(conn)
        known = places(conn, who.scope)
    month, pair = check(settings, answers, told, known, now)
    before = told.get((answers.metric, month, answers.place), [])
    content = {"metric": answers.metric, "month": month.isoformat(), "numerator": pair[0], "denominator": pair[1]}
    content |= {} if answers.place == ALL else {"place": answers.place}
    key = f"{answers.metric}:{month:%Y-%m}:{len(before)}:{pair[0]}:{pair[1]}" + (
        "" if answers.place == ALL else f":{answers.place}"
    )
    row = {**_row(settings, answers.metric, month, pair, now), "dims": slice_levels(answers.place)}
    kept = slot.put(Delivery(source, KIND, who.person_id, key, [row], content=content), now)
    with store.begin() as conn:
        audit.record(conn, who.person_id, ACTION, {**content, "reason": mask(plain(answers.reason))}, now)
    return kept


def offered(store: Engine, who: Person) -> list[str]:
    """The places that a person may type for."""
    with store.connect() as conn:
        return places(conn, who.scope)


def places(conn: Connection, scope: Scope) -> list[str]:
    """What a figure may be typed for: the whole centre, a channel, or an organisation of the first level; by a scoped person
    the organisations of the scope."""
    query = select(slice_.c.slice_key).where(slice_.c.cuboid.in_(tuple(LEVELS))).order_by(slice_.c.cuboid, slice_.c.slice_key)
    found = []
    for key in conn.scalars(query.limit(MOST_PLACES)):
        level, value = next(iter(slice_levels(key).items()))
        if value != UNKNOWN and (not scope or (level == "org.1" and sees_org(scope, value))):
            found.append(slice_key({LEVELS[level]: value}))
    return [*([] if scope else [ALL]), *found]


def level(place: str) -> str:
    """``all``, ``channel`` or ``org``."""
    return next(iter(slice_levels(place)), ALL)


def check(
    settings: Settings,
    answers: Answers,
    told: Mapping[tuple[str, date, str], Any],
    known: Collection[str],
    now: datetime,
) -> tuple[date, tuple[int, int | None]]:
    """Month and numbers; raises ``Wrong`` with every field that will not do."""
    wrong: list[Mistake] = []
    month = _month(settings, answers.month, now, wrong)
    if answers.metric not in METRICS:
        wrong.append(Mistake(("metric",), "board.wrong.choice", {"value": answers.metric[:40], "allowed": list(METRICS)}))
    if answers.place not in known:
        wrong.append(Mistake(("place",), "board.wrong.choice", {"value": answers.place[:40], "allowed": list(known)[:20]}))
    numerator = _whole(answers.numerator, "numerator", wrong)
    denominator = _whole(answers.denominator, "denominator", wrong) if answers.metric in SHARES else None
    if denominator == 0:
        wrong.append(Mistake(("denominator",), "board.wrong.above", {"value": "0", "limit": 0}))
    elif denominator is not None and numerator is not None and numerator > denominator:
        wrong.append(Mistake(("numerator",), "board.wrong.at_most", {"value": numerator, "limit": denominator}))
    if len(answers.reason) > REASON_MAX:
        wrong.append(Mistake(("reason",), "board.wrong.long", {"limit": REASON_MAX}))
    if month is not None and (answers.metric, month, answers.place) in told and not answers.reason.strip():
        wrong.append(Mistake(("reason",), "board.wrong.why_corrected"))
    kind = level(answers.place)
    others = {level(place) for metric, _, place in told if metric == answers.metric} - {kind}
    if others:  # the parts add up to the whole: both together would count it twice
        wrong.append(Mistake(("place",), f"board.wrong.typed_by_{min(others)}"))
    if wrong or month is None or numerator is None:
        raise Wrong(wrong)
    return month, (numerator, denominator)


def _month(settings: Settings, text: str, now: datetime, wrong: list[Mistake]) -> date | None:
    match = _MONTH.fullmatch(text.strip())
    if match is None or not 1 <= int(match[2]) <= 12 or int(match[1]) < 2000:
        wrong.append(Mistake(("month",), "board.wrong.month", {"value": text.strip()[:40]}))
        return None
    month = date(int(match[1]), int(match[2]), 1)
    today = now.astimezone(settings.centre.tz).date()
    if month >= today.replace(day=1):
        wrong.append(Mistake(("month",), "board.wrong.month_open", {"value": f"{month:%Y-%m}"}))
    elif (today.year - month.year) * 12 + today.month - month.month > MONTHS_BACK:
        wrong.append(Mistake(("month",), "board.wrong.month_old", {"value": f"{month:%Y-%m}", "limit": MONTHS_BACK}))
    return month


def _whole(text: str, place: str, wrong: list[Mistake]) -> int | None:
    clean = text.strip().replace(",", "").replace("，", "")
    if not clean:
        wrong.append(Mistake((place,), "board.wrong.missing"))
    elif not clean.isascii() or not clean.isdigit() or int(clean) > MOST:
        wrong.append(Mistake((place,), "board.wrong.whole", {"value": text.strip()[:40]}))
    else:
        return int(clean)
    return None


def bounds(settings: Settings, month: date) -> tuple[datetime, datetime]:
    """The month on the centre's clock."""
    after = (month + timedelta(days=32)).replace(day=1)
    start, end = (datetime.combine(day, time(), settings.centre.tz).astimezone(UTC) for day in (month, after))
    return start, end


def _row(settings: Settings, metric: str, month: date, pair: tuple[int, int | None], now: datetime) -> dict[str, Any]:
    """As ``worker.mailbox.typed_mapping`` reads it."""
    start, end = bounds(settings, month)
    if pair[1] is None:
        return {"form": "count", "name": metric, "at": _last(end).isoformat(), "value": pair[0]}
    about = {"form": "share", "name": metric, "start": start.isoformat(), "end": end.isoformat()}
    return {**about, "numerator": pair[0], "denominator": pair[1], "updated_at": now.isoformat()}


def _last(end: datetime) -> datetime:
    return end - timedelta(minutes=1)


def _told(conn: Connection) -> dict[tuple[str, date, str], list[tuple[datetime, str, Mapping[str, Any]]]]:
    """(figure, month, place) -> what was typed, newest first."""
    query = select(audit_rows.c.at, audit_rows.c.by, audit_rows.c.params).where(audit_rows.c.action == ACTION)
    found: dict[tuple[str, date, str], list[Any]] = {}
    for at, by, params in conn.execute(query.order_by(audit_rows.c.at.desc(), audit_rows.c.audit_id.desc()).limit(MOST_TOLD)):
        key = (params["metric"], date.fromisoformat(params["month"]), params.get("place", ALL))
        found.setdefault(key, []).append((at, by, params))
    return found


def _stored(conn: Connection, settings: Settings, source: str) -> dict[tuple[str, date, str], tuple[int, int | None]]:
    """What the figures hold."""
    zone = settings.centre.tz
    held: dict[tuple[str, date, str], tuple[int, int | None]] = {}
    for row in conn.execute(select(measurement).where(measurement.c.source == source)):
        month = row.start_at.astimezone(zone).date().replace(day=1)
        held[row.name, month, row.slice_key] = (int(row.numerator), int(row.denominator))
    for row in conn.execute(select(gauge).where(gauge.c.source == source)):
        held[row.name, row.at.astimezone(zone).date().replace(day=1), row.slice_key] = (int(row.value), None)
    return held
