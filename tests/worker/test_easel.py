"""When a picture is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fengsui.worker.easel import SAVED_S, SHARE, Easel

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def easel() -> Easel:
    """One that has just drawn."""
    made = Easel()
    assert made.is_due(NOW), "the first picture of a worker waits for nothing"
    made.done(NOW, 0.01)
    return made


def test_a_change_is_drawn_in_the_next_tick_and_calm_every_four_seconds(easel: Easel) -> None:
    assert [easel.is_due(after(n)) for n in range(1, 6)] == [False, False, False, True, True]
    easel.touch(True)
    assert easel.is_due(after(1))


def test_a_change_that_could_not_be_drawn_at_once_is_not_forgotten(easel: Easel) -> None:
    easel.touch(True)
    assert not easel.is_due(after(0.2))
    easel.touch(False)
    assert easel.is_due(after(1.2))
    easel.done(after(1.2), 0.01)
    assert not easel.is_due(after(2.2)), "what was drawn is drawn"


def test_a_heavy_picture_now_and_then_holds_back_no_change(easel: Easel) -> None:
    easel.done(after(4), 0.4)
    easel.touch(True)
    assert easel.is_due(after(5))


def test_pictures_that_always_take_long_are_drawn_as_seldom_as_their_share_allows(easel: Easel) -> None:
    drawn = 0
    for n in range(1, 601):
        easel.touch(True)
        if easel.is_due(after(n)):
            easel.done(after(n), 0.2)
            drawn += 1
    assert 600 * SHARE / 0.2 <= drawn <= (600 * SHARE + SAVED_S) / 0.2 + 1, "a twentieth of ten minutes, and what was saved"


def test_while_history_is_read_a_picture_is_due_each_five_seconds(easel: Easel) -> None:
    easel.touch(True)
    assert [easel.is_due(after(n), reading=True) for n in (1, 4.9, 5)] == [False, False, True]


def test_a_clock_that_was_set_back_stops_no_picture(easel: Easel) -> None:
    assert easel.is_due(after(-3600))
