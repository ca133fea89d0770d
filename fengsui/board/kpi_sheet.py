"""The page of figures: every KPI by window and place, with its interval, its partners in time, and why it moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Engine, func, select

from fengsui.board import beside
from fengsui.board.kpis import gap, verdict_on
from fengsui.board.scope import Scope, sees
from fengsui.board.span import Span
from fengsui.board.warnings import ACCURACY, RESPONSE, warnings
from fengsui.metrics import cells, lunar
from fengsui.metrics.catalogue import Metric, load
from fengsui.metrics.read import Kpi
from fengsui.metrics.sheet import daily, sheet
from fengsui.settings import Settings
from fengsui.store.slices import ALL, slice_id
from fengsui.store.tables import definition, slice_

Named: TypeAlias = Literal["today", "week", "month"]
Window: TypeAlias = Named | Span
GROUPS: Mapping[str, tuple[str, ...]] = {
    "answer": (
        "service_level_20", "service_level_20a", "service_level_20b", "service_level_20d",
        "answer_rate", "abandonment", "asa", "aht", "waiting_time", "acknowledgement_time", "response_time",
        "response_sla", "next_response",
    ),
    "solve": (
        "sla_attainment", "closed_loop", "resolution_time", "resolution_net", "paused_share", "closure_flow", "backlog",
        "work_off", "at_risk", "reopened", "transfer_rate", "state_waiting", "state_handling", "state_paused", "state_closing",
    ),
    "feel": (
        "csat", "csat_product", "csat_service", "nps", "ces", "survey_response", "second_evaluation", "negative_to_positive",
        "negative_to_positive_all", "complaints", "complaint_rate", "negative_share",
        "waiting_share", "repeated_share", "impatience_share", "churn_share", "threat_share",
    ),
    "data": (
        "contacts", "calls", "structured_rate", "data_lag", "late_share", "waiting_now", "longest_wait", "signed_in", "idle",
    ),
    "typed": ("training_pass", "equipment_good", "repurchase", "active_customers"),
}  # fmt: skip
BACK: Mapping[Named, tuple[int, int]] = {"today": (1, 7), "week": (7, 28), "month": (28, lunar.WEEKS_DAYS)}
"""Days back of 环比 and 同比: yesterday and the same weekday; the week before and four weeks before; 28 days and 52 weeks
(around the Spring Festival the same days to last year's)."""
LINE_DAYS = 28
MOST_PLACES = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """``before`` and ``usual``: the same window 环比 and 同比 earlier, None where nothing is known of it."""

    metric: Metric
    kpi: Kpi
    before: float | None
    usual: float | None
    line: tuple[float | None, ...]
    year: float | None = None  # a year ago

    @property
    def gap(self) -> float | None:
        return gap(self.kpi.value, self.metric.target)

    @property
    def standing(self) -> str:
        return verdict_on(self.metric.good, self.metric.target, self.kpi.value, self.kpi.lower, self.kpi.upper)


@dataclass(frozen=True, slots=True)
class Sheet:
    """``start`` to ``end``: the window shown. ``groups`` without figures nobody delivers are absent."""

    start: datetime
    end: datetime
    groups: Mapping[str, tuple[Row, ...]]
    year_back: int = lunar.WEEKS_DAYS  # days to the partner of last year

    @property
    def by_festival(self) -> bool:
        return self.year_back != lunar.WEEKS_DAYS

    def row(self, metric: str | None) -> Row | None:
        rows = [row for group in self.groups.values() for row in group]
        return next((row for row in rows if row.metric.id == metric), rows[0] if rows else None)

    def joined(self, more: Mapping[str, Sequence[Row]]) -> Sheet:
        """With further rows at the end of their groups."""
        names = [name for name in (*GROUPS, "alerts") if name in self.groups or more.get(name)]
        return replace(self, groups={name: (*self.groups.get(name, ()), *more.get(name, ())) for name in names})


@dataclass(frozen=True, slots=True)
class Versions:
    """Of a definition and its target: number, since when, by whom."""

    metric: tuple[int, datetime, str] | None
    target: tuple[int, datetime, str] | None


def figures(store: Engine, settings: Settings, place: str, window: Window, now: datetime) -> Sheet:
    """All KPIs of a slice that somebody delivers."""
    start, end, midnight = start_of(settings, window, now), end_of(window, now), _midnight(settings, now)
    with store.connect() as conn:
        metrics = load(conn, now)
        wanted = [metrics[id_] for ids in GROUPS.values() for id_ in ids if id_ in metrics]
        here = sheet(conn, wanted, place, start, end, now, settings.sources)
        timed = [metric for metric in wanted if metric.gauge is None]
        back, other, year = backs(settings, window, now)
        before, usual = (_past(conn, settings, timed, place, start, end, timedelta(days=days)) for days in (back, other))
        ago = timedelta(days=year)
        last_year = (
            usual
            if other == year
            else _past(conn, settings, timed, place, start, end, ago)
            if _reaches(conn, start - ago)
            else {}
        )
        own = [warnings(conn, place, *span) for span in _spans(settings, start, end, now, window)]
        lines = daily(conn, timed, place, midnight - timedelta(days=LINE_DAYS), LINE_DAYS)
    rows = {
        metric.id: Row(
            metric,
            here[metric.id],
            before.get(metric.id),
            usual.get(metric.id),
            tuple(lines.get(metric.id, ())),
            last_year.get(metric.id),
        )
        for metric in wanted
        if here[metric.id].state != "no_data" or before.get(metric.id) is not None
    }
    groups = {name: tuple(rows[id_] for id_ in ids if id_ in rows) for name, ids in GROUPS.items()}
    groups["alerts"] = tuple(_own(metric, *(each[metric.id] for each in own)) for metric in (RESPONSE, ACCURACY))
    return Sheet(start, end, {name: group for name, group in groups.items() if group}, year)


def backs(settings: Settings, window: Window, now: datetime) -> tuple[int, int, int]:
    """Days back of 环比, of 同比 and of last year."""
    start, end, zone = start_of(settings, window, now), end_of(window, now), settings.centre.tz
    back, other = window.back if isinstance(window, Span) else BACK[window]
    first, last = (at.astimezone(zone).date() for at in (start, end))
    year = lunar.days_back(first, last, settings.centre.calendar)
    return back, year if other == lunar.WEEKS_DAYS else other, year


def from_records(store: Engine, settings: Settings, place: str, window: Window, now: datetime) -> Mapping[str, tuple[Row, ...]]:
    """group -> the figures that no roll-up holds and somebody delivers. Dear: seconds on a month of records."""
    spans = _spans(settings, start_of(settings, window, now), end_of(window, now), now, window)
    back = [timedelta(days=days) for days in (0, *backs(settings, window, now)[:2])]
    own = [beside.figures(store, settings, place, *span, now - ago) for span, ago in zip(spans, back, strict=True)]
    return {
        group: rows
        for group, metrics in beside.BESIDE.items()
        if (rows := tuple(_own(m, *(each[m.id] for each in own)) for m in metrics if own[0][m.id].state != "no_data"))
    }


def places(store: Engine, settings: Settings, scope: Scope) -> list[str]:
    """Slice keys that one may look at: the centre first, then the slices of each cuboid, as the scope allows."""
    cuboids = [one for one in settings.cuboids if one != ALL]
    with store.connect() as conn:
        query = select(slice_.c.slice_key, slice_.c.cuboid).where(slice_.c.cuboid.in_(cuboids))
        found = [(row.cuboid, row.slice_key) for row in conn.execute(query.order_by(slice_.c.slice_key))]
    found.sort(key=lambda one: (one[0].count("|"), cuboids.index(one[0])))  # stable: by name within a cuboid
    return [key for key in (ALL, *(key for _, key in found)) if sees(scope, key)][:MOST_PLACES]


def versions(store: Engine, metric: str, now: datetime) -> Versions:
    """Which definition and which target are in force."""
    with store.connect() as conn:
        return Versions(*(_version(conn, kind, metric, now) for kind in ("metric", "target")))


def start_of(settings: Settings, window: Window, now: datetime) -> datetime:
    """Today from midnight of the centre; else 7 or 28 days back, or as it was typed."""
    if isinstance(window, Span):
        return window.start
    return _midnight(settings, now) if window == "today" else now - timedelta(days=BACK[window][0])


def end_of(window: Window, now: datetime) -> datetime:
    """Now, or earlier where somebody typed so."""
    return min(window.end, now) if isinstance(window, Span) else now


def _midnight(settings: Settings, now: datetime) -> datetime:
    zone = settings.centre.tz
    return datetime.combine(now.astimezone(zone).date(), time(), zone)


def _spans(
    settings: Settings, start: datetime, end: datetime, now: datetime, window: Window
) -> list[tuple[datetime, datetime]]:
    """The window, and its partners."""
    return [(start - timedelta(days=days), end - timedelta(days=days)) for days in (0, *backs(settings, window, now)[:2])]


def _reaches(conn: Connection, since: datetime) -> bool:
    """Whether records go back so far: before them a count of nought says nothing."""
    return cells.reaches(conn, ["feedback.n"], [slice_id(ALL)], since)


def _own(metric: Metric, kpi: Kpi, before: Kpi, usual: Kpi) -> Row:
    return Row(metric, kpi, before.value, usual.value, ())


def _past(
    conn: Connection,
    settings: Settings,
    metrics: Sequence[Metric],
    place: str,
    start: datetime,
    end: datetime,
    back: timedelta,
) -> dict[str, float | None]:
    found = sheet(conn, metrics, place, start - back, end - back, end - back, settings.sources)
    return {id_: kpi.value if kpi.n else None for id_, kpi in found.items()}


def _version(conn: Connection, kind: str, id_: str, now: datetime) -> Any:
    mine = (definition.c.kind == kind) & (definition.c.id == id_) & (definition.c.valid_from <= now)
    newest = select(func.max(definition.c.version)).where(mine).scalar_subquery()
    row = conn.execute(select(definition).where(mine, definition.c.version == newest)).first()
    return None if row is None else (row.version, row.valid_from, row.by)
