"""``python -m benchmarks.first_start [PORT]``: a first ``fengsui run --demo`` in an empty home, by the stopwatch.

Prints after how many seconds the page answers, all history is read, and every head series is ready to judge. Stops it again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from sqlalchemy import Select, func, select
from sqlalchemy.exc import DBAPIError

from fengsui.store.database import open_store
from fengsui.store.tables import series, source_state

PATIENCE_S = 600
LOOK_S = 0.5


@contextmanager
def demo(port: int) -> Iterator[Path]:
    """A demo centre in an empty home, from the moment when every head series is ready; says how long that took."""
    with TemporaryDirectory() as folder:
        began = time.monotonic()
        env = {**os.environ, "FENGSUI_HOME": folder, "FENGSUI_PORT": str(port)}
        child = subprocess.Popen([sys.executable, "-m", "fengsui.cli", "run", "--demo"], env=env, stdout=subprocess.DEVNULL)
        try:
            for what, happened in (("page", _answers(port)), ("history", _read(folder)), ("all head series", _ready(folder))):
                while not happened():
                    if child.poll() is not None or time.monotonic() - began > PATIENCE_S:
                        raise SystemExit(f"{what}: not within {PATIENCE_S} s")
                    time.sleep(LOOK_S)
                print(f"{what}: {time.monotonic() - began:.0f} s", flush=True)
            yield Path(folder)
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(30)


def _answers(port: int) -> Callable[[], bool]:
    def look() -> bool:
        try:
            httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2)
        except httpx.HTTPError:
            return False
        return True

    return look


def _read(folder: str) -> Callable[[], bool]:
    """Every source that has spoken has been read to its end, and there are series to watch."""
    waiting = select(func.count()).select_from(source_state).where(source_state.c.backfilled.is_(False))
    return lambda: _count(folder, waiting) == 0 and bool(_count(folder, _heads()))


def _ready(folder: str) -> Callable[[], bool]:
    return lambda: _count(folder, _heads().where(series.c.ready.is_(False))) == 0


def _heads() -> Select[int]:
    return select(func.count()).select_from(series).where(series.c.active, series.c.role == "head")


def _count(folder: str, query: Select[int]) -> int | None:
    """None while there is no store yet."""
    store = open_store(f"sqlite:///{Path(folder) / 'fengsui.db'}", read_only=True)
    try:
        with store.connect() as conn:
            found: int = conn.execute(query).scalar_one()
            return found
    except DBAPIError:
        return None
    finally:
        store.dispose()


if __name__ == "__main__":
    with demo(int(sys.argv[1]) if len(sys.argv) > 1 else 8641):
        pass
