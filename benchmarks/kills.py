"""``python -m benchmarks.kills [KILLS] [SEED] [URL]``: a worker killed with SIGKILL at random instants, begun again each time.

Prints whether its tables equal those of an undisturbed run. The suite does the same with three kills on each database.
"""

from __future__ import annotations

import secrets
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from fengsui.store.database import open_store
from fengsui.store.tables import METADATA
from tests.worker.channel import MINUTE, START, Plant, digest, make_settings
from tests.worker.walker import LATE, filled, walk_under_fire

MINUTES_A_KILL = 4


def main(kills: int, seed: int, url: str | None) -> None:
    minutes = kills * MINUTES_A_KILL
    with TemporaryDirectory() as scratch:
        home = Path(scratch)
        calm = _planted(f"sqlite:///{home / 'calm.db'}", home, minutes)
        line = calm.start()
        for n in range(minutes + 1):
            line.minute(START + n * MINUTE + LATE)
        hunted = _planted(url or f"sqlite:///{home / 'hunted.db'}", home, minutes)
        began = time.monotonic()
        hit = walk_under_fire(str(hunted.store.url.render_as_string(False)), home, minutes, kills, seed)
        wanted, found = digest(calm.store), digest(hunted.store)
        different = sorted(table for table in wanted if wanted[table] != found[table])
        print(f"seed {seed}: {len(hit)} kills in {minutes} minutes walked, {time.monotonic() - began:.0f} s")
        print("equal to the undisturbed run" if not different else f"DIFFERENT: {', '.join(different)}")
    raise SystemExit(bool(different))


def _planted(url: str, home: Path, minutes: int) -> Plant:
    store = open_store(url)
    METADATA.create_all(store)
    plant = Plant(store, make_settings(home), {"tickets": filled(minutes)})
    plant.seed(START)
    return plant


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 50, int(given[1]) if len(given) > 1 else secrets.randbits(32), (given[2:] or [None])[0])
