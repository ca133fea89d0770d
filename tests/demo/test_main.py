"""Serving, triggering and the settings file."""

from __future__ import annotations

import re
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from fengsui.demo import main
from fengsui.locale.say import say
from fengsui.settings.loader import parse


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def until(met: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class Minutes:
    """Every look at this clock is ten seconds later."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=10)
        return self.now


@contextmanager
def serving(home: Path, port: int, clock: Callable[[], datetime]) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=main.serve, args=(home, port, stop, clock))
    thread.start()
    try:
        assert until(lambda: _answers(port))
        yield stop
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/v1/queue").status_code == 200
    except httpx.TransportError:
        return False


def chats_about(home: Path, words: str) -> int:
    conn = sqlite3.connect(home / "demo" / "centre.db")
    try:
        return int(conn.execute("select count(*) from chats where text like ?", (f"%{words}%",)).fetchone()[0])
    finally:
        conn.close()


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "EVERY_S", 0.02)


def test_serve_goes_on_with_the_plan_answers_and_stops(home: Path, began: datetime) -> None:
    port = free_port()
    with serving(home, port, Minutes(began)):
        first = httpx.get(f"http://127.0.0.1:{port}/api/v1/chats", params={"size": 1}).json()["total"]
        assert until(lambda: httpx.get(f"http://127.0.0.1:{port}/api/v1/chats", params={"size": 1}).json()["total"] > first)
    assert not _answers(port)
    assert not main.is_served(home)


def test_a_triggered_incident_begins_in_the_serving_process(home: Path, began: datetime) -> None:
    with serving(home, free_port(), Minutes(began)):
        main.trigger(home, "spam-flood")
        assert until(lambda: chats_about(home, "优惠券又没抢到") > 5)
    assert not list((home / "demo" / main.COMMANDS).iterdir())


def test_what_was_asked_for_before_the_last_end_does_not_begin_with_the_next_start(home: Path, began: datetime) -> None:
    commands = home / "demo" / main.COMMANDS
    commands.mkdir()
    (commands / "old.incident").write_text("spam-flood", encoding="utf-8")
    (commands / "half.part").write_text("spam-", encoding="utf-8")
    with serving(home, free_port(), Minutes(began)):
        assert until(lambda: not list(commands.iterdir()))
        time.sleep(0.2)
    assert chats_about(home, "优惠券又没抢到") == 0


def test_a_second_server_and_a_taken_port_are_refused(home: Path, tmp_path: Path, began: datetime) -> None:
    port = free_port()
    with serving(home, port, Minutes(began)):
        assert main.is_served(home)
        with pytest.raises(main.AlreadyServed):
            main.serve(home, port, threading.Event(), Minutes(began))
        (tmp_path / "other").mkdir()
        (home / "demo" / "serve.lock").unlink()  # the lock out of the way, the port is still taken
        with pytest.raises(OSError, match="use"):
            main.serve(home, port, threading.Event(), Minutes(began))


def test_trigger_refuses_an_unknown_name_and_a_centre_that_is_not_served(home: Path) -> None:
    with pytest.raises(main.UnknownIncident) as unknown:
        main.trigger(home, "payment")
    assert "payment-outage" in unknown.value.params["allowed"]
    with pytest.raises(main.NotServed):
        main.trigger(home, "branch")
    assert not list((home / "demo" / main.COMMANDS).iterdir())


def test_a_command_of_an_unknown_kind_is_dropped(home: Path, opened: Callable[[Path], main.Centre], began: datetime) -> None:
    commands = home / "demo" / main.COMMANDS
    commands.mkdir()
    (commands / "a.incident").write_text("from-another-version", encoding="utf-8")
    (commands / "b.incident").write_text("branch", encoding="utf-8")
    centre = opened(home)
    main.take_commands(centre, home / "demo", began)
    assert [incident.name for incident in centre.books.incidents(0)] == ["branch"]
    assert not list(commands.iterdir())


def test_ready_means_that_the_history_is_in_place(home: Path, tmp_path: Path) -> None:
    assert main.is_ready(home)
    assert not main.is_ready(tmp_path / "elsewhere")


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
@pytest.mark.parametrize("code", ["unknown_incident", "not_served", "already_served"])
def test_every_fault_has_words(lang: str, code: str) -> None:
    words = say(lang, f"demo.fault.{code}", {"name": "x", "allowed": "a, b", "home": "/h"})
    assert code not in words and "{" not in words


def test_settings_are_read_without_a_mistake(tmp_path: Path) -> None:
    path = main.write_settings(tmp_path, 9502)
    settings = parse(path.read_text(encoding="utf-8"), tmp_path, {})
    assert settings.centre.demo and settings.centre.name == "示例客服中心"
    assert set(settings.sources) == {"tickets", "messages", "calls", "chats", "queue", "surveys", "frontline", "monthly"}
    assert {s.pace for s in settings.sources.values()} == {"live", "batch"}
    assert "127.0.0.1:9502" in settings.sources["chats"].options["url"]


def test_settings_of_the_owner_are_kept_but_for_the_port(tmp_path: Path) -> None:
    path = main.write_settings(tmp_path, 9502)
    mine = (
        path.read_text(encoding="utf-8").replace('name = "示例客服中心"', 'name = "我的中心"') + "\n# http://127.0.0.1:1/else\n"
    )
    path.write_text(mine, encoding="utf-8")
    main.write_settings(tmp_path, 7002)
    text = path.read_text(encoding="utf-8")
    assert text == mine.replace(":9502/", ":7002/")
    assert not re.search(r"\$\w", text)


def test_the_real_clock_is_aware() -> None:
    assert main.utc_now().tzinfo is UTC


def test_signals_end_a_server_without_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = {}
    monkeypatch.setattr(main.signal, "signal", lambda number, handler: handlers.update({number: handler}))
    stop = main._stop_on_signals()
    assert not stop.is_set()
    handlers[main.signal.SIGTERM](main.signal.SIGTERM, None)
    assert stop.is_set() and set(handlers) == {main.signal.SIGTERM, main.signal.SIGINT}
