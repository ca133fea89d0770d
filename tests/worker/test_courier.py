"""Notices in a thread of their own: the tick never waits for a receiver, and hears of what became of them."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fengsui.store.leadership import LostLeadership
from fengsui.worker.courier import Courier
from fengsui.worker.rooms import House

AT = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)


def fence(conn: object) -> None:
    return None


class Receiver:
    """Hangs until it is let go."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.called: list[datetime] = []
        self.go, self.begun = threading.Event(), threading.Event()
        self.fault = fault

    def deliver(self, now: datetime, fence: object) -> int:
        self.called.append(now)
        self.begun.set()
        assert self.go.wait(10)
        if self.fault is not None:
            raise self.fault
        return 3


def test_a_receiver_that_hangs_holds_no_tick_and_is_asked_once() -> None:
    receiver = Receiver()
    courier = Courier(receiver.deliver)
    assert courier.call(AT, fence) == 0
    assert receiver.begun.wait(10)
    assert [courier.call(AT.replace(minute=n), fence) for n in (33, 34, 35)] == [0, 0, 0]
    assert receiver.called == [AT], "one round at a time"
    receiver.go.set()
    assert courier.stop()
    assert courier.call(AT.replace(minute=36), fence) == 3, "what the last round sent is told to the next tick"
    courier.stop()
    assert receiver.called == [AT, AT.replace(minute=36)]


def test_a_fault_is_carried_to_the_tick_once_and_the_next_round_begins() -> None:
    receiver = Receiver(RuntimeError("broken"))
    receiver.go.set()
    courier = Courier(receiver.deliver)
    courier.call(AT, fence)
    courier.stop()
    receiver.fault = None
    with pytest.raises(RuntimeError, match="broken"):
        courier.call(AT, fence)
    courier.stop()
    assert receiver.called == [AT, AT]
    assert courier.call(AT, fence) == 3


def test_a_round_of_a_leader_that_is_none_any_more_says_nothing() -> None:
    receiver = Receiver(LostLeadership(3))
    receiver.go.set()
    courier = Courier(receiver.deliver)
    courier.call(AT, fence)
    courier.stop()
    assert courier.call(AT, fence) == 0


def test_the_real_house_sends_by_its_courier_and_a_replay_without(monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = Receiver()
    house = House(None, None, None, None)  # type: ignore[arg-type]  # no room of it is asked but this one
    monkeypatch.setattr(House, "post", lambda self, now, fence: 7)
    assert house.deliver(AT, fence) == 7
    courier = Courier(receiver.deliver)
    assert replace(house, courier=courier).deliver(AT, fence) == 0
    receiver.go.set()
    courier.stop()
