"""Where a figure of the page will end: a band for the end of today, and one for each day of the next four weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection, Engine

from fengsui.metrics import calendars, cells
from fengsui.metrics.forecast import Band, Day, end_of_day, weeks_ahead
from fengsui.metrics.metric import Metric
from fengsui.metrics.read import figure_of
from fengsui.metrics.sheet import daily
from fengsui.settings import Settings
from fengsui.store.slices import slice_id

DAY_S = 86_400
QUARTER_S = 900
BACK_DAYS, HISTORY_DAYS = 42, 84
DAYS_OFF = ("holiday", "weekend")


@dataclass(frozen=True, slots=True)
class Outlook:
    """``today``: of the whole of today. ``days``: (day, band) from tomorrow on, as far as there is history for it."""

    today: Band | None
    days: tuple[tuple[date, Band], ...]


def outlook(store: Engine, settings: Settings, metric: Metric, place: str, now: datetime) -> Outlook | None:
    """None for gauges and stocks: they are not added up over a day."""
    if metric.gauge is not None or metric.total:
        return None
    zone = settings.centre.tz
    day = now.astimezone(zone).date()
    midnight = datetime.combine(day, time(), zone)
    with store.connect() as conn:
        kinds = calendars.load(conn, settings.centre.calendar, settings.centre.zone, now)
        off = [kinds.day_type(day - timedelta(days=back)) in DAYS_OFF for back in range(BACK_DAYS, -1, -1)]
        like = [n for n in range(BACK_DAYS) if off[n] == off[-1]]
        today = end_of_day(metric, *_cut(conn, metric, slice_id(place), midnight, now, like))
        lines = daily(conn, [metric], place, midnight - timedelta(days=HISTORY_DAYS), HISTORY_DAYS)
    ahead = weeks_ahead(metric, lines[metric.id])
    days = ((day + timedelta(days=n), one) for n, one in enumerate(ahead) if n and one is not None)  # the first is today
    return Outlook(today, tuple(days))


def _cut(
    conn: Connection, metric: Metric, id_: int, midnight: datetime, now: datetime, like: list[int]
) -> tuple[cells.Sums, list[Day]]:
    """Today until now, and the days like it with what came by this hour and after. A day without cells is none."""
    passed = int((now - midnight).total_seconds()) // QUARTER_S * QUARTER_S
    start, measures = midnight - timedelta(days=BACK_DAYS), metric.measures()
    whole = cells.by_step(conn, measures, [id_], start, midnight, DAY_S).get(id_, {})
    rest = cells.by_step(conn, measures, [id_], start, midnight, DAY_S, passed).get(id_, {}) if passed else whole
    so_far = cells.summed(conn, measures, [id_], midnight, midnight + timedelta(seconds=passed)).get(id_, {}) if passed else {}
    past = [Day(_n(metric, whole[n]) - _n(metric, rest.get(n, {})), rest.get(n, {})) for n in like if n in whole]
    return so_far, past


def _n(metric: Metric, sums: cells.Sums) -> float:
    return float(figure_of(metric, sums).n)
