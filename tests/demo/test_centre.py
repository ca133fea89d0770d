"""The centre in its channel stores: history, live steps, gaps, surveys."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fengsui.demo.centre import Centre, found, is_founded

TABLES = {"tickets": "tickets.db", "calls": "tickets.db", "chats": "centre.db"}


def rows(home: Path, table: str, columns: str = "*", where: str = "1") -> list[tuple]:
    conn = sqlite3.connect(home / "demo" / TABLES.get(table, "tickets.db"))
    try:
        return conn.execute(f"select {columns} from {table} where {where} order by 1").fetchall()
    finally:
        conn.close()


def without_updated(home: Path, table: str) -> list[tuple]:
    return [row[:-1] for row in rows(home, table)]


def dropped(home: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted((home / "demo" / "drop").glob("*.csv"))}


def answers_of(files: dict[str, bytes]) -> list[str]:
    text = [(b.decode("utf-8-sig") if b.startswith(b"\xef\xbb\xbf") else b.decode("gb18030")) for b in files.values()]
    return sorted(line for one in text for line in one.splitlines()[1:])


def test_history_holds_more_than_110000_records_of_eight_weeks(home: Path, began: datetime) -> None:
    contacts = sum(rows(home, table, "count(*)")[0][0] for table in TABLES)
    assert contacts + len(answers_of(dropped(home))) >= 110_000
    oldest = rows(home, "calls", "min(offered_at)")[0][0]
    assert oldest.startswith("2026-09-23 14:3")


def test_history_takes_less_than_15_seconds_of_cpu(founding: tuple[Path, float]) -> None:
    assert founding[1] < 15


def test_history_is_the_same_for_the_same_seed_and_end(tmp_path: Path, began: datetime) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        found(folder / "demo", began, days=7)
    assert {t: rows(one, t) for t in TABLES} == {t: rows(two, t) for t in TABLES}
    assert dropped(one) == dropped(two)


def test_history_knows_no_future(home: Path) -> None:
    now = "2026-11-18 14:32:06"
    assert rows(home, "tickets", "max(opened_at), max(first_reply_at), max(solved_at), max(updated_at)")[0] <= (now,) * 4
    assert rows(home, "tickets", "max(updated_at)")[0][0] > "2026-11-18 14:00:00"
    assert rows(home, "tickets", "count(*)", "status = '待受理'")[0][0] > 0
    assert rows(home, "tickets", "count(*)", "status = '处理中' and first_reply_at is not null and solved_at is null")[0][0] > 0
    last = max(dropped(home))
    assert last == "survey_20261118_13.csv"  # the hour of 14:00 is not over


def test_a_founded_centre_is_not_founded_again(home: Path, began: datetime) -> None:
    before = rows(home, "tickets")
    found(home / "demo", began + timedelta(days=3))
    assert rows(home, "tickets") == before


def test_a_foundation_that_was_interrupted_begins_anew(tmp_path: Path, began: datetime) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for home in (whole, broken):
        found(home / "demo", began, days=3)
    (broken / "demo" / "centre.db").unlink()  # it comes last
    (broken / "demo" / "building").mkdir()
    (broken / "demo" / "building" / "tickets.db").write_bytes(b"half")
    assert not is_founded(broken / "demo")
    found(broken / "demo", began, days=3)
    assert is_founded(broken / "demo") and not (broken / "demo" / "building").exists()
    assert {t: rows(broken, t) for t in TABLES} == {t: rows(whole, t) for t in TABLES}


def test_steps_bring_new_contacts_and_update_open_tickets(home: Path, centre: Centre, began: datetime) -> None:
    open_before = {row[0] for row in rows(home, "tickets", "ticket_id", "status <> '已解决'")}
    changed = sum(centre.step(began + timedelta(minutes=minute)) for minute in range(1, 31))
    solved = {row[0] for row in rows(home, "tickets", "ticket_id", "solved_at > '2026-11-18 14:32:06'")}
    new = rows(home, "chats", "count(*)", "opened_at > '2026-11-18T06:32:06+00:00'")[0][0]
    assert changed > 100 and new > 15
    assert solved & open_before


def test_a_changed_row_carries_the_second_of_writing(home: Path, centre: Centre, began: datetime) -> None:
    centre.step(began + timedelta(minutes=90))
    late = rows(home, "tickets", "distinct updated_at", "updated_at > '2026-11-18 14:32:06'")
    assert late == [("2026-11-18 16:02:06",)]


def test_many_small_steps_end_like_one_large_step(
    home: Path, tmp_path: Path, opened: Callable[[Path], Centre], began: datetime
) -> None:
    other = tmp_path / "other"
    shutil.copytree(home / "demo", other / "demo")
    often, once = opened(home), opened(other)
    for second in range(7, 7207, 181):
        often.step(began + timedelta(seconds=second))
    end = began + timedelta(seconds=7200)
    often.step(end)
    once.step(end)
    assert {t: without_updated(home, t) for t in TABLES} == {t: without_updated(other, t) for t in TABLES}
    assert dropped(home) == dropped(other)


def test_a_gap_of_days_is_filled_as_if_it_had_been_served(
    home: Path, opened: Callable[[Path], Centre], began: datetime
) -> None:
    restarted = opened(home)
    end = began + timedelta(days=6)
    restarted.step(end)
    per_day = rows(home, "chats", "count(*)", "opened_at > '2026-11-18T06:32:06+00:00'")[0][0] / 6
    assert 600 < per_day < 1100
    assert rows(home, "tickets", "count(*)", "status <> '已解决' and opened_at < '2026-11-20 12:00:00'")[0][0] == 0
    assert len([name for name in dropped(home) if name >= "survey_20261118_14"]) > 120
    assert {row[0] for row in rows(home, "chats", "distinct updated_at", "updated_at > '2026-11-18T06:32:06+00:00'")} == {
        "2026-11-24T06:32:06+00:00"
    }


def test_a_long_gap_is_filled_with_a_few_days_in_memory(centre: Centre, began: datetime) -> None:
    centre.step(began + timedelta(days=9))
    assert len(centre._contacts) < 7 * 2400


def test_seconds_in_which_nothing_happens_write_next_to_nothing(home: Path, centre: Centre, began: datetime) -> None:
    seconds, touched = 300, 0
    before = centre.books.centre.total_changes + centre.books.tickets.total_changes
    for second in range(1, seconds + 1):
        touched += bool(centre.step(began + timedelta(seconds=second)))
    assert touched < seconds / 2
    notes = centre.books.centre.total_changes + centre.books.tickets.total_changes - before
    assert notes < seconds
    assert rows_progress(home) > began.timestamp() + seconds - 120


def rows_progress(home: Path) -> int:
    conn = sqlite3.connect(home / "demo" / "centre.db")
    try:
        return int(conn.execute("select written_until from progress").fetchone()[0])
    finally:
        conn.close()


def test_no_step_into_the_past_and_none_twice(centre: Centre, began: datetime) -> None:
    later = began + timedelta(minutes=10)
    assert centre.step(later) > 0
    assert centre.step(later) == 0
    assert centre.step(began) == 0


def test_survey_files_are_whole_and_in_two_encodings(home: Path, centre: Centre, began: datetime) -> None:
    centre.step(began + timedelta(hours=3))
    files = dropped(home)
    assert {"survey_20261118_14.csv", "survey_20261118_15.csv", "survey_20261118_16.csv"} <= set(files)
    assert files["survey_20261118_14.csv"].startswith(b"\xef\xbb\xbf")
    assert "电话" in files["survey_20261118_15.csv"].decode("gb18030")
    assert not list((home / "demo" / "drop").glob("*.part"))
    ids = Counter(line.partition(",")[0] for line in answers_of(files))
    assert set(ids.values()) == {1, 2}  # twice: with what a second evaluation brought


def test_messages_on_tickets_are_logged_as_they_are_sent(home: Path, centre: Centre, began: datetime) -> None:
    """History keeps what lies before now; live steps write the rest once, and stamp what they write late."""
    before = rows(home, "messages", "message_id, sent_at, updated_at")
    assert before and all(sent == updated <= "2026-11-18 14:32:06" for _, sent, updated in before)
    centre.step(began + timedelta(hours=2))
    centre.step(began + timedelta(hours=2, seconds=1))
    after = rows(home, "messages", "message_id, sent_at, updated_at")
    new = set(after) - set(before)
    assert set(before) < set(after) and {sent > "2026-11-18 14:32:06" for _, sent, _ in new} == {True}
    assert {updated for _, _, updated in new} <= {"2026-11-18 16:32:06", "2026-11-18 16:32:07"}


@pytest.mark.parametrize("table", list(TABLES))
def test_ids_are_distinct_over_history_and_live(home: Path, centre: Centre, began: datetime, table: str) -> None:
    """Primary keys would hide a clash by replacing: count what was planned instead."""
    centre.step(began + timedelta(hours=1))
    planned = [c for c in centre._contacts if began.timestamp() < c.moments()[0] <= began.timestamp() + 3600]
    kind = {"tickets": "T", "calls": "P", "chats": "H"}[table]
    column = {"tickets": "opened_at", "calls": "offered_at", "chats": "opened_at"}[table]
    first = "2026-11-18T06:32:06" if table == "chats" else "2026-11-18 14:32:06"
    stored = rows(home, table, "count(*)", f"substr({column}, 1, 19) > '{first}'")[0][0]
    assert stored == len([c for c in planned if c[0].startswith(kind)])
