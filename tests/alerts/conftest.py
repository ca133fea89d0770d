"""A small centre for alert tests: seeded definitions, records, verdicts and ticks, without any other room at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, text

from fengsui import alerts
from fengsui.alerts.seed import seed
from fengsui.settings.model import Settings
from fengsui.store.database import open_store
from fengsui.store.slices import slice_id
from fengsui.store.tables import episode, feedback, feedback_text, gauge, handling, outbox, person, series, transition, verdict
from fengsui.store.upsert import upsert

CUBOIDS = ("all", "channel", "org.1", "category.1", "channel|org.1")


@dataclass
class Centre:
    store: Engine
    settings: Settings
    now: datetime
    tick: int = 0
    seq: int = 0
    _n: int = 0
    made: dict[str, Any] = field(default_factory=dict)

    def record(
        self,
        at: datetime | None = None,
        *,
        n: int = 1,
        customer: str | None = "new",
        kind: str = "complaint",
        cues: tuple[str, ...] = (),
        mood: str | None = None,
        repeat_of: str | None = None,
        dims: Mapping[str, str] | None = None,
        extra: Mapping[str, str] | None = None,
        tick: int | None = None,
    ) -> list[str]:
        """``n`` records at ``at`` (a minute before now), each of a customer of its own unless one is named."""
        at = at or self.now - timedelta(minutes=1)
        rows = []
        for _ in range(n):
            self._n += 1
            rows.append(
                {
                    "record_key": f"crm:{self._n}",
                    "source": "crm",
                    "kind": kind,
                    "opened_at": at,
                    "updated_at": at,
                    "stored_at": self.now,
                    "seq": self.tick + 1 if tick is None else tick,
                    "first_stored_at": at,
                    "content_hash": str(self._n),
                    "dims": dict(dims or {"channel": "App", "org": "华南/广东", "category": "物流/配送延误"}),
                    "state": "open",
                    "customer": f"c{self._n}" if customer == "new" else customer,
                    "repeat_of": repeat_of,
                    "ratings": [],
                    "tags": {"cues": {cue: ["x"] for cue in cues}, "sentiment": mood},
                    "extra": dict(extra or {}),
                }
            )
        with self.store.begin() as conn:
            conn.execute(insert(feedback), rows)
        return [row["record_key"] for row in rows]

    def words(self, said: Mapping[str, str]) -> None:
        """What the records say."""
        rows = [{"record_key": key, "text": words, "text_hash": words[:8], "mask_version": 1} for key, words in said.items()]
        with self.store.begin() as conn:
            conn.execute(insert(feedback_text), rows)

    def sees(
        self,
        slice_key: str = "all",
        *,
        rule: str = "complaints-all",
        metric: str = "complaints",
        grade: int = 3,
        observed: float | None = 60.0,
        expected: float | None = 6.0,
        minutes: int = 20,
        end: datetime | None = None,
        role: str = "head",
        step_s: int = 60,
        **more: Any,
    ) -> None:
        """The engine stored one verdict in this advance."""
        name = f"{metric}|{slice_key}|60|{rule}"
        end = end or self.now
        self.seq += 1
        up = grade > 0
        row = {
            "series": name,
            "end_at": end,
            "seq": self.seq,
            "tick": self.tick + 1,
            "start_at": end - timedelta(minutes=1),
            "value": 5.0,
            "expected": 0.5,
            "lower": 0.0,
            "upper": 2.0,
            "score": 4.0 if up else -1.0,
            "p_value": 1e-9 if up else 1.0,
            "ready": True,
            "complete": True,
            "grade": grade,
            "direction": "up" if up else "none",
            "reason": "detectors.reason.count_high" if up else "detectors.reason.calm",
            "reason_params": {},
            "window_start": end - timedelta(minutes=minutes),
            "window_observed": observed,
            "window_expected": expected,
            **more,
        }
        about = {
            "series": name,
            "metric": metric,
            "slice_id": slice_id(slice_key),
            "slice_key": slice_key,
            "step_s": step_s,
            "rule_id": rule,
            "role": role,
            "parent": None,
            "since": self.now,
            "active": True,
        }
        with self.store.begin() as conn:
            upsert(conn, series, [about], update=())
            conn.execute(insert(verdict).values(**row))

    def calm(self, slice_key: str = "all", **more: Any) -> None:
        self.sees(slice_key, **{"grade": 0, "observed": 1.0, "expected": 0.5, **more})

    def waiting(self, value: float, at: datetime | None = None) -> None:
        row = {"source": "acd", "name": "waiting", "slice_key": "all", "at": at or self.now, "value": value}
        with self.store.begin() as conn:
            conn.execute(insert(gauge).values(**row))

    def advance(self, later: timedelta = timedelta(0)) -> alerts.Moved:
        """One tick."""
        self.now += later
        self.tick += 1
        return alerts.advance(self.store, self.settings, self.tick, self.now, lambda conn: None)

    def minute(self) -> None:
        """The clock moves on, nothing else."""
        self.now += timedelta(minutes=1)

    def episodes(self) -> list[dict[str, Any]]:
        query = select(episode).order_by(episode.c.opened_at, episode.c.slice_key)
        return self._all(query)

    def one(self) -> dict[str, Any]:
        found = self.episodes()
        assert len(found) == 1, found
        return found[0]

    def handling(self, episode_id: str) -> dict[str, Any]:
        return self._all(select(handling).where(handling.c.episode_id == episode_id))[0]

    def machine_codes(self, episode_id: str) -> list[str]:
        """Without the escalations, which are another story."""
        mine = (transition.c.episode_id == episode_id) & (transition.c.axis == "machine")
        rows = self._all(select(transition).where(mine).order_by(transition.c.n))
        return [row["code"] for row in rows if row["code"] != "escalated"]

    def transitions(self, episode_id: str, axis: str = "person") -> list[dict[str, Any]]:
        mine = (transition.c.episode_id == episode_id) & (transition.c.axis == axis)
        return self._all(select(transition).where(mine).order_by(transition.c.n))

    def notices(self, *kinds: str) -> list[dict[str, Any]]:
        query = select(outbox).order_by(outbox.c.created_at, outbox.c.notice_id)
        rows = self._all(query)
        return [row for row in rows if (not kinds and row["kind"] != "alive") or row["kind"] in kinds]

    def person(self, person_id: str, name: str, role: str = "duty", scope: tuple[str, ...] = ()) -> None:
        row = {"person_id": person_id, "name": name, "role": role, "scope": list(scope), "active": True, "created_at": self.now}
        with self.store.begin() as conn:
            conn.execute(insert(person).values(**row))

    def digest(self) -> dict[str, list[dict[str, Any]]]:
        """All rows that a restart must not change."""
        tables = ("episode", "transition", "outbox", "handling", "rule_record", "watermark")
        with self.store.connect() as conn:
            return {
                name: sorted(map(str, conn.execute(text(f"select * from {name}")).mappings()))  # type: ignore[misc]
                for name in tables
            }

    def _all(self, query: Any) -> list[dict[str, Any]]:
        with self.store.connect() as conn:
            return [dict(row) for row in conn.execute(query).mappings()]


def _centre(store: Engine, home: Path, now: datetime) -> Centre:
    settings = Settings(home=home, cuboids=CUBOIDS)
    with store.begin() as conn:
        seed(conn, settings, now - timedelta(days=1))
    return Centre(store, settings, now)


@pytest.fixture
def now() -> datetime:
    return datetime.fromisoformat("2026-11-18T06:32:00+00:00")  # 14:32 in Shanghai


@pytest.fixture
def centre(store: Engine, tmp_path: Path, now: datetime) -> Centre:
    """On both databases."""
    return _centre(store, tmp_path, now)


@pytest.fixture
def lite(sqlite_store: Engine, tmp_path: Path, now: datetime) -> Centre:
    """On SQLite alone, for tests whose subject is a decision."""
    return _centre(sqlite_store, tmp_path, now)


@pytest.fixture
def crowd(postgres_again: str, tmp_path: Path, now: datetime) -> Iterator[Centre]:
    """On PostgreSQL alone, where several write at once."""
    store = open_store(postgres_again)
    yield _centre(store, tmp_path, now)
    store.dispose()


@pytest.fixture
def rule_mode() -> Callable[[Centre, str, str], None]:
    from fengsui.alerts import definitions

    def change(centre: Centre, rule_id: str, mode: str) -> None:
        with centre.store.begin() as conn:
            body = definitions.in_force(conn, "rule", centre.now)[rule_id].body.model_dump(mode="json")
            definitions.save(conn, "rule", rule_id, {**body, "mode": mode}, "wang", centre.now)

    return change
