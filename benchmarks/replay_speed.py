"""How many virtual minutes a CPU second a replay walks: ``python -m benchmarks.replay_speed [DAYS] [A_DAY] [BEFORE]``.

Invented tickets, ``A_DAY`` a day by the hour of the day, opened and later closed, in five channels, twelve types and eight
neighbourhoods; ``BEFORE`` days are read as first history, ``DAYS`` are walked minute by minute.
"""

from __future__ import annotations

import csv
import math
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sqlalchemy import func, select

from fengsui.replay.main import Stage
from fengsui.store.tables import series, transition, verdict

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
MAPPING = Path(__file__).parent / "real_events" / "boston311.toml"
COLUMNS = ("ticket_id", "opened_at", "closed_at", "due_at", "status", "sla_met", "channel", "category", "region", "text")
HOUR = [0.2 + max(0.0, math.sin((hour - 11) / 13 * math.pi)) for hour in range(24)]
"""How busy each hour (UTC) is, of nothing in particular: New York is awake from 11 to 24."""


def main(days: int, a_day: int, before: int) -> None:
    with TemporaryDirectory() as scratch:
        file = Path(scratch) / "history.csv"
        write(file, days + before, a_day)
        began = time.process_time()
        end = FIRST + timedelta(days=before + days)
        stage = Stage(file, MAPPING, Path(scratch), None, end, live_from=FIRST + timedelta(days=before))
        made = time.process_time()
        walk = stage.play()
        next(walk)  # first history
        warm = time.process_time()
        minutes, ticks = (stage.end - stage.live_from) / timedelta(minutes=1), sum(1 for _ in walk)
        spent = time.process_time() - warm
        with stage.store.connect() as conn:
            heads = conn.scalar(select(func.count()).where(series.c.active, series.c.role == "head"))
            rows = [conn.scalar(select(func.count()).select_from(table)) for table in (transition, verdict)]
        stage.close()
    print(f"{before} days of first history: {made - began:.1f} + {warm - made:.1f} CPU s")
    print(f"{days} days of {a_day} records, {heads} head series, {ticks} ticks, {rows[0]} transitions, {rows[1]} verdicts:")
    print(f"{spent:.1f} CPU s = {minutes / spent:,.0f} virtual minutes a CPU second, {spent / ticks * 1000:.1f} ms a tick")


def write(file: Path, days: int, a_day: int) -> None:
    rng = np.random.default_rng(11)
    weight = np.array(HOUR) / sum(HOUR)
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        number = 0
        for day in range(days):
            for at in sorted(_times(FIRST + timedelta(days=day), rng.poisson(a_day * weight), rng)):
                closed = at + timedelta(hours=float(rng.lognormal(2.0, 1.2)))
                due, number = at + timedelta(days=2), number + 1
                picked = [f"{name} {_rank(rng, n)}" for name, n in (("channel", 5), ("type", 12), ("place", 8))]
                times = [one.isoformat(timespec="seconds") for one in (at, closed, due)]
                writer.writerow([number, *times, "closed", str(closed <= due), *picked, f"{picked[1]} at {picked[2]}"])


def _times(day: datetime, counts: np.ndarray, rng: np.random.Generator) -> list[datetime]:
    drawn = [hour * 3600 + second for hour, n in enumerate(counts) for second in rng.integers(0, 3600, n)]
    return [day + timedelta(seconds=int(second)) for second in drawn]


def _rank(rng: np.random.Generator, n: int) -> int:
    """The first are the most frequent."""
    return int(n * rng.random() ** 2)


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(*(given + [7, 360, 33][len(given) :]))
