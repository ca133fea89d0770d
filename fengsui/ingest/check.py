"""The proof: roll-ups as stored equal roll-ups recomputed from the rows, cell by cell.

A cell at 0 and an absent cell are the same. Minutes are compared from the retention cut on, below which they are neither
written nor kept complete. ``rebuild`` writes them anew where the cuboids or the measures changed.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, Engine, delete, select

from fengsui.ingest.deltas import Deltas, Places, minutes_cut
from fengsui.ingest.fence import Fence
from fengsui.ingest.pending import Pending
from fengsui.ingest.slices import Known
from fengsui.metrics import blocks, cells
from fengsui.metrics.blocks import MINUTE, QUARTER
from fengsui.metrics.measures import VERSION, contributions, of_measurement
from fengsui.settings.model import Settings
from fengsui.store.database import reading
from fengsui.store.slices import bucket, slice_levels
from fengsui.store.tables import feedback, gauge, measurement, rollup, slice_source, watermark
from fengsui.store.upsert import upsert

AT_ONCE = 5_000
SHOWN = 20
CellKey: TypeAlias = tuple[int, int, str, int, int]
"""(grain, slice_id, measure, bin, bucket)"""


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that is not what the rows say."""

    cell: CellKey
    stored: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """``cells`` compared, ``differing`` of them not equal, the first ``SHOWN`` of these."""

    cells: int
    differing: int
    shown: tuple[Difference, ...]

    @property
    def equal(self) -> bool:
        return self.differing == 0


def check_store(store: Engine, settings: Settings, now: datetime) -> Comparison:
    """Recompute every roll-up from feedback and measurements, and compare. Reads one consistent state of the store."""
    cut = bucket(minutes_cut(now, settings.retention.minute_rollups_days), MINUTE)
    with reading(store).connect() as conn, conn.begin():
        wanted: dict[CellKey, int] = defaultdict(int)
        for deltas in _recomputed(conn, settings, now):
            for cell in deltas.cells():
                wanted[cell[:5]] += cell[5]
        stored = {
            cell[:5]: cell[5] for grain, since in ((MINUTE, cut), (QUARTER, 0)) for cell in cells.every(conn, grain, since)
        }
    wanted = {key: value for key, value in wanted.items() if value}
    keys = stored.keys() | wanted.keys()
    wrong = sorted(key for key in keys if stored.get(key, 0) != wanted.get(key, 0))
    shown = tuple(Difference(key, stored.get(key, 0), wanted.get(key, 0)) for key in wrong[:SHOWN])
    return Comparison(len(keys), len(wrong), shown)


def rollup_tag(settings: Settings) -> str:
    """Changes with the cuboids and which of them are sparse, with the measures, and with how long minutes are kept."""
    parts = [*settings.full_cuboids, "", *settings.count_cuboids, *sorted(settings.sparse), str(VERSION)]
    parts.append(str(settings.retention.minute_rollups_days))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def needs_rebuild(store: Engine, settings: Settings) -> bool:
    """Whether stored roll-ups were made for other cuboids or measures; an empty store needs none, but a tag."""
    with reading(store).connect() as conn:
        return conn.execute(select(watermark.c.tag).where(watermark.c.name == "rollup")).scalar() != rollup_tag(settings)


def rebuild(store: Engine, settings: Settings, now: datetime, fence: Fence) -> int:
    """Write all roll-ups, slices and their sources anew, in one transaction; the number of rows. Call it before the first
    take where ``needs_rebuild``, with a new ``Ingest`` afterwards."""
    with store.begin() as conn:
        fence(conn)
        conn.execute(delete(rollup))
        sources = list(conn.execute(select(slice_source.c.measure, slice_source.c.source).distinct()))
        conn.execute(delete(slice_source))
        total, known = 0, Known()
        for deltas in _recomputed(conn, settings, now):
            rows = deltas.blocks()
            blocks.add(conn, rows)
            pending = Pending(conn.dialect)
            known.remember(known.write(pending, _with_events(deltas, sources), now))
            pending.write(conn)
            total += len(rows)
        row = {"name": "rollup", "at": now, "seq": 0, "tick": None, "tag": rollup_tag(settings)}
        upsert(conn, watermark, [row])
    return total


def _with_events(deltas: Deltas, sources: Iterable[tuple[str, str]]) -> dict[tuple[str, str], set[str]]:
    """The feeds of recomputed rows, and those of sources that had only set facts of them (``belongs_to``)."""
    fed = deltas.fed()
    by_measure: dict[str, set[str]] = defaultdict(set)
    for (measure, _), keys in fed.items():
        by_measure[measure] |= keys
    for measure, source in sources:
        if measure in by_measure:
            fed[measure, source] = fed.get((measure, source), set()) | by_measure[measure]
    return fed


def _recomputed(conn: Connection, settings: Settings, now: datetime) -> Iterator[Deltas]:
    """Deltas of all rows, some thousand rows each."""
    places = Places(settings.cuboids, settings.sparse)
    cut = minutes_cut(now, settings.retention.minute_rollups_days)
    last = ""
    while True:
        query = select(feedback).where(feedback.c.record_key > last).order_by(feedback.c.record_key).limit(AT_ONCE)
        rows = [dict(row) for row in conn.execute(query).mappings()]
        if not rows:
            break
        deltas = Deltas(cut, settings.counts_only)
        for row in rows:
            slices = places.of_record(row["dims"])
            deltas.add(contributions(row), slices, 1, row["source"], minutes=row["pace"] != "batch")
        yield deltas
        last = rows[-1]["record_key"]
    yield _aggregates(conn, places, Deltas(cut, settings.counts_only))


def _aggregates(conn: Connection, places: Places, deltas: Deltas) -> Deltas:
    for each in conn.execute(select(measurement)).mappings():
        row = dict(each)
        deltas.add(of_measurement(row), places.of_aggregate(row["dims"]), 1, row["source"], minutes=False)
    for name, key, source in conn.execute(select(gauge.c.name, gauge.c.slice_key, gauge.c.source).distinct()):
        deltas.feeds([f"g.{name}"], places.of_aggregate(slice_levels(key)), source)
    return deltas
