"""What the figures cost to read: pages on a demo centre beside a raw scan, and the wall and a drill on a million records.

``python -m benchmarks.kpi_speed [HOME] [RECORDS]``. HOME keeps the stores for the next run (about 1 GB for a million records).
Medians of runs after a first one, in CPU milliseconds of this process; the cache of SQLite is that of the product. A year of
roll-up cells is written directly, seeded: what each record adds, with the bins, grains and cuboids of the product.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, func, insert, select

from benchmarks import backfill
from fengsui.board import due, kpi_sheet, kpis
from fengsui.board.kpi_sheet import BACK, Window
from fengsui.ingest.take import Ingest
from fengsui.metrics import blocks, logbins
from fengsui.metrics.catalogue import METRICS
from fengsui.metrics.drill import drill, kept
from fengsui.metrics.measures import BY_ID
from fengsui.settings import Settings, load
from fengsui.settings.keys import Keys
from fengsui.store.database import open_store
from fengsui.store.slices import ALL, slice_id, slice_key
from fengsui.store.tables import METADATA, feedback, slice_, slice_source, source_state

RUNS = 5
WINDOWS: tuple[Window, ...] = ("today", "week", "month")
END = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
DAYS, WEEK = 365, timedelta(days=7)
CUBOIDS = {"all": 1, "channel": 5, "org.1": 7, "category.1": 8, "queue": 6}
COUNT_CUBOIDS = {"category.2": 40, "channel|org.1": 35, "org.3": 120}
MINUTE_DAYS = 8
Ints = NDArray[np.int64]
WALL_MS, DRILL_MS = 20.0, 250.0


def spent_ms(work: Callable[[], object], runs: int = RUNS) -> float:
    """Median CPU milliseconds of this process, after one run that warms the cache."""
    work()
    found = []
    for _ in range(runs):
        start = time.process_time()
        work()
        found.append((time.process_time() - start) * 1000)
    return statistics.median(found)


# --- the demo centre -------------------------------------------------------------------------------------------------


def demo(home: Path) -> None:
    """Every page function of figures on eight weeks of the demo centre, taken in as the product does."""
    store, settings, now = demo_store(home)
    with store.connect() as conn:
        print(f"demo centre: {conn.scalar(select(func.count()).select_from(feedback))} records")
    for window in WINDOWS:
        ours = spent_ms(lambda: kpi_sheet.figures(store, settings, ALL, window, now))  # noqa: B023  called at once
        raw = spent_ms(lambda: scanned(store, settings, window, now), 1)  # noqa: B023
        parts = spent_ms(lambda: kpi_sheet.compared(store, settings, METRICS["sla_attainment"], ALL, window, now))  # noqa: B023
        print(f"  figures {window}: {ours:.0f} ms; raw scan of feedback, shares and counts only: {raw:.0f} ms")
        print(f"  compared {window}: {parts:.0f} ms")
    curves = due.learned(store, settings, now)
    print(f"  due.learned: {spent_ms(lambda: due.learned(store, settings, now)):.0f} ms; ", end="")
    print(f"due.due_list: {spent_ms(lambda: due.due_list(store, settings, (), curves, now)):.0f} ms")


def demo_store(home: Path) -> tuple[Engine, Settings, datetime]:
    """The channel stores of a demo centre and all of their history in ours; made once per HOME."""
    path, keys = home / "demo.db", Keys(b"c" * 32, b"d" * 32, "k1")
    fresh = not path.exists()
    store = open_store(f"sqlite:///{path}")
    if fresh:
        METADATA.create_all(store)
        settings, work = backfill.fetched(home, store, keys)
        now, ingest = datetime.now(UTC), Ingest(store, settings, keys)
        ingest.prepare(now, lambda conn: None)
        turns = range(max(map(len, work.values())))
        queue = ((name, batches[turn]) for turn in turns for name, batches in work.items() if turn < len(batches))
        for tick, (name, batch) in enumerate(queue, 1):
            ingest.take(name, batch, tick, now, lambda conn: None)
    else:
        settings = load(home / "fengsui.toml", {**os.environ, "FENGSUI_HOME": str(home)})
    with store.connect() as conn:
        last = conn.scalar(select(func.max(feedback.c.first_stored_at)))
    assert isinstance(last, datetime)
    return store, settings, last


AXES = {
    "opened_at": (
        "count(*)",
        "sum(kind = 'complaint')",
        "sum(json_extract(tags, '$.sentiment') = 'negative')",
        "sum(transfers_n > 0)",
    ),
    "due_at": ("count(*)", "sum(solved_at <= due_at)", "sum(told_at is not null and archived_at is not null)"),
    "solved_at": ("count(*)", "sum(resolution_s)", "sum(resolution_s - resolution_net_s)"),
    "first_response_at": ("count(*)", "sum(response_s)", "sum(response_s <= response_target_s)"),
    "offered_at": ("count(*)", "sum(answered_at is not null)", "sum(abandoned_at is not null)"),
    "rated_at": ("count(*)", "sum(json_extract(ratings, '$[0].value') >= 4)"),
}


def scanned(store: Engine, settings: Settings, window: Window, now: datetime) -> None:
    """The window, its two partners and 28 days, counted from the records: no quantiles, no waits, no gauges."""
    start = kpi_sheet.start_of(settings, window, now)
    backs = [timedelta(), *(timedelta(days=days) for days in BACK[window])]
    spans = [(start - back, now - back) for back in backs]
    since = now - timedelta(days=kpi_sheet.LINE_DAYS)
    with store.connect() as conn:
        for axis, sums in AXES.items():
            query = f"from feedback where {axis} >= ? and {axis} < ? and deleted_at is null"
            for span in spans:
                conn.exec_driver_sql(f"select {', '.join(sums)} {query}", tuple(map(stored, span))).all()
            days = f"select date({axis}, '+8 hours'), {', '.join(sums)} {query} group by 1"
            conn.exec_driver_sql(days, (stored(since), stored(now))).all()


def stored(at: datetime) -> str:
    """A time as SQLite holds it."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


# --- a million records -----------------------------------------------------------------------------------------------


def million(home: Path, records: int) -> bool:
    """The set of the wall, and every figure of a week by each dimension, on the roll-ups of ``records``."""
    path = home / f"rollups-{records}.db"
    fresh = not path.exists()
    store = open_store(f"sqlite:///{path}")
    if fresh:
        METADATA.create_all(store)
        began = time.perf_counter()
        written = write(store, path, records)
        print(f"{written} roll-up cells written in {time.perf_counter() - began:.0f} s")
    settings = Settings.model_validate(
        {"home": home, "cuboids": tuple(CUBOIDS), "count_cuboids": tuple(COUNT_CUBOIDS), "source": SOURCES}
    )
    with store.connect() as conn:
        wall = spent_ms(lambda: kpis.tiles(conn, METRICS, settings.sources, ALL, END))
        partners = spent_ms(lambda: kpis.partners(conn, METRICS, ALL, END))
    print(f"  wall's set: {wall:.1f} ms (at most {WALL_MS:.0f}); its partners and little lines: {partners:.0f} ms")
    for window in WINDOWS:
        print(f"  page of figures, {window}: {spent_ms(lambda: kpi_sheet.figures(store, settings, ALL, window, END)):.0f} ms")  # noqa: B023
    worst = 0.0
    for cuboid in (*CUBOIDS, *COUNT_CUBOIDS):
        with store.connect() as conn:
            taken = {
                name: drilled_ms(conn, name, cuboid)
                for name, metric in METRICS.items()
                if kept(metric, cuboid, tuple(COUNT_CUBOIDS))
            }
        slowest = max(taken, key=lambda name: taken[name])
        worst = max(worst, taken[slowest])
        print(
            f"  drill by {cuboid}, 7 days: median {statistics.median(taken.values()):.1f} ms, {slowest} {taken[slowest]:.1f} ms"
        )
    print(f"  slowest drill {worst:.0f} ms (at most {DRILL_MS:.0f})")
    return wall <= WALL_MS and worst <= DRILL_MS


def drilled_ms(conn: Connection, name: str, cuboid: str) -> float:
    return spent_ms(lambda: drill(conn, METRICS[name], cuboid, END - WEEK, END, END))


# --- writing cells ---------------------------------------------------------------------------------------------------

SOURCES = {name: {"kind": "sql", "purpose": "benchmark"} for name in ("calls", "tickets", "chats", "surveys")}
SHARES = {"calls": 0.4, "tickets": 0.35, "chats": 0.2, "surveys": 0.05}


class Records:
    """Arrays over all records: what they are, when each thing happened (minutes), and how long it took (seconds)."""

    def __init__(self, n: int) -> None:
        rng = np.random.default_rng(11)
        last = int(END.timestamp()) // 60
        day = rng.integers(0, DAYS, n)
        hour = np.clip(rng.normal(14, 4, n), 0, 23.99)
        self.opened: Ints = last - (day * 1440 + ((24 - hour) * 60).astype(np.int64))
        self.of = rng.choice(len(SHARES), n, p=list(SHARES.values()))
        self.response, self.resolution, self.wait = (
            np.exp(rng.normal(mean, spread, n)) for mean, spread in ((6.5, 1.2), (10, 1.3), (2.8, 1.0))
        )
        self.limit = np.where(rng.random(n) < 0.2, 4 * 3600, 24 * 3600)
        self.dice = rng.random((4, n))
        self.places = {cuboid: (rng.zipf(1.4, n) - 1) % size for cuboid, size in {**CUBOIDS, **COUNT_CUBOIDS}.items()}

    def measured(self) -> Iterator[tuple[str, NDArray[np.bool_], Ints, Ints | None]]:
        """(measure, whose, minute, bin) with the value 1; the measures not named here are sums that no drill needs in bulk."""
        call, ticket, chat, survey = (self.of == kind for kind in range(4))
        work = ticket | chat
        answered, solved = call & (self.dice[0] < 0.92), work & (self.dice[1] < 0.97)
        due_at = self.opened + (self.limit // 60).astype(np.int64)
        ends = self.opened + (self.resolution / 60).astype(np.int64)
        replied = self.opened + (self.response / 60).astype(np.int64)
        everything = np.ones(len(self.opened), dtype=bool)
        bins = {
            name: logbins.bins_of(each).astype(np.int64)
            for name, each in vars(self).items()
            if name in ("response", "resolution", "wait")
        }
        yield "feedback.n", everything, self.opened, None
        yield "complaint.n", ticket & (self.dice[2] < 0.4), self.opened, None
        yield "negative.n", everything & (self.dice[2] < 0.12), self.opened, None
        yield "lag.d", everything, self.opened, logbins.bins_of(5 + 20 * self.dice[3]).astype(np.int64)
        yield "response.d", work, replied, bins["response"]
        for name, share in (("response.n", 1.0), ("response.met", 0.9)):
            yield name, work & (self.dice[3] < share), replied, None
        yield "resolution.d", solved, ends, bins["resolution"]
        for name, whose in (("net.d", solved & (self.dice[2] < 0.1)), ("gross.d", solved & (self.dice[2] < 0.1))):
            yield name, whose, ends, bins["resolution"]
        yield "solved.n", solved, ends, None
        yield "due.n", work, due_at, None
        yield "due.met", solved & (self.resolution <= self.limit), due_at, None
        yield "open.n", work, self.opened, None
        yield "open.done", solved, ends, None
        yield "offered.n", call, self.opened, None
        yield "answered.n", answered, self.opened, None
        yield "abandoned.n", call & ~answered, self.opened, None
        yield "answered20.n", answered & (self.wait <= 20), self.opened, None
        yield "wait.d", call, self.opened, bins["wait"]
        yield "csat.n", survey, self.opened, None
        yield "csat.top", survey & (self.dice[0] < 0.85), self.opened, None


def write(store: Engine, path: Path, records: int) -> int:
    made = Records(records)
    keys = {cuboid: [key_of(cuboid, number) for number in range(size)] for cuboid, size in {**CUBOIDS, **COUNT_CUBOIDS}.items()}
    with store.begin() as conn:
        rows = [(cuboid, key) for cuboid, known in keys.items() for key in known]
        conn.execute(
            insert(slice_),
            [{"slice_id": slice_id(k), "cuboid": c, "slice_key": k, "dims": {}, "first_at": END} for c, k in rows],
        )
        conn.execute(insert(source_state), [state(name) for name in SOURCES])
        fed = [
            {"slice_id": slice_id(key), "measure": name, "source": source}
            for _, key in rows
            for name in BY_ID
            for source in SOURCES
        ]
        conn.execute(insert(slice_source), fed)
    store.dispose()
    base, written = sqlite3.connect(path), 0
    base.execute("pragma synchronous=off")
    base.execute("pragma cache_size=-200000")
    for name, whose, minutes, bins in made.measured():
        with base:
            for cells, rows in cells_of(made, keys, name, np.flatnonzero(whose), minutes, bins):
                base.executemany("insert into rollup (grain, slice_id, measure, block, cells) values (?, ?, ?, ?, ?)", rows)
                written += cells
    base.execute("pragma wal_checkpoint(truncate)")
    base.close()
    return written


def cells_of(
    made: Records, keys: dict[str, list[str]], name: str, whose: Ints, minutes: Ints, bins: Ints | None
) -> Iterator[tuple[int, list[blocks.Block]]]:
    """How many summed cells one measure has, and the rows they lie in, cuboid by cuboid and grain by grain."""
    since = int(END.timestamp()) // 60 - MINUTE_DAYS * 1440
    width = BY_ID[name].width
    for cuboid in (*CUBOIDS, *COUNT_CUBOIDS):
        if (width == "narrow" and cuboid not in ("all", "channel")) or (width != "every" and cuboid in COUNT_CUBOIDS):
            continue
        for grain in (1, 15) if BY_ID[name].minutes else (15,):
            mine = whose[minutes[whose] >= since] if grain == 1 else whose
            at = minutes[mine] - minutes[mine] % grain
            binned = np.zeros(len(mine), dtype=np.int64) if bins is None else bins[mine] + 1
            packed, counts = np.unique((made.places[cuboid][mine] << 40) | (at << 11) | binned, return_counts=True)
            places = [(slice_id(key), name) for key in keys[cuboid]]
            parts = packed >> 40, (packed >> 11) & (1 << 29) - 1, packed & 0x7FF, counts
            yield len(counts), blocks.packed(grain, places, *parts)


def key_of(cuboid: str, number: int) -> str:
    return slice_key({} if cuboid == ALL else dict.fromkeys(cuboid.split("|"), f"v{number}"))


def state(name: str) -> dict[str, object]:
    return {"source": name, "watermark": END, "rows_n": 0, "bad_n": 0, "fault_n": 0, "more": False, "backfilled": True}


def main(home: Path | None, records: int) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        place = home or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        demo(place)
        return 0 if million(place, records) else 1


if __name__ == "__main__":
    named = [each for each in sys.argv[1:] if not each.isdigit()]
    sizes = [int(each) for each in sys.argv[1:] if each.isdigit()]
    raise SystemExit(main(Path(named[0]) if named else None, sizes[0] if sizes else 1_000_000))
