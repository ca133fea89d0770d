"""The clocks of one record, computed from its events and from nothing else (DESIGN §3).

Every fact is the same whatever the order of delivery: events are put in order of time, ties in the order of the life of a
ticket. Seconds are whole, of the clock of the record's queue (plain ones where it is open day and night); pauses are the union
of paused..resumed, so two overlapping ones count once, and a pause nobody ended lasts until the interval's end.
"""

from __future__ import annotations

import re
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
    "second_asked",
)
_RANK = {kind: rank for rank, kind in enumerate(_ORDER)}

State: TypeAlias = Literal["open", "solved", "cancelled"]
Span: TypeAlias = tuple[datetime, datetime]
Wait: TypeAlias = tuple[int, int]
"""(second since the epoch at which an agent replied, seconds the customer had waited)"""

_COURTESY = re.compile(
    r"(谢谢您?|感谢|多谢|好的?|嗯+|知道了|收到|再见|拜拜|不客气|辛苦了|thanks?|thankyou|ok|okay|bye)+", re.IGNORECASE
)
_NOT_WORD = re.compile(r"[\W_]+")


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
    told_at: datetime | None = None
    archived_at: datetime | None = None
    asked_at: datetime | None = None
    transfers_n: int = 0
    response_s: int | None = None
    resolution_s: int | None = None
    resolution_net_s: int | None = None
    second_asked_at: datetime | None = None
    waits: tuple[Wait, ...] | None = None


NOTHING = Facts()


class Elapsed(Protocol):
    """``metrics.business.BusinessClock`` is one."""

    def elapsed(self, start: datetime, end: datetime) -> timedelta: ...


class _Plain:
    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        return end - start


PLAIN = _Plain()


def facts_of(opened_at: datetime, events: Sequence[Happened], clock: Elapsed = PLAIN) -> Facts:
    """The facts of a record that was opened at ``opened_at`` and has had ``events``, in any order. ``clock``: of its queue,
    where it is not open day and night.

    A reopening takes the solution back and starts the response clock again (until it is answered again there is no first
    response). ``cancelled`` ends a record unless it was reopened later.
    """
    if not events:
        return NOTHING
    ordered = sorted(events, key=_when)
    ever = _first_of_each(ordered)
    last = _first_of_each(reversed(ordered))
    since = last.get("reopened")
    left = ordered if since is None else [event for event in ordered if event.at >= since]
    lately = ever if since is None else _first_of_each(left)
    lately_last = last if since is None else _first_of_each(reversed(left))
    solved_at = _latest(lately_last, _SOLVING)
    response_at = _earliest(lately, RESPONSES)
    pauses = _pauses(ordered) if "paused" in ever else ()
    return Facts(
        state="cancelled" if "cancelled" in lately else "open" if solved_at is None else "solved",
        acknowledged_at=_earliest(ever, RECEIPTS),
        first_response_at=response_at,
        offered_at=ever.get("offered"),
        answered_at=ever.get("answered"),
        abandoned_at=ever.get("abandoned"),
        solved_at=solved_at,
        reopened_at=since,
        reopened_n=sum(1 for event in ordered if event.kind == "reopened") if since else 0,
        rated_at=last.get("rated"),
        told_at=lately_last.get("told"),
        archived_at=lately_last.get("archived"),
        asked_at=last.get("survey_asked"),
        transfers_n=sum(1 for event in ordered if event.kind == "transferred") if "transferred" in ever else 0,
        response_s=_net(since or opened_at, response_at, pauses, clock),
        resolution_s=_net(opened_at, solved_at, (), clock),
        resolution_net_s=_net(opened_at, solved_at, pauses, clock),
        second_asked_at=last.get("second_asked"),
        waits=_waits(ordered, clock) if "customer_message" in ever else None,
    )


def _waits(ordered: Sequence[Happened], clock: Elapsed) -> tuple[Wait, ...] | None:
    """Each time a customer wrote after an agent had, until an agent replied. Several messages in a row wait once; a mere
    thank-you or good-bye waits for nobody; what nobody answered is no wait yet. None: there were none."""
    found: list[Wait] = []
    spoken, since = False, None
    for event in ordered:
        if event.kind in RESPONSES:
            if since is not None:
                found.append((int(event.at.timestamp()), max(int(clock.elapsed(since, event.at).total_seconds()), 0)))
            spoken, since = True, None
        elif event.kind == "customer_message" and spoken and since is None and not is_courtesy(event):
            since = event.at
    return tuple(found) or None


def is_courtesy(message: Happened) -> bool:
    """Whether all that a message says (a text among its data) is thanks, yes or good-bye."""
    said = [value for value in getattr(message, "data", {}).values() if isinstance(value, str) and value.strip()]
    return bool(said) and all(_COURTESY.fullmatch(_NOT_WORD.sub("", text)) is not None for text in said)


def _when(event: Happened) -> tuple[datetime, int]:
    return event.at, _RANK.get(event.kind, len(_RANK))


def _first_of_each(ordered: Iterable[Happened]) -> dict[str, datetime]:
    """kind -> its first time in the order given."""
    found: dict[str, datetime] = {}
    for event in ordered:
        found.setdefault(event.kind, event.at)
    return found


def _earliest(times: Mapping[str, datetime], kinds: Iterable[str]) -> datetime | None:
    return min((times[kind] for kind in kinds if kind in times), default=None)


def _latest(times: Mapping[str, datetime], kinds: Iterable[str]) -> datetime | None:
    return max((times[kind] for kind in kinds if kind in times), default=None)


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


def ended_pauses(events: Iterable[Happened], solved_at: datetime | None) -> tuple[Span, ...]:
    """Pauses that somebody ended, each at most until the solution; empty for most records."""
    known = list(events)
    if not any(event.kind == "resumed" for event in known):
        return ()
    ordered = sorted(known, key=_when)
    last = max(event.at for event in known)
    return tuple((start, min(end, solved_at or end)) for start, end in _pauses(ordered) if end <= last)


def _net(start: datetime, end: datetime | None, pauses: Sequence[Span], clock: Elapsed) -> int | None:
    """Whole seconds from ``start`` to ``end`` less pauses, never below 0; None where it has not ended."""
    if end is None:
        return None
    seconds = clock.elapsed(start, end)
    for begin, finish in pauses:
        seconds -= max(clock.elapsed(max(begin, start), min(finish, end)), timedelta())
    return max(int(seconds.total_seconds()), 0)


def as_columns(facts: Facts) -> Mapping[str, Any]:
    """The facts as columns of ``feedback``."""
    return {name: getattr(facts, name) for name in _COLUMNS}


_COLUMNS = tuple(Facts.__dataclass_fields__)
