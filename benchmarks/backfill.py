"""First history of the demo centre: records a CPU second, and the longest time that a click would have waited for it.

``python benchmarks/backfill.py [HOME] [--profile]``: HOME keeps the channel stores for the next run. All batches are fetched
first, so that only the taking is measured. A second process tries ``BEGIN IMMEDIATE`` all the while, as a click does; the
floor is a bare executemany of the same records.
"""

from __future__ import annotations

import cProfile
import json
import os
import pstats
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from connectors.base import Batch, Connector, Feedback
from fengsui.demo import main as demo
from fengsui.ingest import check
from fengsui.ingest.take import Ingest
from fengsui.settings import Settings, load
from fengsui.settings.keys import Keys
from fengsui.store.database import open_store
from fengsui.store.tables import METADATA
from fengsui.worker import sources

PROBE = """
import json, sqlite3, sys, time
conn = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
waits, since, last = [], None, time.perf_counter()
print("ready", flush=True)
import threading
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
while not ended.is_set():
    try:
        conn.execute("BEGIN IMMEDIATE")
        conn.execute("ROLLBACK")
        if since is not None:
            waits.append(time.perf_counter() - since)
        since = None
    except sqlite3.OperationalError:
        since = since or time.perf_counter()
    time.sleep(0.001)
print(json.dumps(waits))
"""


def fetched(home: Path, store: Engine, keys: Keys) -> tuple[Settings, dict[str, list[Batch]]]:
    """Everything that the sources of a demo centre have, by source, in batches as polled."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = load(demo.write_settings(home, port), {**os.environ, "FENGSUI_HOME": str(home)})
    stop = threading.Event()
    server = threading.Thread(target=demo.serve, args=(home, port, stop), daemon=True)
    server.start()
    while not listens(port):  # its HTTP store comes last
        time.sleep(0.1)
    connectors, refused = sources.connect(settings, store, keys)
    assert not refused, refused
    found = {name: list(polled(each, settings)) for name, each in connectors.items()}
    stop.set()
    server.join()
    return settings, found


def listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def polled(connector: Connector, settings: Settings) -> Iterator[Batch]:
    cursor, more = None, True
    while more:
        batch = connector.poll(cursor, settings.limits.batch_rows, datetime.now(UTC))
        yield batch
        cursor, more = batch.cursor, batch.more


def floor(work: dict[str, list[Batch]], path: Path) -> float:
    """CPU seconds to put the same records into one bare table with 20 columns."""
    base = sqlite3.connect(path)
    base.execute("pragma journal_mode=wal")
    base.execute(f"create table t (k text primary key, {', '.join(f'c{i}' for i in range(19))})")
    start = time.process_time()
    for source, batches in work.items():
        for batch in batches:
            said = [item for item in batch.records if isinstance(item, Feedback)]
            rows = [(f"{source}:{f.source_id}", f.kind, str(f.opened_at), str(f.updated_at), f.text, *([1] * 15)) for f in said]
            with base:
                base.executemany(f"insert or replace into t values ({','.join('?' * 20)})", rows)
    return time.process_time() - start


def run(home: Path, profile: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, keys = Path(folder) / "store.db", Keys(b"c" * 32, b"d" * 32, "k1")
        store = open_store(f"sqlite:///{path}")
        METADATA.create_all(store)
        settings, work = fetched(home, store, keys)
        records = sum(len(batch.records) for batches in work.values() for batch in batches)
        ingest = Ingest(store, settings, keys)
        now = datetime.now(UTC)
        ingest.prepare(now, lambda conn: None)
        bare = floor(work, Path(folder) / "bare.db")
        probe = subprocess.Popen([sys.executable, "-c", PROBE, str(path)], stdin=-1, stdout=-1, text=True)
        assert probe.stdout and probe.stdout.readline()
        watch = cProfile.Profile()
        if profile:
            watch.enable()
        began, start, tick = time.perf_counter(), time.process_time(), 0
        for round_ in range(max(map(len, work.values()))):  # in turns, as the feed brings them
            for source, batches in work.items():
                if round_ < len(batches):
                    tick += 1
                    ingest.take(source, batches[round_], tick, now, lambda conn: None)
        spent, passed = time.process_time() - start, time.perf_counter() - began
        watch.disable()
        waits = sorted(json.loads(probe.communicate("")[0]))
        comparison = check.check_store(store, settings, now)
        cells = comparison.cells
    print(f"{records} records, {tick} batches, {cells} cells; stored equals recomputed: {comparison.equal}")
    print(f"ingest: {spent:.1f} CPU s, {passed:.1f} s = {records / spent:,.0f} records per CPU second")
    print(f"floor (bare executemany, 20 columns, no roll-ups): {bare:.2f} CPU s = {records / bare:,.0f} records per CPU second")
    shown = ", ".join(f"{at:.0%} {waits[min(int(at * len(waits)), len(waits) - 1)] * 1000:.0f}" for at in (0.5, 0.99, 1.0))
    print(f"write lock seen taken {len(waits)} times; ms: {shown}")
    if profile:
        pstats.Stats(watch).sort_stats("tottime").print_stats(40)


if __name__ == "__main__":
    named = [each for each in sys.argv[1:] if not each.startswith("-")]
    with tempfile.TemporaryDirectory() as scratch:
        run(Path(named[0] if named else scratch), "--profile" in sys.argv)
