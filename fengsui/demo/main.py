"""Entry points of the demo centre: ``serve``, ``trigger`` and ``write_settings``; ``INCIDENTS`` names what can be triggered."""

from __future__ import annotations

import fcntl
import signal
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from fengsui.demo.api import Clock, app
from fengsui.demo.centre import Centre, found, is_founded
from fengsui.demo.incidents import INCIDENTS
from fengsui.demo.settings_file import write_settings

EVERY_S = 1.0
COMMANDS = "commands"
__all__ = [
    "INCIDENTS",
    "AlreadyServed",
    "NotServed",
    "UnknownIncident",
    "is_ready",
    "is_served",
    "serve",
    "trigger",
    "write_settings",
]


class DemoFault(Exception):
    """Base of the demo's faults: a code for the catalogue and parameters."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(code, params)
        self.code, self.params = code, params


class UnknownIncident(DemoFault):
    """No incident has this name; ``params['allowed']`` lists those there are."""


class NotServed(DemoFault):
    """No demo centre is running in this home, so nobody would carry the incident out."""


class AlreadyServed(DemoFault):
    """Another process serves the demo centre of this home."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def serve(home: Path, port: int, stop_event: threading.Event | None = None, clock: Clock = utc_now) -> None:
    """Run the demo centre of ``home`` until ``stop_event``: the HTTP API on 127.0.0.1:``port``, and a step each second.

    Without an event, SIGTERM and SIGINT end it. Raises AlreadyServed; OSError where the port is taken.
    """
    stop, folder = stop_event or _stop_on_signals(), home / "demo"
    with _locked(folder):
        _forget_commands(folder)
        found(folder, clock())
        centre = Centre(folder)
        try:
            centre.step(clock())  # what happened while nobody served
            with _http(folder, port, clock):
                _work(centre, folder, stop, clock)
        finally:
            centre.close()


def trigger(home: Path, name: str) -> None:
    """Set off an incident in the running demo centre of ``home``; it begins within about a second."""
    if name not in INCIDENTS:
        raise UnknownIncident("demo.fault.unknown_incident", name=name, allowed=", ".join(INCIDENTS))
    if not is_served(home):
        raise NotServed("demo.fault.not_served", home=str(home))
    folder = home / "demo" / COMMANDS
    part = folder / f"{uuid.uuid4().hex}.part"
    part.write_text(name, encoding="utf-8")
    part.rename(part.with_suffix(".incident"))


def is_served(home: Path) -> bool:
    """Whether a process holds the lock of the demo centre."""
    try:
        with _locked(home / "demo"):
            return False
    except AlreadyServed:
        return True


def is_ready(home: Path) -> bool:
    """Whether the channel stores are in place with their history, so that a worker may begin to read them."""
    return is_founded(home / "demo")


def take_commands(centre: Centre, folder: Path, now: datetime) -> None:
    """Begin what ``trigger`` has asked for."""
    for file in sorted((folder / COMMANDS).glob("*.incident")):
        name = file.read_text(encoding="utf-8")
        file.unlink()
        if name in INCIDENTS:  # trigger has checked it; a file from another version is dropped
            centre.begin(name, now)


def _forget_commands(folder: Path) -> None:
    """What nobody carried out before the last end: an incident of last week must not begin with today's start."""
    for file in (folder / COMMANDS).iterdir():
        file.unlink()


def _work(centre: Centre, folder: Path, stop: threading.Event, clock: Clock) -> None:
    while not stop.wait(EVERY_S):
        now = clock()
        take_commands(centre, folder, now)
        centre.step(now)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    (folder / COMMANDS).mkdir(parents=True, exist_ok=True)
    with (folder / "serve.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyServed("demo.fault.already_served", home=str(folder.parent)) from None
        yield


@contextmanager
def _http(folder: Path, port: int, clock: Clock) -> Iterator[None]:
    """The API in a thread of its own; the socket is bound here, so that a taken port is an error of ``serve``."""
    config = uvicorn.Config(app(folder, clock), host="127.0.0.1", port=port, log_level="warning", access_log=False)
    server, listening = uvicorn.Server(config), _listen(port)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="demo-http", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=5.0)
        listening.close()


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    return listening


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
