"""Pushed deliveries are taken like polled batches: in order, exactly once, whatever dies in between."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine as Store
from sqlalchemy import select, update

from connectors.base import ConfigFault
from fengsui.board.inbox import Delivery, Kept, Slot, delivery_id
from fengsui.ingest import retention
from fengsui.ingest.take import Ingest
from fengsui.settings import Settings, open_keys, parse
from fengsui.store import tables as t
from fengsui.worker import sources
from tests.worker import channel
from tests.worker.channel import MINUTE, START, Plant, digest
from tests.worker.test_worker_exactly_once import PowerCut, power_cut

SECOND = timedelta(seconds=1)
TOML = """
cuboids = ["all", "channel"]
[source.shop]
kind = "webhook"
purpose = "test"
CADENCE
[source.shop.push]
secret = "env:SHOP_SECRET"
[source.shop.map]
id = "id"
kind = "kind"
opened_at = "at"
text = "text"
dims = { channel = "channel" }
ratings.csat = { field = "score", low = 1, high = 5 }
[source.frontline]
kind = "staff"
purpose = "test"
[limits]
batch_rows = 40
push_waiting = 5
"""


def settings_of(home: Path, cadence: str = "") -> Settings:
    return parse(TOML.replace("CADENCE", cadence), home, {"SHOP_SECRET": "s" * 32})


def planted(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Plant:
    keys = open_keys(settings)
    monkeypatch.setattr(channel, "KEYS", keys)
    connectors, refused = sources.connect(settings, store, keys)
    assert not refused
    made = Plant(store, settings, connectors)  # type: ignore[arg-type]
    made.seed(START)
    return made


@pytest.fixture
def plant(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    return planted(store, settings_of(tmp_path), monkeypatch)


def rows(first: int, n: int, at: datetime = START, **more: Any) -> list[dict[str, Any]]:
    known = {"kind": "complaint", "at": at.isoformat(), "text": "打不开", "channel": "App", "score": 5}
    return [{"id": f"A{k:05d}", **known, **more} for k in range(first, first + n)]


def put(plant: Plant, key: str, found: list[dict[str, Any]], now: datetime = START) -> Kept:
    return Slot(plant.store, plant.settings).put(Delivery("shop", "webhook", "shop", key, found), now)


def letters(plant: Plant) -> list[tuple[Any, ...]]:
    return plant.rows(t.inbox, "received_at", "state", "rows_n", "bad_n", "fault_code", "body", "taken_at")


def state(plant: Plant, source: str = "shop") -> Any:
    with plant.store.connect() as conn:
        return conn.execute(select(t.source_state).where(t.source_state.c.source == source)).one()


def test_a_delivery_is_sealed_then_taken_masked_and_emptied(plant: Plant) -> None:
    put(plant, "k1", rows(1, 2, text="请打 13812345678"))
    ((_, first_state, n, _, _, body, _),) = letters(plant)
    assert (first_state, n) == ("new", 2)
    assert b"138" not in body
    plant.start().minute(START + 3 * SECOND)
    assert [row[1:] for row in letters(plant)] == [("taken", 2, 0, None, None, START + 3 * SECOND)]
    assert plant.rows(t.feedback, "record_key", "kind") == [("shop:A00001", "complaint"), ("shop:A00002", "complaint")]
    assert all("138" not in text for _, text in plant.rows(t.feedback_text, "record_key", "text"))


def test_bad_rows_are_held_counted_and_can_be_replayed(plant: Plant) -> None:
    put(plant, "k1", rows(1, 1) + rows(2, 1, score=9))
    put(plant, "k2", rows(3, 1, score=9), START + SECOND)
    plant.start().minute(START + 3 * SECOND)
    assert [row[1:5] for row in letters(plant)] == [
        ("taken", 2, 1, "connectors.bad.rating"),
        ("bad", 1, 1, "connectors.bad.rating"),
    ]
    assert state(plant).bad_n == 2
    assert plant.rows(t.quarantine, "record_key", "state") == [("shop:A00002", "held"), ("shop:A00003", "held")]


def test_a_large_delivery_is_taken_in_parts_and_in_order(plant: Plant) -> None:
    put(plant, "k1", rows(1, 95) + rows(96, 1, score=0))
    put(plant, "k2", rows(1, 1, text="后来的", at=START + SECOND), START)
    line = plant.start()
    line.minute(START + 3 * SECOND)
    assert len(plant.rows(t.feedback, "record_key")) == 95
    assert [row[2] for row in plant.rows(t.poll, "tick", "part", "read_n", "source") if row[3] == "shop"] == [40, 40, 17]
    assert [row[1:5] for row in letters(plant)] == [("taken", 96, 1, "connectors.bad.rating"), ("taken", 1, 0, None)]
    assert dict(plant.rows(t.feedback_text, "record_key", "text"))["shop:A00001"] == "后来的"


def test_the_same_key_is_one_row_and_another_body_under_it_is_refused(plant: Plant) -> None:
    first = put(plant, "k1", rows(1, 2))
    assert put(plant, "k1", rows(1, 2), START + MINUTE) == first
    plant.start().minute(START + 3 * SECOND)
    assert put(plant, "k1", rows(1, 2), START + 2 * MINUTE) == first, "also when it was taken long ago"
    assert len(letters(plant)) == 1
    with pytest.raises(Exception, match="key_reused") as caught:
        put(plant, "k1", rows(1, 3))
    assert caught.value.status == 422  # type: ignore[attr-defined]


def test_a_flood_is_told_to_wait(plant: Plant) -> None:
    for n in range(5):
        put(plant, f"k{n}", rows(n, 1))
    with pytest.raises(Exception, match="full") as caught:
        put(plant, "k5", rows(5, 1))
    assert (caught.value.status, caught.value.again_s) == (429, 30)  # type: ignore[attr-defined]
    assert put(plant, "k4", rows(4, 1)), "what was kept is answered all the same"
    plant.start().minute(START + 3 * SECOND)
    assert put(plant, "k5", rows(5, 1))


def test_order_holds_when_the_clock_of_the_machine_goes_back(plant: Plant) -> None:
    put(plant, "k1", rows(1, 1, text="先"))
    put(plant, "k2", rows(1, 1, text="后", at=START + SECOND), START - MINUTE)
    plant.start().minute(START + 3 * SECOND)
    assert plant.rows(t.feedback_text, "record_key", "text") == [("shop:A00001", "后")]


def story() -> Iterator[tuple[datetime, str, list[dict[str, Any]]]]:
    """One delivery a minute, one of them in three parts. Their words are no cue: phrase rules are judged once a tick, by what
    is there, and a kill between two parts of one delivery is a tick between them."""
    for n in range(6):
        at = START + n * MINUTE
        found = rows(100 * n, 90 if n == 3 else 2, at, text="请回电") + rows(100 * n + 99, 1, at, score=9)
        yield at, f"k{n}", found


def killed_at_each_commit(plant: Plant, now: datetime) -> int:
    for at_commit in range(1, 100):
        try:
            with power_cut(plant.store, at_commit):
                plant.start().minute(now)
        except PowerCut:
            continue
        return at_commit - 1
    raise AssertionError("the minute never came to an end")


@pytest.mark.timeout(180)
def test_killed_anywhere_between_inbox_and_take_it_is_exactly_once(plant: Plant) -> None:
    line = plant.start()
    for at, key, found in story():
        put(plant, key, found, at)
        line.minute(at + 3 * SECOND)
    wanted, counted = digest(plant.store), [row[1:5] for row in letters(plant)]
    assert len(plant.rows(t.feedback, "record_key")) == 100
    t.METADATA.drop_all(plant.store)
    t.METADATA.create_all(plant.store)
    plant.seed(START)
    cuts = 0
    for at, key, found in story():
        put(plant, key, found, at)
        cuts += killed_at_each_commit(plant, at + 3 * SECOND)
    assert cuts > 30
    assert digest(plant.store) == wanted
    assert [row[1:5] for row in letters(plant)] == counted


def test_a_delivery_whose_key_is_gone_stops_nobody(plant: Plant) -> None:
    put(plant, "k1", rows(1, 3))
    with plant.store.begin() as conn:
        conn.execute(update(t.inbox).values(key_id="gone"))
    put(plant, "k2", rows(4, 1), START + SECOND)
    plant.start().minute(START + 3 * SECOND)
    assert [row[1:5] for row in letters(plant)] == [("bad", 3, 3, "worker.inbox.unopened"), ("taken", 1, 0, None)]
    assert plant.rows(t.feedback, "record_key") == [("shop:A00004",)]


def test_a_delivery_whose_key_comes_back_is_taken_after_all(plant: Plant) -> None:
    """A key forgotten in the settings for a day must not cost the customers' words."""
    put(plant, "k1", rows(1, 3))
    put(plant, "k2", rows(4, 1), START + SECOND)
    with plant.store.begin() as conn:
        named = conn.execute(select(t.inbox.c.key_id).limit(1)).scalar_one()
        conn.execute(update(t.inbox).where(t.inbox.c.rows_n == 3).values(key_id="gone"))
    plant.start().minute(START + 3 * SECOND)
    plant.start().minute(START + MINUTE)
    assert [row[1] for row in letters(plant)] == ["bad", "taken"]
    with plant.store.begin() as conn:
        conn.execute(update(t.inbox).where(t.inbox.c.rows_n == 3).values(key_id=named))
    Ingest(plant.store, plant.settings, open_keys(plant.settings)).prepare(START + MINUTE, lambda conn: None)
    plant.start().minute(START + 2 * MINUTE)
    assert [row[1:6] for row in letters(plant)] == [("taken", 3, 0, None, None), ("taken", 1, 0, None, None)]
    assert len(plant.rows(t.feedback, "record_key")) == 4


def test_a_delivery_nested_beyond_reading_stops_nobody(plant: Plant) -> None:
    """As deep as the dashboard takes it: where more calls lie on the stack Python gives up, at each poll again, for ever."""
    line = plant.start()
    for depth in range(1000, 100, -1):
        with suppress(RecursionError):
            put(plant, "k1", rows(1, 1, text=json.loads("[" * depth + "]" * depth)) + rows(2, 1))
            break
    put(plant, "k2", rows(3, 1), START + SECOND)
    line.minute(START + 3 * SECOND)
    assert [row[1:5] for row in letters(plant)] == [("bad", 2, 2, "worker.inbox.deep"), ("taken", 1, 0, None)]
    assert plant.rows(t.feedback, "record_key") == [("shop:A00003",)]


def test_two_deliveries_at_one_moment_are_in_the_order_of_their_commits(plant: Plant) -> None:
    """PostgreSQL lets two dashboards write at once: one that committed later must not seem the earlier."""
    slot, done = Slot(plant.store, plant.settings), []
    first, second = (Delivery("shop", "webhook", "shop", key, rows(1, 1, text=key)) for key in ("k1", "k2"))

    def put_second() -> None:
        done.append(slot.put(second, START - MINUTE))

    with plant.store.begin() as conn:
        slot._kept(conn, first, slot._row(first, delivery_id("shop", "k1"), START))
        other = threading.Thread(target=put_second)
        other.start()
        other.join(0.5)
        assert not done
    other.join(10)
    assert done
    by_key = dict(plant.rows(t.inbox, "inbox_id", "received_at"))
    assert by_key[delivery_id("shop", "k1")] < by_key[delivery_id("shop", "k2")]


def test_an_empty_inbox_is_complete_up_to_now_and_no_sign_of_life(plant: Plant) -> None:
    line = plant.start()
    line.minute(START)
    line.minute(START + MINUTE)
    assert (state(plant).watermark, state(plant).last_success_at, state(plant).backfilled) == (START + MINUTE, None, True)
    put(plant, "beat", [], START + MINUTE)
    line.minute(START + 2 * MINUTE)
    assert state(plant).last_success_at == START + 2 * MINUTE
    line.minute(START + 5 * MINUTE)
    assert (state(plant).watermark, state(plant).last_success_at) == (START + 5 * MINUTE, START + 2 * MINUTE)


def test_who_promised_a_cadence_is_not_believed_when_silent(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = planted(store, settings_of(tmp_path, 'cadence = "2min"'), monkeypatch)
    line = plant.start()
    line.minute(START)
    assert state(plant).watermark == START, "before the first delivery there is nothing to wait for"
    put(plant, "k1", rows(1, 1), START + MINUTE)
    for n in range(1, 8):
        line.minute(START + n * MINUTE)
    assert state(plant).watermark == START + 3 * MINUTE
    assert state(plant, "frontline").watermark == START + 7 * MINUTE


def test_the_inbox_is_looked_into_at_once_when_something_waits(plant: Plant) -> None:
    line = plant.start()
    line.minute(START)
    assert not line.poller.due("shop", START + SECOND)
    assert line.poller.due("shop", START + 5 * SECOND)
    put(plant, "k1", rows(1, 1), START + SECOND)
    assert line.poller.due("shop", START + SECOND)
    assert not line.poller.due("frontline", START + SECOND)


def test_old_deliveries_go_and_those_that_wait_stay(plant: Plant) -> None:
    put(plant, "k1", rows(1, 1))
    plant.start().minute(START + 3 * SECOND)
    put(plant, "k2", rows(2, 1), START + MINUTE)
    Slot(plant.store, plant.settings).put(Delivery("was-here", "webhook", "x", "k3", rows(3, 1)), START)
    later = START + timedelta(days=31)
    assert retention.purge(plant.store, plant.settings, later, lambda conn: None)["inbox"] == 2
    assert [row[1] for row in letters(plant)] == ["new"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"map": {"kind": {"value": "call"}, "opened_at": "at"}}, "source.shop.map.id"),
        ({"options": {"a": 1}}, "source.shop.options.a"),
    ],
)
def test_a_mapping_that_cannot_hold_is_refused(wrong: dict[str, Any], field: str, sqlite_store: Store, tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    shop = settings.sources["shop"].model_copy(update=wrong)
    broken = settings.model_copy(update={"sources": {"shop": shop}})
    with pytest.raises(ConfigFault) as caught:
        sources.build(broken, "shop", sqlite_store, open_keys(settings))
    assert caught.value.params["field"] == field
