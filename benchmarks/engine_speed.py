"""How many durable series-steps a CPU second the engine closes; memory, and how long a restart takes.

``python -m benchmarks.engine_speed [HEAD] [TAIL] [MINUTES] [URL]``: HEAD series with the count detector and TAIL series that
only explain, each minute new roll-up cells for all of them and one advance, as the worker's transaction 1. The floor is the
detector alone on the same readings, without a store.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sqlalchemy import Engine as Store
from sqlalchemy import insert

from detectors import registry
from detectors.base import Context, Reading, step
from fengsui.engine import Advance, Engine
from fengsui.metrics import blocks, catalogue
from fengsui.settings import Settings
from fengsui.store.database import open_store
from fengsui.store.slices import NO_BIN, bucket, slice_id
from fengsui.store.tables import METADATA, definition, slice_, slice_source, source_state
from fengsui.store.upsert import upsert

START = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MEAN = 0.8


def main(head: int, tail: int, minutes: int, url: str | None) -> None:
    with TemporaryDirectory() as scratch:
        store = open_store(url or f"sqlite:///{Path(scratch) / 'store.db'}")
        METADATA.create_all(store)
        settings = _settings(Path(scratch), head)
        _furnish(store, head, tail)
        engine = Engine(store, settings)
        drawn = np.random.default_rng(7).poisson(MEAN, size=(minutes + 30, head))
        _play(store, engine, drawn[:30], 0)  # plan, warm, first quarters
        spent, seconds, steps = _play(store, engine, drawn[30:], 30)
        print(f"{head} head + {tail} tail series, {minutes} minutes, {store.dialect.name}")
        print(
            f"engine: {steps} durable steps, {spent:.1f} CPU s = {steps / spent:,.0f} a CPU second; "
            f"{seconds / minutes:.2f} s a tick"
        )
        bare = _bare(drawn[30:])
        print(
            f"floor (the detector alone): {bare:.1f} CPU s = {steps / bare:,.0f} a CPU second; engine/floor {spent / bare:.1f}"
        )
        print(f"largest memory of this process: {_megabytes():.0f} MB")
        place = store.url.render_as_string(hide_password=False)
        store.dispose()
        subprocess.run(
            [sys.executable, "-m", "benchmarks.engine_speed", "restart", place, scratch, str(head), str(minutes)], check=True
        )


def restart(url: str, home: str, head: int, minutes: int) -> None:
    """In a process of its own, with all that a worker imports: everything read from the store, and one more minute closed."""
    importlib.import_module("fengsui.worker.main")
    store = open_store(url)
    before, began, cpu = _megabytes(), time.perf_counter(), time.process_time()
    engine, end = Engine(store, _settings(Path(home), head)), START + (minutes + 30) * MINUTE
    engine.warm(end, lambda conn: None)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    _arrive(store, np.zeros(head), end)
    for _ in _advances(engine, minutes + 31, end + MINUTE):
        pass
    counts = ", ".join(f"{name} {n}" for name, n in engine.counts().items())
    print(f"restart: {seconds:.1f} s, {cpu:.1f} CPU s ({counts}); memory with all that a worker imports: "
          f"{_megabytes():.0f} MB, {before:.0f} before")  # fmt: skip
    store.dispose()


def _megabytes() -> float:
    """The largest that this process has been, without what its parent was."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _settings(home: Path, head: int) -> Settings:
    source = {"kind": "sql", "purpose": "test", "cadence": timedelta(seconds=5)}
    return Settings.model_validate({"home": home, "source": {"tickets": source}, "engine": {"max_head_series": head}})


def _furnish(store: Store, head: int, tail: int) -> None:
    slices = [("queue", f"queue=q{n:05d}", {"queue": f"q{n:05d}"}) for n in range(head)]
    slices += [
        ("queue|org", f"org=o{n:05d}|queue=q{n % head:05d}", {"queue": f"q{n % head:05d}", "org": f"o{n:05d}"})
        for n in range(tail)
    ]
    with store.begin() as conn:
        catalogue.seed(conn, START - timedelta(days=60))
        rows = [
            {"slice_id": slice_id(key), "cuboid": cuboid, "slice_key": key, "dims": dims, "first_at": START}
            for cuboid, key, dims in slices
        ]
        upsert(conn, slice_, rows, update=())
        fed = [{"slice_id": slice_id(key), "measure": "complaint.n", "source": "tickets"} for _, key, _ in slices]
        upsert(conn, slice_source, fed, update=())
        conn.execute(
            insert(definition), [_rule("head", "queue", "head", head), _rule("tail", "queue|org", "tail", max(1, tail))]
        )


def _rule(rule_id: str, cuboid: str, role: str, most: int) -> dict[str, object]:
    body = {
        "name": {"zh_CN": rule_id, "en": rule_id},
        "kind": "detector",
        "mode": "on",
        "metric": "complaints",
        "cuboid": cuboid,
        "where": {},
        "role": role,
        "step_s": 60,
        "detector": "count_surprise",
        "parameters": {},
        "budget_per_week": 0.02,
        "max_series": most,
    }
    return {"kind": "rule", "id": rule_id, "version": 1, "valid_from": START - timedelta(days=60), "by": "seed", "body": body}


def _play(store: Store, engine: Engine, drawn: np.ndarray, first: int) -> tuple[float, float, int]:
    """CPU seconds and seconds of the engine alone, and steps closed."""
    spent = seconds = 0.0
    steps = 0
    for n, counts in enumerate(drawn, start=first):
        at = START + n * MINUTE
        _arrive(store, counts, at)
        cpu, began = time.process_time(), time.perf_counter()
        for done in _advances(engine, n + 1, at + MINUTE):
            steps += done.steps
        spent, seconds = spent + time.process_time() - cpu, seconds + time.perf_counter() - began
    return spent, seconds, steps


def _advances(engine: Engine, tick: int, now: datetime) -> Iterator[Advance]:
    more = True
    while more:
        done = engine.advance(tick, now, lambda conn: None)
        more = done.more
        yield done


def _arrive(store: Store, counts: np.ndarray, at: datetime) -> None:
    rows = [
        (grain, slice_id(f"queue=q{n:05d}"), "complaint.n", NO_BIN, bucket(at, grain), int(count))
        for n, count in enumerate(counts)
        if count
        for grain in (1, 15)
    ]
    state = {
        "source": "tickets",
        "watermark": at + MINUTE,
        "rows_n": 1,
        "bad_n": 0,
        "fault_n": 0,
        "more": False,
        "backfilled": True,
    }
    with store.begin() as conn:
        blocks.add_cells(conn, rows)
        upsert(conn, source_state, [state])


def _bare(drawn: np.ndarray) -> float:
    detectors = [registry.make("count_surprise") for _ in range(drawn.shape[1])]
    began = time.process_time()
    for n, counts in enumerate(drawn):
        at = START + n * MINUTE
        context = Context(at, "workday", (), 0.02)
        for detector, count in zip(detectors, counts, strict=True):
            step(detector, Reading("s", at, at + MINUTE, float(count), None, True, context))
    return time.process_time() - began


if __name__ == "__main__":
    given = sys.argv[1:]
    if given[:1] == ["restart"]:
        restart(given[1], given[2], int(given[3]), int(given[4]))
        sys.exit()
    heads, tails, length = [int(text) for text in given[:3]] + [500, 5000, 60][len(given[:3]) :]
    main(heads, tails, length, given[3] if len(given) > 3 else None)
