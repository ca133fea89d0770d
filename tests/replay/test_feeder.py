"""The feeder must never know more than was known at the virtual now."""

from __future__ import annotations

import gzip
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fengsui.replay.feeder import Feeder, read_history
from fengsui.settings.replay import Later, Replay

PLAN = Replay(source="history", later=(Later(at="closed_at", reveals=("status",)),))
ROWS = [
    {"id": "a", "opened_at": "2022-01-13T08:00:10Z", "closed_at": "2022-01-13T09:30:00Z", "status": "solved"},
    {"id": "b", "opened_at": "2022-01-13T08:01:00Z", "closed_at": "", "status": ""},
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def stored(path: Path) -> list[tuple[str, str | None, str | None, str]]:
    with sqlite3.connect(path) as store:
        return store.execute("select id, closed_at, status, updated_at from history order by row_id").fetchall()


def test_a_ticket_is_not_known_to_be_solved_before_it_is(tmp_path: Path) -> None:
    feeder = Feeder(tmp_path / "f.db", ROWS, PLAN)
    assert feeder.advance(at("2022-01-13T09:29:59")) == 2
    assert [row[:3] for row in stored(tmp_path / "f.db")] == [("a", None, None), ("b", None, None)]
    assert feeder.advance(at("2022-01-13T09:30:00")) == 1
    first = stored(tmp_path / "f.db")[0]
    assert first == ("a", "2022-01-13T09:30:00Z", "solved", "2022-01-13T09:30:00.000000Z")
    assert feeder.next_at is None


def test_rows_appear_at_their_own_time_and_only_once(tmp_path: Path) -> None:
    feeder = Feeder(tmp_path / "f.db", ROWS, PLAN)
    assert feeder.next_at == feeder.first_at == at("2022-01-13T08:00:10")
    assert [feeder.advance(at("2022-01-13T08:00:00") + timedelta(minutes=m)) for m in (0, 1, 1, 2)] == [0, 2, 0, 0]


def test_a_closing_before_the_opening_is_known_with_the_opening(tmp_path: Path) -> None:
    row = {**ROWS[0], "closed_at": "2022-01-13T07:00:00Z"}
    feeder = Feeder(tmp_path / "f.db", [row], PLAN)
    assert feeder.advance(at("2022-01-13T07:30:00")) == 0
    assert feeder.advance(at("2022-01-13T08:01:00")) == 2


def test_an_aggregate_is_known_only_when_its_interval_ends(tmp_path: Path) -> None:
    plan = Replay(source="history", opened="slot", zone="Asia/Shanghai", delay="5min")
    feeder = Feeder(tmp_path / "f.db", [{"slot": "2022-01-13T16:00:00", "calls": "7"}], plan)
    assert feeder.first_at == at("2022-01-13T08:05:00")


def test_history_is_cut_to_the_asked_stretch_and_rows_without_a_time_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "h.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("id,opened_at,closed_at,status\na,2022-01-13T08:00:10Z,,\nb,2022-01-14T08:00:00Z,,\nc,,,\n")
    rows = read_history(path, PLAN, at("2022-01-13T00:00:00"), at("2022-01-14T00:00:00"))
    assert [row["id"] for row in rows] == ["a"]
