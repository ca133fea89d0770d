"""The live parts: threads that fetch, the schedule, leader and standby."""

from __future__ import annotations

import contextlib
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from apscheduler.events import EVENT_JOB_MISSED, JobExecutionEvent
from sqlalchemy import Engine, Table, inspect, select
from sqlalchemy.exc import OperationalError, ProgrammingError

from connectors.base import ConfigFault
from fengsui.settings import Settings
from fengsui.store import tables as t
from fengsui.store.database import open_store, reading
from fengsui.store.leadership import try_lead
from fengsui.store.migrate import upgrade
from fengsui.worker import main, term
from fengsui.worker.aside import Aside
from fengsui.worker.beat import NoHeartbeat, beat, send
from fengsui.worker.chores import Chores
from fengsui.worker.feed import ThreadFeed
from fengsui.worker.poller import Fetched, Poller
from fengsui.worker.schedule import Schedule, daily, every
from tests.worker.channel import START, Plant


def soon(happened: Callable[[], object], within_s: float = 5.0) -> bool:
    """Wait for ``happened`` to be true."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if happened():
            return True
        time.sleep(0.01)
    return False


# --- fetching --------------------------------------------------------------------------------------------------------


@pytest.fixture
def feed(small: Plant) -> ThreadFeed:
    return ThreadFeed(Poller(small.store, small.settings, small.channels), 1, lambda: START)


def running(feed: ThreadFeed, source: str) -> threading.Thread:
    thread = threading.Thread(target=feed.run, args=(source,), daemon=True)
    thread.start()
    return thread


def test_one_batch_of_a_source_is_outstanding_and_the_next_waits_for_its_commit(small: Plant, feed: ThreadFeed) -> None:
    small.channels["tickets"].add(START - timedelta(hours=1), 4500)
    thread = running(feed, "tickets")
    assert soon(feed.waiting)
    first = feed.next(START)
    assert first is not None and first.more
    time.sleep(0.3)
    assert (small.channels["tickets"].polls, feed.waiting()) == (1, 0)
    feed.taken(first)
    assert soon(feed.waiting)
    assert small.channels["tickets"].polls == 2
    feed.stop()
    thread.join(2)
    assert not thread.is_alive()


def test_rows_wake_a_resting_worker_and_the_same_rows_again_do_not(small: Plant, feed: ThreadFeed) -> None:
    def polled() -> bool:
        thread = running(feed, "tickets")
        assert soon(feed.waiting)
        fetched = feed.next(START)
        assert fetched is not None
        feed.taken(fetched)
        thread.join(2)
        return feed.rest(0.05)

    assert not polled(), "nothing came"
    small.channels["tickets"].add(START - timedelta(hours=1), 3)
    assert polled()
    assert not polled(), "the channel was not committed to, so it gives the three again"
    assert not feed.rest(0.01), "what woke the worker is forgotten when it woke"


def test_a_full_queue_makes_polls_wait_and_nothing_is_dropped(small: Plant, feed: ThreadFeed) -> None:
    threads = [running(feed, "tickets"), running(feed, "calls")]
    assert soon(lambda: small.channels["tickets"].polls + small.channels["calls"].polls == 2)
    taken = []
    for _ in range(2):
        assert soon(feed.waiting)
        fetched = feed.next(START)
        assert fetched is not None
        taken.append(fetched.source)
        feed.taken(fetched)
    assert sorted(taken) == ["calls", "tickets"]
    for thread in threads:
        thread.join(2)
        assert not thread.is_alive()
    assert feed.settled == {"tickets", "calls"}


def test_a_source_that_is_being_polled_is_not_polled_twice(small: Plant, feed: ThreadFeed) -> None:
    thread = running(feed, "tickets")
    assert soon(feed.waiting)
    feed.run("tickets")  # returns at once
    assert small.channels["tickets"].polls == 1
    feed.stop()
    thread.join(2)


def test_a_refused_configuration_is_reported_before_the_first_poll(feed: ThreadFeed) -> None:
    feed.report(Fetched("calls", fault=ConfigFault("connectors.config.unknown")))
    assert feed.waiting() == 1
    fetched = feed.next(START)
    assert fetched is not None and fetched.fault is not None and fetched.settled


def test_what_a_thread_raises_arrives_where_it_is_read_and_a_closed_one_ends() -> None:
    def broken() -> object:
        yield 1
        raise OSError("gone")

    aside = Aside(broken)
    seen = []
    with pytest.raises(OSError, match="gone"):
        for item in aside.items():
            if item is not None:
                seen.append(item)
    assert seen == [1]
    endless = Aside(lambda: iter(int, 1))
    items = endless.items()
    assert soon(lambda: next(items) == 0)
    items.close()
    assert soon(lambda: not any(thread.name == "fengsui-aside" for thread in threading.enumerate()))


# --- the schedule ----------------------------------------------------------------------------------------------------


def test_runs_that_overlap_or_fail_are_counted_once_told() -> None:
    release = threading.Event()
    failed: list[int] = []

    def fail() -> None:
        failed.append(1)
        raise ValueError("words")

    schedule = Schedule([every("slow", 0.1, release.wait, at_once=True), every("bad", 0.1, fail)])
    schedule.start()
    try:
        assert soon(lambda: len(failed) >= 2)
        time.sleep(0.25)
        seen = schedule.missed()
    finally:
        release.set()
        schedule.stop()
    assert seen["slow"]["overlapped"] >= 1
    assert seen["bad"]["failed"] >= 2
    assert "slow" not in schedule.missed()


def test_a_missed_run_is_shown_and_jobs_never_expire() -> None:
    schedule = Schedule([daily("retention", 3, 10, "Asia/Shanghai", lambda: None)])
    job = schedule._scheduler.get_job("retention")
    schedule._note(JobExecutionEvent(EVENT_JOB_MISSED, "retention", "default", datetime.now(UTC)))
    assert schedule.missed() == {"retention": {"missed": 1}}
    schedule._scheduler.start(paused=True)
    job = schedule._scheduler.get_job("retention")
    assert (job.misfire_grace_time, job.coalesce, job.max_instances) == (None, True, 1)
    assert job.next_run_time.astimezone(UTC).hour == 19  # 03:10 in Shanghai
    schedule.stop()


# --- the process -----------------------------------------------------------------------------------------------------


def centre(home: Path) -> Settings:
    drop = home / "drop"
    drop.mkdir(parents=True, exist_ok=True)
    (drop / "a.csv").write_text("id,opened,text\n1,2026-11-18T05:00:00Z,等了很久\n", encoding="utf-8")
    mapping = {"id": "id", "kind": {"value": "complaint"}, "opened_at": "opened", "text": "text"}
    source = {"purpose": "test", "cadence": timedelta(seconds=1), "map": mapping}
    files = {**source, "kind": "files", "options": {"path": str(drop), "settle_s": 0}}
    wrong = {**source, "kind": "files", "options": {"pathh": "x"}}
    return Settings.model_validate({"home": home, "cuboids": ("all",), "source": {"drop": files, "wrong": wrong}})


def worker(settings: Settings) -> tuple[threading.Thread, threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=main.run, args=(settings,), kwargs={"stop": stop}, daemon=True)
    thread.start()
    return thread, stop


def test_a_worker_migrates_leads_reads_its_sources_and_ends_within_five_seconds(tmp_path: Path) -> None:
    settings = centre(tmp_path)
    thread, stop = worker(settings)
    store = open_store(settings.store.url)

    def count(table: Table) -> int:
        with store.connect() as conn:
            return len(conn.execute(table.select()).all())

    assert soon(lambda: (tmp_path / "fengsui.db").exists())
    assert soon(lambda: _there(store) and count(t.feedback) == 1, 20)
    assert soon(lambda: count(t.snapshot) >= 1, 10)
    with store.connect() as conn:
        faults = {row.source: row.fault for row in conn.execute(t.source_state.select())}
    assert faults == {"drop": None, "wrong": "config"}
    began = time.monotonic()
    stop.set()
    thread.join(5)
    assert not thread.is_alive() and time.monotonic() - began < 5
    store.dispose()


def _there(store: Engine) -> bool:
    return "feedback" in inspect(store).get_table_names()


def test_a_standby_leads_as_soon_as_the_leader_is_gone(tmp_path: Path) -> None:
    settings = centre(tmp_path)
    store = open_store(settings.store.url)
    upgrade(store)
    first = try_lead(store, "other:1", START)
    assert first is not None
    thread, stop = worker(settings)

    def ticks() -> int:
        with store.connect() as conn:
            return len(conn.execute(t.tick.select()).all())

    time.sleep(1.2)
    assert ticks() == 0  # it stands by
    first.release()
    assert soon(ticks, 10)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    store.dispose()


def test_a_leader_that_was_overtaken_stands_by_instead_of_writing(tmp_path: Path) -> None:
    settings = centre(tmp_path)
    thread, stop = worker(settings)
    store = open_store(settings.store.url)

    def epoch_of_leader() -> int:
        """A look of its own each time: one that stayed open would hold the writer's lock."""
        if not _there(store):
            return 0
        with reading(store).connect() as conn:
            row = conn.execute(t.leader.select()).first()
        return 0 if row is None else int(row.epoch)

    assert soon(lambda: epoch_of_leader() > 0, 20)
    with store.begin() as conn:
        conn.execute(t.leader.update().values(epoch=41, holder="other:2"))
    assert soon(lambda: epoch_of_leader() == 42, 20)  # it lost, stood by, and was elected anew: the lock was free
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    store.dispose()


def test_a_failed_sign_of_life_never_tells_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds a token, and the scheduler writes what a job raises into the log."""

    address = "https://watch.test/secret-token"

    def refused(url: str, **_: object) -> httpx.Response:
        return httpx.Response(404, request=httpx.Request("GET", url))

    monkeypatch.setattr(httpx, "get", refused)
    with pytest.raises(NoHeartbeat) as fault:
        send(address)
    told = "".join(traceback.format_exception(fault.value))
    assert "HTTPStatusError" in told and "secret-token" not in told


def test_how_the_last_sign_of_life_went_is_kept(store: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [200, 500, 503, 204]

    def answered(url: str, **_: object) -> httpx.Response:
        return httpx.Response(answers.pop(0), request=httpx.Request("GET", url))

    monkeypatch.setattr(httpx, "get", answered)
    chores, found = Chores(), []
    for n in range(4):
        with contextlib.suppress(NoHeartbeat):
            beat("https://watch.test/secret-token", store, chores)
        for _ in range(2):
            chores.step(n, START + timedelta(minutes=5 * n), lambda conn: None)
        with store.connect() as conn:
            row = conn.execute(select(t.watermark).where(t.watermark.c.name == "heartbeat")).one()
        found.append((row.at, row.seq, row.tag))
    last = START + timedelta(minutes=15)
    assert found == [(START, 0, None), (START, 1, "HTTPStatusError"), (START, 2, "HTTPStatusError"), (last, 0, None)]


def test_a_job_waits_for_its_next_turn_while_the_store_is_away_and_hides_no_mistake() -> None:
    """A poll each second would else write a traceback each second for as long as the database is restarted."""

    def away() -> None:
        raise OperationalError("select", {}, psycopg.OperationalError("connection refused"))

    def wrong() -> None:
        raise ProgrammingError("selct", {}, psycopg.errors.SyntaxError("at selct"))

    term._calling(away)()
    with pytest.raises(ProgrammingError):
        term._calling(wrong)()
