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
from fengsui.board.warnings import ACCURACY, RESPONSE, warnings
from fengsui.metrics import cells, lunar
from fengsui.metrics.catalogue import Metric, load
from fengsui.metrics.mix import Effect as Effect
from fengsui.metrics.mix import Sums, effects
from fengsui.metrics.read import Kpi
from fengsui.metrics.sheet import daily, sheet
from fengsui.settings import Settings
from fengsui.store.slices import ALL, bucket, slice_id, slice_levels
from fengsui.store.tables import definition, rollup, slice_

Window: TypeAlias = Literal["today", "week", "month"]
GROUPS: Mapping[str, tuple[str, ...]] = {
    "answer": (
        "service_level_20", "answer_rate", "abandonment", "asa", "aht", "waiting_time", "acknowledgement_time", "response_time",
        "response_sla", "next_response",
    ),
    "solve": (
        "sla_attainment", "closed_loop", "resolution_time", "resolution_net", "paused_share", "closure_flow", "backlog",
        "work_off", "at_risk", "reopened", "transfer_rate", "state_waiting", "state_handling", "state_paused", "state_closing",
    ),
    "feel": (
        "csat", "csat_product", "csat_service", "nps", "ces", "survey_response", "second_evaluation", "negative_to_positive",
        "negative_to_positive_all", "complaints", "complaint_rate", "negative_share",
    ),
    "data": ("contacts", "calls", "structured_rate", "data_lag", "waiting_now", "longest_wait", "signed_in", "idle"),
    "typed": ("training_pass", "equipment_good", "repurchase", "active_customers"),
}  # fmt: skip
BACK: Mapping[Window, tuple[int, int]] = {"today": (1, 7), "week": (7, 28), "month": (28, lunar.WEEKS_DAYS)}
"""Days back of 环比 and 同比: yesterday and the same weekday; the week before and four weeks before; 28 days and 52 weeks
(around the Spring Festival the same days to last year's)."""
LINE_DAYS = 28
MOST_PLACES = 40
EXPLAINED = ("share", "ratio", "mean")


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
    start, midnight = start_of(settings, window, now), _midnight(settings, now)
    with store.connect() as conn:
        metrics = load(conn, now)
        wanted = [metrics[id_] for ids in GROUPS.values() for id_ in ids if id_ in metrics]
        here = sheet(conn, wanted, place, start, now, now, settings.sources)
        timed = [metric for metric in wanted if metric.gauge is None]
        back, other, year = backs(settings, window, now)
        before, usual = (_past(conn, settings, timed, place, start, now, timedelta(days=days)) for days in (back, other))
        ago = timedelta(days=year)
        last_year = (
            usual
            if other == year
            else _past(conn, settings, timed, place, start, now, ago)
            if _reaches(conn, start - ago)
            else {}
        )
        own = [warnings(conn, place, *span) for span in _spans(settings, start, now, window)]
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
    return Sheet(start, now, {name: group for name, group in groups.items() if group}, year)


def backs(settings: Settings, window: Window, now: datetime) -> tuple[int, int, int]:
    """Days back of 环比, of 同比 and of last year."""
    zone, (back, other) = settings.centre.tz, BACK[window]
    first, last = (at.astimezone(zone).date() for at in (start_of(settings, window, now), now))
    year = lunar.days_back(first, last, settings.centre.calendar)
    return back, year if other == lunar.WEEKS_DAYS else other, year


def from_records(store: Engine, settings: Settings, place: str, window: Window, now: datetime) -> Mapping[str, tuple[Row, ...]]:
    """group -> the figures that no roll-up holds and somebody delivers. Dear: seconds on a month of records."""
    spans = _spans(settings, start_of(settings, window, now), now, window)
    own = [beside.figures(store, settings, place, *span, span[1]) for span in spans]
    return {
        group: rows
        for group, metrics in beside.BESIDE.items()
        if (rows := tuple(_own(m, *(each[m.id] for each in own)) for m in metrics if own[0][m.id].state != "no_data"))
    }


def compared(
    store: Engine, settings: Settings, metric: Metric, place: str, window: Window, now: datetime
) -> tuple[str, Effect, list[Effect]] | None:
    """The window beside the one before it, by the parts of the centre: (level of the parts, whole, parts). None where the
    figure has no parts: other shapes, other places than the whole centre, no cuboid that keeps it."""
    if metric.shape not in EXPLAINED or place != ALL or any(name.startswith("m.") for name in metric.measures()):
        return None
    start, back = start_of(settings, window, now), timedelta(days=BACK[window][0])
    with store.connect() as conn:
        for level in ("org.1", "channel"):
            ids = _slices(conn, level) if level in settings.cuboids else {}
            parts = _parts(conn, metric, ids, (start - back, now - back), (start, now))
            if len(parts) > 1:
                return level, *effects(parts)
    return None


def places(store: Engine, settings: Settings, scope: Scope) -> list[str]:
    """Slice keys that one may look at: the centre, its channels and its organisations, as the scope allows."""
    levels = [cuboid for cuboid in ("channel", "org.1") if cuboid in settings.cuboids]
    with store.connect() as conn:
        query = select(slice_.c.slice_key).where(slice_.c.cuboid.in_(levels)).order_by(slice_.c.cuboid, slice_.c.slice_key)
        keys = list(conn.execute(query.limit(MOST_PLACES)).scalars())
    return [key for key in (ALL, *keys) if sees(scope, key)]


def versions(store: Engine, metric: str, now: datetime) -> Versions:
    """Which definition and which target are in force."""
    with store.connect() as conn:
        return Versions(*(_version(conn, kind, metric, now) for kind in ("metric", "target")))


def start_of(settings: Settings, window: Window, now: datetime) -> datetime:
    """Today from midnight of the centre; else 7 or 28 days back."""
    return _midnight(settings, now) if window == "today" else now - timedelta(days=BACK[window][0])


def _midnight(settings: Settings, now: datetime) -> datetime:
    zone = settings.centre.tz
    return datetime.combine(now.astimezone(zone).date(), time(), zone)


def _spans(settings: Settings, start: datetime, now: datetime, window: Window) -> list[tuple[datetime, datetime]]:
    """The window, and its partners."""
    return [(start - timedelta(days=days), now - timedelta(days=days)) for days in (0, *backs(settings, window, now)[:2])]


def _reaches(conn: Connection, since: datetime) -> bool:
    """Whether records go back so far: before them a count of nought says nothing."""
    mine = (rollup.c.grain == cells.QUARTER) & (rollup.c.slice_id == slice_id(ALL)) & (rollup.c.measure == "feedback.n")
    first = conn.scalar(select(func.min(rollup.c.bucket)).where(mine))
    return first is not None and first <= bucket(since, cells.QUARTER)


def _own(metric: Metric, kpi: Kpi, before: Kpi, usual: Kpi) -> Row:
    return Row(metric, kpi, before.value, usual.value, ())


def _past(
    conn: Connection,
    settings: Settings,
    metrics: Sequence[Metric],
    place: str,
    start: datetime,
    now: datetime,
    back: timedelta,
) -> dict[str, float | None]:
    found = sheet(conn, metrics, place, start - back, now - back, now - back, settings.sources)
    return {id_: kpi.value if kpi.n else None for id_, kpi in found.items()}


def _slices(conn: Connection, cuboid: str) -> dict[int, str]:
    rows = conn.execute(select(slice_.c.slice_id, slice_.c.slice_key).where(slice_.c.cuboid == cuboid).limit(MOST_PLACES))
    return {row.slice_id: next(iter(slice_levels(row.slice_key).values())) for row in rows}


def _parts(
    conn: Connection,
    metric: Metric,
    ids: Mapping[int, str],
    before: tuple[datetime, datetime],
    after: tuple[datetime, datetime],
) -> dict[str, Sums]:
    then, now = (cells.summed(conn, metric.measures(), ids, *span) if ids else {} for span in (before, after))
    found = {}
    for id_, name in ids.items():
        sums = Sums(*_pair(metric, then.get(id_, {})), *_pair(metric, now.get(id_, {})))
        if sums.n0 > 0 or sums.n1 > 0:
            found[name] = sums
    return found


def _pair(metric: Metric, sums: cells.Sums) -> tuple[float, float]:
    return _added(metric.value, sums), _added(metric.exposure, sums)


def _added(names: Sequence[str], sums: cells.Sums) -> float:
    total = 0
    for name in names:
        amount = sum(sums.get(name.lstrip("-"), {}).values())
        total += -amount if name.startswith("-") else amount
    return float(total)


def _version(conn: Connection, kind: str, id_: str, now: datetime) -> Any:
    mine = (definition.c.kind == kind) & (definition.c.id == id_) & (definition.c.valid_from <= now)
    newest = select(func.max(definition.c.version)).where(mine).scalar_subquery()
    row = conn.execute(select(definition).where(mine, definition.c.version == newest)).first()
    return None if row is None else (row.version, row.valid_from, row.by)
