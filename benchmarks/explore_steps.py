"""Server seconds of every step of 探查 on the store of a home, over windows of a quarter of an hour to seven days.

``FENGSUI_HOME=… python -m benchmarks.explore_steps``: read-only; CPU seconds of this process (on
SQLite that is all of it), cold each time. The goal is one second a step.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from fengsui.board import explore
from fengsui.board.explore import Question
from fengsui.settings import load
from fengsui.store.database import open_store
from fengsui.store.tables import feedback

LENGTHS = {"15 min": timedelta(minutes=15), "1 h": timedelta(hours=1), "1 d": timedelta(days=1), "7 d": timedelta(days=7)}
FIGURES = ("complaints", "contacts", "sla_attainment", "service_level_20")
GOAL_S = 1.0


def main() -> int:
    home = Path(os.environ.get("FENGSUI_HOME") or "home")
    if not (home / "fengsui.toml").exists():
        print(f"{home}: no fengsui.toml; start `fengsui run --demo` there first, or say FENGSUI_HOME", file=sys.stderr)
        return 2
    settings = load(home / "fengsui.toml")
    store = open_store(settings.store.url, read_only=True)
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    with store.connect() as conn:
        n = conn.execute(select(func.count()).select_from(feedback)).scalar_one()
    print(f"{n:,} records; CPU seconds a step (goal {GOAL_S:g})")
    slowest = 0.0
    for metric in FIGURES:
        for name, length in LENGTHS.items():
            question = Question(metric, "all", now - length, now)
            steps: dict[str, Callable[[], object]] = {
                "slices": lambda q=question: explore.find(store, settings, q, (), now),
                "series": lambda q=question: explore.line(store, settings, q, explore.zoom_of(q), now, ()),
                "words": lambda q=question: explore.voices(store, settings, q, ()),
                "beside": lambda q=question: explore.beside(store, q, now),
                "why": lambda q=question: explore.why(store, settings, q, (), now),
            }
            took = {step: _timed(ask) for step, ask in steps.items()}
            slowest = max(slowest, *took.values())
            print(f"{metric:18} {name:7}" + "".join(f" {step} {seconds:5.2f}" for step, seconds in took.items()), flush=True)
    print(f"slowest step: {slowest:.2f} s")
    return 0


def _timed(ask: Callable[[], object]) -> float:
    begun = time.process_time()
    ask()
    return time.process_time() - begun


if __name__ == "__main__":
    raise SystemExit(main())
