"""``python -m benchmarks.demo_incidents [NAME …] [--at WHEN …] [--reuse] [--week]``: set off the demo centre's incidents.

Eight weeks are generated, read and learned once (some two minutes); from there the clock runs to each WHEN (sun03, sun09,
tue10, wed10, thu14), where a copy is kept in ``dist/demo_incidents/`` for every incident. ``--reuse`` takes the copies of an
earlier run: what is in them was learned by the code of then. ``--week`` tells what a whole week without incidents raises.
"""

from __future__ import annotations

import argparse
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from benchmarks.demo_incidents.stage import FINE_FOR, Stage, copied, warmed
from fengsui.demo.incidents import INCIDENTS
from fengsui.store.tables import source_state

OUT = Path(__file__).parents[2] / "dist" / "demo_incidents"
ZONE = ZoneInfo("Asia/Shanghai")
BASE = datetime(2026, 11, 15, tzinfo=ZONE)
WHEN = {
    "sun03": datetime(2026, 11, 15, 3, 0, tzinfo=ZONE),
    "sun09": datetime(2026, 11, 15, 9, 0, tzinfo=ZONE),
    "tue10": datetime(2026, 11, 17, 10, 30, tzinfo=ZONE),
    "wed10": datetime(2026, 11, 18, 10, 0, tzinfo=ZONE),
    "thu14": datetime(2026, 11, 19, 14, 0, tzinfo=ZONE),
}
WEEK_END = BASE + timedelta(days=7)
WANTED = {
    "payment-outage": "severe within 2 minutes",
    "batch-delay": "important",
    "self-service-questions": "general",
    "slow-queue": "service level, answer rate or response time",
    "branch": "at least general",
    "silent-channel": "the source is known to be silent, and nothing else",
    "spam-flood": "below severe",
}
RISES = ("opened", "raised", "refired")
AFTER = timedelta(minutes=15)


def main() -> None:
    asked = _arguments()
    OUT.mkdir(parents=True, exist_ok=True)
    if not asked.reuse:
        shutil.rmtree(OUT)
        _prepare(list(WHEN))
    for when in asked.at:
        for name in asked.names or INCIDENTS:
            for line in play(name, when):
                print(line, flush=True)
    if asked.week:
        for line in quiet_week():
            print(line, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.demo_incidents")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(INCIDENTS))
    parser.add_argument("--at", nargs="+", choices=list(WHEN), default=list(WHEN))
    parser.add_argument("--reuse", action="store_true")
    parser.add_argument("--week", action="store_true")
    return parser.parse_args()


def _prepare(whens: list[str]) -> None:
    """One beginning for each of ``whens``, in the order of time; the last quiet stretch starts where the one before ended."""
    start = BASE.astimezone(UTC)
    warmed(OUT / "base", start, 56).close()
    before = "base"
    for when in whens:
        home = copied(OUT / before, OUT / when)
        stage = Stage(home, start)
        start = WHEN[when].astimezone(UTC)
        stage.hurry(start)
        stage.close()
        before = when


def play(name: str, when: str) -> Iterator[str]:
    """One incident from one beginning; lines to print."""
    home = copied(OUT / when, OUT / "playing")
    stage = Stage(home, WHEN[when].astimezone(UTC))
    onset = stage.begin(name)
    silent: dict[str, str] = {}
    for now in stage.play(onset + timedelta(minutes=INCIDENTS[name].minutes) + AFTER, onset + FINE_FOR):
        silent |= {source: f"{_ago(now, onset)} {fault}" for source, fault in faults(stage) if source not in silent}
    yield f"\n{name} at {when}: wanted {WANTED[name]}"
    yield from (f"  source {source} known to be silent at {text}" for source, text in silent.items())
    rises = [row for row in stage.seen(onset) if row["change"] in RISES and datetime.fromisoformat(row["detected_at"]) > onset]
    yield from (_line(row, onset) for row in rises)
    top = max((int(row["tier"]) for row in rises), default=0)
    first = next((row for row in rises if int(row["tier"]) == top), None)
    yield f"  = tier {top}" + (
        f" at {_ago(datetime.fromisoformat(first['detected_at']), onset)}" if first else ", nothing raised"
    )
    stage.close()


def faults(stage: Stage) -> list[tuple[str, str]]:
    """(source, fault) of the sources that fail just now."""
    with stage.store.connect() as conn:
        rows = conn.execute(select(source_state.c.source, source_state.c.fault).where(source_state.c.fault.is_not(None)))
        return [(row.source, row.fault) for row in rows]


def _line(row: dict[str, Any], onset: datetime) -> str:
    at = _ago(datetime.fromisoformat(row["detected_at"]), onset)
    part = " (part)" if row["parent"] else ""
    return f"  {at} tier {row['tier']} {row['change']:7} {row['rule']} {row['slice']}{part}: {row['reason']}"


def _ago(now: datetime, onset: datetime) -> str:
    minutes, seconds = divmod(int((now - onset).total_seconds()), 60)
    return f"+{minutes:02d}:{seconds:02d}"


def quiet_week() -> Iterator[str]:
    """What is raised from the beginning to a week later without any incident."""
    home = copied(OUT / "base", OUT / "playing")
    stage = Stage(home, BASE.astimezone(UTC))
    stage.hurry(WEEK_END.astimezone(UTC))
    rises = [row for row in stage.seen(BASE) if row["change"] in RISES]
    tops = {row["episode"]: row for row in sorted(rises, key=lambda row: int(row["tier"]))}
    tiers = Counter(int(row["tier"]) for row in tops.values())
    yield f"\na quiet week: {tiers[1]} general, {tiers[2]} important, {tiers[3]} severe"
    yield from (_line(row, BASE) for row in rises)
    stage.close()


if __name__ == "__main__":
    main()
