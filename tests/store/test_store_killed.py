"""What a commit has reported is there after SIGKILL at any instant, and a transaction is there as a whole or not at all."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import func, select, text

from fengsui.store.database import open_store
from fengsui.store.tables import METADATA, watermark

ROWS, KILLS, SEED = 40, 5, 20261122
WRITER = f"""
import sys
from fengsui.store.database import open_store
from fengsui.store.tables import watermark
from sqlalchemy import func, insert, select
store = open_store(sys.argv[1])
with store.connect() as conn:
    done = conn.scalar(select(func.count()).select_from(watermark)) // {ROWS}
while True:
    with store.begin() as conn:
        for n in range({ROWS}):
            conn.execute(insert(watermark), {{"name": f"{{done:06d}}-{{n:02d}}", "seq": done, "tag": "x" * 900}})
    done += 1
    print(done, flush=True)
"""


def test_a_process_killed_inside_its_commits_loses_none_and_halves_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    store = open_store(url)
    METADATA.create_all(store)
    chance = random.Random(SEED)
    told = 0
    for _ in range(KILLS):
        with subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for _ in range(chance.randint(1, 6)):
                told = int(child.stdout.readline())
            time.sleep(chance.random() * 0.02)
            child.kill()
            told = max([told, *(int(line) for line in child.stdout.read().splitlines())])
        with store.connect() as conn:
            assert conn.scalar(text("pragma integrity_check")) == "ok"
            sizes = [n for (n,) in conn.execute(select(func.count(watermark.c.name)).group_by(watermark.c.seq))]
        assert set(sizes) == {ROWS}
        assert told <= len(sizes) <= told + 1
    store.dispose()
