"""From roll-ups to readings: one bulk read per metric, and the context that the house attaches to each step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from detectors.base import Context, DayType, KnownEvent, Reading
from fengsui.engine.plan import holds
from fengsui.engine.planned import Planned
from fengsui.engine.rules import in_force
from fengsui.engine.said import Past, Said
from fengsui.metrics import calendars, together
from fengsui.metrics.calendar import day_type
from fengsui.metrics.read import Value
from fengsui.store.slices import bucket_start, slice_levels

CLOCKS_KEPT = 40_000
FEW = 64

ABSENT: Mapping[str, tuple[float | None, float | None]] = {
    "count": (0.0, None),
    "share": (0.0, 0.0),
    "duration": (None, 0.0),
    "gauge": (None, None),
    "mean": (None, 0.0),
    "ratio": (None, 0.0),
    "score": (None, 0.0),
    "work_off": (None, 0.0),
}
"""Value and exposure of a closed step without cells, by shape of the metric."""


@dataclass(frozen=True, slots=True)
class Announced:
    """A known event of kind ``known_event``: ``{name, start_at, end_at, lift, margin, metric, where}``; times are ISO 8601."""

    event: KnownEvent
    start_at: datetime
    end_at: datetime
    metric: str | None
    where: Mapping[str, str]

    def concerns(self, planned: Planned) -> bool:
        return self.metric in (None, planned.rule.metric) and holds(self.where, slice_levels(planned.slice_key))


def announced(conn: Connection, now: datetime) -> tuple[Announced, ...]:
    """All known events in force, to be asked per series and step."""
    found = in_force(conn, "known_event", now)
    return tuple(_announced(event_id, body) for event_id, _, body in found if not body.get("withdrawn"))


def _announced(event_id: str, body: Mapping[str, object]) -> Announced:
    where = body.get("where")
    metric = body.get("metric")
    return Announced(
        event=KnownEvent(event_id, float(str(body.get("lift", 1.0))), float(str(body.get("margin", 0.0)))),
        start_at=datetime.fromisoformat(str(body["start_at"])),
        end_at=datetime.fromisoformat(str(body["end_at"])),
        metric=str(metric) if metric else None,
        where=where if isinstance(where, Mapping) else {},
    )


class Clock:
    """The centre's wall clock and day type at the start of a step; the same minute is asked once for each series.

    Until ``renew`` has read the calendar of the store, days are what was published for the country ``calendar``.
    """

    def __init__(self, zone: str, calendar: str) -> None:
        self._name, self._zone = zone, ZoneInfo(zone)
        self._calendar = calendar
        self._known: dict[int, tuple[datetime, DayType]] = {}
        self._plain: dict[tuple[int, float], Context] = {}
        self._version = 0
        self._day_type: Callable[[date], DayType] = partial(day_type, calendar=calendar)

    def __getstate__(self) -> dict[str, Any]:
        """Without what it remembers: whoever learns in another process finds that again."""
        return {**self.__dict__, "_known": {}, "_plain": {}}

    def renew(self, conn: Connection, now: datetime) -> None:
        """Take a newer version of the calendar from the store, where there is one; days that have begun keep their kind."""
        version = calendars.version_of(conn)
        if version == self._version:
            return
        self._day_type = calendars.load(conn, self._calendar, self._name, now).day_type
        self._version = version
        self._known.clear()
        self._plain.clear()

    def at(self, minute: int) -> tuple[datetime, DayType]:
        if minute not in self._known:
            if len(self._known) >= CLOCKS_KEPT:
                self._known.clear()
            local = bucket_start(minute).astimezone(self._zone)
            self._known[minute] = (local, self._day_type(local.date()))
        return self._known[minute]

    def plain(self, minute: int, budget: float) -> Context:
        """Without an event: the same for all series of that budget, so of one instant it is made once."""
        found = self._plain.get((minute, budget))
        if found is None:
            if len(self._plain) >= FEW:
                self._plain.clear()
            found = self._plain[minute, budget] = Context(*self.at(minute), (), budget)
        return found


class Maker:
    """Makes the readings of one series: its budget, the known events that concern it, and what people said of its past."""

    def __init__(
        self, planned: Planned, clock: Clock, events: Sequence[Announced], kind: str, said: Sequence[Said] = ()
    ) -> None:
        self.planned = planned
        self._past = Past(planned, said, counts=kind == "count")
        self._clock = clock
        self._events = tuple(one for one in events if one.concerns(planned))
        self._absent: tuple[float | None, float | None] = ABSENT[kind]
        self._counts = kind == "count"
        self._series, self._budget = planned.series, planned.rule.budget

    def reading(self, start: int, minutes: int, value: Value | None, complete: bool) -> Reading:
        """The reading of ``[start, start + minutes)``. No cell means none came: zero for counts, no data for durations.

        Counts have no exposure but time: an exposure of 1 would say that a minute's count is measured in other units than
        that of the quarter of an hour from which history is learned.
        """
        amount, exposure = self._absent if value is None else value
        if self._counts:
            exposure = None
        at, end = bucket_start(start), bucket_start(start + minutes)
        events = self._during(at, end)
        context = Context(*self._clock.at(start), events, self._budget) if events else self._clock.plain(start, self._budget)
        return Reading(self._series, at, end, amount, exposure, complete, context)

    def learnable(self, start: int, minutes: int) -> bool:
        """Whether the step is usual history: nobody has said otherwise."""
        return self._past.learnable(bucket_start(start), bucket_start(start + minutes))

    def _during(self, start: datetime, end: datetime) -> tuple[KnownEvent, ...]:
        moved = self._past.events(start)
        if not self._events:
            return moved
        return (*(one.event for one in self._events if one.start_at < end and start < one.end_at), *moved)


Cells = Mapping[tuple[str, int], Mapping[int, Mapping[int, Value]]]
"""(metric, step in minutes) -> slice -> bucket -> value"""


def bulk(conn: Connection, planned: Iterable[Planned], start: int, end: int) -> Cells:
    """Every step of every series in ``[start, end)`` (minutes), read together for each length of step."""
    wanted: dict[int, dict[str, list[int]]] = {}
    for (metric, minutes), ids in by_metric(planned):
        wanted.setdefault(minutes, {})[metric] = ids
    found: dict[tuple[str, int], Mapping[int, Mapping[int, Value]]] = {}
    for minutes, metrics in wanted.items():
        span = bucket_start(start - start % minutes), bucket_start(end - end % minutes)
        for metric, lines in together.steps(conn, metrics, *span, minutes * 60).items():
            found[metric, minutes] = lines
    return found


def by_metric(planned: Iterable[Planned]) -> Iterator[tuple[tuple[str, int], list[int]]]:
    groups: dict[tuple[str, int], set[int]] = {}
    for one in planned:
        groups.setdefault((one.rule.metric, one.rule.step_s // 60), set()).add(one.slice_id)
    return ((key, sorted(ids)) for key, ids in sorted(groups.items()))
