"""What the views of a wall show beside curve and map: figures side by side, a day by the hour, open tickets, phrases.

Made by the worker about once a minute (phrases: every ten), for each panel that a view names and each organisation that is a
scope; few with each picture, so that none waits for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Connection, and_, select

from fengsui.board import kpis
from fengsui.board.read import topics
from fengsui.board.read.topics import Topic
from fengsui.explore.names import is_name
from fengsui.explore.phrases import burst
from fengsui.metrics import read as figures
from fengsui.metrics.metric import Metric
from fengsui.metrics.view_body import LONGEST_S, SHORTEST_S, By, Deadlines, Panel, Phrases, Trend, ViewBody
from fengsui.metrics.watermarks import SourcePace
from fengsui.store.members import in_slice
from fengsui.store.slices import ALL, bucket, bucket_start, slice_key, slice_levels
from fengsui.store.tables import feedback, feedback_text, slice_

__all__ = ["LONGEST_S", "SHORTEST_S", "Asked", "made", "refreshed", "shown", "wanted"]

Data: TypeAlias = dict[str, Any]
ROWS = 10
LEVELS = {"channel": "channel", "category": "category.1"}
STEPS_S = (0, 1800, 7200, 28_800)
"""Left edges of a ticket's time left: late, up to 30 minutes, 2 hours, 8 hours, more."""
MOST_OPEN = 20_000
FRESH_S, PHRASES_S = 60.0, 600.0
AT_ONCE = 2
SPOKEN, BEFORE = timedelta(hours=3), timedelta(days=7)
MOST_SPOKEN, MOST_BEFORE, SHOWN = 400, 1200, 12
SEVERAL = 3
"""A phrase of fewer people within an hour is not shown on a wall."""
AT_MOST = 16
"""A phrase of a wall has at most so many characters: longer ones begin to be somebody's sentence."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a panel is made of. ``view``: ``all``, or the slice of an organisation; ``topics``: what was ``heard`` there."""

    conn: Connection
    metrics: Mapping[str, Metric]
    paces: Mapping[str, SourcePace]
    view: str
    now: datetime
    topics: Sequence[Data] = ()


def wanted(views: Iterable[ViewBody]) -> dict[str, Panel]:
    """key -> panel of those that need data of their own."""
    return {panel.key: panel for view in views for panel in view.panels if type(panel) in MAKERS}


def shown(views: Mapping[str, ViewBody]) -> list[Data]:
    """``{id, name, seconds, scope, panels}`` of each view, as the picture carries them; each panel says the key of its data."""
    return [
        {
            "id": id_,
            "name": body.name.model_dump(),
            "seconds": body.seconds,
            "scope": body.scope,
            "panels": [{**panel.model_dump(mode="json"), "key": panel.key} for panel in body.panels],
        }
        for id_, body in views.items()
    ]


def refreshed(
    wanted: Mapping[str, Panel], asked: Mapping[str, Asked], last: Mapping[str, Mapping[str, Data]] | None
) -> dict[str, dict[str, Data]]:
    """view -> key -> data with its ``at``: as they were, but for the ``AT_ONCE`` that have waited longest. Without a picture
    before (``last`` None) all are made."""
    kept = {view: {key: data for key, data in (last or {}).get(view, {}).items() if key in wanted} for view in asked}
    due = sorted(
        (_made_at(kept[view].get(key)), view, key) for view, one in asked.items() for key in wanted if _due(one, kept, key)
    )
    for _, view, key in due if last is None else due[:AT_ONCE]:
        kept[view][key] = made(asked[view], wanted[key])
    return {view: {key: _newly(data, asked[view]) for key, data in held.items()} for view, held in kept.items()}


def made(asked: Asked, panel: Panel) -> Data:
    data: Data = MAKERS[type(panel)](asked, panel)
    return {"at": asked.now.isoformat(), **data}


def _newly(data: Data, asked: Asked) -> Data:
    """Topics have a clock of their own."""
    return {**data, "topics": list(asked.topics)} if "topics" in data else data


def _made_at(data: Data | None) -> str:
    return data["at"] if data else ""


def _due(asked: Asked, kept: Mapping[str, Mapping[str, Data]], key: str) -> bool:
    data = kept[asked.view].get(key)
    age = (asked.now - datetime.fromisoformat(data["at"])).total_seconds() if data else -1.0
    return not 0 <= age < (PHRASES_S if data and data.get("texts") else FRESH_S)  # a centre just begun has no words yet


def _trend(asked: Asked, panel: Trend) -> Data:
    metric = asked.metrics[panel.metric]
    end = bucket_start(bucket(asked.now, 60))
    values = kpis.spark(asked.conn, metric, asked.view, asked.now)
    return {"start": int((end - timedelta(hours=kpis.SPARK_POINTS)).timestamp()), "values": values, **_about(metric)}


def _by(asked: Asked, panel: By) -> Data:
    metrics = [asked.metrics[id_] for id_ in panel.metrics if id_ in asked.metrics]
    rows: list[Data] = [
        {
            "name": name,
            "slice_key": key,
            "figures": [_figure(asked, metric, key) for metric in metrics],
            "spark": kpis.spark(asked.conn, metrics[0], key, asked.now) if metrics else [],
        }
        for name, key in _parts(asked, panel.level)
    ]
    rows.sort(key=lambda row: (-(row["figures"][0]["value"] or 0) if row["figures"] else 0, row["name"]))
    return {"metrics": [_about(metric) for metric in metrics], "rows": rows[:ROWS], "rest": max(0, len(rows) - ROWS)}


def _about(metric: Metric) -> Data:
    about = {"metric": metric.id, "shape": metric.shape, "unit": metric.unit, "target": metric.target}
    return {**about, "window_s": kpis.window_s(metric.id)}


def _figure(asked: Asked, metric: Metric, key: str) -> Data:
    now, span = asked.now, timedelta(seconds=kpis.window_s(metric.id))
    found = figures.kpi(asked.conn, metric, key, now - span, now, now, asked.paces)
    week = now - timedelta(days=7)
    before = figures.kpi(asked.conn, metric, key, week - span, week, week).value
    value = None if found.state == "no_data" else found.value
    standing = kpis.verdict_on(metric.good, metric.target, value, found.lower, found.upper)
    return {"value": value, "n": found.n, "state": found.state, "standing": standing, "last_week": before}


def _parts(asked: Asked, level: str) -> list[tuple[str, str]]:
    """(name, slice) of each channel or category, or of each organisation one level below the view's (or as near as is kept)."""
    inside = slice_levels(asked.view) if asked.view != ALL else {}
    if level == "org":
        return _below(asked.conn, next(iter(inside.values()), ""))
    name = LEVELS[level]
    cuboid = "|".join(sorted([name, *inside]))
    query = select(slice_.c.dims, slice_.c.slice_key).where(slice_.c.cuboid == cuboid)
    return [
        (str(row.dims[name]), row.slice_key)
        for row in asked.conn.execute(query)
        if all(row.dims.get(inner) == value for inner, value in inside.items())
    ]


def _below(conn: Connection, above: str) -> list[tuple[str, str]]:
    start = above.count("/") + 2 if above else 1
    for depth in range(start, start + 3):
        places = [place for place in _values(conn, f"org.{depth}") if not above or place.startswith(f"{above}/")]
        if places:
            return [(place.rpartition("/")[2], slice_key({f"org.{depth}": place})) for place in places]
    return []


def _values(conn: Connection, cuboid: str) -> list[str]:
    return [str(dims[cuboid]) for dims in conn.execute(select(slice_.c.dims).where(slice_.c.cuboid == cuboid)).scalars()]


def _deadlines(asked: Asked, _panel: Deadlines) -> Data:
    """Open tickets of the newest ``MOST_OPEN`` deadlines, by organisation of the first level (below a scope: the next)."""
    depth = 1 if asked.view == ALL else max(value.count("/") + 2 for value in slice_levels(asked.view).values())
    mine = and_(feedback.c.state == "open", feedback.c.deleted_at.is_(None), feedback.c.due_at.is_not(None))
    query = select(feedback.c.due_at, feedback.c.dims).where(mine, in_slice(asked.view))
    rows: dict[str, list[int]] = {}
    for due_at, dims in asked.conn.execute(query.order_by(feedback.c.due_at.desc()).limit(MOST_OPEN)):
        left = (due_at - asked.now).total_seconds()
        parts = str(dims.get("org") or "").split("/")[:depth]
        counts = rows.setdefault(parts[-1], [0] * (len(STEPS_S) + 1))
        counts[sum(left >= edge for edge in STEPS_S)] += 1
    ordered = sorted(rows.items(), key=lambda pair: ([-n for n in pair[1]], pair[0]))
    every = [sum(counts[n] for counts in rows.values()) for n in range(len(STEPS_S) + 1)]
    return {"rows": [[name, counts] for name, counts in ordered[:ROWS]], "all": every}


def _phrases(asked: Asked, _panel: Phrases) -> Data:
    said = _texts(asked, asked.now - SPOKEN, asked.now, MOST_SPOKEN)
    before = _texts(asked, asked.now - SPOKEN - BEFORE, asked.now - SPOKEN, MOST_BEFORE)
    channels = frozenset(name.casefold() for name in _values(asked.conn, "channel"))
    rose = burst(said, before, 3 * SHOWN, channels)
    words = [one for one in rose if not one.number and len(one.shown) <= AT_MOST]
    found = [one for one in words if not is_name(one.text, [text for text in said if one.text in text.casefold()])]
    top = [{"text": one.shown, "now": one.now, "usual": round(one.usual, 1)} for one in found[:SHOWN]]
    about = {"texts": len(said), "before": len(before), "hours": SPOKEN.total_seconds() / 3600}
    return {"phrases": top, "topics": list(asked.topics), **about}


def heard(conn: Connection, views: Sequence[str], last: Mapping[str, Any] | None, now: datetime) -> Data:
    """``{at, views: view -> topics}``: as they were, counted anew every ten minutes. Many texts are read: not to be called
    where others wait for the writer."""
    age_s = (now - datetime.fromisoformat(last["at"])).total_seconds() if last is not None else -1.0
    if last is not None and 0 <= age_s < PHRASES_S and set(views) <= set(last["views"]):
        return {"at": last["at"], "views": {view: last["views"][view] for view in views}}
    found = topics.of_views(conn, views, now)
    return {"at": now.isoformat(), "views": {view: _topics(living) for view, living in found.items()}}


def _topics(living: Sequence[Topic]) -> list[Data]:
    """Living topics and watched phrases of which several speak here, with how many by the hour; never a sentence."""
    said = [one for one in living if len(one.shown) <= AT_MOST and max(n or 0 for n in one.line[-3:]) >= SEVERAL]
    return [
        {
            "text": one.shown,
            "kind": one.kind,
            "now": one.now_n,
            "usual": None if one.usual is None else round(one.usual, 1),
            "line": list(one.line),
        }
        for one in said[:SHOWN]
    ]


def _texts(asked: Asked, start: datetime, end: datetime, most: int) -> Sequence[str]:
    """Masked words of customers, evenly over the time where there are more than ``most``."""
    mine = and_(feedback.c.opened_at >= start, feedback.c.opened_at < end, feedback.c.deleted_at.is_(None))
    joined = feedback.join(feedback_text, feedback_text.c.record_key == feedback.c.record_key)
    keys = list(
        asked.conn.execute(
            select(feedback.c.record_key).where(mine, in_slice(asked.view)).order_by(feedback.c.opened_at)
        ).scalars()
    )
    some = keys[:: max(1, -(-len(keys) // most))]
    query = select(feedback_text.c.text).select_from(joined).where(feedback.c.record_key.in_(some))
    return [text for text in asked.conn.execute(query).scalars() if text]


MAKERS: Mapping[type, Callable[[Asked, Any], Data]] = {
    Trend: _trend,
    By: _by,
    Deadlines: _deadlines,
    Phrases: _phrases,
}
"""Panels with data of their own; curve and map are in every picture."""
