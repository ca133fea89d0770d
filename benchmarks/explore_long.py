"""Seconds of long scans of 探查: to the first partial answer, to the end, and from 停止 to the end; reports of progress.

``python -m benchmarks.explore_long sqlite:////tmp/long.db 1000000 [keep]``: a store of its own with eighteen months of records,
so that half a year has two earlier ones. Windows of four weeks, eight weeks and half a year. Seconds by the wall's clock, CPU
seconds of the process beside them; the search is stopped at several moments, the slowest end counts. Exit code 1 beyond a goal.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, func, select

from benchmarks.explore_scale import FIGURES, HOUSE, NOW, fill
from fengsui.board import explore
from fengsui.board.explore import Finding, Question, Search
from fengsui.explore.read import Tell
from fengsui.settings import Settings
from fengsui.settings.loader import parse
from fengsui.store import migrate
from fengsui.store.database import open_store
from fengsui.store.tables import feedback

BACK = timedelta(weeks=79)
LENGTHS = {"4 weeks": timedelta(weeks=4), "8 weeks": timedelta(weeks=8), "half a year": timedelta(weeks=26)}
STOPPED_AT = (0.1, 0.5, 0.9)
"""Shares of its own time at which a search is stopped."""
FIRST_S, END_S, STOP_S = 1.0, 15.0, 1.0
LONGEST_S = 120.0


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the wall's clock and of the CPU."""

    wall: float
    cpu: float


def main(url: str, n: int, keep: bool) -> int:
    store = open_store(url)
    migrate.upgrade(store)
    with store.connect() as conn:
        filled = conn.execute(select(func.count()).select_from(feedback)).scalar_one()
    if not (keep and filled):
        fill(store, n, BACK)
    house = parse(HOUSE, Path("/nonexistent"), {})
    looking = open_store(url, read_only=True)
    print(f"{n:,} records, {store.dialect.name}; wall (CPU) seconds; goals {FIRST_S:g}, {END_S:g}, {STOP_S:g}", flush=True)
    good = [_scan(looking, house, metric, name, length) for metric in FIGURES for name, length in LENGTHS.items()]
    return 0 if all(good) else 1


def _scan(store: Engine, house: Settings, metric: str, name: str, length: timedelta) -> bool:
    """One window, printed; whether it met the goals."""
    question = Question(metric, "all", NOW - length, NOW)
    since = _now()
    first = explore.find(store, house, question, (), NOW)
    to_first = _spent(since)
    end, reports, found = _searched(store, house, question)
    stop = max(_stopped(store, house, question, end.wall * share) for share in STOPPED_AT)
    print(
        f"{metric:15} {name:11} first {to_first.wall:5.2f} ({to_first.cpu:5.2f}) 1 of {first.every:<3}"
        f" end {end.wall:5.2f} ({end.cpu:5.2f}) {found.rows:,} combinations, {reports} reports  stopped in {stop:.2f}",
        flush=True,
    )
    return to_first.wall <= FIRST_S and end.wall <= END_S and stop <= STOP_S


def _searched(store: Engine, house: Settings, question: Question) -> tuple[Took, int, Finding]:
    """To its end: seconds, reports of progress that differ in their whole per cent, what was found."""
    told: list[int] = []

    def ask(search: Search) -> Finding:
        def tell(share: float) -> None:
            search.tell(share)
            told.append(int(search.share * 100))

        return _all(store, house, question, search, tell)

    since, search = _now(), Search(ask)
    search.start()
    search.wait(LONGEST_S)
    took = _spent(since)
    if search.found is None:
        raise RuntimeError(f"no answer after {LONGEST_S:g} s") from search.fault
    return took, len(set(told)), search.found


def _stopped(store: Engine, house: Settings, question: Question, after_s: float) -> float:
    """Seconds from 停止 to the end."""
    search = Search(lambda one: _all(store, house, question, one, one.tell))
    search.start()
    if search.wait(after_s):
        return 0.0
    since = time.monotonic()
    search.stop()
    search.wait(LONGEST_S)
    return time.monotonic() - since


def _all(store: Engine, house: Settings, question: Question, search: Search, tell: Tell) -> Finding:
    """As the page's longer search asks."""
    return explore.find(store, house, question, (), NOW, search.unwanted, 3, tell)


def _now() -> Took:
    return Took(time.monotonic(), time.process_time())


def _spent(since: Took) -> Took:
    return Took(time.monotonic() - since.wall, time.process_time() - since.cpu)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    raise SystemExit(main(sys.argv[1], int(sys.argv[2]), "keep" in sys.argv[3:]))
