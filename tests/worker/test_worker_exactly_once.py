"""Killed at every commit of every minute, the road ends in the tables of an undisturbed run."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, event
from sqlalchemy import Engine as Store

from fengsui.store import tables as t
from fengsui.store.tables import METADATA
from tests.worker.channel import MINUTE, START, Line, Plant, digest
from tests.worker.walker import LATE, filled, walk_under_fire

MINUTES = 15
KILL_MINUTES = 24
FULL_OF_CUTS = (0, 1, 6, 7)
"""History is read, series are warmed, the burst raises alerts, notices go out."""
BOUNDARIES = (
    "worker/journal.py:begin",
    "ingest/take.py:_write",
    "engine/advance.py:_plan",
    "engine/advance.py:_keep",
    "engine/advance.py:_commit",
    "alerts/advance.py:advance",
    "notify/deliver.py:deliver",
    "board/snapshot.py:build",
    "worker/journal.py:finish",
)
"""Every place where a minute commits. One that is added must be named here, so that it is known to have been cut."""


class PowerCut(BaseException):
    """Not an Exception: no boundary of the road may survive it, as none survives kill -9. Its text: which commit was cut."""


def committing() -> str:
    """``room/file.py:function`` that holds the transaction, from the stack."""
    ours = (one for one in reversed(traceback.extract_stack()) if "/fengsui/" in one.filename and "/store/" not in one.filename)
    frame = next(ours)
    return f"{frame.filename.rpartition('/fengsui/')[2]}:{frame.name}"


@contextmanager
def power_cut(store: Store, at_commit: int = 1, named: str = "") -> Iterator[None]:
    """The ``at_commit``-th commit (of those ``named``) from here on does not happen, nor anything after it."""
    left = at_commit

    def cut(_conn: Connection) -> None:
        nonlocal left
        name = committing()
        left -= named in name
        if left == 0:
            raise PowerCut(name)

    event.listen(store, "commit", cut)
    try:
        yield
    finally:
        event.remove(store, "commit", cut)


def undisturbed(plant: Plant) -> dict[str, str]:
    line = plant.start()
    for n in range(MINUTES + 1):
        line.minute(START + n * MINUTE + LATE)
    return digest(plant.store)


def emptied(plant: Plant) -> Plant:
    METADATA.drop_all(plant.store)
    METADATA.create_all(plant.store)
    fresh = Plant(plant.store, plant.settings, {"tickets": filled(MINUTES)})
    fresh.seed(START)
    return fresh


def cut_minute(plant: Plant, n: int) -> Iterator[str]:
    """Run minute ``n``, killed at its first commit, then restarted and killed at its second …; gives what was cut."""
    for at_commit in range(1, 200):
        try:
            with power_cut(plant.store, at_commit):
                plant.start().minute(START + n * MINUTE + LATE)
        except PowerCut as cut:
            yield str(cut)
            continue
        return
    raise AssertionError("the minute never came to an end")


@pytest.mark.timeout(180)
def test_a_kill_at_any_commit_ends_in_the_same_tables(plant: Plant) -> None:
    plant.channels["tickets"] = filled(MINUTES)
    wanted = undisturbed(plant)
    assert plant.rows(t.episode), "the burst must raise an alert, or this test shows nothing"
    disturbed = emptied(plant)
    cuts = [cut for n in range(MINUTES + 1) for cut in cut_minute(disturbed, n)]
    assert len(cuts) > 4 * MINUTES
    assert digest(disturbed.store) == wanted


@pytest.mark.timeout(180)
def test_a_kill_at_each_named_commit_ends_in_the_same_tables(plant: Plant) -> None:
    plant.channels["tickets"] = filled(MINUTES)
    line = plant.start()
    commits = [commits_of(line, n) for n in range(MINUTES + 1)]
    wanted = digest(plant.store)
    assert {name for minute in commits for name in minute} == set(BOUNDARIES)
    disturbed = emptied(plant)
    cuts = set()
    for n, minute in enumerate(commits):
        for name in dict.fromkeys(minute) if n in FULL_OF_CUTS else ():
            try:
                with power_cut(disturbed.store, named=name):
                    disturbed.start().minute(START + n * MINUTE + LATE)
            except PowerCut as cut:
                cuts.add(str(cut))
        disturbed.start().minute(START + n * MINUTE + LATE)
    assert cuts == set(BOUNDARIES)
    assert digest(disturbed.store) == wanted


def commits_of(line: Line, n: int) -> list[str]:
    """Walk minute ``n``; what it committed, in order."""
    names: list[str] = []

    def note(_conn: Connection) -> None:
        names.append(committing())

    event.listen(line.plant.store, "commit", note)
    line.minute(START + n * MINUTE + LATE)
    event.remove(line.plant.store, "commit", note)
    return names


@pytest.mark.timeout(180)
def test_a_process_that_is_killed_again_and_again_ends_in_the_same_tables(plant: Plant, store_url: str, tmp_path: Path) -> None:
    plant.channels["tickets"] = filled(KILL_MINUTES)
    line = plant.start()
    for n in range(KILL_MINUTES + 1):
        line.minute(START + n * MINUTE + LATE)
    wanted = digest(plant.store)
    disturbed = emptied(plant)
    hit = walk_under_fire(store_url, tmp_path, KILL_MINUTES, kills=3, seed=20261122)
    assert len(hit) == 3
    assert digest(disturbed.store) == wanted


def test_a_tick_killed_between_the_transactions_is_finished_with_its_own_now(plant: Plant) -> None:
    plant.channels["tickets"] = filled(MINUTES)
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
    plant.channels["tickets"] = filled(MINUTES)
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
