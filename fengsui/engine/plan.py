"""Which series are watched: every rule's slices, the busiest first, within the budget of head series (DESIGN §5).

Planning is a function of the tables and of ``now``: when a plan is due is itself kept in ``watermark['plan']``, so a worker
that was killed plans again at the same ticks as one that was not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TypeAlias

from sqlalchemy import Connection, func, select, update

from fengsui.engine import topics, verdicts
from fengsui.engine.family import families
from fengsui.engine.planned import Planned
from fengsui.engine.rules import Rule, detector_rules, in_force
from fengsui.metrics import cells
from fengsui.metrics.catalogue import UnknownMetric, metric_of
from fengsui.store.slices import UNKNOWN, bucket, bucket_start, slice_levels
from fengsui.store.tables import series, slice_, watermark
from fengsui.store.upsert import upsert

NAME = "plan"
DAILY = timedelta(days=1)
NEW_SLICES = timedelta(minutes=10)  # slices come and go all the time while history is read: not at every one of them
VOLUME_OVER = timedelta(days=28)
STAY = 1.25
GRAIN = 15
Place: TypeAlias = tuple[str, str] | None
"""(dimension, value)"""


@dataclass(frozen=True, slots=True)
class Plan:
    """``dropped``: head series that the common cap left out; told, because a limit is never silent. ``unknown``: rule ->
    metric that nobody defined."""

    planned: tuple[Planned, ...]
    dropped: int
    unknown: Mapping[str, str]

    @property
    def head(self) -> tuple[Planned, ...]:
        return tuple(one for one in self.planned if one.rule.role == "head")

    def keys(self) -> set[str]:
        """Of everything that keeps a state."""
        return {one.series for one in self.head} | {one.key for one in families(self.planned)}


@dataclass(frozen=True, slots=True)
class Slice:
    slice_id: int
    slice_key: str
    volume: float


def series_key(rule: Rule, slice_key: str) -> str:
    return f"{rule.metric}|{slice_key}|{rule.step_s}|{rule.rule_id}"


def make(conn: Connection, now: datetime, max_head: int) -> Plan:
    """The plan at ``now``. Head series of all rules share ``max_head``: the busiest stay, and those on which an alert lives:
    nobody else could ever clear it. One that is watched gives way only to a much busier one (``STAY``): of two that are equal
    by and large, neither would ever have learned its week. Records without a value (未填) are nobody's place: no head series
    of their own, unless ``where`` asks for them. A living topic comes first, as few as it is: it is watched now or never."""
    unknown: dict[str, str] = {}
    wanted: list[tuple[float, Planned]] = []
    burning, watched, living = verdicts.watched(conn), _watched(conn), topics.load(conn)
    for rule in detector_rules(conn, now):
        try:
            found = slices_of(conn, rule, now)
        except UnknownMetric:
            unknown[rule.rule_id] = rule.metric
            continue
        if rule.cuboid == topics.CUBOID:
            found = _of_topics(found, living, {one.slice_key for one in found if series_key(rule, one.slice_key) in burning})
        planned = _by_weight([(one.volume, _planned(rule, one)) for one in found], watched)
        planned = [pair for pair in planned if not _is_nowhere(pair[1]) or pair[1].series in burning]
        wanted += [pair for n, pair in enumerate(planned) if n < rule.max_series or pair[1].series in burning]
    kept = _cap(wanted, max_head, burning)
    return Plan(tuple(_with_parents(kept)), len(wanted) - len(kept), unknown)


def slices_of(conn: Connection, rule: Rule, now: datetime) -> list[Slice]:
    """Existing slices of the rule's cuboid that match ``where``, the busiest of the last four weeks first."""
    volume = _volume(conn, rule, now)
    found = conn.execute(select(slice_.c.slice_id, slice_.c.slice_key, slice_.c.dims).where(slice_.c.cuboid == rule.cuboid))
    matching = [
        Slice(row.slice_id, row.slice_key, volume.get(row.slice_id, 0)) for row in found if matches(row.dims, rule.where)
    ]
    return sorted(matching, key=lambda one: (-one.volume, one.slice_key))


def matches(dims: Mapping[str, str], where: Mapping[str, object]) -> bool:
    """``where`` maps a level to a value, or to a list of values of which one must hold."""
    return all(dims.get(level) in (wanted if isinstance(wanted, list) else [wanted]) for level, wanted in where.items())


def _is_nowhere(one: Planned) -> bool:
    levels = slice_levels(one.slice_key)
    return one.rule.role == "head" and any(value == UNKNOWN and level not in one.rule.where for level, value in levels.items())


def _volume(conn: Connection, rule: Rule, now: datetime) -> dict[int, int]:
    """Slices first, then their cells: joined, SQLite walks the quarter-hours of every slice there is."""
    ids = conn.execute(select(slice_.c.slice_id).where(slice_.c.cuboid == rule.cuboid)).scalars().all()
    end = bucket_start(bucket(now, GRAIN) + GRAIN)
    found = cells.summed(conn, metric_of(rule.metric).measures(), ids, end - VOLUME_OVER, end)
    return {slice_id: sum(sum(bins.values()) for bins in sums.values()) for slice_id, sums in found.items()}


def _of_topics(found: Sequence[Slice], living: topics.Topics, burning: Collection[str]) -> list[Slice]:
    """Living ones first, the surest before the others; what is over is nobody's place, unless an alert lives there."""
    place = {one.slice_key: living.place(one.slice_key) for one in found}
    alive = sorted((one for one in found if place[one.slice_key] is not None), key=lambda one: place[one.slice_key] or 0)
    others = [one for one in found if place[one.slice_key] is None]
    kept = [one for one in others if living.watches(one.slice_key) or one.slice_key in burning]
    return [*(replace(one, volume=math.inf) for one in alive), *kept]


def _watched(conn: Connection) -> frozenset[str]:
    return frozenset(conn.execute(select(series.c.series).where(series.c.active, series.c.role == "head")).scalars())


def _by_weight(planned: Sequence[tuple[float, Planned]], watched: Collection[str]) -> list[tuple[float, Planned]]:
    weighed = [(volume * (STAY if one.series in watched else 1.0), one) for volume, one in planned]
    return sorted(weighed, key=lambda pair: -pair[0])  # stable: of equals the first by key


def _planned(rule: Rule, one: Slice) -> Planned:
    return Planned(series_key(rule, one.slice_key), one.slice_id, one.slice_key, None, rule)


def _cap(wanted: Sequence[tuple[float, Planned]], max_head: int, burning: Collection[str]) -> list[Planned]:
    heads = sorted((pair for pair in wanted if pair[1].rule.role == "head"), key=lambda pair: (-pair[0], pair[1].series))
    kept = {one.series for _, one in heads[:max_head]} | set(burning)
    return [one for _, one in wanted if one.rule.role != "head" or one.series in kept]


def _with_parents(planned: Sequence[Planned]) -> list[Planned]:
    """Each with the narrowest head series of the same metric and detector whose slice holds its own (what it expects is what
    the child borrows); ``None`` for one that nothing holds."""
    heads: dict[tuple[str, str, Place], list[tuple[Planned, Mapping[str, str]]]] = {}
    for one in planned:
        if one.rule.role == "head":
            levels = slice_levels(one.slice_key)
            heads.setdefault((*_sort(one), _first(levels)), []).append((one, levels))
    return [replace(one, parent=_parent(one, heads)) for one in planned]


def _parent(child: Planned, heads: Mapping[tuple[str, str, Place], Sequence[tuple[Planned, Mapping[str, str]]]]) -> str | None:
    levels = slice_levels(child.slice_key)
    over = [
        (len(wider), head.series)
        for place in _places(levels)
        for head, wider in heads.get((*_sort(child), place), ())
        if head.slice_key != child.slice_key and holds(wider, levels)
    ]
    return max(over)[1] if over else None


def _sort(one: Planned) -> tuple[str, str]:
    return one.rule.metric, one.rule.detector


def _first(levels: Mapping[str, str]) -> Place:
    """By which a slice is looked up: all that it holds have this place among theirs."""
    return min(((level.partition(".")[0], value) for level, value in levels.items()), default=None)


def _places(levels: Mapping[str, str]) -> set[Place]:
    """Of ``org.2=华南/广东``: nothing in particular, ``org`` 华南 and ``org`` 华南/广东."""
    found: set[Place] = {None}
    for level, value in levels.items():
        parts = value.split("/")
        found |= {(level.partition(".")[0], "/".join(parts[:n])) for n in range(1, len(parts) + 1)}
    return found


def holds(wider: Mapping[str, str], levels: Mapping[str, str]) -> bool:
    """Whether every record of ``levels`` is one of ``wider``: ``org.1=华南`` holds ``org.2=华南/广东``."""
    return all(_within(level, value, levels) for level, value in wider.items())


def _within(level: str, value: str, levels: Mapping[str, str]) -> bool:
    name = level.partition(".")[0]
    return any(
        other.partition(".")[0] == name and (found == value or found.startswith(f"{value}/")) for other, found in levels.items()
    )


# --- keeping the plan ------------------------------------------------------------------------------------------------


def due(conn: Connection, now: datetime) -> tuple[str | None, bool]:
    """(the tag of the plan to make now, or ``None``; whether it will be due without a further change). Changed rules and known
    events count at once, slices after ten minutes, else once a day (volumes move)."""
    kept = conn.execute(select(watermark).where(watermark.c.name == NAME)).first()
    tag = _tag(conn, now)
    if kept is None or kept.at is None or now - kept.at >= DAILY:
        return tag, True
    if kept.tag.partition(".")[0] != tag.partition(".")[0]:
        return tag, True
    waits = kept.tag != tag
    return tag if waits and now - kept.at >= NEW_SLICES else None, waits


def _tag(conn: Connection, now: datetime) -> str:
    rules = detector_rules(conn, now)
    events = [(event_id, version) for event_id, version, _ in in_force(conn, "known_event", now)]
    text = json.dumps([[(rule.rule_id, rule.version) for rule in rules], events])
    cuboids = sorted({rule.cuboid for rule in rules})
    count = conn.execute(select(func.count()).select_from(slice_).where(slice_.c.cuboid.in_(cuboids))).scalar_one()
    alive = json.dumps(sorted(topics.load(conn).since)) if topics.CUBOID in cuboids else ""
    return f"{_print(text)}.{count}{_print(alive)}"


def _print(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()


def save(conn: Connection, plan: Plan, tag: str, now: datetime) -> None:
    """Write the plan: new series are added, those that vanished are no longer active, ``since`` and ``ready`` stay."""
    conn.execute(update(series).values(active=False))
    changing = ("metric", "slice_id", "slice_key", "step_s", "rule_id", "role", "parent", "active")
    upsert(conn, series, [_row(one, now) for one in plan.planned], update=changing)
    upsert(conn, watermark, [{"name": NAME, "at": now, "tag": tag}])


def _row(one: Planned, now: datetime) -> dict[str, object]:
    return {
        "series": one.series,
        "metric": one.rule.metric,
        "slice_id": one.slice_id,
        "slice_key": one.slice_key,
        "step_s": one.rule.step_s,
        "rule_id": one.rule.rule_id,
        "role": "pool" if one.rule.role == "tail" and one.parent else one.rule.role,
        "parent": one.parent,
        "since": now,
        "active": True,
    }


def load(conn: Connection, now: datetime) -> tuple[Planned, ...]:
    """The plan as it was saved, with the rules of today's versions; a series whose rule is gone is left out."""
    rules = {rule.rule_id: rule for rule in detector_rules(conn, now)}
    rows = conn.execute(select(series).where(series.c.active).order_by(series.c.series))
    return tuple(
        Planned(row.series, row.slice_id, row.slice_key, row.parent, rules[row.rule_id]) for row in rows if row.rule_id in rules
    )
