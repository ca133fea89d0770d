"""A small centre to take batches for, and what tests compare."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, select

from connectors.base import Batch, Event, Feedback
from fengsui.ingest.take import Ingest
from fengsui.settings.keys import Keys
from fengsui.settings.model import Settings
from fengsui.store import tables
from tests import rollups

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
KEYS = Keys(b"c" * 32, b"d" * 32, "k1", {})
CUBOIDS = ("all", "channel", "org.1", "channel|org.1")
UNSEEN = {  # sealed with a random nonce, or times of a stopwatch
    "feedback_text": {"raw"},
    "customer": {"source_id"},
    "quarantine": {"raw"},
}


def settings_of(home: Path, **changes: Any) -> Settings:
    plain = {"kind": "sql", "purpose": "test"}
    sources = {
        "tickets": plain,
        "calls": plain | {"raw_text": True},
        "log": plain | {"belongs_to": "tickets"},
        "daily": plain | {"pace": "batch", "lateness": "1h"},
    }
    return Settings.model_validate({"home": home, "cuboids": CUBOIDS, "source": sources, **changes})


def feedback_of(source_id: str = "1", minute: float = 0, **changes: Any) -> Feedback:
    at = NOW - timedelta(hours=2) + timedelta(minutes=minute)
    given = {"kind": "complaint", "opened_at": at, "updated_at": at, "dims": {"channel": "电话", "org": "华南/广东"}}
    return Feedback(source_id=source_id, **{**given, **changes})


def event_of(kind: str, minute: float, key: str | None = None, source_id: str = "1") -> Event:
    return Event(source_id, kind, NOW - timedelta(hours=2) + timedelta(minutes=minute), key or f"c:{kind}")


def batch_of(*records: Any, **changes: Any) -> Batch:
    given = {
        "bad": (),
        "cursor": {"n": 1},
        "more": False,
        "source_now": NOW,
        "complete": True,
        "read": len(records),
        "gone": (),
    }
    return Batch(records=tuple(records), **{**given, **changes})


def everything(store: Engine) -> dict[str, list[Any]]:
    """All rows that a restart must give again, sorted; roll-up cells at 0 are as good as absent."""
    names = ("feedback", "feedback_text", "event", "measurement", "gauge", "customer", "tombstone", "quarantine", "reference")
    found: dict[str, list[Any]] = {}
    with store.connect() as conn:
        for name in names:
            table = getattr(tables, name)
            columns = [column for column in table.columns if column.name not in UNSEEN.get(name, ())]
            found[name] = sorted(map(repr, conn.execute(select(*columns))))
        found["rollup"] = list(rollups.stored(conn))
        found["slice_source"] = sorted(tuple(row) for row in conn.execute(select(tables.slice_source)))
    return found


@pytest.fixture
def store(emptied_store: Engine) -> Engine:
    return emptied_store


@pytest.fixture
def centre(tmp_path: Path) -> SimpleNamespace:
    """Builders and constants, as one object."""
    return SimpleNamespace(
        now=NOW,
        keys=KEYS,
        settings=settings_of(tmp_path),
        settings_of=lambda **changes: settings_of(tmp_path, **changes),
        feedback=feedback_of,
        event=event_of,
        batch=batch_of,
        everything=everything,
    )


@pytest.fixture
def ingest(store: Engine, centre: SimpleNamespace) -> Ingest:
    return Ingest(store, centre.settings, KEYS)


@pytest.fixture
def take(ingest: Ingest, no_fence: Callable[[object], None]) -> Callable[..., Any]:
    """``take(record, …)`` into source ``tickets`` in tick 1, or what is named."""

    def run(
        *records: Any, source: str = "tickets", tick: int = 1, now: datetime = NOW, sweep: bool = False, **batch: Any
    ) -> Any:
        return ingest.take(source, batch_of(*records, **batch), tick, now, no_fence, sweep=sweep)

    return run
