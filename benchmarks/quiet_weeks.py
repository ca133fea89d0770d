"""Four quiet weeks end to end: does a house of 200 series raise no more alerts than its budget asks for?

``python -m benchmarks.quiet_weeks [SEED] [BUDGET]``: simulated complaints without any event, read from roll-ups by the engine
under a virtual clock, a tick each quarter of an hour, alerts decided as on the road. 40 head series (8 regions, 24 categories,
8 channels) and 160 provinces in 8 pooled tests. Four weeks of history, four judged. BUDGET: false alarms a week of each
head series and of each pool (default: the seeded one). Two humps a day, weekends at 60 %, a level that wanders by the hour,
variance 1.3 times the mean; quarter-hours instead of minutes, so that four weeks take minutes.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sqlalchemy import Connection, insert, select
from sqlalchemy import Engine as Store

from benchmarks.detection.faults import usual
from fengsui import alerts
from fengsui.alerts.seed import seed as seed_alerts
from fengsui.engine import Engine
from fengsui.metrics import blocks, catalogue
from fengsui.settings import Settings
from fengsui.store.database import open_store
from fengsui.store.slices import NO_BIN, bucket, slice_id, slice_levels
from fengsui.store.tables import METADATA, definition, episode, slice_, slice_source, source_state
from fengsui.store.upsert import upsert

START = datetime(2026, 11, 15, 16, 0, tzinfo=UTC)
"""Monday, 16 November 2026, in Shanghai."""
QUARTER = timedelta(minutes=15)
A_DAY, HISTORY, JUDGED = 96, 28, 28
"""Quarter-hours; days."""
REGIONS, PROVINCES, CATEGORIES, CHANNELS = 8, 20, 24, 8
RATES = (0.5, 40.0)
"""Complaints a week of a province, log-uniform."""
PHI, WANDER, WANDER_SD = 1.3, 0.98, 0.1
CUBOIDS = ("all", "org.1", "org.2", "category.1", "channel")
WATCHED = {"complaints-region": REGIONS, "complaints-category": CATEGORIES, "complaints-channel": CHANNELS}
TAIL = "complaints-tail-org.2"
MEASURE = "complaint.n"


@dataclass(frozen=True)
class World:
    """Counts of each slice by quarter-hour."""

    counts: dict[str, np.ndarray]

    @classmethod
    def drawn(cls, seed: int) -> World:
        rng = np.random.default_rng(seed)
        days = HISTORY + JUDGED
        low, high = np.log(RATES)
        rate = np.exp(rng.uniform(low, high, (REGIONS, PROVINCES))) / (7 * A_DAY)
        mean = np.concatenate([usual(day, False) for day in range(days)]) * np.repeat(_wander(rng, days * 24), 4)
        drawn = rng.negative_binomial(mean[:, None, None] * rate / (PHI - 1), 1 / PHI)
        counts = {f"org.2=R{i}/P{j:02d}": drawn[:, i, j] for i in range(REGIONS) for j in range(PROVINCES)}
        counts |= {f"org.1=R{i}": drawn[:, i].sum(axis=1) for i in range(REGIONS)}
        total = drawn.sum(axis=(1, 2))
        for level, n in (("category.1", CATEGORIES), ("channel", CHANNELS)):
            parts = rng.multinomial(total, rng.dirichlet(np.full(n, 2.0)))
            counts |= {f"{level}=C{i:02d}": parts[:, i] for i in range(n)}
        return cls(counts | {"all": total})


def _wander(rng: np.random.Generator, hours: int) -> np.ndarray:
    level, found = 0.0, np.empty(hours)
    for i, step in enumerate(rng.normal(0, WANDER_SD * np.sqrt(1 - WANDER**2), hours).tolist()):
        level = WANDER * level + step
        found[i] = level
    return np.exp(found)


def main(seed: int, budget: float | None) -> None:
    began, spent = time.perf_counter(), time.process_time()
    with TemporaryDirectory() as scratch:
        store = open_store(f"sqlite:///{Path(scratch) / 'store.db'}")
        METADATA.create_all(store)
        settings = _settings(Path(scratch))
        budgets = _furnish(store, settings, World.drawn(seed), budget)
        _live(store, settings)
        with store.connect() as conn:
            _tell(conn, budgets)
        store.dispose()
    print(f"{time.process_time() - spent:.0f} CPU seconds, {time.perf_counter() - began:.0f} seconds")


def _settings(home: Path) -> Settings:
    source = {"kind": "sql", "purpose": "test", "cadence": timedelta(minutes=1)}
    made = Settings.model_validate({"home": home, "source": {"tickets": source}, "engine": {"max_head_series": 50}})
    return made.model_copy(update={"cuboids": CUBOIDS})


def _furnish(store: Store, settings: Settings, world: World, budget: float | None) -> dict[str, float]:
    """Slices, cells and the seeded rules by the quarter-hour; gives the budget of each rule, a week and series."""
    long_ago = START - timedelta(days=60)
    with store.begin() as conn:
        catalogue.seed(conn, long_ago)
        seed_alerts(conn, settings, long_ago)
        budgets = _rules(conn, budget)
        for key, counts in world.counts.items():
            levels = slice_levels(key)
            about = {"slice_id": slice_id(key), "slice_key": key, "dims": levels, "first_at": long_ago}
            upsert(conn, slice_, [{**about, "cuboid": "|".join(sorted(levels)) or "all"}], update=())
            upsert(conn, slice_source, [{"slice_id": slice_id(key), "measure": MEASURE, "source": "tickets"}], update=())
            blocks.add_cells(conn, _cells(key, counts))
    return budgets


def _cells(key: str, counts: np.ndarray) -> Iterator[blocks.Cell]:
    first = bucket(START - timedelta(days=HISTORY), 15)
    for i in np.flatnonzero(counts).tolist():
        yield 15, slice_id(key), MEASURE, NO_BIN, first + 15 * i, int(counts[i])


def _rules(conn: Connection, budget: float | None) -> dict[str, float]:
    """A second version of each seeded rule: the ones measured by the quarter-hour, all others off."""
    found = conn.execute(select(definition).where(definition.c.kind == "rule")).mappings().all()
    budgets = {}
    for row in found:
        body = dict(row["body"])
        if row["id"] in WATCHED or row["id"] == TAIL:
            asked = budget or body["budget_per_week"]
            body |= {"step_s": 900, "budget_per_week": asked, "max_series": WATCHED.get(row["id"], 500)}
            budgets[row["id"]] = asked
        else:
            body |= {"mode": "off"}
        at = START - timedelta(days=59)
        conn.execute(insert(definition), [{**row, "version": row["version"] + 1, "valid_from": at, "body": body}])
    return budgets


def _live(store: Store, settings: Settings) -> None:
    engine = Engine(store, settings, keep_states=False)
    _heard(store, START)
    engine.warm(START, lambda conn: None)
    for tick in range(1, JUDGED * A_DAY + 1):
        now, more = START + tick * QUARTER, True
        _heard(store, now)
        while more:
            more = engine.advance(tick, now, lambda conn: None).more
            alerts.advance(store, settings, tick, now, lambda conn: None)


def _heard(store: Store, at: datetime) -> None:
    state = {"source": "tickets", "watermark": at, "rows_n": 1, "bad_n": 0, "fault_n": 0, "more": False, "backfilled": True}
    with store.begin() as conn:
        upsert(conn, source_state, [state])


def _tell(conn: Connection, budgets: dict[str, float]) -> None:
    rows = conn.execute(select(episode.c.rule_id, episode.c.tier, episode.c.parent_id, episode.c.grade)).all()
    weeks = JUDGED / 7
    asked = {rule: budgets[rule] * weeks * n for rule, n in {**WATCHED, TAIL: REGIONS}.items()}
    for rule, due in asked.items():
        found = Counter(row.tier for row in rows if row.rule_id == rule)
        print(f"{rule:24} budget {due:5.1f}  alerts {sum(found.values()):3}  by tier {dict(sorted(found.items()))}")
    tiers = Counter(row.tier for row in rows)
    told = sum(row.parent_id is None for row in rows)
    print(f"all: budget {sum(asked.values()):.1f}, alerts {len(rows)} ({told} events), by tier {dict(sorted(tiers.items()))}")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 1, float(given[1]) if len(given) > 1 else None)
