"""Figures that no roll-up holds: they look at records, checks or definitions. Dear, so asked for less often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, select

from fengsui.board import censored, reminders
from fengsui.metrics import calendars, cells
from fengsui.metrics.classifier import Checked, corrected
from fengsui.metrics.intervals import wilson
from fengsui.metrics.kpis import METRICS
from fengsui.metrics.metric import Metric
from fengsui.metrics.read import Kpi
from fengsui.metrics.repeats import FCR, REPEAT, WITHIN, fcr, repeat_contact, repeats
from fengsui.settings import Settings
from fengsui.store.slices import ALL, slice_id
from fengsui.store.tables import coverage_day, definition, slice_

COVERAGE = Metric(
    "coverage", "share", {"zh_CN": "采集覆盖率", "en": "Collection coverage"}, "pct", "up", target=0.999, min_n=20
)
NEGATIVE = Metric(
    "negative_corrected", "share", {"zh_CN": "负面占比（校正）", "en": "Negative share, corrected"}, "pct", "down", min_n=20
)
AHT_FIXED = Metric(
    "aht_fixed", "mean", {"zh_CN": "平均处理时长（固定结构）", "en": "Handling time at fixed mix"}, "second", "none", min_n=5
)
MIX_DAYS = 28
MIX_LEVELS = ("category.1", "category", "queue", "channel")
SENTIMENT = "sentiment"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a figure is asked for: a place, a window, and now."""

    settings: Settings
    place: str
    start: datetime
    end: datetime
    now: datetime


def figures(store: Engine, settings: Settings, place: str, start: datetime, end: datetime, now: datetime) -> Mapping[str, Kpi]:
    """metric -> figure of ``place`` over ``[start, end)``. Resolution at first contact is that of the window a week earlier:
    younger contacts may still be followed by another one."""
    asked = Asked(settings, place, start, end, now)
    with store.connect() as conn:
        matured = repeats(conn, place, start - WITHIN, end - WITHIN, now)
        found = {FCR.id: fcr(matured, end - WITHIN, now), REPEAT.id: repeat_contact(repeats(conn, place, start, end, now))}
        return found | {metric.id: reader(conn, asked) for metric, reader in READERS}


def _none(metric: Metric) -> Kpi:
    return Kpi(None, 0, None, None, "no_data", metric.version, metric.target)


def _coverage(conn: Connection, asked: Asked) -> Kpi:
    """Of the contacts that the sources counted themselves, those we hold. Of whole days of the whole centre."""
    zone = asked.settings.centre.tz
    days = (coverage_day.c.day >= asked.start.astimezone(zone).date()) & (
        coverage_day.c.day <= asked.end.astimezone(zone).date()
    )
    query = select(coverage_day.c.ours, coverage_day.c.theirs).where(days, coverage_day.c.checked_at <= asked.now)
    rows = conn.execute(query).all() if asked.place == ALL else []
    theirs, ours = sum(row.theirs for row in rows), sum(min(row.ours, row.theirs) for row in rows)
    if theirs == 0:
        return _none(COVERAGE)
    return Kpi(ours / theirs, theirs, *wilson(ours, theirs), "ok" if theirs >= COVERAGE.min_n else "few", 1, COVERAGE.target)


def _negative(conn: Connection, asked: Asked) -> Kpi:
    """Only where somebody has checked the labels by hand (definition ``classifier`` ``sentiment``)."""
    checked = classifier(conn, asked.end)
    if checked is None:
        return _none(NEGATIVE)
    sums = _sums(conn, METRICS["negative_share"], [asked.place], asked.start, asked.end).get(asked.place, (0.0, 0.0))
    version, body = checked
    found = corrected(round(sums[0]), round(sums[1]), body)
    if found is None:
        return _none(NEGATIVE)
    n = round(sums[1])
    return Kpi(found.share, n, found.lower, found.upper, "ok" if n >= NEGATIVE.min_n else "few", version)


def _closed(conn: Connection, asked: Asked) -> Kpi:
    return censored.closed(conn, asked.place, asked.start, asked.end, asked.now)


def _answered(conn: Connection, asked: Asked) -> Kpi:
    clocks = calendars.load(conn, asked.settings.centre.calendar, asked.settings.centre.zone, asked.now)
    return censored.answered(conn, clocks, asked.place, asked.start, asked.end, asked.now)


def _reminded(conn: Connection, asked: Asked) -> Kpi:
    return reminders.response(conn, asked.place, asked.start, asked.end, asked.now)


def classifier(conn: Connection, now: datetime) -> tuple[int, Checked] | None:
    """Version and counts of the hand-checked sample in force."""
    mine = (definition.c.kind == "classifier") & (definition.c.id == SENTIMENT) & (definition.c.valid_from <= now)
    row = conn.execute(select(definition).where(mine).order_by(definition.c.version.desc()).limit(1)).first()
    return None if row is None else (row.version, Checked.model_validate(row.body))


def _aht_fixed(conn: Connection, asked: Asked) -> Kpi:
    """Handling time as it would be at the mix of topics of the last four weeks: more of the long ones do not move it."""
    metric, since = METRICS["aht"], asked.now - timedelta(days=MIX_DAYS)
    for level in MIX_LEVELS if asked.place == ALL else ():
        parts = list(conn.scalars(select(slice_.c.slice_key).where(slice_.c.cuboid == level).limit(200)))
        usual = {key: n for key, (_, n) in _sums(conn, metric, parts, since, asked.now).items() if n > 0}
        here = {
            key: pair
            for key, pair in _sums(conn, metric, parts, asked.start, asked.end).items()
            if key in usual and pair[1] > 0
        }
        weight = sum(usual[key] for key in here)
        if weight:
            value = sum(usual[key] * total / n for key, (total, n) in here.items()) / weight
            n = round(sum(n for _, n in here.values()))
            return Kpi(value, n, None, None, "ok" if n >= AHT_FIXED.min_n else "few", AHT_FIXED.version)
    return _none(AHT_FIXED)


def _sums(conn: Connection, metric: Metric, keys: list[str], start: datetime, end: datetime) -> dict[str, tuple[float, float]]:
    """slice key -> (value, exposure) of a metric of plain sums."""
    ids = {slice_id(key): key for key in keys}
    found = cells.summed(conn, metric.measures(), ids, start, end) if ids else {}
    return {ids[id_]: (_added(metric.value, sums), _added(metric.exposure, sums)) for id_, sums in found.items()}


def _added(names: tuple[str, ...], sums: cells.Sums) -> float:
    return float(sum(sum(sums.get(name, {}).values()) for name in names))


READERS: tuple[tuple[Metric, Callable[[Connection, Asked], Kpi]], ...] = (
    (COVERAGE, _coverage),
    (NEGATIVE, _negative),
    (AHT_FIXED, _aht_fixed),
    (censored.CLOSURE, _closed),
    (censored.RESPONSE, _answered),
    (reminders.RESPONSE, _reminded),
)
BESIDE: Mapping[str, tuple[Metric, ...]] = {
    "answer": (censored.RESPONSE, AHT_FIXED),
    "solve": (censored.CLOSURE, FCR, REPEAT),
    "feel": (NEGATIVE,),
    "data": (COVERAGE,),
    "alerts": (reminders.RESPONSE,),
}
"""Group of the page -> the figures that stand there beside those of roll-ups."""
