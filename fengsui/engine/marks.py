"""How far each series may be closed now: the marks of its sources, read once per tick, and the cells up to there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from fengsui.engine.live import Live, Place
from fengsui.engine.readings import Cells, bulk, by_metric
from fengsui.metrics import watermarks
from fengsui.metrics.catalogue import metric_of
from fengsui.metrics.read import Value
from fengsui.metrics.watermarks import SourcePace
from fengsui.store.slices import bucket
from fengsui.store.tables import slice_source

_FED = select(func.count()).select_from(slice_source)
AHEAD = 120  # minutes of cells read at once while catching up


@dataclass(frozen=True, slots=True)
class View:
    """What one tick sees of the sources. Nothing is taken between the advances of a tick, so it is read once.

    ``marks``: the last minute up to which a series may be closed, and up to which none of its sources lacks.
    """

    tick: int
    minute: int
    marks: Mapping[Place, tuple[int, int]]

    def until(self, live: Live) -> int | None:
        """The last minute up to which the series may be closed; ``None`` while no source of its has delivered."""
        mark = self.marks.get(live.place)
        return None if mark is None else min(mark[0], self.minute)

    def complete(self, live: Live, end: int) -> bool:
        mark = self.marks.get(live.place)
        return mark is not None and end <= mark[1]

    def closable(self, lives: Iterable[Live]) -> list[Live]:
        """The series whose next step can be closed, all at the earliest such instant."""
        marks, instant = self.marks, self.minute
        able: list[Live] = []
        for one in lives:
            if one.last_end is None:
                continue
            end, mark = one.last_end + one.minutes, marks.get(one.place)
            if mark is None or end > mark[0] or end > instant:
                continue
            if end < instant:
                able, instant = [], end
            able.append(one)
        return able


class Feeders:
    """Which sources feed which slices. Rows of ``slice_source`` are only ever added, so their number tells of a change."""

    def __init__(self) -> None:
        self._n = -1
        self._known: dict[tuple[str, tuple[int, ...]], dict[int, frozenset[str]]] = {}

    def of(self, conn: Connection, metric: str, ids: list[int]) -> dict[int, frozenset[str]]:
        key = (metric, tuple(ids))
        if key not in self._known:
            self._known[key] = watermarks.feeding(conn, metric_of(metric).measures(), ids)
        return self._known[key]

    def refresh(self, conn: Connection) -> None:
        n = conn.execute(_FED).scalar_one()
        if n != self._n:
            self._n, self._known = n, {}


def see(
    conn: Connection, lives: Iterable[Live], tick: int, now: datetime, paces: Mapping[str, SourcePace], feeders: Feeders
) -> View:
    marks: dict[Place, tuple[int, int]] = {}
    feeders.refresh(conn)
    known = watermarks.of_sources(conn, now, paces)
    for (metric, minutes), ids in by_metric(one.planned for one in lives):
        found = watermarks.of_fed(feeders.of(conn, metric, list(ids)), known, minutes * 60)
        for slice_id, mark in found.items():
            marks[metric, minutes, slice_id] = bucket(mark.at, 1), bucket(mark.complete_until, 1)
    return View(tick, bucket(now, 1), marks)


class Ahead:
    """Cells of the steps to come, read in one go for a stretch of two hours."""

    def __init__(self) -> None:
        self._tick = -1
        self._end = 0
        self._cells: Cells = {}

    def read(self, conn: Connection, lives: Iterable[Live], view: View, instant: int) -> None:
        """Make sure that everything that can be closed up to ``instant`` is here, as it stands in this tick."""
        if self._tick == view.tick and instant <= self._end:
            return
        ready = [(one, one.next_end, view.until(one)) for one in lives]
        limit = max((until for _, _, until in ready if until is not None), default=instant)
        self._tick, self._end = view.tick, max(instant, min(limit, instant + AHEAD))
        due = [one for one, end, until in ready if end and until and end <= min(until, self._end)]
        start = min((one.last_end or 0 for one in due), default=instant)
        self._cells = bulk(conn, (one.planned for one in due), start, self._end)

    def value(self, live: Live) -> Value | None:
        """Of its next step."""
        lines = self._cells[live.place[:2]].get(live.planned.slice_id)
        return None if lines is None or live.last_end is None else lines.get(live.last_end)
