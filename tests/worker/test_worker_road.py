"""One tick: each room has its turn, whatever happens in another; nothing is judged too early."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from connectors.base import ConfigFault, TryLater
from fengsui.ingest import check
from fengsui.store import tables as t
from fengsui.store.leadership import LostLeadership
from fengsui.worker import journal, road
from fengsui.worker.chores import Desk
from fengsui.worker.feed import ThreadFeed
from fengsui.worker.poller import Fetched
from fengsui.worker.road import Interrupted, Road
from tests.worker.channel import MINUTE, START, Plant

LATE = timedelta(seconds=3)


def test_one_broken_source_does_not_hold_the_others(small: Plant) -> None:
    small.channels["calls"].broken = RuntimeError("secret words of a driver")
    small.channels["tickets"].add(START, 3)
    line = small.start()
    counts = line.minute(START + LATE)
    assert counts.new == 3
    state = {row[0]: row[1:] for row in small.rows(t.source_state, "source", "fault_code", "fault_params", "next_poll_at")}
    assert state["tickets"][0] is None
    assert state["calls"][:2] == ("worker.source.unexpected", {"kind": "RuntimeError"})
    assert state["calls"][2] is not None and state["calls"][2] > START


def test_a_source_that_asked_us_to_wait_is_not_asked_before_its_time(small: Plant) -> None:
    calls = small.channels["calls"]
    calls.broken = TryLater("connectors.later.limit", delay=90)
    line = small.start()
    line.minute(START)
    calls.broken = None
    line.minute(START + timedelta(seconds=80))
    assert calls.polls == 1
    line.minute(START + timedelta(seconds=91))
    assert calls.polls == 2


def test_a_wrong_configuration_stops_its_source_until_somebody_asks(small: Plant) -> None:
    calls = small.channels["calls"]
    calls.broken = ConfigFault("connectors.config.unknown", field="options.url")
    line = small.start()
    for n in range(3):
        line.minute(START + n * MINUTE)
    assert calls.polls == 1
    line.poller.revive("calls")
    calls.broken = None
    line.minute(START + 3 * MINUTE)
    assert calls.polls == 2
    assert {row[1] for row in small.rows(t.source_state, "source", "fault")} == {None}


def test_a_source_with_more_is_read_to_its_end_in_one_virtual_tick(small: Plant) -> None:
    tickets = small.channels["tickets"]
    tickets.add(START - timedelta(days=1), 4100)
    counts = small.start().minute(START)
    assert (counts.read, counts.batches, tickets.polls) == (4100, 4, 3)


class Burning:
    """The real house, with one room on fire."""

    def __init__(self, house: Any, room: str, fault: Exception) -> None:
        self._house, self._room, self._fault = house, room, fault

    def __getattr__(self, name: str) -> Any:
        if name == self._room:
            return self._burn
        return getattr(self._house, name)

    def _burn(self, *_args: Any, **_more: Any) -> Any:
        raise self._fault


def burning_road(plant: Plant, room: str, fault: Exception) -> tuple[Any, Road]:
    line = plant.start()
    rooms = Burning(line.house, room, fault)
    return line, Road(plant.store, plant.settings, rooms, line.feed, lambda now: plant.fence, judge_at_once=True)


@pytest.mark.parametrize(("room", "name"), [("take", "ingest"), ("alert", "alerts"), ("deliver", "notify"), ("draw", "board")])
def test_a_fault_in_one_room_is_written_down_and_the_others_have_their_turn(small: Plant, room: str, name: str) -> None:
    small.channels["tickets"].add(START, 2)
    line, road = burning_road(small, room, KeyError("customers' words"))
    line.feed.poll_all(START + LATE)
    road.tick(START + LATE)
    (row,) = small.rows(t.tick, "tick", "fault_code", "fault_params", "finished_at", "counts")
    assert row[1] == "worker.room.broken"
    assert row[2]["room"] == name and row[2]["kind"] == "KeyError"
    assert "customers' words" not in str(row)
    assert row[3] is not None
    assert (len(small.rows(t.snapshot)) == 1) is (room != "draw")
    assert (len(small.rows(t.feedback)) == 2) is (room != "take")


def test_lost_leadership_ends_the_tick_at_once_and_leaves_it_open(small: Plant) -> None:
    line, road = burning_road(small, "alert", LostLeadership(7))
    line.feed.poll_all(START)
    with pytest.raises(LostLeadership):
        road.tick(START)
    assert journal.unfinished(small.store) == journal.Entry(1, START)
    assert small.rows(t.snapshot) == []


def test_time_never_goes_back_though_the_clock_of_the_machine_does(small: Plant) -> None:
    line = small.start()
    line.minute(START + MINUTE)
    assert line.minute(START).now == START + MINUTE


def test_nothing_is_judged_before_history_is_read_but_a_dead_source_holds_for_two_minutes_only(small: Plant) -> None:
    small.channels["calls"].broken = TryLater("connectors.later.unreachable")
    line = small.start()
    assert line.minute(START).held == "backfill"
    assert line.minute(START + timedelta(seconds=119)).held == "backfill"
    assert line.minute(START + timedelta(seconds=121)).held is None


def test_after_a_sleep_no_old_watermark_is_taken_for_a_stalled_source(small: Plant) -> None:
    """The trap: at wake-up the clock has jumped an hour and every watermark is an hour old."""
    line = small.start()
    line.minute(START)
    feed = ThreadFeed(line.poller, 4, lambda: START)
    road = Road(small.store, small.settings, line.house, feed, lambda now: small.fence)
    hour = START + timedelta(hours=1)
    assert road.tick(hour).held == "asleep"
    feed.taken(Fetched("tickets", line.poller.poll("tickets", hour).batch))
    assert road.tick(hour + LATE).held == "asleep"
    feed.taken(Fetched("calls", line.poller.poll("calls", hour).batch))
    assert road.tick(hour + 2 * LATE).held is None
    assert road.tick(hour + timedelta(hours=1)).held == "asleep"
    assert road.tick(hour + timedelta(hours=1, seconds=50)).held == "asleep"
    assert road.tick(hour + timedelta(hours=1, seconds=61)).held is None  # one that hangs holds nobody for ever


def test_a_stalled_source_makes_readings_incomplete_and_they_are_not_learned(small: Plant) -> None:
    for channel in small.channels.values():
        for n in range(300):
            channel.add(START - timedelta(hours=20) + n * 4 * MINUTE)
    line = small.start()
    line.minute(START)
    small.channels["calls"].asleep_at = START
    for n in range(1, 12):
        line.minute(START + n * MINUTE)
    complete = dict(small.rows(t.verdict, "end_at", "complete"))
    assert complete[START] is True
    assert complete[START + 5 * MINUTE] is False


def test_an_unfinished_tick_that_wrote_nothing_is_closed_without_judging_in_its_stead(small: Plant) -> None:
    entry = journal.begin(small.store, START, small.fence)
    counts = small.start().minute(START + MINUTE)
    assert counts.tick == entry.tick + 1
    first, second = small.rows(t.tick, "tick", "finished_at", "counts")
    assert first[1] == START and first[2] == {}
    assert second[2]["batches"] == 2


def test_what_the_scheduler_missed_is_in_the_row_of_the_tick(small: Plant) -> None:
    line = small.start()
    road = Road(
        small.store, small.settings, line.house, line.feed, lambda now: small.fence, judge_at_once=True,
        missed=lambda: {"poll:tickets": {"overlapped": 2}},
    )  # fmt: skip
    road.tick(START)
    (row,) = small.rows(t.tick, "tick", "counts")
    assert row[1]["schedule"] == {"poll:tickets": {"overlapped": 2}}


def test_chores_take_turns_and_a_waiting_one_is_left_alone(small: Plant) -> None:
    line = small.start()
    seen: list[str] = []

    def busy(desk: Desk) -> Iterator[bool]:
        for n in range(3):
            seen.append(f"{n}@{desk.turn.tick}")
            yield True

    def waiting(_desk: Desk) -> Iterator[bool]:
        while True:
            seen.append("waits")
            yield False

    assert line.road.chores.add("busy", busy)
    assert line.road.chores.add("waiting", waiting)
    assert not line.road.chores.add("busy", busy)
    line.minute(START)
    assert [one for one in seen if one != "waits"] == ["0@1", "1@1", "2@1"]
    assert seen.count("waits") < 8  # no spinning
    line.minute(START + MINUTE)
    assert line.road.chores.add("busy", busy)


def test_a_chore_that_fails_is_written_down_and_forgotten(small: Plant) -> None:
    line = small.start()

    def broken(_desk: Desk) -> Iterator[bool]:
        yield True
        raise ValueError("words")

    line.road.chores.add("broken", broken)
    line.minute(START)
    (row,) = small.rows(t.tick, "tick", "fault_params")
    assert row[1] == {"room": "requests", "kind": "ValueError"}
    assert line.road.chores.add("broken", broken)


def test_a_worker_that_is_told_to_stop_ends_at_the_next_commit_and_the_next_one_goes_on(small: Plant) -> None:
    """The trap: SIGTERM while hours are caught up must not take as long."""
    for n in range(200):
        small.channels["tickets"].add(START - timedelta(hours=10) + n * 3 * MINUTE)
    line = small.start()
    line.minute(START)
    stopping = Road(
        small.store, small.settings, line.house, line.feed, lambda now: small.fence, judge_at_once=True, stopping=lambda: True
    )
    line.feed.poll_all(START + 300 * MINUTE)
    with pytest.raises(Interrupted):
        stopping.tick(START + 300 * MINUTE)
    assert journal.unfinished(small.store) is not None
    small.start().minute(START + 300 * MINUTE)
    assert dict(small.rows(t.watermark, "name", "at"))["engine"] == START + 300 * MINUTE
    assert journal.unfinished(small.store) is None


def test_a_wall_that_cannot_be_drawn_does_not_stop_the_learning_of_history(small: Plant) -> None:
    """The picture is drawn on the way, once for each series: its fault is the board's, not the engine's."""
    for n in range(200):
        small.channels["tickets"].add(START - timedelta(hours=10) + n * 3 * MINUTE)
    line = small.start()
    rooms = Burning(line.house, "draw", KeyError("no such figure"))
    walking = Road(
        small.store, small.settings, rooms, line.feed, lambda now: small.fence, judge_at_once=True, clock=lambda: START
    )
    line.feed.poll_all(START)
    counts = walking.tick(START)
    assert [one.room for one in counts.troubles] == ["board"], "it is not tried again at once"
    assert counts.series == small.start().minute(START).series, "as much is learned as where the wall can be drawn"
    assert counts.series["series"] - counts.series["cold"] > 1


def test_no_log_quotes_a_row_whatever_goes_wrong(
    small: Plant, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trap: a driver's message brings the parameters of its statement, and those are what a customer said."""

    said = "我的卡号 6222"

    def broken(*_: object) -> None:
        with small.store.begin() as conn:
            conn.execute(text("insert into tick (tick) values (:words)"), {"words": said})

    monkeypatch.setattr(road.log, "disabled", False)  # another test's logging configuration may have switched it off
    monkeypatch.setattr(road.log, "handlers", [caplog.handler])
    line = small.start()
    monkeypatch.setattr(type(line.house), "alert", broken)
    counts = line.minute(START)
    assert [one.code for one in counts.troubles] == ["worker.room.broken"]
    assert "IntegrityError" in caplog.text and "test_worker_road.py" in caplog.text
    assert "6222" not in caplog.text
    with pytest.raises(IntegrityError) as fault:
        broken()
    assert "6222" not in str(fault.value)


@pytest.mark.parametrize("wrong", [10 * MINUTE, -10 * MINUTE], ids=["ahead", "behind"])
def test_a_source_whose_clock_is_wrong_and_jumps_loses_nothing_and_holds_nobody_up(small: Plant, wrong: timedelta) -> None:
    """It stamps its rows with that clock, too: ten minutes off for ten minutes, then set right."""
    tickets, calls = small.channels["tickets"], small.channels["calls"]
    for channel in (tickets, calls):
        for n in range(400):
            channel.add(START - 3000 * MINUTE + n * 7 * MINUTE)
    line = small.start()
    marks, judged = [], []
    for n in range(30):
        now = START + n * MINUTE
        tickets.ahead = wrong if n < 10 else timedelta()
        tickets.add(now + tickets.ahead - timedelta(seconds=5))
        calls.add(now - timedelta(seconds=5))
        line.minute(now)
        stored = {key for (key,) in small.rows(t.feedback, "record_key")}
        assert {f"calls:{row.source_id}" for row in calls.rows} <= stored, "the other one is read in the same minute"
        assert {f"tickets:{row.source_id}" for row in tickets.rows} <= stored, "and so is this one"
        marks.append(dict(small.rows(t.source_state, "source", "watermark"))["tickets"])
        judged.append(dict(small.rows(t.watermark, "name", "at")).get("engine", START - MINUTE))
    assert marks == sorted(marks) and judged == sorted(judged)
    assert judged[-1] >= START + 27 * MINUTE, "once it is right again, everything is judged up to the present"
    comparison = check.check_store(small.store, small.settings, START + 30 * MINUTE)
    assert comparison.equal
