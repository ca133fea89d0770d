"""How often a wall asks anew."""

from __future__ import annotations

import pytest

from pages.wall import rhythm
from pages.wall.rhythm import Rhythm, pause


def test_few_walls_ask_every_two_seconds_and_many_share_a_part_of_a_core() -> None:
    assert [pause(n, 0.1) for n in (1, 50, 100, 200, 500, 5000)] == [2, 2, 2, 4, 10, 10]
    cost_s = 0.004
    assert all(n * cost_s / pause(n, 0.1) <= 0.201 for n in range(1, 501))


def test_a_busy_process_is_asked_less_often() -> None:
    assert [pause(1, busy) for busy in (0.4, 0.5, 1.0, 9.0)] == [2, 2, 4, 10]


def test_screens_that_left_are_not_counted_and_nobody_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(rhythm, "monotonic", lambda: now)
    monkeypatch.setattr(rhythm, "process_time", lambda: 0.0)
    many = Rhythm()
    assert [many.every(f"s{n}") for n in range(300)][-1] == 6.0
    assert many.every("s0") == 6.0, "the same session is one"
    now += 31
    assert many.every("s0") == 2.0
    assert [many.every(f"{n}") for n in range(5000)][-1] == 10.0
    assert len(many._seen) == rhythm.MOST


def test_the_load_is_of_the_last_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now, spent = 1000.0, 0.0
    monkeypatch.setattr(rhythm, "monotonic", lambda: now)
    monkeypatch.setattr(rhythm, "process_time", lambda: spent)
    one = Rhythm()
    assert one.every("a") == 2.0
    now, spent = 1006.0, 6.0
    assert one.every("a") == 4.0
    now, spent = 1012.0, 6.5
    assert one.every("a") == 2.0
