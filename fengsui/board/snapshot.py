"""The picture: one JSON row per version, made by the worker, shared by every page and screen.

Pages never compute a figure from the raw store; fifty screens read one row. What moves slowly (yesterday, last week, lines,
usual counts) is carried over for a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, delete, select

from fengsui.board import health, heat, kpis, learning, loop, panels, reading
from fengsui.board.curve import Point, curve, newest
from fengsui.board.scope import org_slice
from fengsui.metrics import calendars, view_body
from fengsui.metrics.calendar import local_day
from fengsui.metrics.catalogue import Metric, load
from fengsui.metrics.view_body import Phrases, ViewBody
from fengsui.settings import Settings
from fengsui.store import database
from fengsui.store.slices import ALL, bucket, bucket_start
from fengsui.store.tables import person, series, snapshot
from fengsui.store.upsert import upsert

KEPT = 3
SLOW_S = 60.0
CURVE_STEP_S = 900
CURVE_HOURS = 24
SCHEMA = 1


def build(store: Engine, settings: Settings, tick: int, now: datetime, fence: Callable[[Connection], object]) -> None:
    """Make the picture of ``now`` as version ``tick``.

    Raises what ``fence`` raises (``LostLeadership``). All is read before the writer's transaction: a picture may take a second
    (phrases, topics), and the writer's lock is everybody's.
    """
    with database.reading(store).connect() as conn, conn.begin():  # on SQLite one state of the store
        last = conn.execute(select(snapshot.c.body).order_by(snapshot.c.version.desc()).limit(1)).scalar()
        body = picture(conn, settings, now, last)
    with store.begin() as conn:
        fence(conn)
        upsert(conn, snapshot, [{"version": tick, "computed_at": now, "body": body}])
        conn.execute(delete(snapshot).where(snapshot.c.version.not_in(_kept(conn))))


def picture(conn: Connection, settings: Settings, now: datetime, last: dict[str, Any] | None = None) -> dict[str, Any]:
    """The whole body. ``views``: slice_key -> tiles and curve; one for the centre and one per organisation that is
    somebody's scope, or that a view of the wall shows. ``last``: the body before."""
    metrics = load(conn, now)
    bodies = view_body.load(conn, now)
    views = [ALL, *_scope_slices(conn, bodies)]
    filling = reading.reading(health.health(conn, settings, now, {}))
    slow = _slow(conn, settings, metrics, views, filling, now, last)
    heard = _heard(conn, bodies, views, last, now)
    spoken = heard["views"] if heard is not None else {}
    return {
        "schema": SCHEMA,
        "computed_at": now.isoformat(),
        "slow": slow,
        "views": {view: _view(conn, settings, metrics, view, slow, filling, now) for view in views},
        "heat": heat.grid(conn, heat.observed(conn, now), slow["heat"], reading.feeds(conn, heat.MEASURE, filling)),
        "reading": filling,
        "sources": health.health(conn, settings, now, slow["counts"]),
        "learning": learning.learning(conn),
        "loop": loop.today(conn, settings.centre.zone, now),
        "shown": panels.shown(bodies),
        "topics": heard,
        "panels": panels.refreshed(
            panels.wanted(bodies.values()),
            {view: panels.Asked(conn, metrics, settings.sources, view, now, spoken.get(view, ())) for view in views},
            last.get("panels", {}) if last is not None else None,
        ),
        "calm_since": _iso(loop.calm_since(conn)),
    }


def _heard(
    conn: Connection, bodies: Mapping[str, ViewBody], views: list[str], last: dict[str, Any] | None, now: datetime
) -> dict[str, Any] | None:
    """None where no view shows topics."""
    if not any(isinstance(panel, Phrases) for body in bodies.values() for panel in body.panels):
        return None
    return panels.heard(conn, views, (last or {}).get("topics"), now)


def _slow(
    conn: Connection,
    settings: Settings,
    metrics: dict[str, Metric],
    views: list[str],
    filling: list[str],
    now: datetime,
    last: dict[str, Any] | None,
) -> dict[str, Any]:
    if last is not None and last["schema"] == SCHEMA and _holds(last["slow"], views, filling):
        slow: dict[str, Any] = last["slow"]
        if 0 <= (now - datetime.fromisoformat(slow["at"])).total_seconds() < SLOW_S:
            return slow
    return {
        "at": now.isoformat(),
        "reading": filling,
        "partners": {view: kpis.partners(conn, metrics, view, now) for view in views},
        "counts": health.counts_today(conn, settings, now),
        "calendar": _calendar(conn, settings, now),
        "heat": heat.usual(conn, now),
    }


def _calendar(conn: Connection, settings: Settings, now: datetime) -> dict[str, Any] | None:
    """The end of the table of holidays, once it is near."""
    centre = settings.centre
    end = calendars.ending(calendars.load(conn, centre.calendar, centre.zone, now).newest, local_day(now, centre.zone))
    return None if end is None else {"until": end.until.isoformat(), "days": end.days}


def _holds(slow: dict[str, Any], views: list[str], filling: list[str]) -> bool:
    """What was compared while history was being read is compared again once it is there."""
    return set(views) <= set(slow["partners"]) and slow.get("reading") == filling


def _view(
    conn: Connection,
    settings: Settings,
    metrics: dict[str, Metric],
    view: str,
    slow: dict[str, Any],
    filling: list[str],
    now: datetime,
) -> dict[str, Any]:
    partners = slow["partners"][view]
    bare = kpis.tiles(conn, metrics, settings.sources, view, now)
    tiles = [reading.tile({**tile, **partners.get(tile["metric"], {})}, filling) for tile in bare]
    points = _complaints(conn, metrics["complaints"], view, now)
    if any(tile["metric"] == "complaints" and (tile["reading"] or tile["state"] == "no_data") for tile in tiles):
        points = reading.points(points)
    for tile in tiles:
        tile["expected"] = _expected(points, tile["window_s"]) if tile["metric"] == "complaints" else None
    return {"tiles": tiles, "curve": [_plain(point) for point in points]}


def _expected(points: list[Point], window_s: int) -> float | None:
    """What the detector expected over the newest window of the curve; None unless it spoke of every step."""
    steps = [point.expected for point in points[-1 - window_s // CURVE_STEP_S : -1]]
    known = [expected for expected in steps if expected is not None]
    return sum(known) if known and len(known) == len(steps) else None


def _complaints(conn: Connection, metric: Metric, view: str, now: datetime) -> list[Point]:
    """Full quarters of a day, and the fifteen minutes that end now."""
    end = bucket_start(bucket(now, CURVE_STEP_S // 60))
    start = end - timedelta(hours=CURVE_HOURS)
    key = conn.execute(
        select(series.c.series)
        .where(series.c.metric == metric.id, series.c.slice_key == view, series.c.active)
        .order_by(series.c.step_s, series.c.series)
        .limit(1)
    ).scalar()
    minute = now.replace(second=0, microsecond=0)
    last = [newest(conn, metric, view, key, minute, CURVE_STEP_S)] if minute > end else []
    return [*curve(conn, metric, view, key, start, end, CURVE_STEP_S), *last]


def _plain(point: Point) -> list[Any]:
    """[epoch seconds, value, expected, lower, upper, grade]"""
    numbers = (point.value, point.expected, point.lower, point.upper)
    return [int(point.at.timestamp()), *(None if x is None else round(x, 3) for x in numbers), point.grade]


def _scope_slices(conn: Connection, bodies: Mapping[str, ViewBody]) -> list[str]:
    scopes = conn.execute(select(person.c.scope).where(person.c.active)).scalars()
    places = {place for scope in scopes for place in scope or ()} | {body.scope for body in bodies.values() if body.scope}
    return sorted(map(org_slice, places))


def _kept(conn: Connection) -> list[int]:
    return list(conn.execute(select(snapshot.c.version).order_by(snapshot.c.version.desc()).limit(KEPT)).scalars())


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
