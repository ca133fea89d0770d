"""The contract of a connector: four shapes, a batch, and faults named by what to do next.

A connector is polled: ``poll(cursor, limit, now) -> Batch``. It keeps nothing between polls (the cursor is the state, and
the caller commits it together with the rows), never sleeps, and never writes to the store it reads.

Faults, by recovery::

    Fault
    ├── ConfigFault   a person must change the configuration; this source stops
    ├── TryLater      the source is busy, gone or limits us; try again after ``delay`` seconds
    └── BadRecord     this row cannot be read; quarantine it and go on
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

Cursor: TypeAlias = dict[str, Any]
"""JSON object; opaque to everybody but the connector that made it."""

Params: TypeAlias = Mapping[str, Any]

FEEDBACK_KINDS = (
    "complaint",
    "inquiry",
    "suggestion",
    "praise",
    "request",
    "review",
    "survey",
    "call",
    "chat",
    "staff_report",
    "signal",
)

EVENT_KINDS = (
    "offered",
    "queued",
    "answered",
    "abandoned",
    "customer_message",
    "human_reply",
    "auto_reply",
    "paused",
    "resumed",
    "assigned",
    "transferred",
    "solved",
    "reopened",
    "cancelled",
    "told",
    "archived",
    "survey_asked",
    "rated",
    "second_asked",
)
"""History of one feedback. Every clock is computed from these and from nothing else (DESIGN §3)."""


# --- the four shapes -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Event:
    """One step in the history of a feedback.

    ``event_key`` is unique inside the feedback and stable over deliveries: ``c:<kind>`` for an event read from a column
    of the feedback's own row (a newer version of the row replaces the whole set of ``c:`` events), ``r:<id>`` for a row
    of an event log, ``d:<kind>:<n>`` for one derived by ingest from successive versions.
    """

    source_id: str
    kind: str
    at: datetime
    event_key: str
    actor: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Rating:
    """A measure given by a customer, with its scale, so that 5 of 5 and 10 of 10 stay apart (CES, CSAT, NPS)."""

    name: str  # csat, csat_second (asked again after a bad one was dealt with), nps, ces, stars
    value: float
    low: float
    high: float
    direction: Literal["up", "down"] = "up"  # "up": a larger value is better
    aspect: str = "overall"  # overall, product, service


@dataclass(frozen=True, slots=True)
class Feedback:
    """One contact, ticket, complaint, review, survey answer, staff report or behaviour signal.

    Times are aware UTC. ``dims`` maps a dimension of the configuration to its value; levels of a hierarchy are joined by
    ``/`` (``{"org": "华南/广东/天河网点"}``). ``events`` are those that the row itself carries.
    """

    source_id: str
    kind: str
    opened_at: datetime
    updated_at: datetime
    dims: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    ratings: tuple[Rating, ...] = ()
    customer: str | None = None
    due_at: datetime | None = None
    state: Literal["open", "solved", "cancelled"] | None = None
    url: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Measurement:
    """An aggregate or a gauge that the source counted itself. Never counted as records.

    Aggregate over ``[start, end)``: ``numerator`` of ``denominator``, with ``duration_sum`` seconds over ``n``. Gauge:
    ``end is None`` and ``gauge`` is the value at ``start``.
    """

    name: str
    start: datetime
    end: datetime | None
    dims: Mapping[str, str] = field(default_factory=dict)
    numerator: int = 0
    denominator: int = 0
    duration_sum: int = 0
    n: int = 0
    gauge: float | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """Master data joined at ingest: a customer (type, tier), a product, an organisation; valid ``[valid_from, valid_to)``."""

    kind: Literal["customer", "product", "organisation"]
    ref_id: str
    attrs: Mapping[str, str]
    valid_from: date
    valid_to: date | None = None


Record: TypeAlias = Feedback | Event | Measurement | Reference


# --- a poll ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Receipt:
    """A pushed delivery that a batch uses up: its rows, how many of them could not be read, and why the first could not."""

    inbox_id: str
    rows: int
    bad: int = 0
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one poll brought.

    ``cursor`` is where the next poll starts. ``more``: the source has rows left, poll again at once. ``source_now``: the
    source's own clock when it was read. ``complete``: every change up to ``source_now`` less the declared lateness is in
    this batch or an earlier one; only then may the watermark move. ``read`` counts raw rows, bad ones included.
    """

    records: tuple[Record, ...]
    bad: tuple[BadRecord, ...]
    cursor: Cursor
    more: bool
    source_now: datetime
    complete: bool
    read: int
    gone: tuple[str, ...] = ()  # source_ids deleted at the source, where it tells
    receipts: tuple[Receipt, ...] | None = None  # of a pushed source; marked in the transaction that stores the rows


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What polling this source can see. ``clock``: it tells its own time."""

    updates: bool
    deletes: bool
    clock: bool
    count_by_day: bool
    between: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The first raw rows of a source beside what they would be stored as, for ``fengsui check source`` and the pages."""

    raw: tuple[Mapping[str, Any], ...]
    outcome: tuple[Record | BadRecord, ...]
    columns: tuple[str, ...]


@runtime_checkable
class Connector(Protocol):
    """One channel store. Built from options and a mapping by ``connectors.registry.build``; raises only ``Fault``."""

    kind: str
    capabilities: Capabilities

    def poll(self, cursor: Cursor | None, limit: int, now: datetime) -> Batch:
        """At most about ``limit`` rows changed after ``cursor`` (None: from the configured start). ``now``: our clock,
        used where the source has none."""
        ...

    def between(self, start: datetime, end: datetime, limit: int) -> Iterator[Batch]:
        """All rows opened in ``[start, end)``, in batches, for replay and for the reconcile sweep. Each batch's cursor is
        empty: a sweep never moves the fast cursor."""
        ...

    def count_by_day(self, start: date, end: date, zone: str) -> Mapping[date, int]:
        """The source's own count of feedback opened on each day of ``[start, end)`` cut in ``zone``, for coverage.
        Only where ``capabilities.count_by_day``."""
        ...

    def preview(self, limit: int, now: datetime) -> Preview:
        """The first rows, mapped but not stored."""
        ...

    def close(self) -> None:
        """Release connections and files; safe to call twice."""
        ...


# --- faults ----------------------------------------------------------------------------------------------------------


class Fault(Exception):
    """Base of all faults: a code for the catalogue and parameters, never the payload (DESIGN §7)."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        return f"{self.code} {self.params}" if self.params else self.code


class ConfigFault(Fault):
    """The configuration is wrong: ``field``, ``value`` and what is ``allowed`` are in ``params``. The source stops."""


class TryLater(Fault):
    """The source cannot answer now. ``delay``: seconds it asks us to wait, or None to let the caller back off."""

    def __init__(self, code: str, delay: float | None = None, **params: Any) -> None:
        super().__init__(code, **params)
        self.delay = delay


class BadRecord(Fault):
    """This row cannot be stored. ``raw`` goes, encrypted, to the quarantine; ``params`` name field, value shape, allowed."""

    def __init__(self, code: str, raw: Mapping[str, Any] | str | bytes, **params: Any) -> None:
        super().__init__(code, **params)
        self.raw = raw


@dataclass(frozen=True, slots=True)
class Common:
    """What every connector is told besides its own options. Seconds; ``home`` anchors relative paths."""

    name: str
    zone: str  # of times that carry no offset
    cadence_s: float
    lateness_s: float
    overlap_s: float  # >= longest transaction + worst clock skew at the source (ENGINE §4)
    home: Path
    dimensions: tuple[str, ...]


RawRow: TypeAlias = Mapping[str, Any]
RawRows: TypeAlias = Sequence[RawRow]
