"""The clocks of one record, computed from its events and from nothing else (DESIGN §3).

Every fact is the same whatever the order of delivery: events are put in order of time, ties in the order of the life of a
ticket. Seconds are whole, elapsed (a 24-hour line); pauses are the union of paused..resumed, so two overlapping ones count
once, and a pause nobody ended lasts until the interval's end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeAlias

RECEIPTS = frozenset({"auto_reply", "human_reply", "assigned", "answered"})
RESPONSES = frozenset({"human_reply", "answered"})
_SOLVING = frozenset({"solved", "archived"})

_ORDER = (
    "offered",
    "queued",
    "auto_reply",
    "assigned",
    "answered",
    "abandoned",
    "customer_message",
    "human_reply",
    "transferred",
    "paused",
    "resumed",
    "reopened",
    "solved",
    "told",
    "archived",
    "cancelled",
    "survey_asked",
    "rated",
)
_RANK = {kind: rank for rank, kind in enumerate(_ORDER)}

State: TypeAlias = Literal["open", "solved", "cancelled"]
Span: TypeAlias = tuple[datetime, datetime]


class Happened(Protocol):
    """What facts need of an event: ``connectors.base.Event`` fits, and so does a row of the event table."""

    @property
    def kind(self) -> str: ...
    @property
    def at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """Columns of ``feedback`` of the same names. Seconds are whole; None: it has not happened."""

    state: State = "open"
    acknowledged_at: datetime | None = None
    first_response_at: datetime | None = None
    offered_at: datetime | None = None
    answered_at: datetime | None = None
    abandoned_at: datetime | None = None
    solved_at: datetime | None = None
    reopened_at: datetime | None = None
    reopened_n: int = 0
    rated_at: datetime | None = None
    response_s: int | None = None
    resolution_s: int | None = None
    resolution_net_s: int | None = None


NOTHING = Facts()


def facts_of(opened_at: datetime, events: Sequence[Happened]) -> Facts:
    """The facts of a record that was opened at ``opened_at`` and has had ``events``, in any order.

    A reopening takes the solution back and starts the response clock again (until it is answered again there is no first
    response). ``cancelled`` ends a record unless it was reopened later.
    """
    if not events:
        return NOTHING
    ordered = sorted(events, key=_when)
    reopened = [event.at for event in ordered if event.kind == "reopened"]
    since = reopened[-1] if reopened else None
    solved_at = _last(ordered, _SOLVING, since)
    response_from = since or opened_at
    response_at = _first(ordered, RESPONSES, since)
    pauses = _pauses(ordered)
    return Facts(
        state=_state(ordered, since, solved_at),
        acknowledged_at=_first(ordered, RECEIPTS),
        first_response_at=response_at,
        offered_at=_first(ordered, {"offered"}),
        answered_at=_first(ordered, {"answered"}),
        abandoned_at=_first(ordered, {"abandoned"}),
        solved_at=solved_at,
        reopened_at=since,
        reopened_n=len(reopened),
        rated_at=_last(ordered, {"rated"}),
        response_s=_net(response_from, response_at, pauses),
        resolution_s=_net(opened_at, solved_at, ()),
        resolution_net_s=_net(opened_at, solved_at, pauses),
    )


def _when(event: Happened) -> tuple[datetime, int]:
    return event.at, _RANK.get(event.kind, len(_RANK))


def _first(ordered: Sequence[Happened], kinds: Iterable[str], since: datetime | None = None) -> datetime | None:
    return next((event.at for event in ordered if event.kind in kinds and (since is None or event.at >= since)), None)


def _last(ordered: Sequence[Happened], kinds: Iterable[str], since: datetime | None = None) -> datetime | None:
    return _first(tuple(reversed(ordered)), kinds, since)


def _state(ordered: Sequence[Happened], since: datetime | None, solved_at: datetime | None) -> State:
    if _first(ordered, {"cancelled"}, since) is not None:
        return "cancelled"
    return "open" if solved_at is None else "solved"


def _pauses(ordered: Sequence[Happened]) -> tuple[Span, ...]:
    """Spans from a pause to the next resumption; a second pause inside the first changes nothing."""
    spans: list[Span] = []
    started: datetime | None = None
    for event in ordered:
        if event.kind == "paused" and started is None:
            started = event.at
        elif event.kind == "resumed" and started is not None:
            spans.append((started, event.at))
            started = None
    if started is not None:
        spans.append((started, ordered[-1].at + timedelta(days=36500)))
    return tuple(spans)


def _net(start: datetime, end: datetime | None, pauses: Sequence[Span]) -> int | None:
    """Whole seconds from ``start`` to ``end`` less pauses, never below 0; None where it has not ended."""
    if end is None:
        return None
    seconds = end - start
    for begin, finish in pauses:
        seconds -= max(min(finish, end) - max(begin, start), timedelta())
    return max(int(seconds.total_seconds()), 0)


def as_columns(facts: Facts) -> Mapping[str, Any]:
    """The facts as columns of ``feedback``."""
    return {name: getattr(facts, name) for name in _COLUMNS}


_COLUMNS = tuple(Facts.__dataclass_fields__)
