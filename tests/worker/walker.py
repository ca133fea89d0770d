"""A worker under a virtual clock in a process of its own, to be killed: ``python -m tests.worker.walker URL HOME MINUTES``.

Begun again, it goes on with the minute that its journal stands at, as a real worker would. Prints each minute it has walked.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine as Store
from sqlalchemy import select

from fengsui.store import tables as t
from fengsui.store.database import open_store
from tests.worker.channel import MINUTE, START, Channel, Plant, make_settings

LATE = timedelta(seconds=3)
ROOT = Path(__file__).parents[2]


def filled(minutes: int) -> Channel:
    """Three days of a complaint every nine minutes, then ``minutes`` with a burst from the sixth on."""
    channel = Channel()
    for n in range(3 * 160):
        channel.add(START - timedelta(days=3) + n * 9 * MINUTE)
    for n in range(minutes):
        channel.add(START + n * MINUTE + timedelta(seconds=20), 9 if 4 < n < 15 else 1)
    return channel


def next_minute(store: Store) -> int:
    """The minute of the newest tick if it was left unfinished, else the one after it."""
    with store.connect() as conn:
        row = conn.execute(select(t.tick.c.now, t.tick.c.finished_at).order_by(t.tick.c.tick.desc()).limit(1)).first()
    if row is None:
        return 0
    return int((row.now - START) / MINUTE) + (row.finished_at is not None)


def walk(url: str, home: Path, minutes: int) -> None:
    store = open_store(url)
    line = Plant(store, make_settings(home), {"tickets": filled(minutes)}).start()
    for n in range(next_minute(store), minutes + 1):
        line.minute(START + n * MINUTE + LATE)
        print(n, flush=True)


def walk_under_fire(url: str, home: Path, minutes: int, kills: int, seed: int) -> list[int]:
    """Walk to the end in spite of ``kills`` SIGKILLs, each at a random instant of some minute; returns at which minutes."""
    chance = random.Random(seed)
    hit: list[int] = []
    command = [sys.executable, "-m", "tests.worker.walker", url, str(home), str(minutes)]
    while True:
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            walked = [int(child.stdout.readline())] if len(hit) < kills else []
            if walked:
                for _ in range(chance.randrange(max(1, 2 * (minutes - walked[0]) // (kills - len(hit) + 1)))):
                    walked.append(int(child.stdout.readline()))
                time.sleep(chance.random() * 0.1)
                child.kill()
                hit.append(walked[-1])
                continue
            child.stdout.read()
            if child.wait() != 0:
                raise RuntimeError(f"the walker ended with {child.returncode} by itself")
            return hit


if __name__ == "__main__":
    walk(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
