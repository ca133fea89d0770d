"""The real connectors read all that the demo centre wrote, built from its own settings."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from connectors.base import Batch, Common, Connector, Event, Feedback, Measurement
from connectors.registry import build
from fengsui.demo import main, surveys
from fengsui.demo.centre import found
from fengsui.settings.loader import parse
from fengsui.settings.model import Settings

FEEDBACK_TABLES = {"tickets": "tickets.db", "calls": "tickets.db", "chats": "centre.db"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Settings]]:
    """A centre with three days of history, on the real clock; the servers' Date headers are real, too."""
    home = tmp_path_factory.mktemp("served")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    settings = parse(main.write_settings(home, port).read_text(encoding="utf-8"), home, {})
    found(home / "demo", datetime.now(UTC), days=3)
    stop = threading.Event()
    thread = threading.Thread(target=main.serve, args=(home, port, stop))
    thread.start()
    _wait(f"http://127.0.0.1:{port}/api/v1/queue")
    yield home, settings
    stop.set()
    thread.join(10)


def _wait(url: str) -> None:
    for _ in range(200):
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise TimeoutError(url)


def connector(settings: Settings, name: str) -> Connector:
    source = settings.sources[name]
    return build(source.kind, Common(**settings.common(name)), source.options, source.map)


def drained(settings: Settings, name: str, limit: int = 700) -> list[Batch]:
    """Polls until nothing is left."""
    one, batches, cursor = connector(settings, name), [], None
    while not batches or batches[-1].more:
        batches.append(one.poll(cursor, limit, datetime.now(UTC)))
        cursor = batches[-1].cursor
        assert len(batches) < 100
    one.close()
    return batches


@pytest.mark.parametrize("name", list(FEEDBACK_TABLES))
def test_every_row_of_a_store_is_read_as_feedback(served: tuple[Path, Settings], name: str) -> None:
    home, settings = served
    with closing(sqlite3.connect(home / "demo" / FEEDBACK_TABLES[name])) as conn:
        stored = {row[0] for row in conn.execute(f"select * from {name}")}
    batches = drained(settings, name)
    records = [record for batch in batches for record in batch.records]
    assert [bad for batch in batches for bad in batch.bad] == []
    assert all(isinstance(record, Feedback) for record in records)
    assert stored <= {record.source_id for record in records}
    assert len(stored) > 400 and batches[-1].complete


def test_feedback_has_its_dimensions_events_and_dates(served: tuple[Path, Settings]) -> None:
    tickets = [r for b in drained(served[1], "tickets") for r in b.records if isinstance(r, Feedback)]
    solved = [t for t in tickets if t.state == "solved"]
    assert {len(t.dims["org"].split("/")) for t in tickets} == {3}
    assert {len(t.dims["category"].split("/")) for t in tickets} == {2}
    assert {"channel", "product", "customer_type", "customer_tier"} <= set(tickets[0].dims)
    assert {tuple(e.kind for e in t.events) for t in solved} == {("human_reply", "solved")}
    assert all(t.due_at and t.due_at - t.opened_at in (timedelta(hours=4), timedelta(hours=24)) for t in tickets)
    assert {t.kind for t in tickets} == {"complaint", "request", "suggestion"}
    chats = [r for b in drained(served[1], "chats") for r in b.records if isinstance(r, Feedback)]
    assert {"complaint", "inquiry"} <= {c.kind for c in chats}
    assert {c.dims["channel"] for c in chats} == {"在线", "微信", "App"}


def test_times_of_sql_and_http_agree(served: tuple[Path, Settings]) -> None:
    """One store writes wall clock times, the other UTC with offset: the newest of both are of now."""
    for name in ("tickets", "calls", "chats"):
        newest = max(r.updated_at for b in drained(served[1], name) for r in b.records if isinstance(r, Feedback))
        assert timedelta(0) <= datetime.now(UTC) - newest + timedelta(seconds=2) < timedelta(hours=6)


def test_calls_are_answered_or_abandoned(served: tuple[Path, Settings]) -> None:
    calls = [r for b in drained(served[1], "calls") for r in b.records if isinstance(r, Feedback)]
    kinds = Counter(event.kind for call in calls for event in call.events)
    assert kinds["offered"] == len(calls)
    assert 0.9 < (kinds["answered"] + kinds["abandoned"]) / len(calls) <= 1
    assert {call.kind for call in calls} == {"call"}


def test_bad_ratings_of_surveys_are_bad_records_and_the_rest_is_read(served: tuple[Path, Settings]) -> None:
    home, settings = served
    row = "SX{0},T1,电话,华南,广东,天河网点,{0},,2026-11-17 10:00:00,,,,,,2026-11-17 10:00:00\n"
    worst = ",".join(surveys.HEADER) + "\n" + row.format("非常满意") + row.format(6)
    (home / "demo" / "drop" / "survey_worst.csv").write_text(worst, encoding="utf-8")
    batches = drained(settings, "surveys")
    bad = [one for batch in batches for one in batch.bad]
    good = [r for b in batches for r in b.records if isinstance(r, Feedback)]
    assert len(good) > 300
    assert 2 <= len(bad) < len(good) / 40
    assert {one.code for one in bad} == {"connectors.bad.number", "connectors.bad.rating"}
    assert {r.ratings[0].name for r in good} == {"csat"}
    said = {(rating.name, rating.aspect) for r in good for rating in r.ratings}
    more = {("csat", "product"), ("csat", "service"), ("nps", "overall"), ("csat_second", "overall")}
    assert said == {("csat", "overall")} | more
    assert {event.kind for r in good for event in r.events} == {"second_asked"}
    assert {r.dims["channel"] for r in good} == {"电话", "在线", "微信", "App", "邮件", "门店"}


def test_messages_on_tickets_are_events_of_the_tickets(served: tuple[Path, Settings]) -> None:
    events = [r for b in drained(served[1], "messages") for r in b.records if isinstance(r, Event)]
    tickets = {r.source_id for b in drained(served[1], "tickets") for r in b.records if isinstance(r, Feedback)}
    assert {one.kind for one in events} == {"customer_message", "human_reply"}
    assert {one.source_id for one in events} <= tickets


def test_the_queue_monitor_is_read_as_gauges(served: tuple[Path, Settings]) -> None:
    batch = drained(served[1], "queue")[-1]
    gauges = {(r.name, r.dims["queue"]) for r in batch.records if isinstance(r, Measurement) and r.gauge is not None}
    assert len(gauges) == 4 * 3
    assert {name for name, _ in gauges} == {"waiting", "longest_wait", "signed_in", "idle"}


def test_the_next_poll_brings_what_happened_meanwhile(served: tuple[Path, Settings]) -> None:
    home, settings = served
    cursors = {name: drained(settings, name)[-1].cursor for name in FEEDBACK_TABLES}
    with closing(sqlite3.connect(home / "demo" / "tickets.db", isolation_level=None)) as conn:
        local = (datetime.now(UTC) + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")
        conn.execute("update tickets set updated_at = ? where ticket_id = (select min(ticket_id) from tickets)", (local,))
    again = connector(settings, "tickets").poll(cursors["tickets"], 1000, datetime.now(UTC))
    assert 1 <= len(again.records) < 100
    assert again.bad == ()


@pytest.mark.parametrize("name", ["tickets", "calls", "chats"])
def test_the_source_counts_its_days(served: tuple[Path, Settings], name: str) -> None:
    yesterday = (datetime.now(UTC) + timedelta(hours=8)).date() - timedelta(days=1)
    counts = connector(served[1], name).count_by_day(yesterday, yesterday + timedelta(days=1), "Asia/Shanghai")
    assert counts[yesterday] > 150
