"""The mapping language: which column of a row becomes which field of a shape (docs/connectors.md, "Mapping").

A mapping is a table or a list of tables out of the configuration. ``read_mapping`` checks it; ``connectors.mapper`` applies it.
Wherever a column is expected stands ``"name"``, ``["a", "b"]`` (joined), ``{field = "name", …}`` or ``{value = "constant"}``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, TypeAlias
from zoneinfo import available_timezones

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from connectors.base import EVENT_KINDS, FEEDBACK_KINDS, ConfigFault
from connectors.checked import Strict, checked, nearest, short

Scalar: TypeAlias = str | int | float | bool


class Column(Strict):
    """Where one field's value comes from. ``fields`` empty: always ``value``."""

    field: str | list[str] = Field(default_factory=list, description="column, dotted path in JSON, or columns to join")
    value: Scalar | None = Field(None, description="a constant instead of a column")
    values: dict[str, str] = Field(default_factory=dict, description="what the store writes -> what it means")
    default: Scalar | None = Field(None, description="for blank and, with values, for unknown ones")
    zone: str | None = Field(None, description="of times without offset; the source's zone by default")
    format: str = Field("auto", description="of times: auto, iso, epoch, epoch_ms or a strptime format")
    trim: bool = Field(True, description="cut white space off both ends")
    optional: bool = Field(False, description="rows and tables without this column are fine")

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, raw: Any) -> Any:
        return {"field": raw} if isinstance(raw, str | list) else raw

    @model_validator(mode="after")
    def _one_origin(self) -> Column:
        if bool(self.fields) == (self.value is not None):
            raise ValueError("either field or value")
        return self

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        if zone is not None and zone not in available_timezones():
            raise ValueError("an IANA zone such as Asia/Shanghai")
        return zone

    @cached_property
    def fields(self) -> list[str]:
        return [self.field] if isinstance(self.field, str) else self.field


class Among(Strict):
    """True for rows whose ``field`` holds one of ``in``."""

    field: str
    among: list[Scalar] = Field(alias="in", min_length=1)


class RatingMap(Column):
    """A customer's rating and its scale; blank is no rating."""

    low: float
    high: float
    direction: Literal["up", "down"] = "up"
    aspect: str = "overall"
    name: str | None = Field(None, description="what is measured, where several columns measure it: csat by aspect")

    @model_validator(mode="after")
    def _scale(self) -> RatingMap:
        if not self.low < self.high:
            raise ValueError("low < high")
        return self


class EventColumn(Strict):
    """A time in a column of the feedback's own row: ``c:<kind>``."""

    kind: str
    at: Column
    actor: Column | None = None

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        return _one_of(kind, EVENT_KINDS)


class AnyMap(Strict):
    """What every shape's map may hold."""

    allow: list[str] = Field(default_factory=list, description="further columns that may be read out")
    when: Among | None = Field(None, description="only rows of which this is true are of this shape")


class FeedbackMap(AnyMap):
    shape: Literal["feedback"] = "feedback"
    id: Column | None = Field(None, description="the store's own id; files may do without")
    kind: Column
    opened_at: Column
    updated_at: Column | None = Field(None, description="opened_at where there is none")
    due_at: Column | None = None
    state: Column | None = Field(None, description="open, solved or cancelled")
    text: Column | None = None
    customer: Column | None = None
    url: str | None = Field(None, description="link to the original, with {column}")
    dims: dict[str, Column] = Field(default_factory=dict)
    ratings: dict[str, RatingMap] = Field(default_factory=dict)
    events: list[EventColumn] = Field(default_factory=list)
    extra: list[str] = Field(default_factory=list, description="columns kept beside the record")
    deleted: Among | None = Field(None, description="rows that the store marks as deleted")

    @field_validator("kind")
    @classmethod
    def _kinds(cls, column: Column) -> Column:
        return _targets(column, FEEDBACK_KINDS)

    @field_validator("state")
    @classmethod
    def _states(cls, column: Column | None) -> Column | None:
        return column and _targets(column, ("open", "solved", "cancelled"))

    @field_validator("events")
    @classmethod
    def _once(cls, events: list[EventColumn]) -> list[EventColumn]:
        kinds = [event.kind for event in events]
        if len(set(kinds)) != len(kinds):
            raise ValueError("each kind of event once")
        return events


class EventMap(AnyMap):
    """Rows of an event log. ``feedback``: the id of the feedback that the event belongs to."""

    shape: Literal["event"]
    id: Column | None = None
    feedback: Column
    kind: Column
    at: Column
    actor: Column | None = None
    data: list[str] = Field(default_factory=list)

    @field_validator("kind")
    @classmethod
    def _kinds(cls, column: Column) -> Column:
        return _targets(column, EVENT_KINDS)


class MeasurementMap(AnyMap):
    """Aggregates over ``[start, end)`` (or ``start`` and ``span_s``) and, with ``gauge``, values at ``start``."""

    shape: Literal["measurement"]
    name: Column
    start: Column
    end: Column | None = None
    span_s: int | None = Field(None, gt=0, le=86_400 * 31)
    dims: dict[str, Column] = Field(default_factory=dict)
    numerator: Column | None = None
    denominator: Column | None = None
    duration_sum: Column | None = None
    n: Column | None = None
    gauge: Column | None = None
    updated_at: Column | None = None

    @model_validator(mode="after")
    def _gauge_or_span(self) -> MeasurementMap:
        if sum(part is not None for part in (self.end, self.span_s, self.gauge)) != 1:
            raise ValueError("exactly one of end, span_s, gauge")
        return self


class ReferenceMap(AnyMap):
    shape: Literal["reference"]
    kind: Literal["customer", "product", "organisation"]
    id: Column
    attrs: dict[str, Column] = Field(default_factory=dict)
    valid_from: Column
    valid_to: Column | None = None


ShapeMap: TypeAlias = FeedbackMap | EventMap | MeasurementMap | ReferenceMap
RawMapping: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]]

SHAPES: dict[str, type[ShapeMap]] = {
    "feedback": FeedbackMap,
    "event": EventMap,
    "measurement": MeasurementMap,
    "reference": ReferenceMap,
}


def read_mapping(raw: RawMapping, path: str, dimensions: Sequence[str] = ()) -> tuple[ShapeMap, ...]:
    """The checked maps of a source. ``dimensions``: those of the configuration; empty allows any name. Raises ConfigFault."""
    if isinstance(raw, Mapping):
        return (_read_one(raw, path, dimensions),)
    if not raw or isinstance(raw, str):
        raise ConfigFault("connectors.config.missing", field=path, value="", allowed=path, nearest=None)
    return tuple(_read_one(table, f"{path}.{place}", dimensions) for place, table in enumerate(raw))


def _read_one(raw: Any, path: str, dimensions: Sequence[str]) -> ShapeMap:
    shape = raw.get("shape", "feedback") if isinstance(raw, Mapping) else "feedback"
    if shape not in SHAPES:
        raise _wrong(f"{path}.shape", shape, SHAPES)
    found: ShapeMap = checked(SHAPES[shape], raw, path)
    for name in getattr(found, "dims", {}):
        if dimensions and name not in dimensions:
            raise _wrong(f"{path}.dims.{name}", name, dimensions)
    return found


def _wrong(field: str, value: Any, allowed: Any) -> ConfigFault:
    return ConfigFault(
        "connectors.config.unknown",
        field=field,
        value=short(value),
        allowed=list(allowed),
        nearest=nearest(str(value), allowed),
    )


def _targets(column: Column, allowed: Sequence[str]) -> Column:
    """What a column can turn into is known beforehand where it has a value map or is a constant."""
    said = [*column.values.values(), column.value, column.default]
    for word in (str(word) for word in said if word is not None):
        _one_of(word, allowed)
    return column


def _one_of(word: str, allowed: Sequence[str]) -> str:
    if word not in allowed:
        raise PydanticCustomError("one_of", "one of {allowed}", {"word": word, "allowed": list(allowed)})
    return word
