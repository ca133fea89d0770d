"""What pages ask for, carried out in small steps; bad requests are answered, not obeyed."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from connectors.base import TryLater
from fengsui.board.requests import KINDS, ask
from fengsui.ingest.rotation import sealed_by
from fengsui.people import Person
from fengsui.store import tables as t
from fengsui.worker.housekeeping import Housekeeping
from fengsui.worker.requests import CARRIED, Clerk
from tests.worker.channel import KEYS, MINUTE, START, Line, Plant

MAP = {
    "shape": "feedback",
    "id": "id",
    "opened_at": "opened",
    "kind": {"value": "complaint"},
    "text": "text",
    "dims": {"channel": {"value": "电话"}},
}
WANG, ANA = Person("王敏", "王敏", "manager"), Person("ana", "安娜", "analyst")


class Desk:
    """Clerk and road on one store; ``done`` ticks until the request is answered."""

    def __init__(self, plant: Plant) -> None:
        self.plant, self.line, self.polled = plant, plant.start(), list[str]()
        keeping = Housekeeping(plant.store, plant.settings, self.line.house.ingest, lambda name: plant.channels[name])
        self.clerk = Clerk(plant.store, plant.settings, KEYS, self.line.road.chores, keeping, self.polled.append)
        self.now = START
        self.line.minute(self.now)

    def done(self, kind: str, **params: Any) -> dict[str, Any]:
        with self.plant.store.begin() as conn:
            row = {"request_id": kind, "kind": kind, "params": params, "by": "王敏", "at": self.now, "state": "new"}
            conn.execute(insert(t.request), [row])
        return self.answered(kind)

    def answered(self, request_id: str) -> dict[str, Any]:
        for _ in range(200):
            self.clerk.pick()
            self.now += timedelta(seconds=1)
            self.line.road.tick(self.now)
            with self.plant.store.connect() as conn:
                row = conn.execute(t.request.select().where(t.request.c.request_id == request_id)).mappings().one()
            if row["state"] not in ("new", "running"):
                return dict(row)
        raise AssertionError(f"{request_id} was never answered")


@pytest.fixture
def desk(small: Plant) -> Desk:
    small.channels["tickets"].add(START - 30 * MINUTE, 3)
    return Desk(small)


def test_every_kind_that_pages_may_ask_for_is_carried_out() -> None:
    assert set(CARRIED) == set(KINDS)


def test_a_request_of_the_dashboard_reaches_the_worker(desk: Desk) -> None:
    request_id = ask(desk.plant.store, "poll_now", {"source": "tickets"}, WANG, START)
    assert desk.answered(request_id)["state"] == "done"
    assert desk.polled == ["tickets"]


def test_a_sweep_stores_what_the_cursor_missed_and_says_how_much(desk: Desk) -> None:
    """The trap: a row that became visible after the cursor had passed it."""
    late = desk.plant.channels["tickets"]
    late.add(START - 20 * MINUTE, 2)
    late.rows.insert(0, late.rows.pop())  # before everything that the cursor counted
    row = desk.done("sweep", source="tickets")
    assert (row["state"], row["progress"]) == ("done", 1.0)
    assert len(desk.plant.rows(t.feedback)) == 5
    missed = [n for n, sweep in desk.plant.rows(t.poll, "missed_n", "sweep") if sweep]
    assert sum(missed) == row["result"]["missed"] > 0
    assert dict(desk.plant.rows(t.source_state, "source", "cursor"))["tickets"] == {"n": 3}


def test_a_preview_shows_rows_as_they_would_be_stored_without_phone_numbers(desk: Desk) -> None:
    row = desk.done("preview", source="tickets")
    assert row["state"] == "done"
    assert row["result"]["good"] == 3 and len(row["result"]["rows"]) == 3
    first = row["result"]["rows"][0]
    assert first["shape"] == "feedback" and first["stored"]["dims"] == {"channel": "电话"}
    assert "13812345678" not in str(row["result"])
    assert "ct00000" not in str(row["result"])  # the customer's own id


def test_an_unknown_source_and_an_unknown_kind_are_refused_with_what_is_allowed(desk: Desk) -> None:
    row = desk.done("preview", source="nowhere")
    assert (row["state"], row["fault_code"]) == ("failed", "worker.request.source_unknown")
    assert row["result"]["params"]["allowed"] == ["calls", "tickets"]
    assert desk.done("dance")["fault_code"] == "worker.request.kind_unknown"


def test_a_source_that_fails_is_the_answer_and_the_road_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_args: Any) -> Any:
        raise TryLater("connectors.later.unreachable", host="crm")

    monkeypatch.setattr(desk.plant.channels["calls"], "preview", gone)
    row = desk.done("preview", source="calls")
    assert (row["state"], row["fault_code"]) == ("failed", "connectors.later.unreachable")
    assert all(code is None for _, code in desk.plant.rows(t.tick, "tick", "fault_code"))


def test_a_bug_is_named_by_its_type_and_not_by_customers_words(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def words(*_args: Any) -> Any:
        raise RuntimeError("张三 13812345678")

    monkeypatch.setattr(desk.plant.channels["calls"], "preview", words)
    row = desk.done("preview", source="calls")
    assert row["fault_code"] == "worker.request.broken"
    assert row["result"] == {"params": {"kind": "RuntimeError"}}


@pytest.mark.parametrize("path", ["../fengsui.db", "/etc/passwd", "absent.csv", ""])
def test_only_a_file_of_the_uploads_folder_is_read(desk: Desk, path: str) -> None:
    (desk.plant.settings.home / "uploads").mkdir()
    (desk.plant.settings.home / "fengsui.db").write_text("x")
    assert desk.done("upload", source="tickets", path=path)["fault_code"] == "worker.request.no_upload"


def uploaded(home: Path) -> str:
    folder = home / "uploads"
    folder.mkdir()
    lines = ["id,opened,text", "u1,2026-11-18T05:00:00Z,等了很久", "u2,2026-11-18T05:01:00Z,没人理", "u3,昨天,时间不对"]
    (folder / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    return "a.csv"


@pytest.fixture
def mapped(small: Plant) -> Desk:
    object.__setattr__(small.settings.sources["tickets"], "map", MAP)
    return Desk(small)


def test_an_upload_is_previewed_then_stored_and_its_bad_rows_are_kept_apart(mapped: Desk) -> None:
    path = uploaded(mapped.plant.settings.home)
    shown = mapped.done("upload_preview", source="tickets", path=path)
    assert shown["fault_code"] is None, shown
    assert (shown["result"]["good"], shown["result"]["bad"]) == (2, 1)
    assert len(mapped.plant.rows(t.feedback)) == 0
    stored = mapped.done("upload", source="tickets", path=path)
    assert stored["result"] == {"read": 3, "stored": 2, "bad": 1}
    assert [row[0] for row in mapped.plant.rows(t.feedback, "record_key", "source")] == ["tickets:u1", "tickets:u2"]
    assert len(mapped.plant.rows(t.quarantine)) == 1
    watermark = dict(mapped.plant.rows(t.source_state, "source", "watermark"))["tickets"]
    assert watermark >= START  # the upload's rows moved neither cursor nor watermark back


def test_held_rows_are_replayed_with_the_mapping_of_today(mapped: Desk) -> None:
    mapped.done("upload", source="tickets", path=uploaded(mapped.plant.settings.home))
    still = mapped.done("quarantine_replay", source="tickets", ids=None)
    assert still["result"] == {"rows": 1, "stored": 0, "still_held": 1}
    sources = mapped.plant.settings.sources
    object.__setattr__(sources["tickets"], "map", {**MAP, "opened_at": {"value": "2026-11-18T05:02:00Z"}})
    with mapped.plant.store.begin() as conn:
        conn.execute(update(t.request).where(t.request.c.request_id == "quarantine_replay").values(state="new"))
    again = mapped.answered("quarantine_replay")
    assert again["result"] == {"rows": 1, "stored": 1, "still_held": 0}, again


def test_an_erasure_takes_the_record_and_keeps_it_away(desk: Desk) -> None:
    row = desk.done("erase", record_key="tickets:t00000", reason="客户要求")
    assert row["result"]["records"] == 1 and row["result"]["rows"]["feedback"] == 1
    assert [key for key, _ in desk.plant.rows(t.feedback, "record_key", "source")] == ["tickets:t00001", "tickets:t00002"]
    desk.done("sweep", source="tickets")
    assert len(desk.plant.rows(t.feedback)) == 2


def test_an_erasure_names_a_record_or_a_customer(desk: Desk) -> None:
    assert desk.done("erase", reason="客户要求")["fault_code"] == "worker.request.erase_one"


def test_a_request_left_running_by_a_dead_worker_is_begun_again(desk: Desk) -> None:
    with desk.plant.store.begin() as conn:
        row = {
            "request_id": "old",
            "kind": "sweep",
            "params": {"source": "tickets"},
            "by": "x",
            "at": START,
            "state": "running",
        }
        conn.execute(insert(t.request), [row])
    assert desk.answered("old")["state"] == "done"


def test_a_cancelled_request_stops(desk: Desk) -> None:
    with desk.plant.store.begin() as conn:
        row = {"request_id": "no", "kind": "sweep", "params": {"source": "tickets"}, "by": "x", "at": START, "state": "new"}
        conn.execute(insert(t.request), [{**row, "cancel": True}])
    assert desk.answered("no")["state"] == "cancelled"


def test_coverage_is_the_sources_count_beside_ours(desk: Desk) -> None:
    keeping = desk.clerk.keeping
    desk.plant.channels["tickets"].rows.pop()  # theirs is one less than what we hold
    desk.line.road.chores.add("coverage", keeping.coverage("tickets", START))
    for _ in range(100):
        desk.now += timedelta(seconds=1)
        desk.line.road.tick(desk.now)
        if desk.plant.rows(t.coverage_day):
            break
    assert desk.plant.rows(t.coverage_day, "theirs", "ours") == [(2, 3)]
    assert keeping.covered() == []


def test_retention_takes_old_ticks_and_old_uploads(desk: Desk) -> None:
    import os

    old = desk.plant.settings.home / "uploads" / "old.csv"
    old.parent.mkdir()
    old.write_text("x")
    os.utime(old, (0, 0))
    line: Line = desk.line
    late = START + timedelta(days=desk.plant.settings.retention.tick_days + 1)
    line.road.chores.add("retention", desk.clerk.keeping.purge())
    line.road.tick(late)
    line.road.tick(late + MINUTE)
    assert not old.exists()
    assert {row[0] for row in desk.plant.rows(t.tick, "tick", "now")} == {2, 3}


def test_a_backtest_is_worked_out_beside_the_road_and_a_bad_one_is_refused(desk: Desk) -> None:
    span = {"start": (START - timedelta(days=7)).isoformat(), "end": START.isoformat()}
    asked = {"metric": "complaints", "slice_keys": ["all"], "detector": "count_surprise", "parameters": {}, "budget": 0.5}
    refused = desk.done("backtest", **{**asked, **span, "slice_keys": []}, direction="up")
    assert (refused["state"], refused["fault_code"]) == ("failed", "backtest.fault.parameter")
    request_id = ask(desk.plant.store, "backtest", {**asked, **span, "direction": "up"}, ANA, START)
    deadline = time.monotonic() + 60
    row: dict[str, Any] = {"state": "new"}
    while row["state"] in ("new", "running") and time.monotonic() < deadline:
        desk.clerk.pick()
        desk.now += timedelta(seconds=1)
        desk.line.road.tick(desk.now)
        with desk.plant.store.connect() as conn:
            row = dict(conn.execute(t.request.select().where(t.request.c.request_id == request_id)).mappings().one())
    assert row["state"] == "done" and [one["slice_key"] for one in row["result"]["slices"]] == ["all"]


def test_what_a_retired_key_sealed_is_sealed_anew_at_the_start(desk: Desk) -> None:
    store, chores = desk.plant.store, desk.line.road.chores
    assert sealed_by(store)[KEYS.data_key_id] > 0
    keys = replace(KEYS, data=b"n" * 32, data_key_id="k2", retired={KEYS.data_key_id: KEYS.data})
    for _ in range(2):  # a second start finds nothing to do and notes nothing
        chores.add("rotation", desk.clerk.keeping.rotation(keys))
        for _ in range(10):
            desk.now += timedelta(seconds=1)
            desk.line.road.tick(desk.now)
    assert set(sealed_by(store)) == {"k2"}
    told = [
        (by, params["unopened"])
        for action, by, params in desk.plant.rows(t.audit, "action", "by", "params")
        if action == "keys.rotate"
    ]
    assert told == [("machine", 0)]


def test_keys_are_rotated_and_models_fitted_for_who_asks(desk: Desk) -> None:
    row = desk.done("rotate_keys")
    assert row["state"] == "done" and row["result"]["unopened"] == 0
    assert desk.done("refit")["result"] == {"tags": []}, "nobody has said anything: there is nothing to learn"
