"""A checked mapping applied to raw rows: each row gives one outcome for each map whose ``when`` is true.

Only the columns that the mapping or its ``allow`` names are taken out of a row; whatever else it holds is never looked at,
not even for the quarantine.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias, TypeVar, cast
from urllib.parse import quote

from connectors.base import (
    EVENT_KINDS,
    FEEDBACK_KINDS,
    BadRecord,
    Common,
    Event,
    Feedback,
    Measurement,
    Rating,
    Record,
    Reference,
)
from connectors.mapping import (
    Among,
    Column,
    EventMap,
    FeedbackMap,
    MeasurementMap,
    RatingMap,
    RawMapping,
    ReferenceMap,
    ShapeMap,
    read_mapping,
)
from connectors.shape import shape_of
from connectors.times import AHEAD, EARLIEST, zone_of
from connectors.values import MISSING, Flat, Unreadable, number_of, path_of, plain, reach, scalar, text_of, time_of

Outcome: TypeAlias = Record | BadRecord
Value = TypeVar("Value")

DUE_AHEAD = timedelta(days=3660)
ID_MAX = 200
_SLOT = re.compile(r"\{([^{}]+)\}")


class Mapper:
    """The maps of one source, ready to be applied. ``columns``: every column or dotted path that they may read, sorted."""

    def __init__(self, maps: tuple[ShapeMap, ...], zone: str) -> None:
        self.maps, self.zone = maps, zone
        self.columns = tuple(sorted({name for one in maps for name in columns_of(one)}))
        self.needed = tuple(sorted({name for one in maps for name in needed_by(one)}))
        self.has_id = all(not hasattr(one, "id") or one.id is not None for one in maps)

    def narrow(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row with only the columns that may be read."""
        found = {name: reach(row, name) for name in self.columns}
        return {name: value for name, value in found.items() if value is not MISSING}

    def apply(self, flat: Flat, now: datetime, ordinal: int = 0) -> Iterator[Outcome]:
        """What a narrowed row would be stored as. ``ordinal``: how many equal rows came before it, for rows without id."""
        for one in self.maps:
            if one.when is None or _among(flat, one.when):
                yield self._outcome(one, flat, now, ordinal)

    def _outcome(self, one: ShapeMap, flat: Flat, now: datetime, ordinal: int) -> Outcome:
        reading = _Reading(flat, self.zone, now, ordinal)
        try:
            return _BUILDERS[type(one)](one, reading)
        except Unreadable as bad:
            return bad_record(bad, flat, **_whose(one, reading))


class _Reading:
    """One row while it is read."""

    def __init__(self, flat: Flat, zone: str, now: datetime, ordinal: int) -> None:
        self.flat, self.zone, self.now, self.ordinal = flat, zone, now, ordinal

    def text(self, column: Column | None, field: str, strict: bool = False) -> str | None:
        return None if column is None else text_of(self.flat, column, field, strict=strict)

    def time(self, column: Column | None, field: str, ahead: timedelta = AHEAD) -> datetime | None:
        return None if column is None else time_of(self.flat, column, field, self.zone, EARLIEST, self.now + ahead)

    def number(self, column: Column | None, field: str) -> float | None:
        return None if column is None else number_of(self.flat, column, field)

    def count(self, column: Column | None, field: str) -> int:
        number = self.number(column, field) or 0.0
        if number < 0 or not number.is_integer():
            raise Unreadable("connectors.bad.number", field, "0, 1, 2, …", number)
        return int(number)

    def sure_text(self, column: Column, field: str) -> str:
        return _present(self.text(column, field), field)

    def sure_time(self, column: Column, field: str) -> datetime:
        return _present(self.time(column, field), field)

    def word(self, column: Column, field: str, allowed: tuple[str, ...]) -> str:
        found = _present(self.text(column, field, strict=True), field)
        if found not in allowed:
            raise Unreadable("connectors.bad.value", field, ", ".join(allowed), found)
        return found

    def own_id(self, column: Column | None) -> str:
        """The store's own id, or a hash of the mapped fields with the ordinal among equal rows."""
        if column is None:
            return f"h:{fingerprint(self.flat)}#{self.ordinal}"
        found = self.sure_text(column, "id")
        if len(found) > ID_MAX:
            raise Unreadable("connectors.bad.long", "id", str(ID_MAX), found)
        return found

    def dims(self, columns: Mapping[str, Column]) -> dict[str, str]:
        found = {name: path_of(self.flat, column, f"dims.{name}") for name, column in columns.items()}
        return {name: value for name, value in found.items() if value}

    def extra(self, names: list[str]) -> dict[str, Any]:
        return {name: scalar(self.flat[name]) for name in names if self.flat.get(name) is not None}


def _feedback(one: FeedbackMap, row: _Reading) -> Feedback:
    source_id = row.own_id(one.id)
    opened_at = row.sure_time(one.opened_at, "opened_at")
    return Feedback(
        source_id=source_id,
        kind=row.word(one.kind, "kind", FEEDBACK_KINDS),
        opened_at=opened_at,
        updated_at=row.time(one.updated_at, "updated_at") or opened_at,
        dims=row.dims(one.dims),
        text=row.text(one.text, "text"),
        ratings=tuple(_ratings(one.ratings, row)),
        customer=row.text(one.customer, "customer"),
        due_at=row.time(one.due_at, "due_at", DUE_AHEAD),
        state=_state(one.state, row),
        url=_url(one.url, row.flat),
        extra=row.extra(one.extra),
        events=tuple(_events(one, source_id, row)),
        deleted=one.deleted is not None and _among(row.flat, one.deleted),
    )


def _state(column: Column | None, row: _Reading) -> Literal["open", "solved", "cancelled"] | None:
    if column is None or row.text(column, "state", strict=True) is None:
        return None
    return cast(Literal["open", "solved", "cancelled"], row.word(column, "state", ("open", "solved", "cancelled")))


def _ratings(maps: Mapping[str, RatingMap], row: _Reading) -> Iterator[Rating]:
    for name, one in maps.items():
        value = row.number(one, f"ratings.{name}")
        if value is None:
            continue
        if not one.low <= value <= one.high:
            raise Unreadable("connectors.bad.rating", f"ratings.{name}", f"{one.low:g}–{one.high:g}", f"{value:g}")
        yield Rating(one.name or name, value, one.low, one.high, one.direction, one.aspect)


def _events(one: FeedbackMap, source_id: str, row: _Reading) -> Iterator[Event]:
    for event in one.events:
        at = row.time(event.at, f"events.{event.kind}")
        if at is not None:
            actor = row.text(event.actor, f"events.{event.kind}.actor")
            yield Event(source_id, event.kind, at, f"c:{event.kind}", actor)


def _url(template: str | None, flat: Flat) -> str | None:
    """The link to the original, each value percent-encoded; none where a value is missing."""
    if template is None or any(flat.get(name) is None for name in _SLOT.findall(template)):
        return None
    return _SLOT.sub(lambda slot: quote(plain(flat[slot[1]]), safe=""), template)


def _event(one: EventMap, row: _Reading) -> Event:
    return Event(
        source_id=row.sure_text(one.feedback, "feedback"),
        kind=row.word(one.kind, "kind", EVENT_KINDS),
        at=row.sure_time(one.at, "at"),
        event_key=f"r:{row.own_id(one.id)}",
        actor=row.text(one.actor, "actor"),
        data=row.extra(one.data),
    )


def _measurement(one: MeasurementMap, row: _Reading) -> Measurement:
    start = row.sure_time(one.start, "start")
    return Measurement(
        name=row.sure_text(one.name, "name"),
        start=start,
        end=_end(one, row, start),
        dims=row.dims(one.dims),
        numerator=row.count(one.numerator, "numerator"),
        denominator=row.count(one.denominator, "denominator"),
        duration_sum=round(row.number(one.duration_sum, "duration_sum") or 0),
        n=row.count(one.n, "n"),
        gauge=None if one.gauge is None else _present(row.number(one.gauge, "gauge"), "gauge"),
        updated_at=row.time(one.updated_at, "updated_at"),
    )


def _end(one: MeasurementMap, row: _Reading, start: datetime) -> datetime | None:
    if one.gauge is not None:
        return None
    end = start + timedelta(seconds=one.span_s) if one.span_s else _present(row.time(one.end, "end"), "end")
    if end <= start:
        raise Unreadable("connectors.bad.order", "end", "start", end)
    return end


def _reference(one: ReferenceMap, row: _Reading) -> Reference:
    attrs = {name: row.text(column, f"attrs.{name}") for name, column in one.attrs.items()}
    until = row.time(one.valid_to, "valid_to", DUE_AHEAD)
    zone = zone_of(row.zone)
    return Reference(
        kind=one.kind,
        ref_id=row.sure_text(one.id, "id"),
        attrs={name: value for name, value in attrs.items() if value is not None},
        valid_from=row.sure_time(one.valid_from, "valid_from").astimezone(zone).date(),
        valid_to=until and until.astimezone(zone).date(),
    )


_BUILDERS: dict[type[ShapeMap], Callable[[Any, _Reading], Record]] = {
    FeedbackMap: _feedback,
    EventMap: _event,
    MeasurementMap: _measurement,
    ReferenceMap: _reference,
}


def _present(value: Value | None, field: str) -> Value:
    if value is None:
        raise Unreadable("connectors.bad.blank", field, "")
    return value


def _among(flat: Flat, test: Among) -> bool:
    return plain(flat.get(test.field, "")) in {plain(word) for word in test.among}


def _whose(one: ShapeMap, row: _Reading) -> dict[str, str]:
    """The id and the customer of a row that cannot be read, as far as they can: an erasure must find it."""
    parts = {
        "source_id": getattr(one, "feedback", None) or getattr(one, "id", None),
        "customer": getattr(one, "customer", None),
    }
    if isinstance(one, ReferenceMap):
        parts = {"customer": one.id} if one.kind == "customer" else {}
    found: dict[str, str] = {}
    for name, column in parts.items():
        with suppress(Unreadable):
            if (value := row.text(column, name)) is not None:
                found[name] = value[:ID_MAX]
    return found


def bad_record(bad: Unreadable, flat: Flat, **whose: str) -> BadRecord:
    raw = {name: scalar(value) for name, value in flat.items()}
    return BadRecord(bad.code, raw, field=bad.field, allowed=bad.allowed, got=shape_of(bad.value), **whose)


def fingerprint(flat: Flat) -> str:
    """16 hexadecimal digits over the mapped fields; equal rows have equal ones."""
    canonical = json.dumps({name: scalar(value) for name, value in flat.items()}, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(canonical.encode("utf-8", "replace"), digest_size=8).hexdigest()


def columns_of(one: ShapeMap) -> set[str]:
    """Every column that a map may read out."""
    names = {*one.allow, *getattr(one, "extra", ()), *getattr(one, "data", ())}
    names.update(name for column in _columns(one) for name in column.fields)
    names.update(_SLOT.findall(getattr(one, "url", None) or ""))
    names.update(test.field for test in (one.when, getattr(one, "deleted", None)) if test)
    return names


def needed_by(one: ShapeMap) -> set[str]:
    """The columns that must exist: all but optional ones and those with a default."""
    names = {name for column in _columns(one) if not column.optional and column.default is None for name in column.fields}
    names.update(test.field for test in (one.when, getattr(one, "deleted", None)) if test)
    return names | set(one.allow) | set(getattr(one, "extra", ()))


def _columns(one: ShapeMap) -> Iterator[Column]:
    for name in type(one).model_fields:
        value = getattr(one, name)
        if isinstance(value, Column):
            yield value
        elif isinstance(value, dict):
            yield from (column for column in value.values() if isinstance(column, Column))
    for event in getattr(one, "events", ()):
        yield event.at
        if event.actor:
            yield event.actor


def mapper_of(mapping: RawMapping, common: Common) -> Mapper:
    """The mapper of a source's ``map`` table(s). Raises ConfigFault naming the field of the mapping."""
    return Mapper(read_mapping(mapping, f"source.{common.name}.map", common.dimensions), common.zone)
