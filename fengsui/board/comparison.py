"""Two windows, two places, or both, side by side: what each says, and what of the difference is level and what is mix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Engine, select

from fengsui.metrics import cells
from fengsui.metrics.kpis import METRICS
from fengsui.metrics.metric import Metric
from fengsui.metrics.mix import Effect as Effect
from fengsui.metrics.mix import Sums, effects
from fengsui.metrics.read import Kpi as Kpi
from fengsui.metrics.sheet import sheet
from fengsui.settings import Settings
from fengsui.store.slices import ALL, slice_id, slice_key, slice_levels
from fengsui.store.tables import slice_

EXPLAINED = ("share", "ratio", "mean")
PREFERRED = ("org.1", "channel", "category.1")
MOST_PARTS = 400


class Side(NamedTuple):
    """A place over ``[start, end)``."""

    place: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Parts:
    """By ``level``: the whole and its parts, those that moved it most first."""

    level: str
    whole: Effect
    parts: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """``levels``: what the difference can be laid out by; ``parts`` None: a figure without parts, or none that both have."""

    then: Kpi
    now: Kpi
    levels: tuple[str, ...]
    parts: Parts | None


def comparable(metric: Metric) -> bool:
    """Figures of roll-ups over a window: no gauge, no stock, none that is made from records."""
    return metric.id in METRICS and metric.gauge is None and not metric.total


def compared(
    store: Engine, settings: Settings, metric: Metric, then: Side, now: Side, at: datetime, level: str | None = None
) -> Comparison:
    """``then`` beside ``now`` as of ``at``. ``level``: by which parts; None: the first there is."""
    with store.connect() as conn:
        kpis = [_kpi(conn, settings, metric, side, at) for side in (then, now)]
        levels = _levels(settings, metric, then.place, now.place)
        wanted = (level,) if level in levels else levels
        parts = next((found for one in wanted if (found := _parts(conn, metric, one, then, now)) is not None), None)
    return Comparison(kpis[0], kpis[1], levels, parts)


def _kpi(conn: Connection, settings: Settings, metric: Metric, side: Side, at: datetime) -> Kpi:
    return sheet(conn, [metric], side.place, side.start, side.end, at, settings.sources)[metric.id]


def _levels(settings: Settings, metric: Metric, *places: str) -> tuple[str, ...]:
    """Levels by whose parts roll-ups keep the figure at both places, the usual ones first."""
    if metric.shape not in EXPLAINED or metric.total or any(name.startswith("m.") for name in metric.measures()):
        return ()
    found = [set(_finer(settings, metric, place)) for place in places]
    both = set.intersection(*found)
    order = {name: n for n, name in enumerate(PREFERRED)}
    return tuple(sorted(both, key=lambda name: (order.get(name, len(order)), name)))


def _finer(settings: Settings, metric: Metric, place: str) -> list[str]:
    """Levels that some cuboid adds to those of ``place``."""
    mine = set(slice_levels(place))
    found = []
    for cuboid in settings.cuboids:
        levels = set() if cuboid == ALL else set(cuboid.split("|"))
        kept = all(cells.is_kept(name, cuboid, settings.counts_only) for name in metric.measures())
        if kept and mine < levels and len(levels - mine) == 1:
            found.append(next(iter(levels - mine)))
    return found


def _parts(conn: Connection, metric: Metric, level: str, then: Side, now: Side) -> Parts | None:
    """None where there are not two parts."""
    pairs: list[Mapping[str, tuple[float, float]]] = []
    for side in (then, now):
        ids = _slices(conn, side.place, level)
        sums = cells.summed(conn, metric.measures(), ids, side.start, side.end) if ids else {}
        pairs.append({name: _pair(metric, sums.get(id_, {})) for id_, name in ids.items()})
    found = {}
    for name in dict.fromkeys((*pairs[0], *pairs[1])):
        one = Sums(*pairs[0].get(name, (0.0, 0.0)), *pairs[1].get(name, (0.0, 0.0)))
        if one.n0 > 0 or one.n1 > 0:
            found[name] = one
    if len(found) < 2:
        return None
    whole, parts = effects(found)
    return Parts(level, whole, tuple(parts))


def _slices(conn: Connection, place: str, level: str) -> dict[int, str]:
    """id -> name of the part, of all parts of ``place`` by ``level``."""
    mine = slice_levels(place)
    cuboid = "|".join(sorted((*mine, level)))
    rows = conn.execute(select(slice_.c.slice_key).where(slice_.c.cuboid == cuboid).limit(MOST_PARTS * 20))
    found = {}
    for key in rows.scalars():
        levels = slice_levels(key)
        if levels | mine == levels:
            found[slice_id(slice_key(levels))] = levels[level]
    return dict(list(found.items())[:MOST_PARTS])


def _pair(metric: Metric, sums: cells.Sums) -> tuple[float, float]:
    return _added(metric.value, sums), _added(metric.exposure, sums)


def _added(names: Sequence[str], sums: cells.Sums) -> float:
    total = 0
    for name in names:
        amount = sum(sums.get(name.lstrip("-"), {}).values())
        total += -amount if name.startswith("-") else amount
    return float(total)
