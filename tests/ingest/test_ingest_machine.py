"""Random histories in random deliveries: whatever happens, the roll-ups equal their recomputation, and how a source cuts
its deliveries into batches makes no difference."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from sqlalchemy import Engine, create_engine, select, text

from connectors.base import Event, Feedback, Measurement, Rating
from fengsui.ingest.check import check_store
from fengsui.ingest.erase import erase
from fengsui.ingest.take import Ingest
from fengsui.store.database import open_store
from fengsui.store.tables import METADATA, source_state

IDS = st.sampled_from(["1", "2", "3"])
MINUTES = st.integers(-13_000, 60)  # on both sides of the eight days that have minute cells
TEXTS = st.sampled_from([None, "", "退款一直没到账", "谢谢，很满意", "打12315曝光你们 13812345678", "！！"])
KINDS = st.sampled_from(["complaint", "inquiry", "survey", "call"])
EVENTS = st.sampled_from(
    [
        "offered",
        "answered",
        "abandoned",
        "human_reply",
        "auto_reply",
        "paused",
        "resumed",
        "solved",
        "reopened",
        "cancelled",
        "rated",
    ]
)
DIMS = st.fixed_dictionaries(
    {}, optional={"channel": st.sampled_from(["电话", "App"]), "org": st.sampled_from(["华南/广东", "华北", "a=b|c%/d"])}
)
RATINGS = st.lists(st.builds(Rating, st.just("csat"), st.integers(0, 6), st.just(1), st.just(5)), max_size=1).map(tuple)
STATES = st.sampled_from([None, "open", "solved", "cancelled"])


def machine(make_store: Any, centre: SimpleNamespace) -> type[RuleBasedStateMachine]:
    def at(minute: int) -> datetime:
        return centre.now + timedelta(minutes=minute)

    class Deliveries(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.stores: list[Engine] = [make_store(), make_store()]
            self.ingests = [Ingest(store, centre.settings, centre.keys) for store in self.stores]
            for ingest in self.ingests:
                ingest.prepare(centre.now, lambda conn: None)
            self.waiting: list[tuple[str, Any]] = []
            self.past: list[tuple[str, Any]] = []
            self.tick = 0
            self.watermark: datetime | None = None

        def put(self, source: str, item: Any) -> None:
            self.waiting.append((source, item))
            self.past.append((source, item))

        @rule(
            id_=IDS,
            opened=MINUTES,
            updated=MINUTES,
            kind=KINDS,
            dims=DIMS,
            said=TEXTS,
            ratings=RATINGS,
            state=STATES,
            events=st.lists(st.tuples(EVENTS, MINUTES), max_size=4, unique_by=lambda event: event[0]),
            deleted=st.sampled_from([False] * 7 + [True]),
        )
        def version(self, id_, opened, updated, kind, dims, said, ratings, state, events, deleted) -> None:  # type: ignore[no-untyped-def]
            steps = tuple(Event(id_, name, at(minute), f"c:{name}") for name, minute in events)
            item = Feedback(
                id_, kind, at(opened), at(updated), dims, said, ratings, f"c{id_}", state=state, events=steps, deleted=deleted
            )
            self.put("tickets", item)

        @rule(id_=IDS, kind=EVENTS, minute=MINUTES, key=st.integers(1, 3))
        def log_row(self, id_: str, kind: str, minute: int, key: int) -> None:
            self.put("log", Event(id_, kind, at(minute), f"r:{key}"))

        @rule(start=MINUTES, num=st.integers(0, 9), updated=st.integers(0, 3), channel=st.sampled_from(["电话", "App"]))
        def aggregate(self, start: int, num: int, updated: int, channel: str) -> None:
            begin = at(start - start % 15)
            moved = centre.now + timedelta(minutes=updated)
            dims = {"channel": channel}
            self.put("calls", Measurement("acd", begin, begin + timedelta(minutes=15), dims, num, 10, updated_at=moved))

        @rule(data=st.data())
        @precondition(lambda self: self.past)
        def again(self, data: Any) -> None:
            self.waiting.append(data.draw(st.sampled_from(self.past)))

        @rule(gone=st.lists(IDS, max_size=1), complete=st.booleans(), clock=st.integers(-30, 30))
        def poll(self, gone: list[str], complete: bool, clock: int) -> None:
            self.tick += 1
            source_now = centre.now + timedelta(minutes=clock)
            extra = {"complete": complete, "source_now": source_now}
            for source in ("tickets", "log", "calls"):
                items = [item for name, item in self.waiting if name == source]
                last = tuple(gone) if source == "tickets" else ()
                self._take(0, source, centre.batch(*items, gone=last, **extra))
                for item in items:
                    self._take(1, source, centre.batch(item, **extra))
                self._take(1, source, centre.batch(gone=last, **extra))
            self.waiting.clear()
            self.compare()

        @rule(id_=IDS)
        def erased(self, id_: str) -> None:
            for store in self.stores:
                erase(
                    store,
                    centre.settings,
                    centre.keys,
                    "admin",
                    "asked",
                    centre.now,
                    lambda conn: None,
                    record_key=f"tickets:{id_}",
                )
            self.compare()

        def _take(self, which: int, source: str, batch: Any) -> None:
            self.ingests[which].take(source, batch, self.tick, centre.now, lambda conn: None)

        def compare(self) -> None:
            for store in self.stores:
                proof = check_store(store, centre.settings, centre.now)
                assert proof.equal, proof
            one, other = (centre.everything(store) for store in self.stores)
            # A version that was overtaken within a batch has fed its slice only where it was stored on its way.
            assert set(one.pop("slice_source")) <= set(other.pop("slice_source"))
            assert one == other
            with self.stores[0].connect() as conn:
                mark = conn.execute(select(source_state.c.watermark).where(source_state.c.source == "tickets")).scalar()
            assert self.watermark is None or mark >= self.watermark
            self.watermark = mark

        def teardown(self) -> None:
            for store in self.stores:
                store.dispose()

    return Deliveries


@pytest.mark.timeout(120)
def test_any_history_in_any_batches_gives_the_same_tables_and_true_rollups(centre: SimpleNamespace) -> None:
    def make() -> Engine:
        store = open_store("sqlite://")
        METADATA.create_all(store)
        return store

    run_state_machine_as_test(machine(make, centre), settings=_settings(10, 14))


def test_any_history_is_true_on_postgres_too(postgres_url: str, centre: SimpleNamespace) -> None:
    with _schemas(postgres_url) as make:
        run_state_machine_as_test(machine(make, centre), settings=_settings(4, 8))


def _settings(examples: int, steps: int) -> settings:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=slow,
        derandomize=True,
        phases=[Phase.generate],  # a failing history is printed as found: shrinking takes minutes
    )


@contextmanager
def _schemas(url: str) -> Iterator[Any]:
    """Stores in one database, each in its own schema."""

    def make() -> Engine:
        name = f"s{uuid.uuid4().hex[:8]}"
        with create_engine(url).begin() as conn:
            conn.execute(text(f"create schema {name}"))
        store = open_store(f"{url}?options=-csearch_path%3D{name}")
        METADATA.create_all(store)
        return store

    yield make
