"""A small centre in the store: two sources, counted slices, rules, and a detector that shows all it was given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Engine as Store
from sqlalchemy import insert, select

from detectors.base import Detector, Reading, Reason, State, Tier, Verdict
from fengsui.engine import Advance, Engine
from fengsui.settings import Settings
from fengsui.store.slices import NO_BIN, bucket, bucket_start, slice_id, slice_levels
from fengsui.store.tables import definition, slice_, slice_source, source_state
from fengsui.store.upsert import upsert
from tests import rollups

START = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)


class Level(Detector):
    """Mean of what was learned; grade 2 at ten times the mean, ready after ``ready_after`` readings."""

    name: ClassVar[str] = "level"
    version: ClassVar[int] = 1
    kind = "count"

    def __init__(self, ready_after: int = 3, factor: float = 10.0) -> None:
        if ready_after < 1:
            raise ValueError(f"ready_after={ready_after}: at least 1")
        self.ready_after, self.factor = ready_after, factor
        self.n, self.total, self.last_end = 0, 0.0, ""

    def judge_one(self, x: Reading) -> Verdict:
        mean = self.total / self.n if self.n else 0.0
        value = x.value or 0.0
        ready = self.n >= self.ready_after
        high = ready and value > self.factor * (mean + 1)
        return Verdict(
            x.series, x.start, x.end, x.value, mean, 0.0, 2 * mean, 5.0 if high else 0.1, 1e-5 if high else 0.5, ready,
            Tier.IMPORTANT if high else Tier.NONE, "up" if high else "none", Reason("detectors.reason.calm"),
            x.start, x.value, mean,
        )  # fmt: skip

    def learn_one(self, x: Reading) -> None:
        if x.complete and x.value is not None and x.start.isoformat() >= self.last_end:
            self.n, self.total, self.last_end = self.n + 1, self.total + x.value / 3, x.end.isoformat()

    def parameters(self) -> Mapping[str, float | int | str]:
        return {"ready_after": self.ready_after, "factor": self.factor}

    def body(self) -> State:
        return {"n": self.n, "total": self.total, "last_end": self.last_end}

    def load(self, body: State) -> None:
        self.n, self.total, self.last_end = body["n"], body["total"], body["last_end"]


def build_level(name: str, parameters: Mapping[str, Any]) -> Detector:
    if name != "level":
        raise ValueError(f"detector={name!r}: unknown")
    return Level(**parameters)


@dataclass
class Centre:
    store: Store
    settings: Settings
    tick: int = 0
    engines: list[Engine] = field(default_factory=list)

    def engine(self, **options: Any) -> Engine:
        return Engine(self.store, self.settings, build_level, **options)

    def rule(self, rule_id: str, version: int = 1, now: datetime = START - timedelta(days=60), **body: Any) -> None:
        known = {
            "name": {"zh_CN": rule_id, "en": rule_id}, "kind": "detector", "mode": "on", "metric": "complaints",
            "cuboid": "all", "where": {}, "role": "head", "step_s": 60, "detector": "level", "parameters": {},
            "budget_per_week": 0.5, "max_series": 8,
        }  # fmt: skip
        self.define("rule", rule_id, {**known, **body}, version, now)

    def define(self, kind: str, id_: str, body: Mapping[str, Any], version: int = 1, now: datetime = START) -> None:
        with self.store.begin() as conn:
            row = {"kind": kind, "id": id_, "version": version, "valid_from": now, "by": "seed", "body": dict(body)}
            conn.execute(insert(definition), [row])

    def slice(self, key: str, sources: Iterable[str] = ("tickets",), measure: str = "complaint.n") -> None:
        levels = slice_levels(key)
        cuboid = "|".join(sorted(levels)) or "all"
        row = {"slice_id": slice_id(key), "cuboid": cuboid, "slice_key": key, "dims": levels, "first_at": START}
        with self.store.begin() as conn:
            upsert(conn, slice_, [row], update=())
            fed = [{"slice_id": slice_id(key), "measure": measure, "source": source} for source in sources]
            upsert(conn, slice_source, fed, update=())

    def count(self, key: str, at: datetime, n: int = 1, measure: str = "complaint.n") -> None:
        rows = [
            {
                "grain": grain,
                "slice_id": slice_id(key),
                "measure": measure,
                "bin": NO_BIN,
                "bucket": bucket(at, grain),
                "value": n,
            }
            for grain in (1, 15)
        ]
        with self.store.begin() as conn:
            rollups.put(conn, rows)

    def history(self, key: str, start: datetime, minutes: int, n: int = 1) -> None:
        """``n`` a minute over ``minutes``, in two statements."""
        for grain in (1, 15):
            rows = [
                {"grain": grain, "slice_id": slice_id(key), "measure": "complaint.n", "bin": NO_BIN, "value": n * grain,
                 "bucket": bucket(start, 15) + at}
                for at in range(0, minutes, grain)
            ]  # fmt: skip
            with self.store.begin() as conn:
                rollups.put(conn, rows)

    def heard(self, source: str, at: datetime) -> None:
        """The source is complete up to ``at``."""
        row = {"source": source, "watermark": at, "rows_n": 1, "bad_n": 0, "fault_n": 0, "more": False, "backfilled": True}
        with self.store.begin() as conn:
            upsert(conn, source_state, [row])

    def advance(self, engine: Engine, now: datetime) -> list[Advance]:
        """One tick: until nothing more can be closed."""
        self.tick += 1
        done = [engine.advance(self.tick, now, lambda conn: None)]
        while done[-1].more:
            done.append(engine.advance(self.tick, now, lambda conn: None))
        return done

    def resumed(self, key: str = "complaints|all|60|surge", now: datetime = START) -> tuple[State, datetime]:
        """What an engine that starts now takes over from the store: the detector's whole state, and how far it has come."""
        engine = self.engine()
        engine._reload(now)
        live = engine._known().lives[key]
        return live.detector.to_state(), bucket_start(live.last_end or 0)

    def rows(self, table: Any, *columns: str) -> list[tuple[Any, ...]]:
        wanted = [table.c[name] for name in columns] or list(table.c)
        with self.store.connect() as conn:
            return [tuple(row) for row in conn.execute(select(*wanted).order_by(*wanted[:2]))]


def make_settings(home: Path, **engine: Any) -> Settings:
    source = {"kind": "sql", "purpose": "test", "cadence": timedelta(seconds=5)}
    return Settings.model_validate(
        {"home": home, "source": {"tickets": source, "calls": source}, "engine": {"max_head_series": 50, **engine}}
    )
