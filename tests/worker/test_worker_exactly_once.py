"""Killed at every commit of every minute, the road ends in the tables of an undisturbed run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event
from sqlalchemy import Engine as Store

from fengsui.store import tables as t
from fengsui.store.tables import METADATA
from tests.worker.channel import MINUTE, START, Channel, Plant, digest

MINUTES = 15
LATE = timedelta(seconds=3)


class PowerCut(BaseException):
    """Not an Exception: no boundary of the road may survive it, as none survives kill -9."""


@contextmanager
def power_cut(store: Store, at_commit: int) -> Iterator[None]:
    """The ``at_commit``-th commit from here on does not happen, nor anything after it."""
    left = at_commit

    def cut(_conn: Connection) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise PowerCut

    event.listen(store, "commit", cut)
    try:
        yield
    finally:
        event.remove(store, "commit", cut)


def filled() -> Channel:
    """Three days of a complaint every nine minutes, then a burst."""
    channel = Channel()
    for n in range(3 * 160):
        channel.add(START - timedelta(days=3) + n * 9 * MINUTE)
    for n in range(MINUTES):
        channel.add(START + n * MINUTE + timedelta(seconds=20), 9 if n > 4 else 1)
    return channel


def undisturbed(plant: Plant) -> dict[str, str]:
    line = plant.start()
    for n in range(MINUTES + 1):
        line.minute(START + n * MINUTE + LATE)
    return digest(plant.store)


def emptied(plant: Plant) -> Plant:
    METADATA.drop_all(plant.store)
    METADATA.create_all(plant.store)
    fresh = Plant(plant.store, plant.settings, {"tickets": filled()})
    fresh.seed(START)
    return fresh


def cut_minute(plant: Plant, n: int, first: int = 1) -> int:
    """Run minute ``n``, killed at its first commit, then restarted and killed at its second …; returns how often."""
    for at_commit in range(first, 200):
        try:
            with power_cut(plant.store, at_commit):
                plant.start().minute(START + n * MINUTE + LATE)
        except PowerCut:
            continue
        return at_commit - first
    raise AssertionError("the minute never came to an end")


@pytest.mark.timeout(180)
def test_a_kill_at_any_commit_ends_in_the_same_tables(plant: Plant) -> None:
    plant.channels["tickets"] = filled()
    wanted = undisturbed(plant)
    assert plant.rows(t.episode), "the burst must raise an alert, or this test shows nothing"
    disturbed = emptied(plant)
    cuts = sum(cut_minute(disturbed, n) for n in range(MINUTES + 1))
    assert cuts > 4 * MINUTES
    assert digest(disturbed.store) == wanted


def test_a_tick_killed_between_the_transactions_is_finished_with_its_own_now(plant: Plant) -> None:
    plant.channels["tickets"] = filled()
    line = plant.start()
    for n in range(7):
        line.minute(START + n * MINUTE + LATE)
    before = plant.rows(t.tick, "tick", "now", "finished_at")
    with pytest.raises(PowerCut), power_cut(plant.store, 4):
        line.minute(START + 7 * MINUTE + LATE)
    (open_tick,) = [row for row in plant.rows(t.tick, "tick", "now", "finished_at") if row[2] is None]
    assert open_tick[0] == before[-1][0] + 1
    later = START + 9 * MINUTE
    plant.start().minute(later)
    rows = {row[0]: row for row in plant.rows(t.tick, "tick", "now", "finished_at")}
    assert rows[open_tick[0]][2] == open_tick[1] == START + 7 * MINUTE + LATE
    assert rows[open_tick[0] + 1][1] == later


def test_catching_up_after_a_rest_gives_the_verdicts_of_an_undisturbed_run(plant: Plant) -> None:
    plant.channels["tickets"] = filled()
    undisturbed(plant)
    verdict_columns = ("series", "end_at", "value", "expected", "score", "grade", "ready", "complete", "window_start")
    wanted = plant.rows(t.verdict, *verdict_columns)
    episodes = of_detectors(plant)
    assert episodes
    rested = emptied(plant)
    rested.start().minute(START + LATE)
    rested.start().minute(START + MINUTES * MINUTE + LATE)
    assert rested.rows(t.verdict, *verdict_columns) == wanted
    assert of_detectors(rested) == episodes


def of_detectors(plant: Plant) -> list[tuple[object, ...]]:
    """Episodes of series; phrase and record rules are judged once a tick, by its ``now``."""
    rows = plant.rows(t.episode, "rule_id", "slice_key", "series", "started_at", "tier", "peak_grade", "observed")
    return [row for row in rows if row[2] is not None]
