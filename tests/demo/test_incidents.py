"""Each incident does what its description says, within minutes, in the stores."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fengsui.demo import incidents
from fengsui.demo.centre import Centre
from fengsui.demo.incidents import INCIDENTS, Incident, contacts_of
from fengsui.demo.places import BRANCHES

Run = Callable[[str, float], None]
SHANGHAI = timedelta(hours=8)


@pytest.fixture
def run(centre: Centre, began: datetime) -> Run:
    """Begins an incident and lets the centre work for so many minutes."""

    def run_one(name: str, minutes: float) -> None:
        centre.begin(name, began)
        for step in range(1, int(minutes * 4) + 1):
            centre.step(began + timedelta(seconds=15 * step))

    return run_one


def chats(home: Path, began: datetime, where: str, minutes: float = 600) -> list[sqlite3.Row]:
    """Chats opened from the beginning of the incident on."""
    return _select(home, "centre.db", "chats", "opened_at", began.astimezone(UTC), "%Y-%m-%dT%H:%M:%S", where, minutes)


def tickets(home: Path, began: datetime, where: str, minutes: float = 600) -> list[sqlite3.Row]:
    return _select(home, "tickets.db", "tickets", "opened_at", began + SHANGHAI, "%Y-%m-%d %H:%M:%S", where, minutes)


def calls(home: Path, began: datetime, where: str, minutes: float = 600) -> list[sqlite3.Row]:
    return _select(home, "tickets.db", "calls", "offered_at", began + SHANGHAI, "%Y-%m-%d %H:%M:%S", where, minutes)


def _select(
    home: Path, file: str, table: str, column: str, start: datetime, form: str, where: str, minutes: float
) -> list[sqlite3.Row]:
    conn = sqlite3.connect(home / "demo" / file)
    conn.row_factory = sqlite3.Row
    first, last = start.strftime(form), (start + timedelta(minutes=minutes)).strftime(form)
    found = conn.execute(
        f"select * from {table} where substr({column}, 1, 19) >= ? and substr({column}, 1, 19) < ? and {where}", (first, last)
    ).fetchall()
    conn.close()
    return found


def test_every_incident_says_in_both_languages_what_it_is_and_lasts_15_to_60_minutes() -> None:
    names = {"payment-outage", "batch-delay", "self-service-questions", "slow-queue", "branch", "silent-channel", "spam-flood"}
    assert set(INCIDENTS) == names
    for kind in INCIDENTS.values():
        assert kind.zh and kind.en and kind.zh != kind.en
        assert 15 <= kind.minutes <= 60


def test_an_unknown_incident_is_refused(centre: Centre, began: datetime) -> None:
    with pytest.raises(KeyError):
        centre.begin("payment", began)


@pytest.mark.parametrize("name", list(INCIDENTS))
def test_all_that_an_incident_brings_lies_in_its_time_with_ids_of_its_own(name: str, began: datetime) -> None:
    start = int(began.timestamp())
    brought = list(contacts_of(1, Incident(name, start)))
    ids = Counter(c[0] for c in brought)
    assert all(n == 1 for n in ids.values())
    assert all(start <= c.moments()[0] <= start + INCIDENTS[name].minutes * 60 for c in brought)
    assert brought == list(contacts_of(1, Incident(name, start)))
    assert not ids.keys() & {c[0] for c in contacts_of(1, Incident(name, start + 1))}


def test_payment_outage_brings_40_to_60_complaints_in_ten_minutes_from_as_many_customers(
    home: Path, run: Run, began: datetime
) -> None:
    run("payment-outage", 10)
    where = "type = 'complaint' and category_l1 = '支付' and region = '华南' and channel in ('App', '在线')"
    found = chats(home, began, where, 10)
    assert 40 <= len(found) <= 65
    assert len({row["customer_id"] for row in found}) >= 0.95 * len(found)
    soon = chats(home, began, where, 2)
    assert len(soon) >= 10 and len({row["customer_id"] for row in soon}) >= 9
    assert len([row for row in soon if "支付失败" in row["text"] or "付不了款" in row["text"] or "打不开" in row["text"]]) >= 6
    assert len([row for row in found if "扣" in row["text"]]) > 30
    day_before = chats(home, began - timedelta(days=1), where, 10)
    assert len(day_before) <= 3


def test_payment_outage_ends(home: Path, run: Run, began: datetime) -> None:
    run("payment-outage", 45)
    after = chats(home, began + timedelta(minutes=31), "type = 'complaint' and category_l1 = '支付' and region = '华南'")
    assert len(after) <= 4


def test_batch_delay_brings_one_batch_over_an_hour(home: Path, run: Run, began: datetime) -> None:
    run("batch-delay", 61)
    told = chats(home, began, "text like '%HD2207%'") + tickets(home, began, "body like '%HD2207%'")
    assert 10 <= len(told) <= 32
    assert {(row["region"], row["category_l1"]) for row in told} == {("华东", "物流")}
    assert len({row["customer_id"] for row in told}) == len(told)
    first_half = [
        row for row in told if row["opened_at"] < "2026-11-18T07:02" or "2026-11-18 14" < row["opened_at"] < "2026-11-18 15:02"
    ]
    assert 0.3 < len(first_half) / len(told) < 0.75


def test_self_service_questions_are_mostly_questions(home: Path, run: Run, began: datetime) -> None:
    run("self-service-questions", 41)
    asked = Counter(row["type"] for row in chats(home, began, "category_l2 = '自助退款'", 41))
    assert asked["inquiry"] > 12
    assert 1 <= asked["complaint"] < asked["inquiry"] / 8


def test_slow_queue_answers_fewer_calls_in_time_and_chats_later_in_that_group_only(
    home: Path, run: Run, began: datetime
) -> None:
    run("slow-queue", 45)

    def quick(when: datetime, queue: str) -> float:
        seconds = "strftime('%s', answered_at) - strftime('%s', offered_at)"
        where = f"queue = '{queue}'"
        good = calls(home, when, f"{where} and answered_at is not null and {seconds} <= 20", 40)
        return len(good) / len(calls(home, when, where, 40))

    def reply_s(when: datetime, queue: str) -> float:
        times = [_seconds(row) for row in chats(home, when, f"queue = '{queue}' and first_reply_at is not null", 35)]
        return sum(times) / len(times)

    yesterday = began - timedelta(days=1)
    assert quick(began, "售后服务组") < 0.6 < quick(yesterday, "售后服务组")
    assert reply_s(began, "售后服务组") > 2 * reply_s(yesterday, "售后服务组")
    assert reply_s(began, "支付服务组") < 2 * reply_s(yesterday, "支付服务组")


def _seconds(row: sqlite3.Row) -> float:
    return (datetime.fromisoformat(row["first_reply_at"]) - datetime.fromisoformat(row["opened_at"])).total_seconds()


def test_branch_brings_complaints_about_one_branch(home: Path, run: Run, began: datetime) -> None:
    run("branch", 41)
    by_branch = Counter(row["branch"] for row in tickets(home, began, "type = '投诉'", 41))
    assert by_branch["天河网点"] >= 15
    assert by_branch["天河网点"] > 3 * max(n for branch, n in by_branch.items() if branch != "天河网点")
    assert "天河网点" in {b.name for b in BRANCHES}


def test_spam_flood_is_one_author_with_one_sentence(home: Path, run: Run, began: datetime) -> None:
    run("spam-flood", 16)
    authors = Counter((row["customer_id"], row["text"]) for row in chats(home, began, "type = 'complaint'"))
    (_, most), (_, second) = authors.most_common(2)
    assert most > 300 and second <= 2


def test_the_chat_platform_is_silent_for_its_time_only(centre: Centre, began: datetime) -> None:
    centre.begin("silent-channel", began)
    assert centre.books.incidents(0) == [Incident("silent-channel", int(began.timestamp()))]
    going = centre.books.incidents(0)
    at = [incidents.chat_silence(going, int(began.timestamp()) + s) for s in (-1, 0, 90, 1199, 1200)]
    assert at == [None, 0, 90, 1199, None]


def test_an_incident_goes_on_after_a_restart(
    home: Path, centre: Centre, opened: Callable[[Path], Centre], began: datetime
) -> None:
    centre.begin("payment-outage", began)
    centre.step(began + timedelta(minutes=3))
    centre.close()
    again = opened(home)
    again.step(began + timedelta(minutes=10))
    assert len(chats(home, began, "type = 'complaint' and category_l1 = '支付' and region = '华南'", 10)) >= 40
